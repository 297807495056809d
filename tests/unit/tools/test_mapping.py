"""A mapping says which attribute of a log says what, and is part of what the log is."""

from pathlib import Path

import pytest

from tools.mapping import BadMapping, Mapping, read_mapping

RECEIPT = Path(__file__).parents[3] / "tools" / "mappings" / "receipt.toml"


def write(folder: Path, text: str) -> Path:
    file = folder / "some.toml"
    file.write_text(text)
    return file


def test_receipt_keeps_to_the_standards_names() -> None:
    assert read_mapping(RECEIPT) == read_mapping(None) == Mapping()


def test_what_a_file_leaves_out_is_as_in_the_standard(tmp_path: Path) -> None:
    assert read_mapping(write(tmp_path, 'organisation = "unit"\nresource = ""')) == Mapping(organisation="unit", resource="")


@pytest.mark.parametrize("text", ['activities = "x"', "case = 1", 'case = ""', "case = ", "\x00", 'row = ["seq"]'])
def test_a_file_that_is_no_mapping_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadMapping, match=r"some\.toml: "):
        read_mapping(write(tmp_path, text))


def test_another_attribute_or_zone_makes_it_another_log() -> None:
    readings = {
        Mapping().sha256(None),
        Mapping().sha256("Europe/Stockholm"),
        Mapping(time="start").sha256(None),
        Mapping(row="seq").sha256(None),
    }
    assert len(readings) == 4
