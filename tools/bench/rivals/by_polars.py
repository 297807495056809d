"""A log questioned by polars, the bare query: no names, no case without a start, nothing kept. The file is read before the clock starts."""

import sys
import time

import polars as pl

from tools.bench.rivals.answer import END, START, say, still_waiting


def ask(file: str) -> None:
    """Questions the log of that CSV file."""
    rows = pl.read_csv(file, schema_overrides={"case_id": pl.Categorical, "activity": pl.Categorical}, try_parse_dates=True)
    began = time.perf_counter()
    log = rows.sort("case_id", "time", "seq")
    at, same = pl.col("time"), pl.col("case_id") == pl.col("case_id").shift(-1)
    gap = (at.shift(-1) - at).dt.total_microseconds() / 1e6
    pairs = log.select(pl.col("activity"), pl.col("activity").shift(-1).alias("after"), gap.alias("gap"), same.alias("same")).filter("same")
    found = pairs.group_by("activity", "after").agg(
        pl.col("gap").mean().alias("mean"), pl.col("gap").median().alias("median"), pl.col("gap").quantile(0.9, "linear").alias("p90")
    )
    begun = log.filter(pl.col("activity") == START).group_by("case_id").agg(at.min().alias("begun"))
    ends = log.filter(pl.col("activity") == END).join(begun, on="case_id").filter(at > pl.col("begun"))
    waits = begun.join(ends.group_by("case_id").agg(at.min().alias("ended")), on="case_id", how="left")
    days = (pl.coalesce("ended", log["time"].max()) - pl.col("begun")).dt.total_microseconds() / 1e6
    done, still_open = (
        waits.filter(which).select(days).to_series().to_numpy() for which in (pl.col("ended").is_not_null(), pl.col("ended").is_null())
    )
    shares = still_waiting(done, still_open)
    seconds = time.perf_counter() - began
    transitions = {f"{row['activity']} -> {row['after']}": {key: row[key] for key in ("mean", "median", "p90")} for row in found.to_dicts()}
    say(seconds, transitions, len(done), shares)


if __name__ == "__main__":
    ask(sys.argv[1])
