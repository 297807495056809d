"""How long from a request to intake until leadtimes has the fact, beside the time that the request itself takes: 100 a second.

Open loop: a request leaves when it is due, whatever became of those before it, and its time counts from then. leadtimes has a fact when
PostgreSQL says that its transaction was committed; all clocks are those of one machine.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from deploy.local.record import StreetRecord
from shared.auth import issue_token
from shared.clock import real_now
from shared.postgres import Database, connect
from tools.bench.frame import Measured, Miscounted, Ratio, alternate, street

NAME: Final = "latency"
RATE_PER_S: Final = 100
ROUND_S: Final = 12.0
BESIDE_THE_REQUEST_MS: Final = 10.0
P99_MS: Final = 40.0
PATIENCE_S: Final = 30
CREATED: Final = b"HTTP/1.1 201"
HEARD: Final = "SELECT stream, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 AS at FROM event WHERE stream = ANY($1::uuid[])"


@dataclass
class Client:
    """Sends requests to one service over connections that are kept: as little of its own time as it can."""

    host: str
    port: int
    token: str
    idle: deque[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=deque)

    async def post(self, path: str, body: object) -> dict[str, str]:
        """What the service answers. Raises Miscounted for anything but 201."""
        content = json.dumps(body).encode()
        reader, writer = self.idle.popleft() if self.idle else await asyncio.open_connection(self.host, self.port)
        lines = [
            f"POST {path} HTTP/1.1",
            f"Host: {self.host}",
            f"Authorization: Bearer {self.token}",
            f"Idempotency-Key: {uuid4()}",
            "Content-Type: application/json",
            f"Content-Length: {len(content)}",
        ]
        writer.write("\r\n".join([*lines, "", ""]).encode() + content)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            raise Miscounted("intake ended a connection and gave no answer") from None
        length = int(next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")).partition(b":")[2])
        answer = await reader.readexactly(length)
        self.idle.append((reader, writer))
        if not head.startswith(CREATED):
            raise Miscounted(f"intake answered {head.split(b' ')[1].decode()}")
        found: dict[str, str] = json.loads(answer)
        return found

    def close(self) -> None:
        """Ends every connection, before the service finds it idle for too long."""
        while self.idle:
            self.idle.popleft()[1].close()


@dataclass(frozen=True)
class Ground:
    """Who asks, and where the facts arrive."""

    client: Client
    leadtimes: Database

    async def measure(self) -> Measured:
        """One round. Raises Miscounted when not every fact arrived, once."""
        begin, clocks_apart = time.monotonic() + 0.5, time.time() - time.monotonic()
        due = [begin + number / RATE_PER_S for number in range(int(ROUND_S * RATE_PER_S))]
        answers = await asyncio.gather(*map(self._ask, due))
        self.client.close()
        took = [1000 * (answered - at) for at, (_, answered) in zip(due, answers, strict=True)]
        heard = await self._heard([case for case, _ in answers])
        arrived = [1000 * (heard[case] - clocks_apart - at) for at, (case, _) in zip(due, answers, strict=True)]
        post, seen = _quantiles(took), _quantiles(arrived)
        return {"POST p50": post[0], "POST p99": post[1], "p50": seen[0], "p99": seen[1], "beyond POST": seen[0] - post[0]}

    async def _ask(self, at: float) -> tuple[UUID, float]:
        """The case, and when (monotonic) the answer was there."""
        await asyncio.sleep(max(0, at - time.monotonic()))
        body = {"happened": {"at": real_now().isoformat()}, "channel": "phone", "source_system": "intake"}
        answer = await self.client.post("/intake/cases", body)
        return UUID(answer["case_id"]), time.monotonic()

    async def _heard(self, cases: Sequence[UUID]) -> dict[UUID, float]:
        """When leadtimes committed the one fact of each case, in seconds since 1970."""
        for _ in range(PATIENCE_S):
            rows = await self.leadtimes.fetch(HEARD, cases)
            if len(rows) >= len(cases):
                break
            await asyncio.sleep(1)
        if len(rows) != len(cases):
            raise Miscounted(f"{len(rows)} facts of {len(cases)} cases arrived")
        return {UUID(str(row["stream"])): row["at"] for row in rows}


def _quantiles(values: Sequence[float]) -> tuple[float, float]:
    in_order = sorted(values)
    return in_order[len(in_order) // 2], in_order[len(in_order) * 99 // 100]


async def _compare(record: StreetRecord, rounds: int) -> list[Ratio]:
    key = json.loads(record.tokens.private_key_file.read_text())
    token = issue_token(key, record.tokens.issuer, record.tokens.audience, "bench", ["intake-staff"], timedelta(hours=1))
    place, leadtimes = urlsplit(record.services["intake"].url), record.services["leadtimes"]
    client = Client(place.hostname or "", place.port or 0, token)
    db = await connect(leadtimes.database_url, leadtimes.password_file.read_text(), size=1)
    try:
        kept = (await alternate(rounds, {"100 a second": Ground(client, db).measure}))["100 a second"]
    finally:
        db.terminate()
    beside, most = [BESIDE_THE_REQUEST_MS] * rounds, [P99_MS] * rounds
    return [
        Ratio("p50 until leadtimes has it, beyond the request's own p50 / 10 ms", "ms", beside, kept["beyond POST"], at_most=1, aim=True),
        Ratio("p99 until leadtimes has it / 40 ms", "ms", most, kept["p99"], at_most=1, aim=True),
        Ratio("p50 until leadtimes has it / of the request", "ms", kept["POST p50"], kept["p50"]),
        Ratio("p99 until leadtimes has it / of the request", "ms", kept["POST p99"], kept["p99"]),
    ]


def bench(rounds: int) -> list[Ratio]:
    """Five rounds take about two minutes. Raises Miscounted."""
    with street() as record:
        return asyncio.run(_compare(record, rounds))
