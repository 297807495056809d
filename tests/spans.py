"""An OTLP/HTTP receiver of the tests: the spans and metrics that services really send, over the wire."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest, ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse


class Spans:
    """Every span received so far, the last value of each metric, and where to send them."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self._received: list[Any] = []
        self._bodies: list[bytes] = []
        self._metrics: dict[tuple[str, str], float] = {}

    def take(self, path: str, body: bytes) -> bytes:
        """Takes one export, of spans or of metrics; gives the answer."""
        self._bodies.append(body)
        if path == "/v1/metrics":
            for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                self._keep(attribute(resource.resource, "service.name"), resource.scope_metrics)
            return bytes(ExportMetricsServiceResponse().SerializeToString())
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                self._received.extend(scope.spans)
        return bytes(ExportTraceServiceResponse().SerializeToString())

    def _keep(self, service: str, scopes: Any) -> None:
        for metric in (metric for scope in scopes for metric in scope.metrics):
            for point in metric.gauge.data_points:
                self._metrics[service, metric.name] = point.as_double if point.HasField("as_double") else point.as_int

    def all(self) -> list[Any]:
        """The spans, in the order they came."""
        return list(self._received)

    def metrics(self) -> dict[tuple[str, str], float]:
        """The last value of each gauge, by service and name."""
        return dict(self._metrics)

    def raw(self) -> bytes:
        """Every byte that was sent."""
        return b"\n".join(self._bodies)


def attribute(span: Any, name: str) -> str:
    """A text attribute of a span or of a resource; empty when it has none of that name."""
    return next((each.value.string_value for each in span.attributes if each.key == name), "")


@contextmanager
def receiving() -> Iterator[Spans]:
    """Receives on a free loopback port until the end of the block."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer = spans.take(self.path, self.rfile.read(int(self.headers["content-length"])))
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
