"""A log questioned by DuckDB, the bare query, as plain SQL. The file is read into its memory before the clock starts."""

import sys
import time

import duckdb

from tools.bench.rivals.answer import END, START, say, still_waiting

READ = """
    CREATE TABLE log AS
    SELECT * FROM read_csv(?, types = {'case_id': 'VARCHAR', 'activity': 'VARCHAR', 'time': 'TIMESTAMPTZ', 'seq': 'INTEGER'})
"""
PAIRS = """
    SELECT activity, after, avg(gap), quantile_cont(gap, 0.5), quantile_cont(gap, 0.9)
    FROM (SELECT activity, lead(activity) OVER of_case AS after, epoch_us((lead(time) OVER of_case) - time) / 1e6 AS gap
          FROM log WINDOW of_case AS (PARTITION BY case_id ORDER BY time, seq))
    WHERE after IS NOT NULL GROUP BY ALL
"""
WAITS = """
    WITH begun AS (SELECT case_id, min(time) AS begun FROM log WHERE activity = ? GROUP BY 1),
         ended AS (SELECT case_id, min(time) AS ended FROM log JOIN begun USING (case_id) WHERE activity = ? AND time > begun GROUP BY 1)
    SELECT ended IS NOT NULL AS done, epoch_us(coalesce(ended, (SELECT max(time) FROM log)) - begun) / 1e6 AS seconds
    FROM begun LEFT JOIN ended USING (case_id)
"""


def ask(file: str) -> None:
    """Questions the log of that CSV file."""
    db = duckdb.connect()
    db.execute(READ, [file])
    began = time.perf_counter()
    pairs = db.execute(PAIRS).fetchall()
    waits = db.execute(WAITS, [START, END]).fetchnumpy()
    done = waits["seconds"][waits["done"]]
    shares = still_waiting(done, waits["seconds"][~waits["done"]])
    seconds = time.perf_counter() - began
    transitions = {f"{before} -> {after}": {"mean": mean, "median": median, "p90": p90} for before, after, mean, median, p90 in pairs}
    say(seconds, transitions, len(done), shares)


if __name__ == "__main__":
    ask(sys.argv[1])
