"""What a waiting time is: facts in, clocks out, and how a wait is shown.

Pure: standard library and numpy, no clock of its own; as-of and known-at come in as arguments.
The order of the files is the order of the thought: `moments` (when, and how exactly we know it), `facts` (what happened),
`cases` (the spell they tell of), `measures` (L01-L09, one function each), `support` (L24, in months), `clocks` (all of it for
one case, stored and read back), `survival` (the estimators), `working_days`, `grouping` (what waits are told apart by), `report`
and `support_report` (a measure over many cases), `waits` (an imported log).
"""
