"""A published event is never changed so that somebody would notice: held against every version that was ever committed."""

import json
from datetime import date
from enum import StrEnum
from itertools import product
from typing import Annotated, Any
from uuid import UUID

import pytest
from pydantic import StringConstraints, create_model

from contracts.catalogue import BY_TYPE
from contracts.codes import DecisionOutcome
from contracts.event import Open, PublishedEvent
from contracts.intake import DecisionMadeV1
from tests.contract.compatibility import Sides, breaks, sides
from tests.contract.published import every_version


def ever(event_type: str, side: str) -> list[dict[str, Any]]:
    """Every version of one schema."""
    return [json.loads(content) for name, content in EVER if name == f"{event_type}.{side}.schema.json"]


EVER = every_version("schemas")
TYPES = sorted({name.removesuffix(".writer.schema.json") for name, _ in EVER if name.endswith(".writer.schema.json")})


def test_no_event_that_was_ever_published_is_gone() -> None:
    assert set(TYPES) <= BY_TYPE.keys()


@pytest.mark.parametrize("event_type", TYPES)
def test_an_event_is_compatible_with_every_version_of_it_that_was_ever_committed(event_type: str) -> None:
    for writer, reader in product(ever(event_type, "writer"), ever(event_type, "reader")):
        assert breaks(Sides(writer, reader), sides(BY_TYPE[event_type])) == []


def changed(**fields: Any) -> Sides:
    """DecisionMadeV1 with other fields: (type, default) for a changed or new one, None for one that is gone."""
    kept = {name: (_annotation(name), ... if field.is_required() else None) for name, field in DecisionMadeV1.model_fields.items()}
    event = create_model("Changed", __base__=PublishedEvent, **{name: field for name, field in (kept | fields).items() if field})
    event.event_type = DecisionMadeV1.event_type
    return sides(event)


def _annotation(name: str) -> Any:
    field = DecisionMadeV1.model_fields[name]
    return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation


class Fewer(StrEnum):
    GRANTED = "granted"
    REJECTED = "rejected"


class More(StrEnum):
    GRANTED = "granted"
    PARTLY = "partly"
    REJECTED = "rejected"
    DISMISSED = "dismissed"
    POSTPONED = "postponed"


BASE = sides(DecisionMadeV1)

BREAKING = {
    "a required field is gone": changed(outcome=None),
    "a required field has another name": changed(outcome=None, result=(Open[DecisionOutcome], ...)),
    "a new field is required": changed(hop=(int, ...)),
    "an optional field became required": changed(support_from=(date, ...)),
    "a required field became optional": changed(decision_ref=(UUID | None, None)),
    "an optional field is gone": changed(support_to=None),
    "a reference became a day": changed(decision_ref=(date, ...)),
    "a reference became any text": changed(decision_ref=(str, ...)),
    "a code became a narrower one": changed(outcome=(Annotated[str, StringConstraints(pattern="^[a-z]{1,8}$")], ...)),
    "a boolean became a number": changed(automated=(int, ...)),
    "a code is gone": changed(outcome=(Open[Fewer], ...)),
}
HARMLESS = {
    "nothing": changed(),
    "a new field is optional": changed(hop=(int | None, None)),
    "a code is new": changed(outcome=(Open[More], ...)),
}


@pytest.mark.parametrize("change", BREAKING)
def test_a_breaking_change_is_found(change: str) -> None:
    assert breaks(BASE, BREAKING[change])


@pytest.mark.parametrize("change", HARMLESS)
def test_a_harmless_change_is_let_through(change: str) -> None:
    assert breaks(BASE, HARMLESS[change]) == []
