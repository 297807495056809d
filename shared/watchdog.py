"""The watchdog: a consumer that does not progress, or a loop that no longer turns, ends its process, and the supervisor starts it anew.

A stuck consumer cannot vouch for itself: what moves is asked of the broker, by clients of the watchdog's own (`reliability.md` D8).
"""

import asyncio
import faulthandler
import os
import sys
import time

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from shared.broker import Hearing
from shared.lag import Lag
from shared.log import logger
from shared.pause import pause

LAST_CALL = 1.5  # times the limit: from the limit on /health says so, and whoever watches has this long to see why
ROUNDS = 10  # a limit
ASLEEP_S = 30.0
STUCK = 1


class Watchdog:
    """Watches one consumer. `limit_s`: for how long records may wait in a partition whose position does not move."""

    def __init__(self, hearing: Hearing, lag: Lag, limit_s: float) -> None:
        self._hearing, self._lag, self._limit_s = hearing, lag, limit_s
        self._since: dict[TopicPartition, tuple[int, float]] = {}

    async def stuck_s(self) -> float:
        """Seconds for which the slowest partition of ours has had records and not moved; of any, when none is ours. Raises KafkaError."""
        positions, now = await self._lag.positions(), time.monotonic()
        watched = self._hearing.assigned() & positions.keys() or positions.keys()
        since: dict[TopicPartition, tuple[int, float]] = {}
        for each in watched:
            position = positions[each]
            if position.behind:
                committed, at = self._since.get(each, (None, now))
                since[each] = (position.committed, at if committed == position.committed else now)
        self._since = since
        return max((now - at for _, at in since.values()), default=0.0)

    async def run(self, stop: asyncio.Event) -> None:
        """Watches until `stop`. Ends the process, with code 1, when records have waited too long and nothing at all was done.

        A consumer that waits for its database, or tries a bad record again, is doing something: it is unhealthy, not stuck.
        """
        while not stop.is_set():
            await pause(self._limit_s / ROUNDS, stop)
            try:
                stuck_s = await asyncio.wait_for(self.stuck_s(), self._limit_s)
            except (KafkaError, OSError, TimeoutError) as error:
                logger.warning("the watchdog cannot ask the broker", error=type(error).__name__)
                continue
            if min(stuck_s, self._hearing.still_for()) > self._limit_s * LAST_CALL and not stop.is_set():
                # At once: whatever hangs would also hang a stop in peace, and no promise rests on one.
                logger.critical("the consumer is stuck and the process ends", stuck_s=round(stuck_s, 1))
                os._exit(STUCK)


async def stay_awake(stop: asyncio.Event, asleep_s: float = ASLEEP_S) -> None:
    """Ends the process, with code 1 and the place it hangs at on standard error, when the loop has not turned for so long."""
    try:
        while not stop.is_set():
            faulthandler.dump_traceback_later(asleep_s, exit=True, file=sys.__stderr__ or 2)
            await pause(asleep_s / ROUNDS, stop)
    finally:
        faulthandler.cancel_dump_traceback_later()
