"""What the environment may decide for referrals: what every service has, and the name it hears under."""

from pathlib import Path

from pydantic import Field

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Referrals hears, so the key that seals quarantined messages is not optional."""

    quarantine_key_file: Path
    consumer_group: str = "referrals"
    consumer_instance: str | None = Field(default=None, min_length=1, description="this process in its group; no two at once may share it")
