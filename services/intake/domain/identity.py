"""What identifies a person: personnummer, samordningsnummer or reserve number, read strictly and told apart. Pure, and never repeated.

Personnummer: folkbokföringslagen (1991:481) 18 §. Samordningsnummer: lag (2022:1697), the day of birth with 60 added.
"""

import re
from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from uuid import UUID

# [0-9] and not \d, and fullmatch: digits of other scripts and a newline at the end are no part of a number. 000 is nobody's födelsenummer.
TWELVE = re.compile(r"((?:18|19|20)[0-9]{2})([0-9]{2})([0-9]{2})[-+]?((?!000)[0-9]{4})")
TEN = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{2})([-+]?)((?!000)[0-9]{4})")
# Nationellt reservnummer as the Swedish base profiles of HL7 write it, and the form with 99 that regions use; neither says a date to trust.
RESERVE = re.compile(r"([0-9]{8})-?([A-HJ-NPR-UX-Z]{2}[0-9]{2}|[A-HJ-NPR-UX-Z]{3}[0-9])|(99[0-9]{6})-?([0-9]{4})")
LONGEST = 13
COORDINATION = 60
MONTHS, DAYS = 12, 31
CENTURY = 100


class Kind(StrEnum):
    """Which register gave the number. `anonymous`: the person is known without one."""

    PERSONNUMMER = "personnummer"
    SAMORDNINGSNUMMER = "samordningsnummer"
    LOCAL_RESERVE = "local_reserve"
    ANONYMOUS = "anonymous"


class Protection(StrEnum):
    """Skyddade personuppgifter: none, sekretessmarkering (OSL 5:5), skyddad folkbokföring (folkbokföringslagen 16 §)."""

    NONE = "none"
    SECRECY_MARKING = "secrecy_marking"
    PROTECTED_REGISTRATION = "protected_registration"


class Purpose(StrEnum):
    """What an identity may be read for (förordning 2001:637 12 §). Statistics need none."""

    HANDLING = "handling"
    FOLLOW_UP = "follow_up"
    PLANNING = "planning"
    SUPERVISION = "supervision"


class Fault(StrEnum):
    """Why a text identifies nobody."""

    FORM = "number_form"
    DATE = "number_date"
    FUTURE = "number_of_the_future"
    CHECK_DIGIT = "number_check_digit"


class NotAnIdentity(Exception):
    """The text is no number of a person. Says why by a code, and nothing of the text."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True)
class Identity:
    """A number in its one form: twelve ASCII characters, all digits but in a nationellt reservnummer. No repr shows it."""

    kind: Kind
    canonical: str

    def __repr__(self) -> str:
        return f"Identity({self.kind})"


@dataclass(frozen=True, repr=False)
class Address:
    """Where a letter reaches a person, as it is written on it."""

    street: str
    postal_code: str
    place: str
    care_of: str | None = None


@dataclass(frozen=True, repr=False)
class Particulars:
    """Personuppgifter: what is sealed. `number`: canonical. No repr shows any of it."""

    number: str | None
    given_name: str | None
    family_name: str | None
    address: Address | None


@dataclass(frozen=True)
class Person:
    """What is known of a person without opening anything. `effective_on`: from when the level of protection holds."""

    person_ref: UUID
    kind: Kind
    protection: Protection = Protection.NONE
    effective_on: date | None = None
    version: int = 1


def shown(person: Person, particulars: Particulars) -> Particulars:
    """What a caller in the house may be told: of somebody protected never the address, which says where they are (OSL 21:3, 22:1)."""
    return particulars if person.protection is Protection.NONE else replace(particulars, address=None)


def parse_identity(text: str, today: date) -> Identity:
    """The number that a text is, with or without century and separator. Raises NotAnIdentity.

    Ten digits: born in the last hundred years, by `today`'s year; with "+" in the hundred before (the sign of the year one turns 100).
    A samordningsnummer may have month 00, day 60, or a day that its month does not have: Skatteverket gives such where the birth is
    not known, 194 of its 2,264 published test numbers are so (docs/decisions/0018). A personnummer has a real date.
    """
    if found := RESERVE.fullmatch(text):
        return Identity(Kind.LOCAL_RESERVE, "".join(part for part in found.groups() if part))
    year, month, day, last = _parts(text, today)
    kind = Kind.SAMORDNINGSNUMMER if day >= COORDINATION else Kind.PERSONNUMMER
    canonical = f"{year:04}{month:02}{day:02}{last}"
    if kind is Kind.PERSONNUMMER:
        _require(1 <= month <= MONTHS and 1 <= day <= monthrange(year, month)[1], Fault.DATE)
    else:
        _require(month <= MONTHS and day - COORDINATION <= DAYS, Fault.DATE)
    _require((year, month, day % COORDINATION) <= (today.year, today.month, today.day), Fault.FUTURE)
    _require(_luhn(canonical[2:]) == 0, Fault.CHECK_DIGIT)
    return Identity(kind, canonical)


def _parts(text: str, today: date) -> tuple[int, int, int, str]:
    if found := TWELVE.fullmatch(text):
        year, month, day, last = found.groups()
        return int(year), int(month), int(day), last
    if found := TEN.fullmatch(text):
        short, month, day, sign, last = found.groups()
        age = (today.year - int(short)) % CENTURY + (CENTURY if sign == "+" else 0)
        return today.year - age, int(month), int(day), last
    raise NotAnIdentity(Fault.FORM)


def _require(right: bool, fault: Fault) -> None:
    if not right:
        raise NotAnIdentity(fault)


def _luhn(ten: str) -> int:
    """0 for ten digits whose last one is right (Luhn)."""
    return sum(sum(divmod(int(digit) * (2 - place % 2), 10)) for place, digit in enumerate(ten)) % 10


def age(number: str | None, today: date) -> int | None:
    """Whole years of somebody with this canonical number; None where the number does not say when they were born."""
    if number is None or not number.isdigit():
        return None
    year, month, day = int(number[:4]), int(number[4:6]), int(number[6:8]) % COORDINATION
    if not (1 <= month <= MONTHS and 1 <= day <= DAYS):
        return None
    return today.year - year - ((today.month, today.day) < (month, day))
