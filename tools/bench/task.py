"""What a program that a bench measures is told, on standard input: so no password is seen in a list of processes."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from shared.kafka import Access


@dataclass(frozen=True)
class Task:
    """What a program works on. It reads `topic` as `group`, or tells on it."""

    database_url: str
    database_password: str
    kafka: Access
    topic: str = ""
    group: str = ""


def task() -> Task:
    """What this program is told, from standard input."""
    told = json.loads(sys.stdin.readline())
    kafka = told.pop("kafka")
    return Task(**told, kafka=Access(**kafka | {"password_file": Path(kafka["password_file"]) if kafka["password_file"] else None}))
