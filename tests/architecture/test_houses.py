"""Every house has the same rooms and no others, and its door plate says what it really hears and tells."""

import ast
import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.architecture.repository import ROOT, files, houses, name

ROOMS: Final = {"domain", "translate", "store", "handlers", "settings", "main"}
DOORS: Final = {"api", "consumers"}
BESIDE: Final = {"__init__.py", "migrations", "pyproject.toml"}
MAY: Final = {"requirements.lock"}
TOPICS: Final = [yaml.safe_load(path.read_text("utf-8")) for path in sorted((ROOT / "contracts" / "topics").glob("*.yaml"))]

every_house = pytest.mark.parametrize("house", houses(), ids=name)


def wrong_rooms(names: set[str]) -> set[str]:
    """What is missing in a house with these files and folders, or too much. A room is a file or a package."""
    rooms = {each.removesuffix(".py") if each != "__init__.py" else each for each in names}
    missing = (ROOMS | BESIDE) - rooms
    if not rooms & DOORS:
        missing |= DOORS
    return missing | (rooms - ROOMS - DOORS - BESIDE - MAY)


def plate(source: str, sense: str) -> set[str]:
    """The topics that a door plate names after `Hears:` or `Tells:`."""
    said = re.search(rf"^{sense}:(.*?)(?=^\w+:|\Z)", ast.get_docstring(ast.parse(source)) or "", re.DOTALL | re.MULTILINE)
    assert said, f"the door plate does not say {sense}:"
    return set(re.findall(r"[a-z]+-events", said[1]))


@every_house
def test_every_house_has_the_same_rooms_and_no_others(house: Path) -> None:
    assert wrong_rooms({path.relative_to(house).parts[0] for path in files() if path.is_relative_to(house)}) == set()


def test_a_room_too_many_and_a_missing_one_are_found() -> None:
    whole = {f"{room}.py" for room in ROOMS} | BESIDE | {"api"}
    assert wrong_rooms(whole) == set()
    assert wrong_rooms(whole | {"services.py"}) == {"services"}
    assert wrong_rooms(whole - {"store.py"}) == {"store"}
    assert wrong_rooms(whole - {"api"}) == DOORS


@every_house
@pytest.mark.parametrize("sense", ["Hears", "Tells"])
def test_the_door_plate_says_what_the_topics_say(house: Path, sense: str) -> None:
    said = plate((house / "__init__.py").read_text("utf-8"), sense)
    assert said == {topic["topic"] for topic in TOPICS if house.name in takes_part(topic, sense)}


@every_house
def test_a_house_that_hears_has_an_ear_and_no_other_has_one(house: Path) -> None:
    hears = any(house.name in topic["consumers"] for topic in TOPICS)
    assert hears == ((house / "consumers.py").exists() or (house / "consumers").exists())


def test_whoever_a_topic_names_is_there() -> None:
    there = {house.name for house in houses()} | {"tools"}
    for topic in TOPICS:
        assert {topic["producer"], *topic["consumers"]} <= there


def takes_part(topic: dict[str, Any], sense: str) -> list[str]:
    """Who hears or tells on a topic."""
    return list(topic["consumers"]) if sense == "Hears" else [topic["producer"]]


def test_a_door_plate_is_read_over_several_lines() -> None:
    source = '"""A house.\n\nHears: intake-events,\n    history-events\nTells: nothing\n"""'
    assert plate(source, "Hears") == {"intake-events", "history-events"}
    assert plate(source, "Tells") == set()
