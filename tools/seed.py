"""`sluss seed`: the worked histories typed into the running street: intake's import and referrals' acts, the clock going along."""

import time as time_module
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime, time
from itertools import groupby
from typing import Any, Final
from uuid import UUID, uuid5

import click
from httpx import codes

from deploy.local.record import StreetRecord
from shared.clock import LOCAL, local_date, real_now
from tools.api import Api, BadInput, Refused, open_api, street
from tools.clock import StreetClock, open_clock
from tools.histories import DUPLICATE, HISTORIES, Act, History
from tools.progress import progress

SYSTEM: Final = "case_system"
ROLES: Final = ("intake-staff", "intake-decider", "referrals-staff")
HEARD_S: Final = 30.0
TYPED_AT: Final = time(15, 0)
KEY_REUSED: Final = "urn:sluss:error:item_key_reused"
# What a step is about beside its case, and the step that told of it.
ABOUT: Final = {
    **dict.fromkeys(("completion-request", "completion", "assessment-start", "assessment-completion", "decision"), "application"),
    "assignment-answer": "assignment",
}
FIRST_YEAR, LAST_YEAR = 1970, 2100


@click.command()
@click.option("--year", type=click.IntRange(FIRST_YEAR, LAST_YEAR), help="The year they are of.  [default: the last that is over]")
def seed(year: int | None) -> None:
    """Type the worked histories of the rule set (H1–H20) into the running street, for those who build a screen on it.

    Each act is typed on its day, the simulated clock going along, and then on to now; so the street's clock must not have passed the
    year's first day: ./sluss up --from 2025-01-01, on a fresh street. The cases are found by GET /intake/cases?source_system=case_system
    and source_ref=H1-a, H1-b, H2-a …

    Seeding again within seven days changes nothing; a seeding that was cut short is brought to its end.

    \b
    Exit codes: 0 they are there, 1 an act was refused, or something that is due does not get done, 2 the clock has passed the first
    day, is real time, or another year was seeded, 3 nothing runs or intake does not answer.
    """
    record = street()
    if not record.simulation:
        raise BadInput("The clock of this street is real time, which nobody moves.")
    told = [history(year or local_date(real_now()).year - 1) for history in HISTORIES]
    with open_clock(record) as clock, open_api(record, "intake", ROLES) as intake:
        must_be_in_time(clock, intake, told)
        cases = play(record, told)
        if clock.now() < real_now():
            clock.move_to(real_now())
    for history in told:
        click.echo(f"{history.name}: {history.shows}")
        for client in history.clients:
            click.echo(f"    {client:<6} {cases[client]}")


def play(record: StreetRecord, told: Sequence[History]) -> Mapping[str, str]:
    """Types every act on the day it was typed, the street's clock going along, and answers the case of each client.

    What was typed before stays as it was. Raises click.ClickException for what intake refuses.
    """
    acts = sorted(items(told), key=lambda each: each[0].typed)
    with ExitStack() as opened:
        clock, reach = opened.enter_context(open_clock(record)), opened.enter_context(progress("Typing", len(acts)))
        intake, referrals = (opened.enter_context(open_api(record, name, ROLES)) for name in ("intake", "referrals"))
        typist = _Typist(intake, referrals)
        done = 0
        for day, of_day in groupby(acts, key=lambda each: each[0].typed):
            typed, at = list(of_day), datetime.combine(day, TYPED_AT, LOCAL)
            if clock.now() < at:
                clock.pass_to(at)  # what was told is heard meanwhile: the typist waits for what an act needs
            typist.type(typed)
            done += len(typed)
            reach(done)
        clock.rest()
        return typist.cases


def items(told: Sequence[History]) -> list[tuple[Act, Mapping[str, Any]]]:
    """Every act with the item that an import takes: its key is the client's and its number among the client's acts."""
    found: list[tuple[Act, Mapping[str, Any]]] = []
    for history in told:
        for client in history.clients:
            last: dict[str, str] = {}
            for number, act in enumerate((each for each in history.acts if each.client == client), 1):
                key, about = f"{client}/{number}", ABOUT.get(act.step)
                item = {"key": key, "step": act.step, "case": {"source_ref": client}, "body": act.body}
                found.append((act, item | ({about: {"key": last[about]}} if about else {})))
                last[act.step] = key
    return found


class _Typist:
    """Somebody at intake and at referrals, and the cases and referrals they know so far, by client and by client and function."""

    def __init__(self, intake: Api, referrals: Api) -> None:
        self._intake, self._referrals = intake, referrals
        self.cases: dict[str, str] = {}
        self._sent: dict[tuple[str, str], str] = {}

    def type(self, acts: Sequence[tuple[Act, Mapping[str, Any]]]) -> None:
        """Types what is typed on one day: at intake first. Raises click.ClickException for what is refused."""
        self._deliver([(act, item) for act, item in acts if act.referral is None and act.step != DUPLICATE])
        for act, item in acts:
            if act.step == DUPLICATE:
                case, other = self.cases[act.client], self.cases[act.body["of"]]
                self._intake.post("cases", case, DUPLICATE, body={"of": other}, key=str(uuid5(UUID(case), other)))
            elif act.referral is not None:
                self._tell(act, act.referral, item["key"])

    def _deliver(self, acts: Sequence[tuple[Act, Mapping[str, Any]]]) -> None:
        if not acts:
            return
        answer = self._intake.post("imports", body={"source_system": SYSTEM, "items": [item for _, item in acts]})
        for (act, _), became in zip(acts, answer["items"], strict=True):
            if problem := became["problem"]:
                raise _refused(became["key"], problem)
            self.cases[act.client] = became["case_id"]

    def _tell(self, act: Act, referral: str, key: str) -> None:
        """One act of a referral. What was not yet heard of its case is waited for."""
        case = self.cases[act.client]
        key = str(uuid5(UUID(case), key))
        if act.step == "draft":
            answer = self._once_heard(case, lambda: self._referrals.post("cases", case, "referrals", body=act.body, key=key))
            self._sent[act.client, referral] = answer["referral_id"]
        else:
            place = ("cases", case, "referrals", self._sent[act.client, referral], act.step)
            self._once_heard(case, lambda: self._referrals.post(*place, body=act.body, key=key))

    def _once_heard(self, case: str, ask: Callable[[], Any]) -> Any:
        """Asked again while referrals has not heard yet what intake told before: that the case is there, or that it is open again."""
        by = time_module.monotonic() + HEARD_S
        while True:
            try:
                return ask()
            except Refused as refused:
                if refused.status not in (codes.NOT_FOUND, codes.CONFLICT) or time_module.monotonic() > by:
                    raise _refused(case, refused.problem) from None
                time_module.sleep(0.05)


def _refused(key: str, problem: Mapping[str, Any]) -> click.ClickException:
    if problem["type"] == KEY_REUSED:
        return BadInput("This street holds the histories of another year: the same year again, or a fresh street.")
    return click.ClickException(f"{key} was refused. {problem.get('reason') or problem['title']}")


def must_be_in_time(clock: StreetClock, intake: Api, told: Sequence[History]) -> None:
    """Raises BadInput when the clock has passed the first day and nothing has been seeded."""
    first = min((act for history in told for act in history.acts), key=lambda act: act.typed)
    begins = datetime.combine(first.typed, TYPED_AT, LOCAL)
    seeded = intake.get("cases", source_system=SYSTEM, source_ref=first.client)["cases"]
    if clock.now() > begins and not seeded:
        raise BadInput(
            f"The street's clock has passed {first.typed}, the first day of the histories. On a fresh street: "
            f"SLUSS_STREET=.sluss/seeded ./sluss up --from {first.typed}, and the same with ./sluss seed. Or another --year."
        )
