"""A domain is pure Python: no clock, no chance, no input or output, no waiting, and nothing but the standard library."""

from pathlib import Path

import pytest

from tests.architecture.purity import impure
from tests.architecture.repository import houses, name, python_files

DOMAINS = [
    (path, house.name)
    for house in houses()
    for path in python_files()
    if path == house / "domain.py" or path.is_relative_to(house / "domain")
]


@pytest.mark.parametrize(("path", "service"), DOMAINS, ids=[name(path) for path, _ in DOMAINS])
def test_a_domain_is_pure(path: Path, service: str) -> None:
    assert impure(path.read_text("utf-8"), service) == []


def test_every_house_has_a_domain() -> None:
    assert {service for _, service in DOMAINS} == {house.name for house in houses()}


@pytest.mark.parametrize(
    "planted",
    [
        "import httpx",
        "import random",
        "from shared.clock import Clock",
        "from services.referrals.domain import decide",
        "import numpy",
        "from uuid import uuid4",
        "import uuid\nref = uuid.uuid4()",
        "from datetime import datetime\nat = datetime.now()",
        "from datetime import date\nread = date.today",
        "async def decide(): ...",
        "print('decided')",
        "text = open('law').read()",
        "def decide():\n    import os",
        "import datetime\nread = datetime.datetime.utcnow",
    ],
)
def test_what_reaches_outside_is_found(planted: str) -> None:
    assert impure(planted, "intake")


def test_only_leadtimes_may_count_with_numpy() -> None:
    assert impure("import numpy as np\nfrom services.leadtimes.domain.curves import curve", "leadtimes") == []
    assert impure("import numpy as np\nnp.random.normal()", "leadtimes")
    assert impure("from numpy.random import normal", "leadtimes")
