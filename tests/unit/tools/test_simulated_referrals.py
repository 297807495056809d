"""Simulated years at the own rules of referrals, without a service: nothing that the simulator types is refused; and it waits as drawn."""

import random
from datetime import date, datetime
from statistics import mean, median
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.referrals.api import bodies
from services.referrals.api.acts import DEEDS
from services.referrals.domain import facts
from services.referrals.domain.moments import When, instant
from services.referrals.domain.referral import Case, evolve
from services.referrals.domain.rules import Act as Asked
from services.referrals.domain.rules import Beside, decide
from services.referrals.domain.steps import Actor, Step
from shared.clock import LOCAL
from tests import recount
from tools.simulation.acts import SHUTS, Act
from tools.simulation.checks import beside, counted_waits
from tools.simulation.diary import Diary
from tools.simulation.profile import read_profile
from tools.simulation.referrals import DIRECT, DIRECTLY_TO, Referring
from tools.simulation.town import simulate

VASBY = read_profile("vasby")
BY_PATH = {deed.path: (step, deed) for step, deed in DEEDS.items()}


class Rules:
    """The referrals of every spell, at the rules alone. It answers for the one draft that nobody types: that of a direct assignment."""

    def __init__(self) -> None:
        self.cases: dict[int, Case] = {}
        self._ids: dict[tuple[int, int], UUID] = {}
        self._closed: set[int] = set()

    def type(self, act: Act) -> None:
        now = datetime.combine(act.typed, SHUTS, LOCAL)
        if act.what == "closing":
            self._closed.add(act.spell)
        if act.what == "application" and act.body.get("hindrance") == "unemployed" and "not_assigned_because" not in act.body:
            kind, hours = "work_training", 30
            self._ids[act.spell, DIRECT] = uuid4()
            self._do(act, Step.DRAFT, Actor.RULE, self._draft(instant(now), act.spell, DIRECT, DIRECTLY_TO, kind, hours), now)
        if not act.referral:
            return
        if act.what == "draft":
            body = bodies.Draft.model_validate({**act.body, "successor_of": self._ids.get((act.spell, act.body.get("successor_of", 0)))})
            self._ids[act.spell, act.referral] = uuid4()
            drafted = self._draft(
                body.happened.when(), act.spell, act.referral, body.to_function, str(body.insats_kind), body.planned_hours_per_week
            )
            self._do(act, Step.DRAFT, Actor.SENDER, drafted, now)
            return
        step, deed = BY_PATH[act.what]
        actor = Actor.RECIPIENT if act.by else Actor.CLIENT if step is Step.WITHDRAW else Actor.SENDER
        fact = deed.fact(deed.body.model_validate(act.body), self._ids[act.spell, act.referral], actor)
        self._do(act, step, actor, fact, now)

    def _draft(self, happened: When, spell: int, number: int, to: str, kind: str, hours: int | None) -> facts.ReferralDrafted:
        return facts.ReferralDrafted(happened, self._ids[spell, number], facts.INSATS, kind, to, hours)

    def _do(self, act: Act, step: Step, actor: Actor, fact: facts.Fact, now: datetime) -> None:
        case = self.cases.get(act.spell, Case())
        for each in decide(case, Asked(step, actor, fact, now), Beside(closed=act.spell in self._closed)):
            case = evolve(case, each)
        self.cases[act.spell] = case
        if isinstance(fact, facts.ReferralSent) and act.typed > VASBY.go_live:
            assert fact.reply_due_on > act.typed, "a reminder of a day that has passed would be a late fact that nobody typed"


@pytest.mark.parametrize("seed", range(1, 5))
def test_referrals_would_refuse_nothing(seed: int) -> None:
    rules = Rules()
    for act in simulate(VASBY, 12, seed).acts:
        rules.type(act)
    everything = [referral for case in rules.cases.values() for referral in case.referrals.values()]
    assert {str(referral.state) for referral in everything} >= {"sent", "waitlisted", "scheduled", "in_progress", "discarded", "withdrawn"}
    assert sum(referral.started is not None for referral in everything) > 80


def test_one_in_five_stalls_and_the_others_answer_as_drawn() -> None:
    chance, day, waits = random.Random(1), date(2025, 3, 3), []
    for _ in range(4000):
        referring = Referring(date(2100, 1, 1), VASBY, chance)
        referring.refer("pes", day, day)
        answers = (each for each in referring.until_closed(None, assigned=False) if each.what in ("acceptance", "waitlisting", "decline"))
        waits.append((next(answers).day - day).days)
    stalled = [wait for wait in waits if wait >= VASBY.stalled_at_least]
    assert len(stalled) / len(waits) == pytest.approx(VASBY.stalls, abs=0.03)
    assert mean(stalled) == pytest.approx(520, abs=40), "180 and 360 days, and a few that are only slow"
    assert median(wait for wait in waits if wait < 180) == pytest.approx(VASBY.days_to_answer[0], abs=3)


def test_the_diary_tells_how_each_case_waits_and_the_recount_how_long() -> None:
    diary = Diary()

    def told(case: str, what: str, happened: date, referral: int = 0, **said: Any) -> None:
        diary.note(Act(happened, 1, 0, what, {"happened": {"on": happened.isoformat()}, **said}, 0, referral), case)

    for case in ("waits", "begun", "three hours", "sfi", "nobody there", "closed", "twice", "before", "at the check"):
        told(case, "contact", date(2025, 1, 7))
    told("begun", "start", date(2025, 2, 7), DIRECT)
    told("three hours", "draft", date(2025, 2, 1), 2, insats_kind="work_training", planned_hours_per_week=3)
    told("three hours", "start", date(2025, 2, 7), 2)
    told("sfi", "draft", date(2025, 2, 1), 2, insats_kind="sfi", planned_hours_per_week=30)
    told("sfi", "start", date(2025, 2, 7), 2)
    told("nobody there", "start", date(2025, 2, 7), DIRECT)
    told("nobody there", "discontinuation", date(2025, 2, 9), DIRECT, attended="no")
    told("closed", "closing", date(2025, 2, 7), reason="moved")
    told("twice", "duplicate", date(2025, 1, 9), of=1)
    told("before", "observed_insats", date(2025, 1, 9), started_on="2025-01-07", kind="sfi", planned_hours_per_week=3)
    told("at the check", "observed_insats", date(2025, 1, 9), started_on="2025-01-08", kind="af_programme", planned_hours_per_week=30)
    assert diary.waits() == {"still_waiting": 4, "completed": 2, "moved": 1, "already_in_insats": 1}
    assert recount.l20({"ends": "2025-03-01", "cases": diary.cases}) == {
        "completed": (2, 16, 16),
        "still_waiting": (4, 53),
        "ended_otherwise": {"moved": 1},
        "already_in_insats": 1,
        "curve": {30: 1 / 7, **dict.fromkeys((90, 180, 365), pytest.approx(2 / 7))},
    }
    diary.lapsed("waits", date(2025, 3, 1), "lapsed_no_support")
    assert diary.waits()["lapsed_no_support"] == 1


def test_a_count_that_differs_is_seen(capsys: pytest.CaptureFixture[str]) -> None:
    l20 = {"completed": {"n": 2}, "still_waiting": {"n": 3}, "ended_otherwise": {"moved": 1}, "excluded": {"already_in_insats": 1}}
    counted = counted_waits(l20)
    assert counted == {"completed": 2, "still_waiting": 3, "moved": 1, "already_in_insats": 1}
    assert beside("L20", counted, counted, counted)
    assert not beside("L20", counted, counted, counted | {"moved": 2})
    assert capsys.readouterr().out.count("NOT EQUAL") == 1
