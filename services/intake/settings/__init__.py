"""What the environment may decide for intake."""

from pathlib import Path

from pydantic import Field

from services.intake.settings.routing import OURS
from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Beyond what every service has: the municipality's rules, how the identity vault is reached, and the keys its database never holds."""

    vault_url: str = Field(description="intake's own database, under the vault's role: postgresql://role@host:port/database")
    vault_password_file: Path | None = None
    vault_key_file: Path = Field(description="32 bytes that wrap the data key of each person")
    lookup_key_file: Path = Field(description="32 bytes under which a number is looked up")
    routing_file: Path = OURS

    @property
    def source(self) -> str:
        """Who tells what intake tells: the `source` of its events."""
        return f"/municipality/{self.municipality}/intake"

    @property
    def vault_password(self) -> str | None:
        """The password of the vault's role, read when it is needed."""
        return self.vault_password_file.read_text().strip() if self.vault_password_file else None
