"""What a launcher is told to start."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Order:
    """What the starter asks for. `simulated_from`: where fresh databases' clocks begin, ISO 8601 with offset."""

    folder: str
    attached: bool
    services: list[str]
    simulated_from: str | None = None

    def text(self) -> str:
        """The order as the launcher's one argument."""
        return json.dumps(asdict(self))
