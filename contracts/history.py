"""What the import of a log tells on `history-events`: every event of the file, and that the file is complete."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from contracts.event import Open, PublishedEvent

MOST_ROWS = 2**31 - 1
MOST_ATTRIBUTES = 20

ActivityCode = Annotated[str, StringConstraints(pattern="^a[1-9][0-9]{0,8}$")]
OrganisationCode = Annotated[str, StringConstraints(pattern="^o[1-9][0-9]{0,8}$")]
ResourceCode = Annotated[str, StringConstraints(pattern="^r[1-9][0-9]{0,8}$")]
AttributeCode = Annotated[str, StringConstraints(pattern="^f[1-9][0-9]?$")]
ValueCode = Annotated[str, StringConstraints(pattern="^v[1-9][0-9]{0,8}$")]
"""Numbered in the order of first sight in the file: `a1`, `o1`, `r1`, a further attribute `f1` as it was asked for and its values `v1`.
What they are called, the bus never learns: that is the log's vocabulary, which leadtimes is given over its API."""
Attributes = Annotated[
    dict[AttributeCode, ValueCode],
    Field(min_length=1, max_length=MOST_ATTRIBUTES, json_schema_extra={"additionalProperties": False}),
]
Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


class Lifecycle(StrEnum):
    """The standard transitions of the XES lifecycle extension."""

    SCHEDULE = "schedule"
    ASSIGN = "assign"
    WITHDRAW = "withdraw"
    REASSIGN = "reassign"
    START = "start"
    SUSPEND = "suspend"
    RESUME = "resume"
    PI_ABORT = "pi_abort"
    ATE_ABORT = "ate_abort"
    COMPLETE = "complete"
    AUTOSKIP = "autoskip"
    MANUALSKIP = "manualskip"
    UNKNOWN = "unknown"


class HistoryEvent(PublishedEvent):
    """An event on `history-events`; its stream is a case of a log, or the log itself."""

    topic = "history-events"


class LogEventRecordedV1(HistoryEvent):
    """One event of an imported log. `row` is its place in the file, from 0, or the file's own number where it has one.

    `attributes`: what it says of those that the import was asked to take along, and of no others.
    """

    event_type = "se.sluss.history.log-event-recorded.v1"

    log_id: UUID
    activity_code: ActivityCode
    organisation_code: OrganisationCode | None = None
    resource_code: ResourceCode | None = None
    lifecycle: Open[Lifecycle] | None = None
    attributes: Attributes | None = None
    row: Annotated[int, Field(ge=0, le=MOST_ROWS)]


class ImportCompletedV1(HistoryEvent):
    """The log is complete when this many different events of it are stored. `sha256` is that of the file."""

    event_type = "se.sluss.history.import-completed.v1"

    log_id: UUID
    events: Annotated[int, Field(ge=0, le=MOST_ROWS)]
    sha256: Sha256
