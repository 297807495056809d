"""What can be said of how facts were registered: how many corrections hold. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Correction:
    """A correction (rättelse): its own id, of what, and by what that is replaced, if by anything."""

    event_id: str
    corrects: str
    replaced_by: str | None = None


def corrected(told: Sequence[Correction]) -> int:
    """How many facts a correction in force has taken away or replaced; corrections come in the order of their recording.

    A correction that is corrected has no force, and is itself no fact; one of what came only with such a correction counts for nothing.
    """
    gone: set[str] = set()
    for each in reversed(told):
        if each.event_id not in gone:
            gone.add(each.corrects)
    corrections = {each.event_id for each in told}
    orphans: set[str | None] = set()
    found: set[str] = set()
    for each in told:
        if each.event_id in gone or each.corrects in orphans:
            orphans.add(each.replaced_by)
        elif each.corrects not in corrections:
            found.add(each.corrects)
    return len(found)
