"""The routes of the identity vault: who a person is, found by a number in the body only, told to three services and nobody else."""

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, NoReturn
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.intake.domain import identity as domain
from services.intake.domain.identity import Identity, Kind, NotAnIdentity, Particulars, Person, Protection, Purpose, parse_identity
from services.intake.domain.moments import local_date
from services.intake.handlers import persons
from services.intake.handlers.cases import Outdated
from services.intake.handlers.cases import protect as protect_cases
from services.intake.store.vault import Vault
from shared.auth import caller
from shared.context import Context, begin
from shared.http import StrictModel, etag, expected_version
from shared.idempotency import Key, idempotency_key
from shared.problems import Problem
from shared.telemetry import step

PERSON_REF, NUMBER, NAME = "0b9e6d5c-4a3f-4c1e-9d2b-7f8a6c5e4d3b", "198507012394", {"given_name": "Tolvan", "family_name": "Tolvansson"}
ADDRESS: dict[str, Any] = {"street": "Exempelgatan 1", "postal_code": "194 80", "place": "Upplands Väsby"}
MOST_CHARACTERS = 100

staff = Depends(caller("intake-staff"))
# The only three that may ask who somebody is: architecture, promise "Identity".
services = Depends(caller("partners", "meetings", "notifications"))
operator = Depends(caller("operator"))


def _example(**fields: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [fields]})


Words = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MOST_CHARACTERS, pattern=r"\S"),
    AfterValidator(lambda text: unicodedata.normalize("NFC", text)),
]
Number = Annotated[
    str,
    StringConstraints(max_length=domain.LONGEST),
    Field(description="personnummer, samordningsnummer or reserve number, with or without century and separator; ASCII only"),
]


class AddressSent(StrictModel):
    """An address as it is written on a letter."""

    care_of: Words | None = None
    street: Words
    postal_code: Words
    place: Words


class Registration(StrictModel):
    """A person to register. `number` null: somebody without one; never a made-up number."""

    model_config = _example(number=NUMBER, **NAME, address=ADDRESS)

    number: Number | None
    given_name: Words | None = None
    family_name: Words | None = None
    address: AddressSent | None = None


class LookUp(StrictModel):
    """A number to look up, and what for."""

    model_config = _example(number=NUMBER, purpose="handling")

    number: Number
    purpose: Purpose


class NewNumber(StrictModel):
    """The number that a person has from now on."""

    model_config = _example(number=NUMBER)

    number: Number


class NewProtection(StrictModel):
    """A level of protection, and the day from which it holds: never later than today."""

    model_config = _example(level="secrecy_marking", effective_on="2000-02-01")

    level: Protection
    effective_on: date


class Reason(StrictModel):
    """What an identity is read for."""

    model_config = _example(purpose="handling")

    purpose: Purpose


class PersonShown(BaseModel):
    """A person, without anything that says who it is."""

    model_config = _example(person_ref=PERSON_REF, kind="personnummer", protection_level="none", effective_on=None, version=1)

    person_ref: UUID
    kind: Kind
    protection_level: Protection
    effective_on: date | None
    version: int


class AddressShown(BaseModel):
    """An address as it is written on a letter."""

    care_of: str | None
    street: str
    postal_code: str
    place: str


class IdentityShown(PersonShown):
    """Who a person is. `number`: twelve characters. `address` is null also for everybody who is protected."""

    model_config = _example(
        person_ref=PERSON_REF,
        kind="personnummer",
        protection_level="none",
        effective_on=None,
        version=1,
        number=NUMBER,
        **NAME,
        address={"care_of": None, **ADDRESS},
    )

    number: str | None
    given_name: str | None
    family_name: str | None
    address: AddressShown | None


async def _no_query(request: Request) -> None:
    """An address is written down by whatever stands between; so nothing is ever asked in one."""
    if request.scope["query_string"]:
        raise Problem("request_malformed")


@dataclass(frozen=True)
class Desk:
    """One request to the vault being dealt with: `now` is read once, here."""

    vault: Vault
    now: datetime
    context: Context
    response: Response

    def read(self, number: str) -> Identity:
        """The number as one of a person. Raises Problem("request_invalid") with the kind of fault."""
        try:
            return parse_identity(number, local_date(self.now))
        except NotAnIdentity as error:
            faults = [{"in": "body", "pointer": "/number", "kind": error.fault}]
            raise Problem("request_invalid", errors=faults) from None

    def show(self, person: Person) -> PersonShown:
        """The answer about a person, with its ETag."""
        self.response.headers["ETag"] = etag(person.version)
        return PersonShown(**_fields(person))


async def _desk(request: Request, response: Response) -> Desk:
    house, who = request.app.state.house, request.state.caller
    now = await house.clock.now()
    return Desk(request.app.state.vault, now, begin(now, who.subject), response)


At = Annotated[Desk, Depends(_desk)]
PersonRef = Annotated[UUID, Path(examples=[PERSON_REF])]
Once = Annotated[Key, Depends(idempotency_key)]
Expected = Annotated[int | None, Depends(expected_version)]
router = APIRouter(dependencies=[Depends(_no_query)])

REFUSALS = {
    persons.UnknownPerson: "not_found",
    persons.Erased: "identity_erased",
    persons.NumberTaken: "number_taken",
    Outdated: "version_mismatch",
}
Refused = tuple(REFUSALS)


def _refuse(error: Exception) -> NoReturn:
    raise Problem(REFUSALS[type(error)]) from None


def _fields(person: Person) -> dict[str, Any]:
    return {
        "person_ref": person.person_ref,
        "kind": person.kind,
        "protection_level": person.protection,
        "effective_on": person.effective_on,
        "version": person.version,
    }


@router.post(
    "/persons",
    dependencies=[staff],
    status_code=persons.CREATED,
    responses={persons.DONE: {"model": PersonShown, "description": "Who has the number already"}},
    summary="Register a person",
)
@step
async def register_person(body: Registration, at: At, key: Once) -> PersonShown:
    """A reference for a person. Who has the number already is answered with 200, and nothing of them is changed."""
    identity = at.read(body.number) if body.number is not None else None
    address = domain.Address(**body.address.model_dump()) if body.address else None
    particulars = Particulars(identity.canonical if identity else None, body.given_name, body.family_name, address)
    person, at.response.status_code = await persons.register(at.vault, key, identity, particulars, at.context)
    return at.show(person)


@router.post("/persons:lookup", dependencies=[staff], summary="Find a person by number")
@step
async def look_up_person(body: LookUp, at: At) -> PersonShown:
    """The reference of who has a number. It changes nothing and needs no Idempotency-Key; that it was asked, and why, is logged."""
    try:
        return at.show(await persons.look_up(at.vault, at.read(body.number), body.purpose, at.context))
    except Refused as error:
        _refuse(error)


@router.post("/persons/{person_ref}/number", dependencies=[staff], summary="Change the number of a person")
@step
async def change_number(person_ref: PersonRef, body: NewNumber, at: At, key: Once, expected: Expected) -> PersonShown:
    """Byte av nummer: a personnummer in the place of a samordningsnummer, a first number, a correction. The reference stays."""
    asked = persons.Asked(key, person_ref, expected)
    try:
        return at.show(await persons.change_number(at.vault, asked, at.read(body.number), at.context))
    except Refused as error:
        _refuse(error)


@router.post("/persons/{person_ref}/protection", dependencies=[staff], summary="Set the level of protection")
@step
async def protect_person(
    person_ref: PersonRef, body: NewProtection, request: Request, at: At, key: Once, expected: Expected
) -> PersonShown:
    """Skyddade personuppgifter: none, sekretessmarkering or skyddad folkbokföring. From then on no unit is told of the person's cases."""
    if body.effective_on > local_date(at.now):
        raise Problem("time_in_future")
    asked = persons.Asked(key, person_ref, expected)
    try:
        person = await persons.protect(at.vault, asked, body.level, body.effective_on, at.context)
    except Refused as error:
        _refuse(error)
    house = request.app.state.house
    await protect_cases(house.db, house.ours, person_ref, at.context)
    return at.show(person)


@router.post("/persons/{person_ref}/identity", dependencies=[services], summary="Read who a person is")
@step
async def identify_person(person_ref: PersonRef, body: Reason, at: At) -> IdentityShown:
    """For partners, meetings and notifications alone. Every read is logged with its purpose; nobody keeps the answer."""
    try:
        person, particulars = await persons.identify(at.vault, person_ref, body.purpose, at.context)
    except Refused as error:
        _refuse(error)
    address = particulars.address and AddressShown.model_validate(particulars.address, from_attributes=True)
    names = {"given_name": particulars.given_name, "family_name": particulars.family_name}
    return IdentityShown(**_fields(person), number=particulars.number, **names, address=address)


@router.delete("/persons/{person_ref}/key", dependencies=[operator], summary="Erase who a person is")
@step
async def erase_person(person_ref: PersonRef, at: At) -> PersonShown:
    """Gallring: the person's key is deleted, for good. The reference and the cases stay, and are nobody's any more."""
    try:
        return at.show(await persons.erase(at.vault, person_ref, at.context))
    except Refused as error:
        _refuse(error)
