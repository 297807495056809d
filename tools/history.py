"""A log as messages on `history-events`: references and codes only, the same every time the same file is sent."""

import asyncio
import hmac
from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import Final
from uuid import UUID, uuid5

from aiokafka import AIOKafkaProducer

from contracts.catalogue import HISTORY_EVENTS
from contracts.envelope import Envelope, TimePrecision
from contracts.history import HistoryEvent, ImportCompletedV1, Lifecycle, LogEventRecordedV1
from shared.kafka import Access
from tools.formats.event import LogEvent
from tools.survey import Survey

BATCH: Final = 500
COMPLETED: Final = "completed"
LIFECYCLES: Final = {each.value: each for each in Lifecycle}


class History:
    """Turns one log into envelopes, and each time into the same ones, so that an import which was cut short is simply sent again.

    Therefore `recordedtime` is what the log says, or the event's own time (whoever kept the log knew it then), and the log is the
    correlation.
    """

    def __init__(self, log: Survey, secret: bytes, municipality: str) -> None:
        self._log = log
        self._source = f"/municipality/{municipality}/tools"
        self._cases = UUID(bytes=hmac.digest(secret, log.log_id.bytes, "sha256")[:16])

    def case(self, name: str) -> UUID:
        """The reference of a case: a UUIDv5 in a namespace that nobody can guess, and that no two logs share."""
        return uuid5(self._cases, name)

    def recorded(self, event: LogEvent) -> Envelope:
        """One event of the log. Raises KeyError for a name that the survey did not see."""
        body = LogEventRecordedV1(
            log_id=self._log.log_id,
            activity_code=self._log.activities.code(event.activity),
            organisation_code=self._log.organisations.code(event.organisation) if event.organisation else None,
            resource_code=self._log.resources.code(event.resource) if event.resource else None,
            lifecycle=LIFECYCLES.get(event.lifecycle.lower(), Lifecycle.UNKNOWN) if event.lifecycle else None,
            attributes=self._attributes(event),
            row=event.row,
        )
        return self._envelope(str(event.row), self.case(event.case), event.time, body, event.recorded)

    def _attributes(self, event: LogEvent) -> dict[str, str] | None:
        said = enumerate(zip(self._log.attributes.values(), event.attributes, strict=True), start=1)
        return {f"f{number}": values.code(value) for number, (values, value) in said if value} or None

    def completed(self) -> Envelope:
        """That the log is complete, as of its last event."""
        body = ImportCompletedV1(log_id=self._log.log_id, events=self._log.events, sha256=self._log.sha256)
        return self._envelope(COMPLETED, self._log.log_id, self._log.last, body)

    def _envelope(self, name: str, stream: UUID, time: datetime, body: HistoryEvent, recorded: datetime | None = None) -> Envelope:
        return Envelope(
            id=uuid5(self._log.log_id, name),
            source=self._source,
            subject=stream,
            time=time,
            recordedtime=recorded or time,
            partitionkey=stream,
            correlationid=self._log.log_id,
            timeprecision=TimePrecision.INSTANT,
            data=body,
        )


async def send(kafka: Access, envelopes: Iterable[Envelope]) -> None:
    """Sends every envelope and waits for the broker's word on each, a batch at a time. Raises KafkaError."""
    producer = AIOKafkaProducer(**kafka.telling(), linger_ms=5)
    await producer.start()
    try:
        rest = iter(envelopes)
        while batch := list(islice(rest, BATCH)):
            await asyncio.gather(*[await _sent(producer, envelope) for envelope in batch])
    finally:
        await producer.stop()


async def _sent(producer: AIOKafkaProducer, envelope: Envelope) -> asyncio.Future[object]:
    headers, value = envelope.message()
    sent: asyncio.Future[object] = await producer.send(HISTORY_EVENTS, value, key=str(envelope.partitionkey).encode(), headers=headers)
    return sent
