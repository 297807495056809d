"""`sluss republish`: what producers keep is sent again, for a case or a whole topic, by each producer's own relay and in its order."""

from collections.abc import Iterable
from uuid import UUID

import click

from deploy.kafka.topics import Topic, declared
from deploy.local.record import StreetRecord
from tools.api import LONG_PATIENCE_S, BadInput, open_api, street
from tools.figures import with_unit

WATCH = "Heard when outbox and lag are 0: ./sluss status"


@click.command()
@click.option("--case", "case_id", type=click.UUID, metavar="ID", help="Everything told about this case.")
@click.option("--topic", "name", metavar="T", help="Everything told on this topic; those who hear it begin at its start again.")
def republish(case_id: UUID | None, name: str | None) -> None:
    """Send again what the producers keep, for one case or a whole topic.

    For a broker that lost its log, and for a case that misses an event: each event as it was sent the first time, in the order in which
    it was told. Whoever heard it before drops it. Events of imported logs are kept by nobody: a log is imported again.

    \b
    Exit codes: 0 it is being sent, 1 a topic is heard by several processes, 2 no such topic, or nothing was told of such a case,
    3 a service or the broker does not answer (nothing, or not all, was sent: the same command again).
    """
    if (case_id is None) is (name is None):
        raise click.UsageError("Say either --case ID or --topic T.")
    topics = declared()
    if name is not None:
        topics = [topic for topic in topics if topic.name == name] or _unknown(topics)
    record = street()
    if name is not None:
        for topic in topics:
            _rewind(record, topic)
    sent = {topic.name: _send(record, topic, case_id) for topic in topics if topic.producer in record.services}
    if case_id is not None and not any(sent.values()):
        raise BadInput("No service has told anything about a case of that id. A case of an imported log is imported again with its log.")
    if not sent:
        click.echo(f"{name} has no outbox, so nothing was sent: its events come from imported logs. Import each again: ./sluss import LOG")
    for told, events in sent.items():
        click.echo(f"{told}: {with_unit(events, 'event')} on the way again.")
    click.echo(WATCH)


def _unknown(topics: Iterable[Topic]) -> list[Topic]:
    raise BadInput(f"There is no such topic. These are: {', '.join(topic.name for topic in topics)}.")


def _rewind(record: StreetRecord, topic: Topic) -> None:
    """Who hears it goes back to its beginning first: in a topic that was made anew they would skip as much as they had heard before."""
    for consumer in (each for each in topic.consumers if each in record.services):
        with open_api(record, consumer) as api:
            api.post("topics", topic.name, "rewind", patience_s=LONG_PATIENCE_S)
        click.echo(f"{topic.name}: {consumer} begins at its start again.")


def _send(record: StreetRecord, topic: Topic, case_id: UUID | None) -> int:
    with open_api(record, topic.producer) as api:
        body = {"topic": topic.name, "stream": str(case_id) if case_id else None}
        return int(api.post("outbox", "republish", body=body, patience_s=LONG_PATIENCE_S)["events"])
