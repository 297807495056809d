"""The simulated clock of a whole street: shown, and moved forward so that everything that falls due on the way happens on the way."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any, Final

import click
import httpx

from deploy.local.record import StreetRecord
from shared.clock import LOCAL, local_midnight
from tools.api import Api, BadInput, NotReachable, Refused, open_api, street
from tools.figures import format_option, moment, print_columns, print_csv, print_json

POLL_S: Final = 0.02
REST_WITHIN_S: Final = 120.0
# What a service has in hand, of whatever kind: it is at rest when it names none of them above nought.
TIMERS: Final = "timers_due"
IN_HAND: Final = (TIMERS, "outbox_pending", "lag")
BACKWARDS: Final = "clock_moves_forward_only"


class Backwards(BadInput):
    """The clock was asked to go back. Facts are already recorded at later times."""


class NoRest(click.ClickException):
    """The street did not come to rest: something that is due cannot be done."""

    exit_code = 1


class StreetClock:
    """The clocks of every service, as one."""

    def __init__(self, apis: dict[str, Api], health: dict[str, str], client: httpx.Client) -> None:
        self._apis, self._health, self._client = apis, health, client
        self._with_timers: list[str] | None = None

    def now(self) -> datetime:
        """The simulated present, UTC: that of the service whose clock is furthest ahead."""
        return max(self.times().values())

    def times(self) -> dict[str, datetime]:
        """The simulated present of each service."""
        return {name: datetime.fromisoformat(api.get("clock")["now"]) for name, api in self._apis.items()}

    def move_to(self, at: datetime) -> None:
        """Moves every clock to `at`, by way of each instant at which a timer is due; at the end all is fired, told and heard.

        Raises Backwards when `at` has passed, NoRest when what is due does not get done.
        """
        if at < self.now():
            raise Backwards(f"The clock moves forward only, and it is {moment(self.now().isoformat())}.")
        reports = self.rest()
        while True:
            due = [datetime.fromisoformat(each["next_timer_at"]) for each in reports if each.get("next_timer_at")]
            step = min([*due, at])
            self._set(step)
            reports = self.rest()
            if step == at:
                return

    def pass_to(self, at: datetime) -> None:
        """Moves every clock to `at` by way of each timer, as `move_to` does, without waiting until what they tell is heard: for many moves
        in a row, of which the last is a `move_to`.

        Raises NoRest when a timer does not fire.
        """
        while True:
            due = [datetime.fromisoformat(each["next_timer_at"]) for each in self._fired() if each.get("next_timer_at")]
            step = min([*due, at])
            self._set(step)
            if step == at:
                return

    def _fired(self) -> list[Any]:
        """What the services with timers report as soon as none of theirs is due. Raises NoRest."""
        by = time.monotonic() + REST_WITHIN_S
        if self._with_timers is None:
            self._with_timers = [name for name in self._health if TIMERS in self._report(name)]
        while True:
            reports = [self._report(name) for name in self._with_timers]
            if all(report.get(TIMERS) == 0 for report in reports):
                return reports
            if time.monotonic() > by:
                raise NoRest("Timers do not fire. See: ./sluss status")
            time.sleep(POLL_S)

    def rest(self) -> list[Any]:
        """Waits until nothing is in hand anywhere, and answers what the services then report. Raises NoRest.

        Two rounds in a row, one service after another: what a timer told after we had looked is seen the second time.
        """
        by = time.monotonic() + REST_WITHIN_S
        quiet = 0
        while True:
            reports = [self._report(name) for name in self._health]
            busy = sorted({name for report in reports for name in IN_HAND if report.get(name, 0) != 0})
            quiet = 0 if busy else quiet + 1
            if quiet == 2:
                return reports
            if time.monotonic() > by:
                raise NoRest(f"The street does not come to rest ({', '.join(busy)}). See: ./sluss status")
            if busy:
                time.sleep(POLL_S)

    def _report(self, name: str) -> Any:
        try:
            return self._client.get(self._health[name]).json()
        except httpx.TransportError:
            raise NotReachable(f"{name} does not answer. What runs: ./sluss status") from None

    def _set(self, at: datetime) -> None:
        """One instant for all. A clock that has run past it by itself meanwhile stays where it is."""
        for api in self._apis.values():
            try:
                api.post("clock", body={"to": at.astimezone(UTC).isoformat()})
            except Refused as refused:
                if refused.code != BACKWARDS:
                    raise


@contextmanager
def open_clock(record: StreetRecord) -> Iterator[StreetClock]:
    """The clock of a street while the block runs: for many moves in a row."""
    with ExitStack() as stack:
        apis = {name: stack.enter_context(open_api(record, name)) for name in record.services}
        client = stack.enter_context(httpx.Client(trust_env=False, timeout=REST_WITHIN_S))
        yield StreetClock(apis, {name: f"{service.ops}/health" for name, service in record.services.items()}, client)


def move_to(record: StreetRecord, at: datetime) -> None:
    """Moves the clock of a street, as StreetClock.move_to does."""
    with open_clock(record) as clock:
        clock.move_to(at)


class Moment(click.ParamType[datetime]):
    """A day (its first instant in Sweden), or an instant with its offset."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Fails, without repeating the value, on anything else."""
        try:
            at = datetime.fromisoformat(value)
            if len(value) == len("YYYY-MM-DD"):
                return local_midnight(at.date())
        except ValueError:
            self.fail("That is neither a day (2026-03-31) nor an instant with its offset (2026-03-31T08:00+02:00).", param, ctx)
        if at.tzinfo is None:
            self.fail("An instant needs its offset from UTC (2026-03-31T08:00+02:00).", param, ctx)
        return at


@click.command()
@click.option("--to", "to", type=Moment(), metavar="TIME", help="Move it forward: a day, or an instant with its offset.")
@format_option
def clock(to: datetime | None, shown_as: str) -> None:
    """Show the simulated clock of the local street, or move it forward. A street in containers has none.

    It is real time plus an offset, the same in every service. Moving it stops at every timer on the way, and ends when all that fell
    due is done, told and heard.

    \b
    Exit codes: 0 done, 1 something that is due does not get done, 2 not a time, or one that has passed, 3 nothing runs.
    """
    record = street()
    if not record.simulation:
        raise BadInput("The clock of this street is real time, which nobody moves.")
    with open_clock(record) as running:
        if to:
            running.move_to(to)
        times = running.times()
    if shown_as == "json":
        print_json({"now": max(times.values()).isoformat(), "services": {name: at.isoformat() for name, at in times.items()}})
    elif shown_as == "csv":
        print_csv([{"service": name, "now": at.isoformat()} for name, at in times.items()])
    else:
        print_columns(["service", f"its clock ({LOCAL.key})"], [[name, moment(at.isoformat())] for name, at in times.items()], left=2)
