"""What a run came to, beside what the profile aims at, and what Sluss counted beside what the simulator wrote down."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import click

from deploy.local.record import StreetRecord
from tools.api import open_api
from tools.figures import print_columns
from tools.quality import COUNTS, read_quality
from tools.simulation.diary import Diary
from tools.simulation.lives import later_month
from tools.simulation.profile import Profile
from tools.simulation.town import Town

FIRST: Final = ("completed", "still_waiting", "already_in_insats")
AS_AIMED: Final = "as aimed"
CONTACTS_WITHIN: Final = 1.0
STOCK_WITHIN: Final = 0.1
L04_WITHIN_DAYS: Final = 2.0
SETTLES_WITHIN_MONTHS: Final = 2
"""Of younger contacts only the quick decisions are there yet: their mean would be too short."""


@dataclass(frozen=True)
class Check:
    """One figure: between which values it shall lie, and what it is; None where it is too early to tell."""

    name: str
    low: float
    high: float
    measured: float | None
    aim: str

    @property
    def verdict(self) -> str:
        """Whether it lies there."""
        if self.measured is None:
            return "too early"
        return AS_AIMED if self.low <= self.measured <= self.high else "off"


def calibration(profile: Profile, town: Town, stock: Mapping[date, int], measures: Mapping[str, Any]) -> Iterator[Check]:
    """Contacts a week, the stock at the ends of the months, and the mean of L04 of those who came since go-live and long enough ago.

    `measures`: L01 and L04 by month, as leadtimes answers them; `stock`: open cases, as intake lists them.
    """
    since, settled = f"{town.begins:%Y-%m}", f"{later_month(town.ends, -SETTLES_WITHIN_MONTHS):%Y-%m}"
    came = [group for group in measures["L01"]["groups"] if group["group"] >= since]
    weekly, aim = sum(map(_began, came)) * 7 / (town.ends - town.begins).days, profile.contacts_per_week
    yield Check("contacts a week (L01)", aim - CONTACTS_WITHIN, aim + CONTACTS_WITHIN, weekly, f"{aim:g} ± {CONTACTS_WITHIN:g}")
    low, high = profile.target_stock
    mean = sum(stock.values()) / len(stock)
    yield Check(
        "open cases, mean of month ends (intake)", low * (1 - STOCK_WITHIN), high * (1 + STOCK_WITHIN), mean, f"{low}–{high} ± 10 %"
    )
    decided = [group["completed"] for group in measures["L04"]["groups"] if since <= group["group"] < settled and group["completed"]["n"]]
    aim, count = profile.contact_to_decision_mean_days, sum(each["n"] for each in decided)
    days = sum(each["n"] * each["mean"] for each in decided) / count if count else None
    yield Check(
        "contact to decision, mean days (L04)", aim - L04_WITHIN_DAYS, aim + L04_WITHIN_DAYS, days, f"{aim:g} ± {L04_WITHIN_DAYS:g}"
    )


def _began(group: Mapping[str, Any]) -> int:
    return int(group["completed"]["n"] + group["still_waiting"]["n"] + sum(group["ended_otherwise"].values()))


def measures_by_month(record: StreetRecord) -> dict[str, Any]:
    """L01 and L04 by the month of the contact, as leadtimes answers them now."""
    with open_api(record, "leadtimes") as api:
        return {code: api.get("measures", code, by="month") for code in ("L01", "L04")}


def counted_waits(l20: Mapping[str, Any]) -> Counter[str]:
    """What leadtimes answers for L20, as the diary counts it."""
    waits = {"completed": l20["completed"]["n"], "still_waiting": l20["still_waiting"]["n"]}
    return Counter({**waits, **l20["ended_otherwise"], **l20["excluded"]})


def show(record: StreetRecord, checks: Sequence[Check], diary: Diary) -> bool:
    """The tables; answers whether every count is the one that was written down."""
    rows = [[each.name, each.aim, "-" if each.measured is None else f"{each.measured:,.1f}", each.verdict] for each in checks]
    print_columns(["calibration", "aimed at", "measured", ""], rows)
    click.echo()
    with open_api(record, "leadtimes") as api:
        l20 = api.get("measures", "L20")
    quality = beside("quality", COUNTS, diary.counts, read_quality(record))
    recounted, counted = diary.waits(), counted_waits(l20)
    waits = beside("first contact to insats (L20)", [*FIRST, *sorted({*recounted, *counted} - {*FIRST})], recounted, counted)
    return quality and waits


def beside(title: str, names: Iterable[str], written: Mapping[str, int], counted: Mapping[str, int]) -> bool:
    """Shows two counts of each; answers whether they are equal."""
    rows = [
        [name, f"{written[name]:,}", f"{counted[name]:,}", "equal" if written[name] == counted[name] else "NOT EQUAL"] for name in names
    ]
    print_columns([title, "written down", "counted by Sluss", ""], rows)
    click.echo()
    return all(row[-1] == "equal" for row in rows)
