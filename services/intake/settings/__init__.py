"""What the environment may decide for intake."""

from pathlib import Path

from services.intake.settings.routing import OURS
from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Beside what every service has: the municipality's routing tables."""

    routing_file: Path = OURS

    @property
    def source(self) -> str:
        """Who tells what intake tells: the `source` of its events."""
        return f"/municipality/{self.municipality}/intake"
