"""An OTLP/HTTP receiver of the tests: the spans that services really send, over the wire."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse


class Spans:
    """Every span received so far, and where to send them."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self._received: list[Any] = []

    def add(self, body: bytes) -> None:
        """Takes one export."""
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                self._received.extend(scope.spans)

    def all(self) -> list[Any]:
        """The spans, in the order they came."""
        return list(self._received)


def attribute(span: Any, name: str) -> str:
    """A text attribute of a span; empty when it has none of that name."""
    return next((each.value.string_value for each in span.attributes if each.key == name), "")


@contextmanager
def receiving() -> Iterator[Spans]:
    """Receives on a free loopback port until the end of the block."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            spans.add(self.rfile.read(int(self.headers["content-length"])))
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    spans = Spans(server.server_port)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield spans
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
