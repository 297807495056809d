"""The worked histories H1–H20 of the rule set (clocks.md 7): who did what when, and when it was typed.

A function a history, of the year it is played in; histories of one year go side by side. In a year without 29 February the days
between two acts are those of the rule set. Where a history names no application, one of kind new comes with the contact and stays
undecided, so that no rule closes the case.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from shared.clock import LOCAL

PEOPLE: Final = UUID("6f3d2c1b-0a9e-4d8c-b7a6-95e4d3c2b1a0")


DUPLICATE: Final = "duplicate"
"""The one step that no import takes; its body names the client of the other case."""


@dataclass(frozen=True)
class Act:
    """One thing that somebody types of a client on a day: a step and its body, as an import of intake takes them.

    `referral`: of which referral of the client it is told, to referrals, the step by the name of its route.
    """

    typed: date
    client: str
    step: str
    body: Mapping[str, Any]
    referral: str | None = None


@dataclass(frozen=True)
class History:
    """A history: what it shows, and what is typed of it. A client is one case: `H1-a`."""

    name: str
    shows: str
    acts: Sequence[Act]

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


def referred(client: str, on: date, to: str = "jobbcentrum", *, typed: date | None = None, **draft: Any) -> list[Act]:
    """A referral drafted and sent on one day; it is called by the function it goes to."""
    said = {"kind": "insats", "insats_kind": "work_training", "planned_hours_per_week": 30, "to_function": to, **draft}
    sent: dict[str, Any] = {"reply_within_working_days": 10, "legal_basis": "consent", "consent_ref": someone(f"consent {client}")}
    return [told(client, to, "draft", on, typed=typed, **said), told(client, to, "sending", on, typed=typed, **sent)]


def told(client: str, referral: str, step: str, on: date, *, typed: date | None = None, **body: Any) -> Act:
    """Something that is told of a referral."""
    return replace(act(client, step, on, typed=typed, **body), referral=referral)


def begun(client: str, on: date, to: str = "jobbcentrum", *, typed: date | None = None, **draft: Any) -> list[Act]:
    """An insats that was referred to on the day it began."""
    return [*referred(client, on, to, typed=typed, **draft), told(client, to, "start", on, typed=typed)]


def over(client: str, on: date, to: str, **outcome: Any) -> Act:
    """The end of an insats."""
    step = "discontinuation" if "reason" in outcome else "completion"
    return told(client, to, step, on, **{"attended": "yes", **outcome})


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
    acts = [contact("H4", called), application("H4", date(y, 3, 2)), *begun("H4", date(y, 3, 2))]
    return History("H4", "called at 14:05, and the insats began the same day: 0 days", acts)


def h5(y: int) -> History:
    acts = [
        *came("H5", date(y, 3, 1)),
        *begun("H5", date(y, 3, 2), "kursen", insats_kind="job_search_course", planned_hours_per_week=3),
        *begun("H5", date(y, 9, 17), planned_hours_per_week=25),
    ]
    return History("H5", "a course of 3 hours a week on the day after, and work training on day 200: only that one counts", acts)


def h6(y: int) -> History:
    acts = [
        *came("H6", date(y, 1, 2)),
        *begun("H6", date(y, 2, 1)),
        over("H6", date(y, 2, 2), "jobbcentrum", outcome="dropped_out", reason="could_not_contact"),
        *begun("H6", date(y, 12, 1), "joar_socia"),
    ]
    return History("H6", "dropped out after a day, and nothing more for 302 days", acts)


def h7(y: int) -> History:
    acts = [
        *came("H7-a", date(y, 1, 1), who="H7"),
        *rejected_and_closed("H7-a", date(y, 1, 20)),
        *came("H7-b", date(y, 1, 26), who="H7"),
        granted("H7-b", date(y, 2, 10)),
        *begun("H7-b", date(y, 3, 1)),
    ]
    return History("H7", "rejected and closed, back within the week: waits of one person, 59 days from the first contact", acts)


def h8(y: int) -> History:
    return History("H8", "a call and nothing more: closed by rule after 30 days", [contact("H8", date(y, 2, 10))])


def h9(y: int) -> History:
    day, household = date(y, 1, 5), someone("household H9")
    acts = [
        *(contact(client, day, household_ref=household) for client in ("H9-a", "H9-b")),
        *(application(client, day, household_ref=household) for client in ("H9-a", "H9-b")),
        *begun("H9-b", date(y, 1, 25)),
        *begun("H9-a", date(y, 4, 5)),
    ]
    return History("H9", "two adults apply together: two cases of one household, 90 and 20 days", acts)


def h10(y: int) -> History:
    acts = [
        *came("H10", date(y, 1, 5)),
        *rejected_and_closed("H10", date(y, 1, 20)),
        act("H10", "reopening", date(y, 5, 28), reason="appeal"),
        granted("H10", date(y, 5, 28)),
        *begun("H10", date(y, 6, 20)),
    ]
    return History("H10", "rejected and closed; reopened and granted after an appeal: 166 days, 128 of them the court's", acts)


def h11(y: int) -> History:
    began, ready, go_live = date(y - 1, 2, 1), date(y - 1, 8, 15), date(y, 9, 1)
    taken_over = {"channel": "referral_in", "known_from": go_live.isoformat()}
    acts = [
        contact("H11", began, typed=go_live, **taken_over),
        application("H11", began, typed=go_live),
        *begun("H11", began, typed=go_live),
        told("H11", "jobbcentrum", "readiness", ready, typed=go_live),
    ]
    return History("H11", "taken over at go-live, ready for the next step for 382 days by then, and still at Jobbcentrum", acts)


def h12(y: int) -> History:
    acts = [*came("H12", date(y, 1, 5)), *begun("H12", date(y, 3, 1), typed=date(y, 4, 20))]
    return History("H12", "the start of 1 March typed on 20 April: known later than it was", acts)


def h13(y: int) -> History:
    day = date(y, 3, 1)
    acts = [
        *came("H13", day),
        act("H13", "completion-request", day, due_on=date(y, 3, 15).isoformat()),
        *referred("H13", day, "forsakringskassan"),
        *referred("H13", day),
        told("H13", "jobbcentrum", "waitlisting", day, reason="no_capacity"),
        act("H13", "completion", date(y, 4, 30)),
    ]
    return History("H13", "60 days in which three hold the ball at once: the client comes first", acts)


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
    acts = [
        *came("H15", date(y, 1, 5)),
        *begun("H15", date(y, 1, 12), "joar_socia"),
        *begun("H15", date(y, 1, 12)),
        over("H15", date(y, 3, 1), "joar_socia", outcome="next_step"),
        over("H15", date(y, 12, 31), "jobbcentrum", outcome="next_step"),
        *begun("H15", date(y + 1, 1, 5), "praktikplatsen", insats_kind="work_placement"),
    ]
    return History("H15", "Joar ends in March while Jobbcentrum goes on to December: 5 days between insatser, never 310", acts)


def h16(y: int) -> History:
    acts = [
        *came("H16-a", date(y, 1, 1)),
        *came("H16-b", date(y, 6, 1), who="H16-a by another reference"),
        *begun("H16-b", date(y, 7, 1)),
        Act(date(y, 8, 1), "H16-b", DUPLICATE, {"of": "H16-a"}),
    ]
    return History("H16", "one person under two references: A waits, B for 30 days; from 1 August one for 181", acts)


def h17(y: int) -> History:
    day = date(y, 3, 2)
    asked: dict[str, Any] = {"asked_of": "sender", "due_on": (day + timedelta(days=8)).isoformat()}
    acts = [
        *came("H17", day),
        *referred("H17", day),
        told("H17", "jobbcentrum", "question", day + timedelta(days=1), **asked),
        told("H17", "jobbcentrum", "acceptance", day + timedelta(days=90)),
    ]
    return History("H17", "a partner asks on the day after, and accepts on day 90: a question is no answer", acts)


def h18(y: int) -> History:
    day = date(y, 3, 2)
    acts = [*came("H18", day), *referred("H18", day), told("H18", "jobbcentrum", "acceptance", day + timedelta(days=4))]
    return History("H18", "accepted by telephone on day 4, without any receipt before", acts)


def h19(y: int) -> History:
    acts = [*came("H19", date(y, 3, 2)), *begun("H19", date(y, 3, 22)), *begun("H19", date(y, 4, 11), "joar_socia")]
    return History("H19", "two insatser in one case: it waited for 20 days", acts)


def h20(y: int) -> History:
    acts = [*came("H20", date(y, 1, 5)), act("H20", "closing", date(y, 2, 9), reason="moved")]
    return History("H20", "moved away before anything was decided: ended otherwise at 35 days", acts)


HISTORIES: Final[Sequence[Callable[[int], History]]] = (
    *(h1, h2_rejected, h2_renewed, h3, h4, h5, h6, h7, h8, h9, h10, h11, h12, h13, h14, h15, h16, h17, h18, h19, h20),
)
