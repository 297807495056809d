"""Our messages are CloudEvents: an independent reader, the CNCF's own SDK, reads them, and writes them so that we read the same."""

from collections.abc import Callable

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka, to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from contracts.envelope import Envelope, open_message
from tests.contract.examples import EXAMPLES, NAMES, Golden

every_example = pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)


def sent(example: Golden) -> tuple[Envelope, KafkaMessage]:
    envelope = open_message(*example.message())
    assert isinstance(envelope, Envelope)
    headers, value = envelope.message()
    return envelope, KafkaMessage(dict(headers), key=str(envelope.partitionkey), value=value)


@every_example
def test_the_sdk_reads_our_message(example: Golden) -> None:
    envelope, message = sent(example)
    event = from_kafka(message, JSONFormat(), CloudEvent)
    assert event.get_id() == str(envelope.id)
    assert event.get_type() == envelope.type
    assert event.get_source() == envelope.source
    assert event.get_subject() == str(envelope.subject)
    assert event.get_time() == envelope.time
    assert event.get_dataschema() == envelope.dataschema
    assert event.get_datacontenttype() == "application/json"
    assert event.get_extension("partitionkey") == str(envelope.partitionkey)
    assert event.get_extension("timeprecision") == envelope.timeprecision
    assert event.get_data() == example.data


@every_example
@pytest.mark.parametrize("write", [to_binary, to_structured])
def test_we_read_what_the_sdk_makes_of_our_message(example: Golden, write: Callable[..., KafkaMessage]) -> None:
    envelope, message = sent(example)
    back = write(from_kafka(message, JSONFormat(), CloudEvent), JSONFormat())
    trace = [("traceparent", message.headers["traceparent"])]
    assert open_message([*back.headers.items(), *trace], back.value) == envelope
