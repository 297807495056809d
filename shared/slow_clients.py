"""HTTP/1.1 as uvicorn speaks it, but a client that does not send the head of a request in time is hung up on.

uvicorn waits for ever for a first request, and its limit counts connections: two hundred silent ones would close the service to all.
The body has a limit of its own, in the gate.
"""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 10.0


class HurriedProtocol(H11Protocol):
    """A head within ten seconds, from the connection or from the answer before; dripping bytes gain no time."""

    _head_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn narrows it
        """A new connection: its first head is awaited."""
        super().connection_made(transport)
        self._look()

    def data_received(self, data: bytes) -> None:
        """More of a head, a whole one, or a body."""
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """The connection may be used again: the next head is awaited."""
        super().on_response_complete()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        super().connection_lost(exc)
        self._forget()

    def _look(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._forget()
        elif self._head_due is None and not self.transport.is_closing():
            self._head_due = self.loop.call_later(HEAD_S, self.transport.close)

    def _forget(self) -> None:
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None
