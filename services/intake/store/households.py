"""The SQL of households: as whom each adult applied, and the cases of one household. Decides nothing."""

from dataclasses import dataclass
from uuid import UUID

from services.intake.store.cases import Stored, read_body
from shared.postgres import Transaction

MOST = 200
"""Cases of one household that are shown: those registered last."""
SAVE_ROLE = "INSERT INTO household_role (case_id, role) VALUES ($1, $2) ON CONFLICT (case_id) DO UPDATE SET role = excluded.role"
MEMBERS = """
    SELECT stream, version, body::text AS body, role FROM state LEFT JOIN household_role ON case_id = stream
    WHERE household_ref = $1 AND ($2 OR NOT protected) ORDER BY stream DESC LIMIT $3
"""


@dataclass(frozen=True)
class Member:
    """A case of a household, and as whom its adult applied; None where nobody said."""

    case_id: UUID
    stored: Stored
    role: str | None


async def save_role(tx: Transaction, case_id: UUID, role: str) -> None:
    """Keeps as whom the adult of a case applied."""
    await tx.execute(SAVE_ROLE, case_id, role)


async def members(tx: Transaction, household_ref: UUID, protected: bool) -> list[Member]:
    """The cases of a household in the order of their registration; those of protected persons only if they are asked for."""
    rows = await tx.fetch(MEMBERS, household_ref, protected, MOST)
    return [Member(row["stream"], Stored(row["version"], read_body(row["body"])), row["role"]) for row in reversed(rows)]
