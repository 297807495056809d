"""To which of a person's cases a contact or an application belongs that names none. Pure."""

from collections.abc import Mapping
from uuid import UUID

from services.intake.domain.case import Case
from services.intake.domain.commands import Opening
from services.intake.domain.facts import CloseReason
from services.intake.domain.rules import closing_by_now


def home(cases: Mapping[UUID, Case], command: Opening) -> UUID | None:
    """Which of one person's cases a contact or an application belongs to; None: it opens a new one.

    The earliest case that closed surely after it, since that spell was still going on (a closing by rule is then undone,
    one by hand refuses); else the open case, of several the one that was registered last (a UUIDv7 sorts by time). A case marked
    as a duplicate takes part only while it is open, and after all others.
    """
    closings = {ref: closing_by_now(case, command.now) for ref, case in cases.items()}
    missed = {
        ref: closing.happened
        for ref, closing in closings.items()
        if closing
        and closing.reason is not CloseReason.ENTERED_IN_ERROR
        and command.happened.surely_before(closing.happened)
        and cases[ref].duplicate_of is None
    }
    still_open = [ref for ref, closing in closings.items() if closing is None]
    last = max(still_open, key=lambda ref: (cases[ref].duplicate_of is None, ref), default=None)
    return min(missed, key=lambda ref: missed[ref], default=None) or last
