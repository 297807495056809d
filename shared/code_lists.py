"""The codes that an API speaks in, with their names in Swedish and English, for whoever builds a screen on it."""

from collections.abc import Mapping
from typing import TypeAlias

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict

from shared.auth import Guard
from shared.telemetry import step


class Names(BaseModel):
    """What a code is called."""

    sv: str
    en: str


CodeSets: TypeAlias = Mapping[str, tuple[int, Mapping[str, Names]]]
"""Every set: its version, and what each code is called. New codes may come within a version; what a code means never changes."""


def named(**names: tuple[str, str]) -> Mapping[str, Names]:
    """The names of a set of codes, Swedish first."""
    return {code: Names(sv=sv, en=en) for code, (sv, en) in names.items()}


INSATS_KINDS = named(
    work_training=("Arbetsträning", "Work training"),
    work_placement=("Praktik", "Work placement"),
    subsidised_employment=("Subventionerad anställning", "Subsidised employment"),
    municipal_job=("Kommunal anställning", "Municipal job"),
    labour_market_training=("Arbetsmarknadsutbildning", "Labour market training"),
    af_programme=("Program hos Arbetsförmedlingen", "Programme of Arbetsförmedlingen"),
    vocational_rehabilitation=("Arbetslivsinriktad rehabilitering", "Vocational rehabilitation"),
    medical_rehabilitation=("Medicinsk rehabilitering", "Medical rehabilitation"),
    adult_education=("Vuxenutbildning", "Adult education"),
    job_search_course=("Jobbsökarkurs", "Job search course"),
    information=("Information", "Information"),
    mapping=("Kartläggning", "Mapping"),
    motivation=("Motivation", "Motivation"),
    sfi=("Svenska för invandrare", "Swedish for immigrants"),
)
"""What an insats is called, in every house that speaks of one."""


class CodeShown(BaseModel):
    """A code and its names."""

    code: str
    names: Names


class CodeSetShown(BaseModel):
    """A set of codes in a version. New codes may come within a version; what a code means never changes."""

    set: str
    version: int
    codes: list[CodeShown]


class CodesShown(BaseModel):
    """Every set of codes that the API speaks in."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"sets": [{"set": "channel", "version": 1, "codes": [{"code": "phone", "names": {"sv": "Telefon", "en": "Telephone"}}]}]}
            ]
        }
    )

    sets: list[CodeSetShown]


def code_routes(staff: Guard, sets: CodeSets) -> APIRouter:
    """GET /codes under the service's prefix, for its staff."""
    router = APIRouter(dependencies=[Depends(staff)])

    @router.get("/codes", summary="Every code with its names")
    @step
    async def show_codes() -> CodesShown:
        """Koder, with their names in Swedish and English."""
        return CodesShown(
            sets=[
                CodeSetShown(set=name, version=version, codes=[CodeShown(code=code, names=names) for code, names in codes.items()])
                for name, (version, codes) in sets.items()
            ]
        )

    return router
