"""What the simulator writes down of what it typed: its own noise, and what happened to each case, to be compared with what Sluss counts."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

from tools.simulation.acts import Act

TOLD: Final = ("contact", "observed_insats", "draft", "start", "discontinuation", "duplicate", "closing")
"""What decides when somebody waits for an insats."""
SAID: Final = ("known_from", "started_on", "kind", "insats_kind", "planned_hours_per_week", "attended", "of", "reason")
COUNTING: Final = frozenset({"work_training", "af_programme", "adult_education", "medical_rehabilitation"})
LEAST_HOURS: Final = 10


@dataclass
class Diary:
    """Counts, and the ids of the cases: written when a service has answered, so that only what was registered stands in it.

    `cases`: what happened to each case, in the order it was typed: what, the day it happened, the day it was typed, of which referral.
    """

    acts: int = 0
    late_facts: int = 0
    late: list[str] = field(default_factory=list)
    corrected: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    cases: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def note(self, act: Act, case_id: str) -> None:
        """An act that a service has taken."""
        self.acts += 1
        if act.late_facts:
            self.late_facts += act.late_facts
            self.late.append(case_id)
        if act.what == "correction":
            self.corrected.append(case_id)
        if act.what == "duplicate":
            self.duplicates.append(case_id)
        if act.what in TOLD:
            happened = act.body.get("happened", {})
            on = str(happened.get("on") or happened.get("at") or act.typed)[: len("YYYY-MM-DD")]
            entry = {"what": act.what, "on": on, "typed": act.typed.isoformat(), "referral": act.referral}
            self.cases.setdefault(case_id, []).append(entry | {name: act.body[name] for name in SAID if name in act.body})

    def lapsed(self, case_id: str, on: date, reason: str) -> None:
        """A rule has closed a case, which nobody types."""
        self.cases[case_id].append({"what": "closing", "on": on.isoformat(), "typed": on.isoformat(), "referral": 0, "reason": reason})

    @property
    def counts(self) -> dict[str, int]:
        """By the names of `sluss status --quality`."""
        return {"late": self.late_facts, "corrected": len(self.corrected), "duplicates": len(self.duplicates)}

    def waits(self) -> Counter[str]:
        """How L20 stands for how many cases: completed, still_waiting, already_in_insats, or the reason of the closing."""
        return Counter(stands for told in self.cases.values() if (stands := _stands(told)))

    def write(self, file: Path, **about: Any) -> None:
        """As JSON, with what is told about the run."""
        noise = {"late": sorted(set(self.late)), "corrected": sorted(set(self.corrected)), "duplicates": sorted(self.duplicates)}
        document = {**about, "acts": self.acts, "counts": self.counts, "noise": noise, "cases": self.cases}
        file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _stands(told: list[dict[str, Any]]) -> str | None:
    """Of one case; None of one that was a mistake, which counts nowhere."""
    by = {what: [each for each in told if each["what"] == what] for what in TOLD}
    contact = by["contact"][0]["on"]
    if by["duplicate"]:
        return None
    if any(each["started_on"] <= contact for each in by["observed_insats"]):
        return "already_in_insats"
    drafts: Mapping[int, Mapping[str, Any]] = {each["referral"]: each for each in by["draft"]}
    never_there = {each["referral"] for each in by["discontinuation"] if each["attended"] == "no"}
    began = [each["started_on"] for each in by["observed_insats"]]
    began += [each["on"] for each in by["start"] if each["referral"] not in never_there and _counts(drafts.get(each["referral"]))]
    if began:
        return "completed"
    return str(by["closing"][0]["reason"]) if by["closing"] else "still_waiting"


def _counts(draft: Mapping[str, Any] | None) -> bool:
    """A counting kind for ten hours a week; what a direct assignment drafts (nobody typed that) is one."""
    return draft is None or (draft["insats_kind"] in COUNTING and draft["planned_hours_per_week"] >= LEAST_HOURS)
