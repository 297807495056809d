"""What a waiting time is: facts in, clocks out, and how a wait is shown.

Pure: standard library and numpy, no clock of its own; as-of and known-at come in as arguments.
The order of the files is the order of the thought: `moments` (when, and how exactly we know it), `facts` (what happened),
`cases` (the spell they tell of), `measures` (L01-L04, one function each), `clocks` (all of it for one case, stored and read
back), `survival` (the estimators), `report` (a measure over many cases), `waits` (an imported log).
"""
