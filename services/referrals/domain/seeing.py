"""Who sees what of a case: the senders' staff all of it, a recipient's what was sent to their function. The SQL only narrows. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from services.referrals.domain.facts import Code
from services.referrals.domain.referral import Case


@dataclass(frozen=True)
class Addressed:
    """To whom a referral goes, and whom its recipient suggests instead: kept here also where events and state may not say so."""

    to_function: Code
    suggested_function: Code | None = None


@dataclass(frozen=True)
class Seer:
    """Who looks: of which functions they are the staff, None for the senders' staff; and whether they see the protected too."""

    functions: tuple[Code, ...] | None = None
    protected: bool = False

    def sees(self, case: Case, addressed: Mapping[UUID, Addressed]) -> Collection[UUID]:
        """The referrals of a case that they may see: of a recipient's staff those that were sent to a function of theirs."""
        if self.functions is None:
            return case.referrals.keys()
        return [key for key, each in case.referrals.items() if each.sent is not None and addressed[key].to_function in self.functions]

    def version(self, whole: int, case: Case, sees: Collection[UUID]) -> int:
        """The version of a case as they see it: a recipient's staff count the facts of what they may see, and learn of no others."""
        if self.functions is None:
            return whole
        return sum(each.facts for key, each in case.referrals.items() if key in sees)
