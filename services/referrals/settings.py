"""What the environment may decide for referrals."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from contracts.codes import FunctionCode, ToldRole
from services.referrals.domain.rules import EMPLOYMENT_SERVICE, Deadlines
from shared.calendar import add_working_days
from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Beyond what every service has: the name it hears under, when it reminds, and to whom a direct assignment is referred.

    Referrals hears, so the key that seals quarantined messages is not optional.
    """

    quarantine_key_file: Path
    consumer_group: str = "referrals"
    consumer_instance: str | None = Field(default=None, min_length=1, description="this process in its group; no two at once may share it")
    direct_assignments_to: Annotated[FunctionCode, StringConstraints()] = Field(
        default="jobbcentrum", description="the function that a direct assignment (26-punktsplanen act. 10) is referred to"
    )
    consults: Annotated[FunctionCode, StringConstraints()] = Field(
        default=EMPLOYMENT_SERVICE, description="the function that is Arbetsförmedlingen, asked before an assignment under SoL 12 kap. 4 §"
    )
    escalate_after: int = Field(default=5, ge=1, description="working days after the reminder until nobody's answer is escalated")
    escalate_to: ToldRole = ToldRole.TEAM_LEADER
    expire_after: int | None = Field(default=None, ge=1, description="working days after that until a referral expires; none: never")

    @property
    def source(self) -> str:
        """Who tells what referrals tells: the `source` of its events."""
        return f"/municipality/{self.municipality}/referrals"

    @property
    def deadlines(self) -> Deadlines:
        """When nobody has answered."""
        return Deadlines(add_working_days, self.escalate_after, str(self.escalate_to), self.expire_after)
