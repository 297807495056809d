"""Why a street does not run: one clear line and one exit code each, for people and for scripts."""

from enum import IntEnum
from pathlib import Path


class Exit(IntEnum):
    """Exit codes of `sluss up`, `down`, `status`, `token`, `open` and `clock`."""

    HEALTHY = 0
    NOT_HEALTHY = 1
    USAGE = 2
    NOTHING_RUNS = 3
    JARS_OUT_OF_REACH = 4
    WRONG_CHECKSUM = 5
    ALREADY_RUNS = 6


class StreetFailure(Exception):
    """The street cannot start or go on. The text is one line for a person."""

    exit = Exit.NOT_HEALTHY


class WrongSetting(StreetFailure):
    """The environment asks for something that does not exist."""

    exit = Exit.USAGE


class NothingRuns(StreetFailure):
    """No launcher is alive for this street."""

    exit = Exit.NOTHING_RUNS


class JarsOutOfReach(StreetFailure):
    """Kafka's jars are not in the cache and cannot be fetched."""

    exit = Exit.JARS_OUT_OF_REACH


class WrongChecksum(StreetFailure):
    """A jar is not the one that is pinned. Never a reason to fall back to anything else."""

    exit = Exit.WRONG_CHECKSUM


class AlreadyRuns(StreetFailure):
    """A launcher of this street is alive."""

    exit = Exit.ALREADY_RUNS


def no_use(folder: Path, error: OSError) -> StreetFailure:
    """What to say when the system refuses: most often the disk is full, or may not be written."""
    return StreetFailure(f"The system refuses something in {error.filename or folder}: {error.strerror}. Cure that and start again.")


FAILURES = {kind.__name__: kind for kind in (StreetFailure, WrongSetting, NothingRuns, JarsOutOfReach, WrongChecksum, AlreadyRuns)}
