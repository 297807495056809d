"""docs/walk.md is true: the hops it lists are the hops that one event takes, found in its spans and links, in that order."""

import re
import time
from typing import Any
from uuid import uuid4

from deploy.local.places import ROOT
from deploy.local.record import StreetRecord
from tests.spans import Spans, attribute
from tests.street import service_client

HOP = re.compile(r"^\d+\. `(?P<file>[\w/]+)\.py` `(?P<function>[\w.]+)`", re.MULTILINE)
PATIENCE_S = 20


def listed(chapter: int) -> list[str]:
    """The hops of a chapter of the document, as spans name them."""
    text = (ROOT / "docs" / "walk.md").read_text(encoding="utf-8").split("\n## ")[chapter]
    return [f"{hop['file'].replace('/', '.')}.{hop['function']}" for hop in HOP.finditer(text)]


def taken(spans: list[Any], began: int, elsewhere: str) -> list[str]:
    """The functions that the event created after `began` (ns) went through, each at its first call; not those of another house."""
    created = next((each for each in spans if each.name == "create intake-events" and each.start_time_unix_nano > began), None)
    if created is None:
        return []
    linked = {each.trace_id for each in spans if created.span_id in {link.span_id for link in each.links}}
    linked -= {each.trace_id for each in spans if attribute(each, "code.function.name").startswith(elsewhere)}
    of_event = [each for each in spans if each.trace_id in {created.trace_id, *linked} and attribute(each, "code.function.name")]
    of_event.sort(key=lambda each: each.start_time_unix_nano)
    return list(dict.fromkeys(attribute(each, "code.function.name") for each in of_event))


def test_an_event_takes_the_hops_of_the_walk_in_their_order(street: StreetRecord, spans: Spans) -> None:
    began = time.time_ns()
    with service_client(street, "intake", "intake-staff", "intake-decider") as intake:
        now = intake_now(street)
        contact = {"happened": {"at": now}, "person_ref": str(uuid4()), "channel": "phone", "source_system": "intake"}
        answer = intake.post("/intake/cases", json=contact, headers={"idempotency-key": str(uuid4())})
        assert answer.is_success, answer.text
        intake.get(f"/intake/cases/{answer.json()['case_id']}").raise_for_status()
    by = time.monotonic() + PATIENCE_S
    way, at_referrals = listed(0), listed(1)

    def both() -> tuple[list[str], list[str]]:
        heard = taken(spans.all(), began, "services.leadtimes.")
        return taken(spans.all(), began, "services.referrals."), heard[heard.index(at_referrals[0]) :] if at_referrals[0] in heard else []

    while both() != (way, at_referrals) and time.monotonic() < by:
        time.sleep(0.1)
    assert both() == (way, at_referrals)
    case_id, person_ref = answer.json()["case_id"], contact["person_ref"]
    assert not [each.name for each in spans.all() if case_id in str(each) or person_ref in str(each)], "a span names no case and no person"


def test_the_walk_names_only_what_exists() -> None:
    assert (len(listed(0)) > 8, len(listed(1)) > 1) == (True, True)
    for hop in HOP.finditer((ROOT / "docs" / "walk.md").read_text(encoding="utf-8")):
        source = (ROOT / f"{hop['file']}.py").read_text(encoding="utf-8")
        assert re.search(rf"def {hop['function'].rpartition('.')[2]}\(", source), hop["file"]


def intake_now(street: StreetRecord) -> str:
    """The street's time, which is not ours."""
    with service_client(street, "intake", "operator") as intake:
        now: str = intake.get("/intake/clock").json()["now"]
        return now
