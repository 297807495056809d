"""GET /leadtimes/quality: how much of what was heard of cases was registered late, was corrected, or is a duplicate."""

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.leadtimes import store
from services.leadtimes.domain.quality import corrected
from shared.auth import caller
from shared.clock import Clock
from shared.postgres import Database, transaction


class QualityShown(BaseModel):
    """Counts of facts and cases, up to now.

    `late`: facts registered on a later date than they happened; `corrected`: facts that a correction in force took away or replaced;
    `duplicates`: cases that are marked as the duplicate of another.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"known_at": "2026-02-02T08:15:00.250000Z", "facts": 1250, "late": 61, "corrected": 12, "duplicates": 4}]
        }
    )

    known_at: AwareDatetime
    facts: int
    late: int
    corrected: int
    duplicates: int


def routes(db: Database, clock: Clock) -> APIRouter:
    """The route of the quality of registration."""
    router = APIRouter(tags=["measures"], dependencies=[Depends(caller("leadtimes-reader", "operator"))])

    @router.get("/quality", summary="How facts were registered: late, corrected, as duplicates")
    async def quality() -> QualityShown:
        known_at = await clock.now()
        async with transaction(db, snapshot=True) as tx:
            registered = await store.quality.registered(tx)
            corrections = await store.quality.corrections(tx)
        return QualityShown(
            known_at=known_at,
            facts=registered.facts,
            late=registered.late,
            corrected=corrected(corrections),
            duplicates=registered.duplicates,
        )

    return router
