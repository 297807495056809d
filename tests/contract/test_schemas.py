"""What is generated is up to date, nothing lies about unused, and the messages keep to their schemas."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker, ValidationError

from contracts.catalogue import PUBLISHED, TOPICS
from contracts.event import PublishedEvent
from tests.contract.examples import EXAMPLES, NAMES, Golden, example_of
from tests.contract.published import CONTRACTS
from tools.contracts import asyncapi, envelope_headers, generated, main, reader_schema, stale, topics, writer_schema

every_event = pytest.mark.parametrize("event", PUBLISHED, ids=NAMES)


def names(folder: str) -> set[str]:
    return {path.name for path in (CONTRACTS / folder).iterdir()}


def valid(schema: dict[str, Any], document: object) -> bool:
    try:
        Draft202012Validator(schema, format_checker=FormatChecker()).validate(document)
    except ValidationError:
        return False
    return True


def test_every_generated_file_is_up_to_date() -> None:
    assert stale(generated()) == []
    assert main(["--check"]) == 0


def test_a_file_that_is_other_missing_or_left_over_is_found(tmp_path: Path) -> None:
    files = generated()
    changed, left_over, *_ = sorted(files)
    expected = {path: text for path, text in files.items() if path != left_over} | {changed: "other", tmp_path / "missing": ""}
    assert stale(expected) == sorted([changed, left_over, tmp_path / "missing"])


def test_nothing_in_schemas_examples_or_topics_is_unused() -> None:
    types = [event.event_type for event in PUBLISHED]
    assert names("schemas") == {f"{each}.{side}.schema.json" for each in types for side in ("writer", "reader")}
    assert names("examples") == {f"{each}.json" for each in types}
    assert names("topics") == {f"{topic}.yaml" for topic in TOPICS}
    assert {event.topic for event in PUBLISHED} == set(TOPICS)


@every_event
def test_the_writer_promises_no_more_than_a_reader_takes(event: type[PublishedEvent]) -> None:
    example = example_of(event).data
    assert valid(writer_schema(event), example)
    assert valid(reader_schema(event), example)
    assert not valid(writer_schema(event), {**example, "a_new_field": 1})
    assert valid(reader_schema(event), {**example, "a_new_field": 1})


def test_the_writer_knows_its_codes_and_the_reader_takes_others() -> None:
    event, example = PUBLISHED[0], EXAMPLES[0].data
    assert not valid(writer_schema(event), {**example, "channel": "a_code_of_tomorrow"})
    assert valid(reader_schema(event), {**example, "channel": "a_code_of_tomorrow"})
    assert not valid(reader_schema(event), {**example, "channel": "Not a code"})


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_the_headers_of_a_message_are_those_of_the_asyncapi_document(example: Golden) -> None:
    assert valid(envelope_headers(), example.headers)
    assert example.headers.keys() <= envelope_headers()["properties"].keys()
    for name in envelope_headers()["required"]:
        assert not valid(envelope_headers(), {header: text for header, text in example.headers.items() if header != name})


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = yaml.safe_load((CONTRACTS / "asyncapi.yaml").read_text("utf-8"))
    assert document == asyncapi()
    for reference in references(document):
        file, _, path = reference.partition("#/")
        target: Any = document
        for part in filter(None, path.split("/")):
            target = target[part]
        assert not file or (CONTRACTS / file).is_file()


def references(part: Any) -> list[str]:
    match part:
        case {"$ref": str(reference)}:
            return [reference]
        case dict():
            return [reference for worth in part.values() for reference in references(worth)]
        case list():
            return [reference for each in part for reference in references(each)]
        case _:
            return []


@pytest.mark.parametrize("topic", topics(), ids=lambda topic: topic["topic"])
def test_a_topic_has_one_producer_and_says_how_long_it_is_kept(topic: dict[str, Any]) -> None:
    assert topic.keys() == {"topic", "description", "producer", "consumers", "key", "pii", "partitions", "config"}
    assert topic["topic"] in TOPICS
    assert isinstance(topic["producer"], str)
    assert topic["consumers"]
    assert topic["producer"] not in topic["consumers"]
    assert topic["pii"] == "none"
    assert topic["partitions"] > 0
    assert topic["config"] == {"cleanup.policy": "delete", "retention.ms": 14 * 24 * 3600 * 1000, "max.message.bytes": 2**20}
