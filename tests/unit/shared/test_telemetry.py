"""Spans: each hop is named after its function, events are joined by links, and no word of an exception is kept."""

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared import telemetry

EXPORTER = InMemorySpanExporter()


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        provider = TracerProvider()
        trace.set_tracer_provider(provider)
    processor = SimpleSpanProcessor(EXPORTER)
    provider.add_span_processor(processor)
    EXPORTER.clear()
    yield EXPORTER
    processor.shutdown()
    EXPORTER._stopped = False


def named(spans: InMemorySpanExporter, name: str) -> ReadableSpan:
    return next(span for span in spans.get_finished_spans() if span.name == name)


@telemetry.step
def add(one: int, other: int) -> int:
    return one + other


@telemetry.step
async def fail(words: str) -> None:
    raise ValueError(words)


def test_a_step_is_a_span_named_after_its_function(spans: InMemorySpanExporter) -> None:
    assert add(1, 2) == 3
    [span] = spans.get_finished_spans()
    assert dict(span.attributes or {}) == {"code.function.name": telemetry.place(add)}
    assert telemetry.place(add).endswith("test_telemetry.add")


async def test_a_failed_step_tells_its_kind_and_not_its_words(spans: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="Tolvan"):
        await fail("19121212-1212 Tolvan")
    [span] = spans.get_finished_spans()
    assert (span.attributes or {})["error.type"] == "ValueError"
    assert "Tolvan" not in span.to_json()


def test_sending_and_processing_are_traces_of_their_own_linked_to_the_creation(spans: InMemorySpanExporter) -> None:
    with telemetry.requested("POST", "/things"), telemetry.creating("some-events", "se.sluss.x.v1", add) as traceparent:
        pass
    with telemetry.sending("some-events", [traceparent, None, "nonsense"], add):
        pass
    with telemetry.requested("GET", "/other"), telemetry.processing("some-events", "group", [traceparent], add):
        pass
    created = named(spans, "create some-events")
    assert created.parent is not None, "the creation is part of the request"
    for name in ("send some-events", "process some-events"):
        span = named(spans, name)
        assert span.parent is None, "linked, not nested: the passage lasts months"
        assert [link.context.span_id for link in span.links] == [created.context.span_id]
    assert not any("key" in name for span in spans.get_finished_spans() for name in (span.attributes or {}))
