"""Lag: how far a consumer group is behind, asked of the broker and not of the consumer."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, for_code

from shared.kafka import Access

REQUEST_MS = 10_000  # aiokafka's own are 40 s: for so long a network that swallows packets would keep a consumer still


async def partitions_of(admin: AIOKafkaAdminClient, topics: Sequence[str]) -> list[TopicPartition]:
    """Every partition of these topics. Raises KafkaError, also when one is not there."""
    described = await admin.describe_topics(list(topics))
    for topic in described:
        if topic["error_code"]:
            raise for_code(topic["error_code"])
    return [TopicPartition(topic["topic"], each["partition"]) for topic in described for each in topic["partitions"]]


@dataclass(frozen=True)
class Position:
    """How far a group has come in a partition, and the partition's end."""

    committed: int
    end: int

    @property
    def behind(self) -> int:
        """Records that are told and not settled."""
        return self.end - self.committed


class Lag:
    """How far a group is behind, asked of the broker by clients of its own: a stuck consumer cannot vouch for itself."""

    def __init__(self, kafka: Access, group: str, topics: Sequence[str]) -> None:
        self._kafka, self._group, self._topics = kafka, group, tuple(topics)
        self._ends: AIOKafkaConsumer | None = None
        self._admin: AIOKafkaAdminClient | None = None
        self._one_at_a_time = asyncio.Lock()

    async def read(self) -> float:
        """Records told and not committed yet by the group, over all partitions. Raises KafkaError."""
        return float(sum(each.behind for each in (await self.positions()).values()))

    async def positions(self) -> dict[TopicPartition, Position]:
        """Every partition's end and how far the group has come in it. Raises KafkaError."""
        async with self._one_at_a_time:
            try:
                return await self._read(*await self._clients())
            except BaseException:  # also when the asker gives up waiting: a client that is half started never answers
                await self._close()
                raise

    async def _clients(self) -> tuple[AIOKafkaConsumer, AIOKafkaAdminClient]:
        if self._ends is None or self._admin is None:
            self._ends = AIOKafkaConsumer(**self._kafka.options(), request_timeout_ms=REQUEST_MS)
            self._admin = AIOKafkaAdminClient(**self._kafka.options(), request_timeout_ms=REQUEST_MS)
            await self._ends.start()
            await self._admin.start()
        return self._ends, self._admin

    async def _read(self, consumer: AIOKafkaConsumer, admin: AIOKafkaAdminClient) -> dict[TopicPartition, Position]:
        partitions = await partitions_of(admin, self._topics)
        begins, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
        committed = await admin.list_consumer_group_offsets(self._group, partitions=partitions)
        if committed.keys() != set(partitions):
            # A fault of the group as a whole (its coordinator is only just being loaded) comes as an answer without partitions.
            raise KafkaError("the broker cannot say how far the group has come")
        # What the broker no longer keeps was not heard, and never will be: it is no lag. A place beyond the end is one in a topic that
        # was made anew since: there the group has heard nothing.
        places = {each: committed[each].offset if committed[each].offset <= ends[each] else -1 for each in partitions}
        return {each: Position(max(places[each], begins[each]), ends[each]) for each in partitions}

    async def _close(self) -> None:
        ends, admin = self._ends, self._admin
        self._ends = self._admin = None
        if ends is not None:
            await ends.stop()
        if admin is not None:
            await admin.close()

    async def close(self) -> None:
        """Leaves the broker."""
        async with self._one_at_a_time:
            await self._close()
