"""What was once published can be read for ever."""

import json

import pytest

from contracts.envelope import Envelope, open_message
from tests.contract.examples import EXAMPLES, NAMES, Golden, golden
from tests.contract.published import every_version

EVER = every_version("examples")


@pytest.mark.parametrize("content", [content for _, content in EVER], ids=[name for name, _ in EVER])
def test_every_example_of_every_version_ever_published_is_still_read(content: bytes) -> None:
    example = golden(content)
    envelope = open_message(*example.message())
    assert isinstance(envelope, Envelope)
    read = envelope.data.model_dump(mode="json", exclude_none=True)
    assert read == read | example.data, "nothing lost, nothing renamed, nothing newly required"


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_an_example_is_what_we_would_write_ourselves(example: Golden) -> None:
    envelope = open_message(*example.message())
    assert isinstance(envelope, Envelope)
    headers, value = envelope.message()
    assert [(name, text.decode()) for name, text in headers] == list(example.headers.items())
    assert json.loads(value) == example.data


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_a_reader_of_v1_accepts_v1_with_a_new_field_and_a_new_code(example: Golden) -> None:
    newer = {**example.data, "a_new_field": {"of": ["any", 1, None]}}
    codes = {"channel", "kind", "outcome", "reason", "decided_by_role", "source_system", "lifecycle"} & newer.keys()
    newer |= dict.fromkeys(codes, "a_code_of_tomorrow")
    envelope = open_message(*Golden(example.headers, newer).message())
    assert isinstance(envelope, Envelope)
    for name in codes:
        assert getattr(envelope.data, name) == "a_code_of_tomorrow", "an unknown code is kept raw"
    assert not hasattr(envelope.data, "a_new_field")
    if codes:
        with pytest.raises(ValueError, match="unmapped code"):
            envelope.message()


def test_a_foreign_attribute_of_the_envelope_does_no_harm() -> None:
    envelope = open_message(*EXAMPLES[0].with_headers(somebodyselse="1").message())
    assert isinstance(envelope, Envelope)
