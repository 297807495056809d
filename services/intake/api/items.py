"""What an import is sent: items, each an act with the very body of the act's own route, its key, and whom or what it is about."""

import hashlib
import json
from datetime import datetime
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, JsonValue, Tag, create_model

from contracts.codes import SourceSystem
from services.intake.api import acts, bodies
from services.intake.api.acts import ACTS, Act
from services.intake.domain import commands
from services.intake.handlers import imports
from services.intake.handlers.cases import Asked
from services.intake.handlers.imports import About
from services.intake.store.cases import SourceRef
from services.intake.store.imports import ItemKey
from shared.http import StrictModel

MOST_ITEMS: Final = 500
Fault: TypeAlias = tuple[str | int, ...]
Reference = Annotated[str, Field(pattern=bodies.REFERENCE), AfterValidator(bodies.no_identity_number)]
Key = Annotated[Reference, Field(description="your own name of the item, for ever; never a person's number")]


class ByOurId(StrictModel):
    """A case by the id that intake gave it."""

    case_id: UUID


class ByYourReference(StrictModel):
    """A case by what your own system calls it."""

    source_ref: Reference


class ByItem(StrictModel):
    """What an item told of, by that item's key."""

    key: Reference


class ApplicationByOurRef(StrictModel):
    """An application by the reference that intake gave it."""

    application_ref: UUID


class AssignmentByOurRef(StrictModel):
    """An assignment by the reference that intake gave it."""

    assignment_ref: UUID


class Item(StrictModel):
    """One thing that happened."""

    key: Key
    step: str
    body: StrictModel


class OfPerson(Item):
    """Of a person: what opens a case or joins the person's own. `case`: by which name you will know it."""

    case: ByYourReference | None = None


class OfPersonOrCase(Item):
    """Of a person or, where the case is known by then, of that very case."""

    case: ByYourReference | ByOurId | None = None


class OfCase(Item):
    """Of a case."""

    case: ByYourReference | ByOurId


class OfApplication(OfCase):
    """Of an application: by the key of the item that told of it, or by our reference."""

    application: ByItem | ApplicationByOurRef


class OfAssignment(OfCase):
    """Of an assignment: by the key of the item that told of it (of the application, where it came at once), or by our reference."""

    assignment: ByItem | AssignmentByOurRef


def _model(step: str, act: Act) -> type[Item]:
    """The model of the items of one step: the body is that of the step's own route."""
    kinds: dict[About, type[Item]] = {About.CASE: OfCase, About.APPLICATION: OfApplication, About.ASSIGNMENT: OfAssignment}
    kind = kinds.get(act.about, OfPerson if act.body is bodies.Contact else OfPersonOrCase)
    fields: Any = {"step": (Literal[step], ...), "body": (act.body, ...)}
    return create_model(_tag(step), __base__=kind, __doc__=f"{act.body.__doc__}", **fields)


def _tag(step: str) -> str:
    """The name of a step's item: no field is called so, and a place in a refusal does not name it."""
    return f"{step.title().replace('-', '')}Item"


def _tag_of(told: Any) -> str | None:
    step = told.get("step") if isinstance(told, dict) else getattr(told, "step", None)
    return _tag(step) if isinstance(step, str) and step in ACTS else None


if TYPE_CHECKING:
    AnyItem: TypeAlias = Item
else:
    AnyItem = Annotated[reduce(or_, (Annotated[_model(step, act), Tag(_tag(step))] for step, act in ACTS.items())), Discriminator(_tag_of)]

SOME_ITEMS: Final[list[JsonValue]] = [
    {
        "key": "K-1",
        "step": "contact",
        "case": {"source_ref": "A-17"},
        "body": {"happened": bodies.ON, "person_ref": bodies.PERSON, "channel": "phone"},
    },
    {
        "key": "K-2",
        "step": "application",
        "case": {"source_ref": "A-17"},
        "body": {"happened": bodies.ON, "kind": "new", "channel": "e_service", "period_from": "2026-01-01", "period_to": "2026-01-31"},
    },
    {
        "key": "K-3",
        "step": "decision",
        "case": {"source_ref": "A-17"},
        "application": {"key": "K-2"},
        "body": {"happened": {"on": "2026-01-20"}, "outcome": "rejected", "decided_by_role": "social_worker"},
    },
]


class Import(StrictModel):
    """What another system delivers at once: of each case in the order in which it happened."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"source_system": "case_system", "items": SOME_ITEMS}]})

    source_system: SourceSystem
    items: Annotated[list[AnyItem], Field(min_length=1, max_length=MOST_ITEMS)]


def contradictions(sent: Import) -> list[Fault]:
    """Where a body says of system or reference something else than the delivery or its item does."""
    found: list[Fault] = []
    for number, item in enumerate(sent.items):
        if not isinstance(item.body, bodies.Contact | bodies.Application):
            continue
        if "source_system" in item.body.model_fields_set and item.body.source_system != sent.source_system:
            found.append(("items", number, "body", "source_system"))
        case = getattr(item, "case", None)
        if item.body.source_ref and isinstance(case, ByYourReference) and item.body.source_ref != case.source_ref:
            found.append(("items", number, "body", "source_ref"))
    return found


def taken_in(system: SourceSystem, item: Item, now: datetime, sees_protected: bool) -> imports.Item:
    """An item as the handlers take it, typed at `now`."""
    act, body = ACTS[item.step], item.body
    if isinstance(body, bodies.Contact | bodies.Application):
        body = body.model_copy(update={"source_system": system})
    case = getattr(item, "case", None)
    known_as = acts.known_as(body) or (SourceRef(system, case.source_ref) if isinstance(case, ByYourReference) else None)

    def ask(case_id: UUID | None, ref: UUID | None) -> Asked:
        command = act.build(body, now, ref) if ref else act.build(body, now)
        if isinstance(command, commands.RegisterContact):
            case_id = None  # it finds the person's own case
        ours = known_as if act.about is About.PERSON else None
        return Asked(command, case_id, None, ours, acts.override(body, command), sees_protected)

    return imports.Item(
        key=ItemKey(system, item.key),
        sha256=digest(item),
        about=act.about,
        case=known_as.ref if known_as else case.case_id if case else None,
        ref=_ref(item),
        person_ref=getattr(body, "person_ref", None),
        ask=ask,
    )


def _ref(item: Item) -> UUID | str | None:
    """What an item is about, as it names it."""
    match getattr(item, "application", None) or getattr(item, "assignment", None):
        case ByItem(key=key):
            return key
        case ApplicationByOurRef(application_ref=ref) | AssignmentByOurRef(assignment_ref=ref):
            return ref
        case _:
            return None


def digest(item: Item) -> bytes:
    """The SHA-256 of what was said, however it was spaced and ordered; what a younger version adds and nobody said is no part of it."""
    said = item.model_dump(mode="json", exclude_unset=True)
    return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).digest()
