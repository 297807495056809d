"""What the simulator writes down of its own noise, to be compared with what Sluss counts: late facts, corrections, duplicates."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.simulation.acts import Act


@dataclass
class Diary:
    """Counts, and the ids of the cases: written when intake has answered, so that only what was registered stands in it."""

    acts: int = 0
    late_facts: int = 0
    late: list[str] = field(default_factory=list)
    corrected: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)

    def note(self, act: Act, case_id: str) -> None:
        """An act that intake has taken."""
        self.acts += 1
        if act.late_facts:
            self.late_facts += act.late_facts
            self.late.append(case_id)
        if act.what == "correction":
            self.corrected.append(case_id)
        if act.what == "duplicate":
            self.duplicates.append(case_id)

    @property
    def counts(self) -> dict[str, int]:
        """By the names of `sluss status --quality`."""
        return {"late": self.late_facts, "corrected": len(self.corrected), "duplicates": len(self.duplicates)}

    def write(self, file: Path, **about: Any) -> None:
        """As JSON, with what is told about the run."""
        cases = {"late": sorted(set(self.late)), "corrected": sorted(set(self.corrected)), "duplicates": sorted(self.duplicates)}
        document = {**about, "acts": self.acts, "counts": self.counts, "cases": cases}
        file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
