"""FastStream's Kafka subscriber with every setting that its defaults have wrong for us, and a parser that never raises."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiokafka import ConsumerRecord
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage as InjectedMessage
from faststream.kafka.message import FAKE_CONSUMER, KafkaAckableMessage
from faststream.security import SASLScram512

from shared.kafka import Access
from shared.lag import REQUEST_MS

BATCH = 500
FETCH_WAIT_MS = 50
SESSION_MS = 6_000
Receive = Callable[[Any, Sequence["ConsumerRecord[bytes, bytes]"]], Awaitable[None]]


def make_subscriber(
    kafka: Access, group: str, topics: Sequence[str], instance: str | None, most: int, receive: Receive
) -> tuple[KafkaBroker, Any]:
    """A broker that is not started, and its one subscriber.

    `receive` gets the consumer and each batch of at most so many records, raw, and owns the commit.
    """
    broker = KafkaBroker(
        kafka.bootstrap.split(","),  # FastStream takes a text with commas for one address
        security=_security(kafka),
        allow_auto_create_topics=False,
        request_timeout_ms=REQUEST_MS,
        ack_policy=AckPolicy.MANUAL,
        graceful_timeout=15,
        logger=None,
    )
    subscriber = broker.subscriber(
        *topics,
        group_id=group,
        group_instance_id=instance,
        batch=True,
        max_records=most,
        batch_timeout_ms=FETCH_WAIT_MS,
        fetch_max_wait_ms=FETCH_WAIT_MS,
        auto_offset_reset="earliest",
        session_timeout_ms=SESSION_MS,
        heartbeat_interval_ms=1_000,
        no_reply=True,  # a record's `reply_to` header would otherwise make FastStream publish an answer
        parser=_parse_nothing,
        decoder=_decode_nothing,
    )

    async def take(message: InjectedMessage) -> None:
        await receive(subscriber.consumer, message.raw_message)

    subscriber(take)
    return broker, subscriber


def _security(kafka: Access) -> SASLScram512 | None:
    """`Access.options` in FastStream's words."""
    return SASLScram512(kafka.user, kafka.password or "", use_ssl=False) if kafka.user is not None else None


async def _parse_nothing(records: Any) -> KafkaAckableMessage:
    """FastStream's own parser raises on a header that is not UTF-8, and the record is then passed over: so nothing is parsed here."""
    return KafkaAckableMessage(raw_message=records, body=b"", consumer=FAKE_CONSUMER)


async def _decode_nothing(_: Any) -> bytes:
    return b""
