"""A mapping says which attribute of a log says what, and is part of what the log is."""

from pathlib import Path

import pytest

from tools.mapping import BadMapping, Mapping, read_mapping, with_attributes

RECEIPT = Path(__file__).parents[3] / "tools" / "mappings" / "receipt.toml"


def write(folder: Path, text: str) -> Path:
    file = folder / "some.toml"
    file.write_text(text)
    return file


def test_receipt_keeps_to_the_standards_names() -> None:
    assert read_mapping(RECEIPT) == read_mapping(None) == Mapping()


def test_what_a_file_leaves_out_is_as_in_the_standard(tmp_path: Path) -> None:
    assert read_mapping(write(tmp_path, 'organisation = "unit"\nresource = ""')) == Mapping(organisation="unit", resource="")


def test_further_attributes_come_from_the_file_then_from_the_command_each_once(tmp_path: Path) -> None:
    mapping = read_mapping(write(tmp_path, 'attributes = ["unit", "age"]'))
    assert with_attributes(mapping, ["age", "channel"]) == Mapping(attributes=("unit", "age", "channel"))
    assert with_attributes(Mapping(), []) == Mapping()


@pytest.mark.parametrize("wanted", [[""], [f"a{n}" for n in range(21)], ["age", "resource"]])
def test_attributes_without_a_name_or_with_one_that_is_taken_and_more_than_an_event_carries_are_refused(wanted: list[str]) -> None:
    with pytest.raises(BadMapping, match="--attribute"):
        with_attributes(Mapping(), wanted)


NO_MAPPING = ['attributes = "x"', "attributes = [1]", 'attributes = [""]', f"attributes = {[f'a{n}' for n in range(21)]}"]


@pytest.mark.parametrize("text", [*NO_MAPPING, 'activities = "x"', "case = 1", 'case = ""', "case = ", "\x00", 'row = ["seq"]'])
def test_a_file_that_is_no_mapping_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadMapping, match=r"some\.toml: "):
        read_mapping(write(tmp_path, text))


def test_another_attribute_or_zone_makes_it_another_log() -> None:
    readings = {
        Mapping().sha256(None),
        Mapping().sha256("Europe/Stockholm"),
        Mapping(time="start").sha256(None),
        Mapping(row="seq").sha256(None),
        Mapping(attributes=("age",)).sha256(None),
    }
    assert len(readings) == 5


def test_a_reading_that_takes_nothing_along_is_the_one_that_it_was_before_there_were_attributes() -> None:
    assert Mapping().sha256(None) == "35c4faadf08967c0778334752fa387c1c72f7cbec7b7860dedbd16822cc73702"
