"""A TCP proxy on loopback that does to its connections what bad networks do: what is held, what comes, one way or both.

Kafka's clients connect where the broker says it is: with `of_kafka` the broker's answers name the proxy in its place.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum, auto

from shared.postgres import SERVER_SETTINGS
from tests.street import free_port

DELAY_S = 0.2
TRICKLE_S = 0.02  # a byte
CUT_AFTER_BYTES = 3_000
# What is swallowed for ever on both sides a server notices by its keepalives; these are the ones that we ask PostgreSQL for.
NOTICED_AFTER_S = sum(
    float(SERVER_SETTINGS[f"tcp_keepalives_{name}"]) * times
    for name, times in (("idle", 1), ("interval", int(SERVER_SETTINGS["tcp_keepalives_count"])))
)


class Mode(StrEnum):
    """What the network does at the moment."""

    PASS = auto()
    STALL = auto()  # packets are dropped and sent again: nothing arrives before the end of it, and nothing is lost
    BLACKHOLE = auto()  # what is sent is swallowed; a connection that lost something so is open and silent for ever
    DEAF = auto()  # the same, of answers alone
    RESET = auto()  # what is held is reset, and whatever comes
    REFUSE = auto()  # the same, and nobody listens
    DELAY = auto()
    TRICKLE = auto()
    CUT = auto()  # a connection is reset in the middle of an answer, once it has brought so many bytes


SWALLOWING = (Mode.BLACKHOLE, Mode.DEAF)


@dataclass(eq=False)
class Link:
    """One connection through the proxy."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    silent: bool = False
    answered: int = 0
    pumps: list[asyncio.Task[None]] = field(default_factory=list)

    def reset(self) -> None:
        """Ends both sides at once, as a router does that sends RST."""
        for writer in (self.client, self.server):
            _reset(writer)

    def swallow(self) -> None:
        """From here on nothing arrives. The server notices after a while; the client has nobody to tell it."""
        if not self.silent:
            self.silent = True
            asyncio.get_running_loop().call_later(NOTICED_AFTER_S, _reset, self.server)


class Proxy:
    """Stands before one server; `mode` holds for every connection from the moment it is set."""

    def __init__(self, server: str, of_kafka: bool) -> None:
        host, _, port = server.partition(":")
        self._host, self._port, self._own_port = host, int(port), free_port()
        self._of_kafka = of_kafka
        self._mode, self._changed = Mode.PASS, asyncio.Event()
        self._links: set[Link] = set()
        self._listening: asyncio.Server | None = None

    @property
    def address(self) -> str:
        """host:port, to be named in the server's place."""
        return f"127.0.0.1:{self._own_port}"

    async def set(self, mode: Mode) -> None:
        """Changes what the network does, for what is held and what comes."""
        self._mode = mode
        self._changed.set()
        self._changed = asyncio.Event()
        if mode in (Mode.RESET, Mode.REFUSE):
            for link in set(self._links):
                link.reset()
        if mode is Mode.REFUSE:
            await self.close()
        elif self._listening is None:
            self._listening = await asyncio.start_server(self._accept, "127.0.0.1", self._own_port)

    async def close(self) -> None:
        """Listens no more."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None

    def forget_server_sides(self) -> None:
        """Resets every connection at the server alone: the client's end stays as it is until it looks."""
        for link in self._links:
            _reset(link.server)

    async def end(self) -> None:
        """Ends everything."""
        await self.close()
        links = set(self._links)
        for link in links:
            link.reset()
        for pump in [pump for link in links for pump in link.pumps]:
            pump.cancel()

    async def _accept(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        if self._mode is Mode.RESET:
            return _reset(client)
        try:
            from_server, server = await asyncio.open_connection(self._host, self._port)
        except OSError:
            return _reset(client)
        link = Link(client, server)
        self._links.add(link)
        link.pumps = [
            asyncio.create_task(self._pump(link, reader, server, False)),
            asyncio.create_task(self._pump(link, from_server, client, True)),
        ]
        await asyncio.wait(link.pumps)
        self._links.discard(link)

    async def _pump(self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answers: bool) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            async for piece in self._pieces(reader, answers):
                await self._carry(link, piece, writer, answers)
            if not link.silent:
                writer.write_eof()
        if not link.silent:
            writer.close()

    async def _pieces(self, reader: asyncio.StreamReader, answers: bool) -> AsyncIterator[bytes]:
        """What comes, as it comes; of a broker whole answers, that name us in the broker's place."""
        if not (self._of_kafka and answers):
            while piece := await reader.read(65_536):
                yield piece
            return
        its, ours = (b"127.0.0.1" + struct.pack(">i", port) for port in (self._port, self._own_port))
        while True:
            length = await reader.readexactly(4)
            yield length + (await reader.readexactly(int.from_bytes(length))).replace(its, ours)

    async def _carry(self, link: Link, piece: bytes, writer: asyncio.StreamWriter, answers: bool) -> None:
        while self._mode is Mode.STALL:
            await self._changed.wait()
        if self._mode is Mode.BLACKHOLE or (self._mode is Mode.DEAF and answers):
            link.swallow()
        if link.silent:
            return
        match self._mode:
            case Mode.DELAY:
                await asyncio.sleep(DELAY_S)
            case Mode.TRICKLE:
                while piece and self._mode is Mode.TRICKLE:
                    writer.write(piece[:1])
                    piece = piece[1:]
                    await asyncio.sleep(TRICKLE_S)
            case Mode.CUT if answers:
                link.answered += len(piece)
                if link.answered > CUT_AFTER_BYTES:
                    writer.write(piece[: len(piece) // 2])
                    await writer.drain()
                    return link.reset()
        writer.write(piece)
        await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Closes without a farewell."""
    kept = writer.get_extra_info("socket")
    if kept is not None and kept.fileno() >= 0:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@asynccontextmanager
async def before(server: str, *, of_kafka: bool = False) -> AsyncIterator[Proxy]:
    """A proxy before a server (host:port), while the block runs."""
    proxy = Proxy(server, of_kafka)
    await proxy.set(Mode.PASS)
    try:
        yield proxy
    finally:
        await proxy.end()
