"""A log questioned through pm4py's own API: its data frame, the performance of each transition, what lies between two activities.

pm4py has no estimator of survival; the one of `answer` is given what it found. The file is read before the clock starts; that
pm4py makes its data frame of the rows and sorts them is inside, for so is our reading of stored events. A process's memory includes both;
ours is that of leadtimes alone, without PostgreSQL's own.
"""

import contextlib
import sys
import time

import pandas
import pm4py

from tools.bench.rivals.answer import END, START, say, still_waiting

CASE, ACTIVITY, AT, SUBCASE = "case:concept:name", "concept:name", "time:timestamp", "##@@"


def ask(file: str) -> None:
    """Questions the log of that CSV file."""
    rows = pandas.read_csv(file)
    rows["time"] = pandas.to_datetime(rows["time"], format="ISO8601")
    began = time.perf_counter()
    log = pm4py.format_dataframe(rows, case_id="case_id", activity_key="activity", timestamp_key="time")
    performance, _, _ = pm4py.discover_performance_dfg(log, perf_aggregation_key="all")
    between = pm4py.filter_between(log, START, END)
    done = pm4py.get_all_case_durations(between)
    begun = log[log[ACTIVITY] == START].groupby(CASE)[AT].min()
    ended = {case.partition(SUBCASE)[0] for case in between[CASE].unique()}
    still_open = log[AT].max() - begun[~begun.index.isin(ended)]
    shares = still_waiting(done, still_open.dt.total_seconds())
    seconds = time.perf_counter() - began
    transitions = {
        f"{before} -> {after}": {key: found[key] for key in ("mean", "median")} for (before, after), found in performance.items()
    }
    say(seconds, transitions, len(done), shares)


if __name__ == "__main__":
    with contextlib.redirect_stderr(sys.stdout):
        ask(sys.argv[1])
