"""The worked histories H1–H20 of the rule set (clocks.md 7), as far as intake can hold them: who did what when, and when it was typed.

A function a history, of the year it is played in; histories of one year go side by side. In a year without 29 February the days
between two acts are those of the rule set. Where a history names no application, one of kind new comes with the contact and stays
undecided, so that no rule closes the case. Intake holds no start of an insats yet: where the days to it are what a history shows, a
decision stands in its place, and `left_out` says so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from shared.clock import LOCAL

PEOPLE: Final = UUID("6f3d2c1b-0a9e-4d8c-b7a6-95e4d3c2b1a0")


DUPLICATE: Final = "duplicate"
"""The one step that no import takes; its body names the client of the other case."""


@dataclass(frozen=True)
class Act:
    """One thing that somebody types of a client on a day: a step and its body, as an import takes them."""

    typed: date
    client: str
    step: str
    body: Mapping[str, Any]


@dataclass(frozen=True)
class History:
    """A history: what it shows, what is typed of it, and which part intake cannot hold yet. A client is one case: `H1-a`."""

    name: str
    shows: str
    acts: Sequence[Act]
    left_out: str | None = None

    @property
    def clients(self) -> list[str]:
        """Its cases, in the order they come."""
        return list(dict.fromkeys(act.client for act in self.acts))


def someone(who: str) -> str:
    """The reference of a person or a household: random to look at, the same whenever the histories are played."""
    return str(uuid5(PEOPLE, who))


def act(client: str, step: str, happened: date, *, typed: date | None = None, **body: Any) -> Act:
    """Typed on the day it happened unless `typed` says later; an instant is a `datetime`."""
    when = {"at": happened.isoformat()} if isinstance(happened, datetime) else {"on": happened.isoformat()}
    day = happened.date() if isinstance(happened, datetime) else happened
    return Act(typed or day, client, step, {"happened": when, **body})


def contact(client: str, happened: date, *, who: str | None = None, typed: date | None = None, **body: Any) -> Act:
    """A first contact of a person of that name, else of one of the client's own."""
    return act(client, "contact", happened, typed=typed, person_ref=someone(who or client), **{"channel": "phone", **body})


def application(client: str, happened: date, kind: str = "new", *, typed: date | None = None, **body: Any) -> Act:
    """An application for the month in which it came."""
    first, last = _month(happened)
    return act(client, "application", happened, typed=typed, kind=kind, channel="phone", period_from=first, period_to=last, **body)


def came(client: str, happened: date, *, who: str | None = None) -> list[Act]:
    """Contact and application on one day."""
    return [contact(client, happened, who=who), application(client, happened)]


def granted(client: str, happened: date, *, typed: date | None = None, support: tuple[str, str] | None = None) -> Act:
    """Granted, for the month of the decision unless `support` says from when to when."""
    first, last = support or _month(happened)
    said = {"outcome": "granted", "decided_by_role": "social_worker", "support_from": first, "support_to": last}
    return act(client, "decision", happened, typed=typed, **said)


def rejected(client: str, happened: date) -> Act:
    return act(client, "decision", happened, outcome="rejected", decided_by_role="social_worker")


def rejected_and_closed(client: str, happened: date) -> list[Act]:
    return [rejected(client, happened), act(client, "closing", happened, reason="rejected")]


def _month(day: date) -> tuple[str, str]:
    first = date(day.year, day.month, 1)
    return first.isoformat(), ((first + timedelta(days=31)).replace(day=1) - timedelta(days=1)).isoformat()


def h1(y: int) -> History:
    acts = [*came("H1-a", date(y, 1, 5), who="H1"), granted("H1-a", date(y, 1, 20))]
    for month in (2, 3, 4, 5):
        acts += [application("H1-a", date(y, month, 2), "renewal"), granted("H1-a", date(y, month, 6))]
    acts += [*came("H1-b", date(y, 8, 3), who="H1"), granted("H1-b", date(y, 8, 24))]
    return History("H1", "support January to May, nothing in June: lapses; the contact in August is a case of its own", acts)


def h2_rejected(y: int) -> History:
    acts = [
        *came("H2-a", date(y, 1, 5), who="H2"),
        *rejected_and_closed("H2-a", date(y, 1, 20)),
        *came("H2-b", date(y, 2, 3), who="H2"),
        rejected("H2-b", date(y, 2, 10)),
    ]
    return History("H2", "rejected and closed, and back two weeks later: waits of 15 and 7 days, never one of 36", acts)


def h2_renewed(y: int) -> History:
    acts = [
        *came("H2-c", date(y, 1, 5)),
        granted("H2-c", date(y, 1, 20)),
        application("H2-c", date(y, 2, 3), "renewal"),
        granted("H2-c", date(y, 2, 10)),
    ]
    return History("H2 again", "granted, and the application of February a renewal: one wait of 15 days", acts)


def h3(y: int) -> History:
    checked = date(y, 3, 10)
    programme = {"kind": "af_programme", "started_on": date(y, 1, 15).isoformat(), "provider_role": "employment_service"}
    acts = [
        *came("H3", date(y, 3, 1)),
        act("H3", "pes-check", checked, result="registered"),
        Act(checked, "H3", "observed-insats", programme),
    ]
    return History("H3", "in a programme of Arbetsförmedlingen before the contact, seen at the check", acts)


def h4(y: int) -> History:
    called = datetime.combine(date(y, 3, 2), time(14, 5), LOCAL)
    acts = [contact("H4", called), application("H4", date(y, 3, 2)), granted("H4", date(y, 3, 2))]
    return History("H4", "called at 14:05, and the same day is the end of the wait: 0 days", acts, "the start: a decision in its place")


def h5(y: int) -> History:
    left_out = "the starts of the course (3 hours a week) and of the arbetsträning"
    return History("H5", "waits for an insats of more than some hours a week", came("H5", date(y, 3, 1)), left_out)


def h6(y: int) -> History:
    left_out = "both starts, and the dropping out between them"
    return History("H6", "waits for an insats, and after dropping out for the next", came("H6", date(y, 1, 2)), left_out)


def h7(y: int) -> History:
    acts = [
        *came("H7-a", date(y, 1, 1), who="H7"),
        *rejected_and_closed("H7-a", date(y, 1, 20)),
        *came("H7-b", date(y, 1, 26), who="H7"),
        granted("H7-b", date(y, 2, 10)),
    ]
    return History("H7", "rejected and closed, back within the week and granted: 19 and 15 days", acts, "the start of 1 March")


def h8(y: int) -> History:
    return History("H8", "a call and nothing more: closed by rule after 30 days", [contact("H8", date(y, 2, 10))])


def h9(y: int) -> History:
    day, household = date(y, 1, 5), someone("household H9")
    acts = [
        *(contact(client, day, household_ref=household) for client in ("H9-a", "H9-b")),
        *(application(client, day, household_ref=household) for client in ("H9-a", "H9-b")),
        granted("H9-b", date(y, 1, 25)),
        granted("H9-a", date(y, 4, 5)),
    ]
    left_out = "the starts: decisions in their place"
    return History("H9", "two adults apply together: two cases of one household, 90 and 20 days", acts, left_out)


def h10(y: int) -> History:
    acts = [
        *came("H10", date(y, 1, 5)),
        *rejected_and_closed("H10", date(y, 1, 20)),
        act("H10", "reopening", date(y, 5, 28), reason="appeal"),
        granted("H10", date(y, 5, 28)),
    ]
    return History("H10", "rejected and closed; reopened and granted after an appeal", acts, "the start of 20 June")


def h11(y: int) -> History:
    began, go_live = date(y - 1, 8, 15), date(y, 9, 1)
    taken_over = {"channel": "referral_in", "known_from": go_live.isoformat()}
    acts = [contact("H11", began, typed=go_live, **taken_over), application("H11", began, typed=go_live)]
    left_out = "ready for the next step, and still at Jobbcentrum: it waits for a decision instead"
    return History("H11", "taken over at go-live, known from then: it has waited for 382 days by then", acts, left_out)


def h12(y: int) -> History:
    acts = [*came("H12", date(y, 1, 5)), granted("H12", date(y, 3, 1), typed=date(y, 4, 20))]
    return History("H12", "the end of 1 March typed on 20 April: known later than it was", acts, "the start: a decision in its place")


def h13(y: int) -> History:
    acts = [
        *came("H13", date(y, 3, 1)),
        act("H13", "completion-request", date(y, 3, 1), due_on=date(y, 3, 15).isoformat()),
        act("H13", "completion", date(y, 4, 30)),
    ]
    left_out = "the referral to Försäkringskassan and the waiting list of Jobbcentrum"
    return History("H13", "60 days until the completion that was asked for came", acts, left_out)


def h14(y: int) -> History:
    half_a_year = (f"{y}-02-01", f"{y}-07-31")
    acts = [
        contact("H14", date(y, 1, 5)),
        application("H14", date(y, 1, 5), typed=date(y, 1, 8), hindrance="unemployed"),
        act("H14", "assessment-start", date(y, 1, 9), kind="application"),
        act("H14", "assessment-completion", date(y, 1, 23), kind="application"),
        granted("H14", date(y, 1, 25), support=half_a_year),
        act("H14", "plan", date(y, 2, 1), next_follow_up_on=f"{y}-03-01"),
        act("H14", "assignment", date(y, 2, 8), mode="planned", insats_kind="work_placement", basis="sol_12_4"),
        act("H14", "closing", date(y, 7, 31), reason="self_supporting_work"),
    ]
    return History("H14", "unemployed, assigned at once, planned, supported for six months, and then self-supporting", acts)


def h15(y: int) -> History:
    return History("H15", "between two insatser while a third is open", [], "all of it: insatser and their ends")


def h16(y: int) -> History:
    acts = [
        *came("H16-a", date(y, 1, 1)),
        *came("H16-b", date(y, 6, 1), who="H16-a by another reference"),
        granted("H16-b", date(y, 7, 1)),
        Act(date(y, 8, 1), "H16-b", DUPLICATE, {"of": "H16-a"}),
    ]
    left_out = "the start: a decision in its place"
    return History("H16", "one person under two references: A waits, B for 30 days; from 1 August one for 181", acts, left_out)


def h17(y: int) -> History:
    return History("H17", "a partner asks on the day after, and accepts on day 90", [], "all of it: a referral")


def h18(y: int) -> History:
    return History("H18", "a partner accepts by telephone, recorded on day 4", [], "all of it: a referral")


def h19(y: int) -> History:
    acts = [*came("H19", date(y, 3, 2)), granted("H19", date(y, 3, 22))]
    left_out = "the first start: a decision in its place; the second, elsewhere, of day 40"
    return History("H19", "two insatser in one case: it has waited for 20 days", acts, left_out)


def h20(y: int) -> History:
    acts = [*came("H20", date(y, 1, 5)), act("H20", "closing", date(y, 2, 9), reason="moved")]
    return History("H20", "moved away before anything was decided: ended otherwise at 35 days", acts)


HISTORIES: Final[Sequence[Callable[[int], History]]] = (
    *(h1, h2_rejected, h2_renewed, h3, h4, h5, h6, h7, h8, h9, h10, h11, h12, h13, h14, h15, h16, h17, h18, h19, h20),
)
