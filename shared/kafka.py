"""Where Kafka is, and as whom a process comes to it: what every client is made with."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

MECHANISM = "SCRAM-SHA-512"


@dataclass(frozen=True)
class Access:
    """A broker and a user of it; without a user the broker must let anybody in. The password stays in its file, out of every repr.

    `idempotence`: the broker knows idempotent producers, as Apache Kafka does.
    """

    bootstrap: str
    user: str | None = None
    password_file: Path | None = None
    idempotence: bool = True

    @property
    def password(self) -> str | None:
        """The password, read when it is needed, so that a rotated file is seen at the next connection."""
        return self.password_file.read_text(encoding="utf-8").strip() if self.password_file else None

    def options(self) -> dict[str, Any]:
        """The arguments of any client, aiokafka's or kafka-python's, that say where and as whom (SCRAM, RFC 5802)."""
        if self.user is None:
            return {"bootstrap_servers": self.bootstrap}
        return {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": MECHANISM,
            "sasl_plain_username": self.user,
            "sasl_plain_password": self.password,
        }

    def telling(self) -> dict[str, Any]:
        """The same for a producer: every ack awaited, nothing twice by a retry.

        What stands in for Apache Kafka on a street knows no idempotent producer, and when it is asked for the end of a partition it
        takes a batch for one record: so there each record is a batch of its own.
        """
        careful = {"enable_idempotence": True} if self.idempotence else {"max_batch_size": 1}
        return {**self.options(), "acks": "all", **careful}
