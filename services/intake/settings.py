"""What the environment may decide for intake."""

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Intake needs nothing beyond what every service has."""

    @property
    def source(self) -> str:
        """Who tells what intake tells: the `source` of its events."""
        return f"/municipality/{self.municipality}/intake"
