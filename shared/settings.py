"""What the environment may decide for any service: read once, frozen, refused with the variable's name."""

from datetime import datetime
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.kafka import Access


class ServiceSettings(BaseSettings):
    """Settings that every service has. Environment names are the field names with the prefix `SLUSS_`.

    Secrets come as files, never as values, so that no environment dump, process list or repr shows one.
    """

    model_config = SettingsConfigDict(env_prefix="SLUSS_", frozen=True, hide_input_in_errors=True)

    municipality: str = Field(default="0114", pattern=r"^[0-9]{4}$", description="kommunkod (SCB)")
    database_url: str = Field(description="postgresql://role@host:port/database, without a password")
    database_password_file: Path | None = None
    kafka: str = Field(description="host:port[,host:port]")
    kafka_user: str | None = Field(default=None, description="the service's own user there; its rights: contracts/topics")
    kafka_password_file: Path | None = None
    kafka_idempotence: bool = Field(
        default=True, description="off only on what stands in for Apache Kafka: it knows no idempotent producer"
    )
    http_host: str = "127.0.0.1"
    http_port: int
    ops_port: int = Field(description="/health and /metrics, without a token: keep it on loopback or inside the cluster")
    token_keys_file: Path = Field(description="public keys that sign access tokens, as a JWK set")
    token_issuer: str
    token_audience: str = "sluss"
    open_docs: bool = Field(default=False, description="/docs without a token: the local street only")
    simulation: bool = Field(default=False, description="a clock that can be moved forward; never in production")
    simulation_start: datetime | None = Field(default=None, description="where a fresh database's simulated clock begins")
    stuck_after_s: float = Field(default=30.0, gt=0, description="for how long records may wait while a consumer does not move")
    quarantine_key_file: Path | None = Field(default=None, description="32 bytes that seal quarantined messages; for services that hear")

    @property
    def database_password(self) -> str | None:
        """The password, read when it is needed, so that a rotated file is seen at the next connection."""
        return self.database_password_file.read_text().strip() if self.database_password_file else None

    @property
    def kafka_access(self) -> Access:
        """Where the broker is, and as whom this service comes to it."""
        return Access(self.kafka, self.kafka_user, self.kafka_password_file, self.kafka_idempotence)
