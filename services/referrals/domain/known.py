"""What intake has told of a case, beside the referrals: whether it is closed, whose eyes it is for, and its assignments. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from services.referrals.domain.facts import Code


@dataclass(frozen=True)
class Assignment:
    """Anvisning: by which it is referred to, and its legal basis."""

    ref: UUID
    basis: Code


@dataclass(frozen=True)
class Correction:
    """Rättelse: which event it takes away, and which it puts in its place, if any."""

    event_id: UUID
    corrects: UUID
    replaced_by: UUID | None = None


@dataclass(frozen=True)
class Known:
    """What intake has told of a case. `closed_by`: the event that closed it. `assignments`: by the event that issued each."""

    closed_by: UUID | None = None
    protected: bool = False
    assignments: Mapping[UUID, Assignment] = field(default_factory=dict)
    corrections: tuple[Correction, ...] = ()

    @property
    def closed(self) -> bool:
        """Whether the case is closed."""
        return self.closed_by is not None

    @property
    def in_force(self) -> Mapping[UUID, Assignment]:
        """The assignments that count: a correction that is corrected has no force, and what came only with it counts no longer.

        From the last told to the first, since a correction speaks of what was told before it only (`clocks.md` 1).
        """
        stands: dict[UUID | None, UUID | None] = {}
        for each in reversed(self.corrections):
            if each.event_id not in stands:
                stands.setdefault(each.corrects, each.replaced_by)

        def last(event_id: UUID | None) -> UUID | None:
            for _ in stands:
                event_id = stands.get(event_id, event_id)
            return event_id

        counts = {last(event_id) for event_id in self.assignments.keys() - {each.replaced_by for each in self.corrections}}
        return {event_id: each for event_id, each in self.assignments.items() if event_id in counts}

    def corrected(self, told: Correction) -> "Known":
        """The same after a correction; of what is no assignment nothing is kept."""
        if told.corrects in self.assignments or told.corrects in {each.event_id for each in self.corrections}:
            return replace(self, corrections=(*self.corrections, told))
        return self
