"""Numbers of persons: every published test number, every way to write one, and everything that must be refused without a word of it."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.identity import Fault, Identity, Kind, NotAnIdentity, age, parse_identity
from tests.shared_data import shared_file

TODAY = date(2026, 11, 25)
BORN = "850709-9805"


def ids(name: str) -> Any:
    """A list of `data/ids`."""
    return json.loads(shared_file(f"ids/{name}.json").read_text("utf-8"))


def parsed(text: str, today: date = TODAY) -> tuple[str, str]:
    identity = parse_identity(text, today)
    return identity.kind.value, identity.canonical


def refused(text: str, today: date = TODAY) -> str:
    """Why, by its code; the refusal holds nothing of the text."""
    with pytest.raises(NotAnIdentity) as caught:
        parse_identity(text, today)
    told = f"{caught.value} {caught.value!r} {caught.value.args}"
    assert not set(text) & set(told) & set("0123456789")
    return caught.value.fault.value


@pytest.mark.parametrize(("name", "kind"), [("allPins", "personnummer"), ("allCoords", "samordningsnummer")])
def test_every_official_test_number_is_read_in_every_form(name: str, kind: str) -> None:
    numbers = ids(f"personnummer_{name}")
    assert len(numbers) > 2_000
    for number in numbers:
        sign = "+" if TODAY.year - int(number[:4]) >= 100 else "-"
        forms = (number, f"{number[:8]}-{number[8:]}", f"{number[:8]}+{number[8:]}", f"{number[2:8]}{sign}{number[8:]}")
        assert {parsed(form) for form in forms} == {(kind, number)}


def test_194_official_samordningsnummer_have_no_real_date_and_are_read_all_the_same() -> None:
    numbers = ids("personnummer_allCoords")
    unknown = [each for each in numbers if each[4:6] == "00" or each[6:8] == "60"]
    no_such_day = [each for each in numbers if each not in unknown and not _is_date(each)]
    assert (len(unknown), len(no_such_day)) == (170, 24)
    assert {parsed(each)[0] for each in (*unknown, *no_such_day)} == {"samordningsnummer"}


def _is_date(coordination: str) -> bool:
    try:
        date(int(coordination[:4]), int(coordination[4:6]), int(coordination[6:8]) - 60)
    except ValueError:
        return False
    return True


def test_the_oracle_is_agreed_with_on_every_row() -> None:
    rows = ids("oracle_ids_personnummer")["rows"]
    wanted = {
        "samordningsnummer_unknown_month_or_day": "samordningsnummer",
        "bad_checksum": "number_check_digit",
        "bad_month": "number_date",
    }
    for row in rows:
        found = parsed(row["input"])[0] if row["valid"] else refused(row["input"])
        assert found == wanted.get(row["kind"], row["kind"])
    assert len(rows) == 590


def test_the_labelled_list_is_agreed_with() -> None:
    for row in ids("personnummer_list"):
        for form in (row["long_format"], row["separated_long"], row["separated_format"]):
            if row["valid"]:
                assert parsed(form) == ({"ssn": "personnummer", "con": "samordningsnummer"}[row["type"]], row["long_format"])
            else:
                assert refused(form) in set(Fault)


def test_the_structured_list_is_agreed_with() -> None:
    for kind, name in (("personnummer", "ssn"), ("samordningsnummer", "con")):
        lists = ids("personnummer_structured")[name]["string"]
        assert {parsed(each)[0] for each in lists["valid"]} == {kind}
        assert {refused(each) for each in lists["invalid"]} <= set(Fault)


def test_interim_and_organisation_numbers_are_nobodys() -> None:
    interim = [
        row[form] for row in ids("personnummer_interim") for form in ("long_format", "short_format", "separated_format", "separated_long")
    ]
    listed = {row["input"]: row["type"] == "Enskild firma" for row in ids("organisationsnummer_list")}
    organisations = [number for number, is_its_owners in listed.items() if not is_its_owners]
    assert all(parsed(number) for number in set(listed) - set(organisations))
    organisations += [row[form] for row in ids("personnummer_orgnumber") for form in ("short_format", "separated_format")]
    assert {refused(each) for each in interim} == {"number_form"}
    assert {refused(each) for each in organisations} <= {"number_form", "number_date"}


FORMLESS = [
    "", "0", "8507099805\n", f"{BORN}\n", f" {BORN}", "19850709 9805", "850709–9805", "850709--9805", "8507-099805", f"{BORN}; DROP",
    f"{BORN}\x00", "٨٥٠٧٠٩-٩٨٠٥", "１９８５０７０９９８０５", "200001-T220", "21850709-9805", "17850709-9805", "1" * 100_000, "99850709980",
    "20150916-0006", "19850709AI12", "19850709ab12",
    "198507099805\n", "991234567890\n", "19850709AB12\n", "8５0709-9805", "850709-980５", "198５07099805", "1985070998٥5", "99123456789０",
]  # fmt: skip
DATELESS = ["19000229-1005", "20230229-2388", "851309-9805", "850700-9805", "850732-9805", "850759-9805", "850792-9805", "850009-9805"]
REFUSED = {
    "number_form": FORMLESS,
    "number_date": DATELESS,
    "number_check_digit": ["850709-9804", "850769-9805"],
    "number_of_the_future": ["20261126-1006", "261231-1006", "20991231-1006", "20261186-1006"],
}


@pytest.mark.parametrize(("fault", "text"), [(fault, text) for fault, texts in REFUSED.items() for text in texts])
def test_what_is_no_number_is_refused(fault: str, text: str) -> None:
    assert refused(text) == fault


@pytest.mark.parametrize(
    ("text", "today", "canonical"),
    [
        (BORN, date(2026, 1, 1), "198507099805"),
        ("8507099805", date(2026, 1, 1), "198507099805"),
        ("850709+9805", date(2026, 1, 1), "188507099805"),
        (BORN, date(2084, 12, 31), "198507099805"),
        ("850709+9805", date(2085, 1, 1), "198507099805"),
        ("850709+9805", date(2184, 12, 31), "198507099805"),
        ("000229-2399", date(2026, 1, 1), "200002292399"),
    ],
)
def test_the_sign_says_which_century(text: str, today: date, canonical: str) -> None:
    assert parsed(text, today)[1] == canonical


@pytest.mark.parametrize("text", ["19850709AB12", "19850709-AB12", "19850709TFR1", "991234567890", "99123456-7890"])
def test_a_reserve_number_is_told_apart(text: str) -> None:
    assert parsed(text) == ("local_reserve", text.replace("-", ""))


LETTERS = "ABCDEFGHJKLMNPRSTUXYZ"
RESERVES = st.from_regex(rf"\A([0-9]{{8}}[{LETTERS}]{{2}}[0-9]{{2}}|[0-9]{{8}}[{LETTERS}]{{3}}[0-9]|99[0-9]{{10}})\Z")


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """Twelve digits of somebody who is born, with the right last one."""
    born = draw(st.dates(date(1800, 1, 1), TODAY))
    day = born.day + draw(st.sampled_from([0, 60]))
    nine = f"{born:%y%m}{day:02}{draw(st.integers(1, 999)):03}"
    doubled = "".join(str(int(digit) * (2 - place % 2)) for place, digit in enumerate(nine))
    return f"{born.year // 100}{nine}{-sum(map(int, doubled)) % 10}"


@given(numbers() | RESERVES)
def test_what_was_read_is_read_again_as_it_is(text: str) -> None:
    identity = parse_identity(text, TODAY)
    assert identity.canonical == text
    assert parse_identity(identity.canonical, TODAY) == identity
    assert parse_identity(f"{text[:8]}-{text[8:]}", TODAY) == identity


@given(
    st.text(max_size=20) | st.text("0123456789+-", max_size=14) | st.from_regex(r"[0-9]{6,8}[-+]?[0-9A-Z]{4}\n?"),
    st.dates(date(1900, 1, 1)),
)
def test_any_text_is_read_or_refused_and_never_repeated(text: str, today: date) -> None:
    try:
        identity = parse_identity(text, today)
    except NotAnIdentity:
        refused(text, today)
    else:
        assert identity.canonical.isascii()
        assert len(identity.canonical) == 12
        assert not set(repr(identity)) & set("0123456789")


def test_no_repr_shows_a_number() -> None:
    assert repr(parse_identity(BORN, TODAY)) == "Identity(personnummer)"
    assert Identity(Kind.PERSONNUMMER, "a") != Identity(Kind.PERSONNUMMER, "b")


@pytest.mark.parametrize(
    ("number", "today", "years"),
    [
        ("198507012394", date(2026, 6, 30), 40),
        ("198507012394", date(2026, 7, 1), 41),
        ("200802292396", date(2026, 2, 28), 17),
        ("200802292396", date(2026, 3, 1), 18),
        ("197010632391", date(2026, 10, 3), 56),
        ("197000632391", date(2026, 10, 3), None),
        ("197010602391", date(2026, 10, 3), None),
        ("19850701AB12", date(2026, 7, 1), None),
        (None, date(2026, 7, 1), None),
    ],
)
def test_the_age_is_what_the_number_says_of_the_day_of_birth(number: str | None, today: date, years: int | None) -> None:
    assert age(number, today) == years
