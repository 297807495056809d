"""Where things lie: the project, the street's own folder and what is in it, the cache that streets share."""

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
# The mark in every part's environment by which a killed launcher's leftovers are found. Not SLUSS_STREET, which a person
# exports to choose a street: `sluss down` must never end somebody's shell.
MARK = "SLUSS_PART_OF"
PART = "SLUSS_PART"


def chosen_street() -> Path:
    """The folder that SLUSS_STREET names, `.sluss/street` of the project when it names none."""
    return Path(os.environ.get("SLUSS_STREET") or ROOT / ".sluss" / "street").absolute()


def cache() -> Path:
    """Kafka's jars, shared by all streets; SLUSS_CACHE puts it elsewhere."""
    return Path(os.environ.get("SLUSS_CACHE") or ROOT / ".sluss" / "cache").absolute() / "kafka-4.3.1"


@dataclass(frozen=True)
class Places:
    """One street's folder. Readable by its owner only: it holds the secrets."""

    folder: Path

    @property
    def record(self) -> Path:
        """Where everything is, for commands and tests. There while the street runs."""
        return self.folder / "street.json"

    @property
    def ports(self) -> Path:
        """The ports of the last time, taken again when they are free: addresses people kept go on working."""
        return self.folder / "ports.json"

    @property
    def lock(self) -> Path:
        """Held by the one launcher for as long as it lives."""
        return self.folder / "launcher.lock"

    @property
    def kafka(self) -> Path:
        """The broker's data."""
        return self.folder / "kafka"

    @property
    def postgres(self) -> Path:
        """PostgreSQL's data, unless we are root (see postgres.py)."""
        return self.folder / "postgres"

    def secret(self, name: str) -> Path:
        """A file for one secret, 0600."""
        return self.folder / "secrets" / name

    def log(self, part: str) -> Path:
        """What a part says."""
        return self.folder / "log" / f"{part}.log"

    def make(self) -> None:
        """Makes the folders, for the owner only."""
        for folder in (self.folder, self.folder / "secrets", self.folder / "log", self.kafka):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.chmod(0o700)
