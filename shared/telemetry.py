"""OpenTelemetry: the only file that knows it. Short traces per interaction, joined by links; no key, no payload, no parameter.

Semantic conventions of messaging (2026-08, development) and code attributes. A fact's creation context is stored with its
outbox row; the relay's and the consumers' spans link to it, because a passage that lasts months is no trace (`libraries.md` 4).
"""

import functools
import inspect
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.environment_variables import OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_METRIC_EXPORT_INTERVAL
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

_tracer = trace.get_tracer("sluss")
_meter = metrics.get_meter("sluss")
_propagator = TraceContextTextMapPropagator()
F = TypeVar("F", bound=Callable[..., Any])
EXPORT_S = 5
USUAL_METRIC_MS = 60_000
MOST_LINKS = 128  # what the SDK lets a span have


def start(service: str) -> None:
    """Begins to collect. Spans and metrics leave the process only when `OTEL_EXPORTER_OTLP_ENDPOINT` names a collector.

    Prometheus can ask for the metrics in either case.
    """
    resource = Resource.create({"service.name": service, "service.namespace": "sluss"})
    tracing = TracerProvider(resource=resource)
    readers: list[MetricReader] = [PrometheusMetricReader()]
    every_s = metrics_sent_every_s()
    if every_s is not None:
        tracing.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=EXPORT_S)))
        readers.append(PeriodicExportingMetricReader(OTLPMetricExporter(timeout=EXPORT_S), export_interval_millis=1000 * every_s))
    trace.set_tracer_provider(tracing)
    metrics.set_meter_provider(MeterProvider(readers, resource=resource))


def metrics_sent_every_s() -> float | None:
    """How often metrics are sent to the collector, in seconds (`OTEL_METRIC_EXPORT_INTERVAL`, in ms); None: there is no collector."""
    if not os.environ.get(OTEL_EXPORTER_OTLP_ENDPOINT):
        return None
    return float(os.environ.get(OTEL_METRIC_EXPORT_INTERVAL) or USUAL_METRIC_MS) / 1000


def stop() -> None:
    """Sends what has been collected; a collector that is away costs five seconds for spans and five for metrics at most."""
    spans, values = trace.get_tracer_provider(), metrics.get_meter_provider()
    if isinstance(spans, TracerProvider):
        spans.shutdown()
    if isinstance(values, MeterProvider):
        values.shutdown(timeout_millis=1000 * EXPORT_S)


def place(function: Callable[..., Any]) -> str:
    """A function's full name, as `code.function.name` wants it: `services.intake.domain.decide`."""
    return f"{function.__module__}.{function.__qualname__}"


def step(function: F) -> F:
    """Makes each call of a function a span of its own, named after it: a hop of the walk (`docs/walk.md`).

    An exception marks the span as failed by its type; its text is not recorded.
    """
    name = place(function)
    attributes = {"code.function.name": name}

    def span() -> Any:
        return _tracer.start_as_current_span(name, attributes=attributes, record_exception=False, set_status_on_exception=False)

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def stepped(*args: Any, **kwargs: Any) -> Any:
            with span() as current, _failure_by_type(current):
                return await function(*args, **kwargs)

    else:

        @functools.wraps(function)
        def stepped(*args: Any, **kwargs: Any) -> Any:
            with span() as current, _failure_by_type(current):
                return function(*args, **kwargs)

    return cast(F, stepped)


@contextmanager
def _failure_by_type(span: trace.Span) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        span.set_attribute("error.type", type(error).__name__)
        span.set_status(trace.StatusCode.ERROR)
        raise


@contextmanager
def requested(method: str, route: str) -> Iterator[Callable[[int], None]]:
    """The server span of one HTTP request; `route` is the template, never the path. The caller says the status."""
    attributes = {"http.request.method": method, "http.route": route}
    with _tracer.start_as_current_span(f"{method} {route}", kind=SpanKind.SERVER, attributes=attributes, record_exception=False) as span:

        def answered(status: int) -> None:
            span.set_attribute("http.response.status_code", status)
            if status >= 500:
                span.set_status(trace.StatusCode.ERROR)

        yield answered


@contextmanager
def creating(topic: str, event_type: str, place_of: Callable[..., Any]) -> Iterator[str | None]:
    """The creation of one event; gives its `traceparent`, which is stored with the row and never overwritten."""
    attributes = {**_messaging("create", "create", topic), "code.function.name": place(place_of), "cloudevents.event_type": event_type}
    with _tracer.start_as_current_span(f"create {topic}", kind=SpanKind.PRODUCER, attributes=attributes, record_exception=False):
        carrier: dict[str, str] = {}
        _propagator.inject(carrier)
        yield carrier.get("traceparent")


@contextmanager
def sending(topic: str, created: Sequence[str | None], place_of: Callable[..., Any]) -> Iterator[None]:
    """One batch on its way to the broker, linked to the creation of each event in it."""
    links = _links(created)
    attributes = {**_messaging("send", "send", topic), "code.function.name": place(place_of), "messaging.batch.message_count": len(created)}
    with _new_root(f"send {topic}", SpanKind.CLIENT, attributes, links):
        yield


@contextmanager
def processing(topic: str, group: str, created: Sequence[str | None], place_of: Callable[..., Any]) -> Iterator[None]:
    """One batch being heard, linked to the creation of each event in it."""
    links = _links(created)
    attributes = {
        **_messaging("process", "process", topic),
        "code.function.name": place(place_of),
        "messaging.consumer.group.name": group,
        "messaging.batch.message_count": len(created),
    }
    with _new_root(f"process {topic}", SpanKind.CONSUMER, attributes, links):
        yield


def _messaging(name: str, kind: str, topic: str) -> dict[str, Any]:
    return {
        "messaging.system": "kafka",
        "messaging.operation.name": name,
        "messaging.operation.type": kind,
        "messaging.destination.name": topic,
    }


@contextmanager
def _new_root(name: str, kind: SpanKind, attributes: dict[str, Any], links: list[Link]) -> Iterator[None]:
    context = trace.set_span_in_context(trace.INVALID_SPAN)
    with _tracer.start_as_current_span(name, context, kind, attributes, links, record_exception=False) as span, _failure_by_type(span):
        yield


def _links(created: Sequence[str | None]) -> list[Link]:
    """To the last of them, as many as a span keeps: making the others took a tenth of the relay's time."""
    contexts = [
        trace.get_current_span(_propagator.extract({"traceparent": each})).get_span_context() for each in created[-MOST_LINKS:] if each
    ]
    return [Link(context) for context in contexts if context.is_valid]


def current_trace() -> tuple[str, str] | None:
    """The ids of the present trace and span in hexadecimal, for the log; None outside a span."""
    context = trace.get_current_span().get_span_context()
    return (trace.format_trace_id(context.trace_id), trace.format_span_id(context.span_id)) if context.is_valid else None


def gauge(name: str, description: str, read: Callable[[], float | None], unit: str = "1") -> None:
    """A value that is read when somebody asks for the metrics or they are sent; None: nothing is shown."""

    def observe(_: CallbackOptions) -> Iterable[Observation]:
        value = read()
        return [] if value is None else [Observation(value)]

    _meter.create_observable_gauge(name, [observe], unit=unit, description=description)


def counter(name: str, description: str) -> Callable[[int, str], None]:
    """A count by kind: call it with how many and which kind (a closed code, never data)."""
    instrument = _meter.create_counter(name, description=description)
    return lambda amount, kind: instrument.add(amount, {"kind": kind})


def prometheus_text() -> tuple[bytes, str]:
    """All metrics in Prometheus' text form, and its content type."""
    return generate_latest(), CONTENT_TYPE_LATEST
