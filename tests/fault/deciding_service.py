"""A service of the tests that decides on what it hears: its effect is a row, without any key, so that a second one would be seen.

It hears one topic and nothing else. The table `poison` names events that its effect raises for.
"""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from contracts.envelope import Envelope
from shared.broker import Hearing
from shared.health import Health
from shared.inbox import BATCH, GapReason, Inbox, NoSuchGap
from shared.lag import Lag
from shared.postgres import Transaction, connect
from shared.process import begin, run
from shared.quarantine import Seal
from shared.settings import ServiceSettings

NAME = "deciding"
TABLES = """
    CREATE TABLE effect (id bigint GENERATED ALWAYS AS IDENTITY, stream uuid, sequence bigint, event_id uuid);
    CREATE TABLE poison (event_id uuid);
"""


async def apply(tx: Transaction, envelope: Envelope) -> None:
    """Leaves a row. Raises RuntimeError for poison."""
    if await tx.fetchval("SELECT EXISTS (SELECT FROM poison WHERE event_id = $1)", envelope.id):
        raise RuntimeError("boom")
    await tx.execute(
        "INSERT INTO effect (stream, sequence, event_id) VALUES ($1, $2, $3)", envelope.partitionkey, envelope.sequence, envelope.id
    )


async def house() -> None:
    """The parts of a service that hears and decides; over HTTP what an operator would do."""
    settings = ServiceSettings()
    topic = settings.database_url.rpartition("/")[2]
    db = await connect(settings.database_url, settings.database_password)
    assert settings.quarantine_key_file is not None
    seal = Seal(settings.quarantine_key_file)
    inbox = Inbox(NAME, db, seal, apply)
    hearing = Hearing(settings.kafka_access, topic, [topic], db, seal, inbox.hear, pass_by=inbox.pass_by, most=BATCH, instance="one")
    lag = Lag(settings.kafka_access, topic, [topic])

    async def give_up(_: Request) -> Response:
        """Every gap of the streams that miss their fifth event."""
        for each in await inbox.waiting():
            if (each.applied, each.first_parked) != (4, 6):
                continue
            try:
                await inbox.give_up(each.topic, each.stream, each.first_parked, GapReason.LOST, "test")
            except NoSuchGap:
                continue
        return JSONResponse({})

    async def redrive(request: Request) -> Response:
        await hearing.play_again(int(request.path_params["number"]), "test")
        return JSONResponse({})

    health = Health(NAME)
    health.watch("lag", "records told and not heard yet", lag.read)
    health.watch("parked", "events that wait for an earlier one", inbox.parked)
    app = Starlette(routes=[Route("/gaps", give_up, methods=["POST"]), Route("/redrive/{number:int}", redrive, methods=["POST"])])
    await run(settings, app, health.app(), [hearing.run, inbox.run])


if __name__ == "__main__":
    begin(NAME, house)
