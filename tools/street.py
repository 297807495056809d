"""`sluss up`, `down`, `token` and `open`: the local street started and stopped, and the ways into it."""

import json
import os
import re
import sys
import webbrowser
from datetime import datetime, timedelta
from typing import Final

import click

from deploy.local.failures import StreetFailure
from deploy.local.places import chosen_street
from deploy.local.processes import end_street
from deploy.local.record import StreetRecord, refuse_containers
from deploy.local.street import Street
from deploy.local.tansu import LOUDLY
from shared.auth import MOST_LIFETIME, issue_token
from tools.api import open_api
from tools.api import street as running_street
from tools.clock import Moment

MOST_MINUTES: Final = int(MOST_LIFETIME.total_seconds() // 60)
ROLES: Final = (
    *("intake-staff", "intake-decider", "intake-protected", "intake-manager"),
    *("referrals-staff", "referrals-recipient", "referrals-protected"),
    *("leadtimes-reader", "operator"),
)
OF_FUNCTION: Final = re.compile("function-[a-z][a-z0-9]{0,19}(-[a-z0-9]{1,20}){0,3}")


class Role(click.Choice[str]):
    """One of the roles, or that of the staff of a function: `function-jobbcentrum`."""

    def __init__(self) -> None:
        super().__init__(ROLES)

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuses whatever is no role."""
        return value if OF_FUNCTION.fullmatch(value) else super().convert(value, param, ctx)


@click.command()
@click.option("--foreground/--detach", default=None, help="Stay until Ctrl-C, or not.  [default: stay on a terminal]")
@click.option("--from", "begin", type=Moment(), metavar="TIME", help="Where a fresh street's clock begins: a day, or an instant.")
def up(foreground: bool | None, begin: datetime | None) -> None:
    """Start the local street: PostgreSQL, Apache Kafka and every service.

    On a terminal it stays until Ctrl-C, which stops everything; elsewhere it returns when all is healthy.
    Where Kafka's jars cannot be fetched, Tansu stands in for it, in memory, and says so; SLUSS_BROKER=apache or tansu insists on one.
    SLUSS_KAFKA (host:port) and SLUSS_POSTGRES (postgresql://administrator:password@host:port/postgres) name servers of your own.
    SLUSS_KAFKA_SECRETS names a folder with NAME.kafka-password of your broker's admin and of each user; without it the broker lets
    anybody in. SLUSS_KAFKA_NODES=3 makes a fresh street's Kafka of three nodes: each fact is on two of them before it is acknowledged.
    The simulated clock begins now, or at --from when nothing has been registered yet, and moves forward only (./sluss clock).

    \b
    Exit codes: 0 it runs (or, in the foreground, has been stopped), 1 a part did not become healthy, 2 a wrong setting,
    4 Kafka's jars cannot be fetched and SLUSS_BROKER=apache insists on it, 5 a jar is not the pinned one,
    6 a launcher already runs this street.
    """
    stay = sys.stdin.isatty() and sys.stdout.isatty() if foreground is None else foreground
    street = Street(chosen_street(), simulation_start=begin, attached=stay, say=lambda text: click.echo(f"  {text}", err=True))
    try:
        record = street.start()
        _show(record)
        if stay:
            click.echo("Ctrl-C stops everything.")
            street.wait()
    except StreetFailure as failure:
        click.echo(f"Error: {failure}", err=True)
        sys.exit(failure.exit)
    except KeyboardInterrupt:
        click.echo("stopping", err=True)
    finally:
        if stay:
            street.stop()


def _show(record: StreetRecord) -> None:
    click.echo(f"PostgreSQL  {record.postgres.address}")
    click.echo(f"Kafka       {record.broker.bootstrap}")
    for name, service in record.services.items():
        click.echo(f"{name:<11} {service.url}/{name}/docs")
    if record.broker.in_memory:
        click.echo(LOUDLY)
    click.echo("A token for the API: ./sluss token --role intake-staff. The page: ./sluss open. How it is: ./sluss status")


@click.command()
def down() -> None:
    """Stop the local street, whoever started it, and whatever a killed launcher left of it.

    \b
    Exit codes: 0 nothing runs any more, 2 it is a street in containers.
    """
    try:
        refuse_containers(chosen_street())
    except StreetFailure as failure:
        click.echo(f"Error: {failure}", err=True)
        sys.exit(failure.exit)
    click.echo("stopped" if end_street(chosen_street()) else "nothing ran")


def operator_token(record: StreetRecord, roles: tuple[str, ...], lifetime: timedelta = timedelta(hours=1), subject: str = "sluss") -> str:
    """An access token that the street's services accept, signed as an identity provider would."""
    key = json.loads(record.tokens.private_key_file.read_text(encoding="utf-8"))
    return issue_token(key, record.tokens.issuer, record.tokens.audience, subject, roles, lifetime)


@click.command()
@click.option("--role", "roles", multiple=True, required=True, type=Role(), help="What the token allows; may be repeated.")
@click.option("--lifetime", type=click.IntRange(1, MOST_MINUTES), default=60, show_default=True, help="Minutes.")
def token(roles: tuple[str, ...], lifetime: int) -> None:
    """Print an access token for the API of the local street, to send as "Authorization: Bearer TOKEN".

    The staff of a function that receives referrals have the role referrals-recipient and one for each function, as function-jobbcentrum.

    \b
    Exit codes: 0 printed, 2 no such role or lifetime, 3 nothing runs.
    """
    click.echo(operator_token(running_street(), roles, timedelta(minutes=lifetime), "token"))


@click.command("open")
@click.option("--print", "only_print", is_flag=True, help="Print the link, open nothing.")
def open_page(only_print: bool) -> None:
    """Print a link that opens the page of lead times once, within five minutes; on a terminal also open it in a browser.

    \b
    Exit codes: 0 printed, 3 nothing runs or leadtimes does not answer.
    """
    with open_api(running_street(), "leadtimes") as api:
        url = api.post("links")["url"]
    click.echo(url)
    if sys.stdout.isatty() and not only_print and _has_screen():
        webbrowser.open(url)


def _has_screen() -> bool:
    """Without one, webbrowser would take the terminal for a browser in text."""
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
