"""Crash points: named places where a test lets the process die or stand still. They do nothing unless the environment says so."""

import os
import signal
from collections import Counter
from enum import StrEnum

WISHES = {"SLUSS_CRASH_AT": signal.SIGKILL, "SLUSS_FREEZE_AT": signal.SIGSTOP}
_hits: Counter[str] = Counter()


class CrashPoint(StrEnum):
    """Every place where a test may let the process die (`reliability.md` R1)."""

    RELAY_AFTER_READ = "relay.after_read"
    RELAY_AFTER_SEND = "relay.after_send"  # handed to the producer, nothing acknowledged
    RELAY_AFTER_ACK = "relay.after_ack"
    RELAY_AFTER_DELETE = "relay.after_delete"
    CONSUMER_AFTER_READ = "consumer.after_read"
    CONSUMER_AFTER_EFFECT = "consumer.after_effect"  # inside the transaction
    CONSUMER_AFTER_COMMIT = "consumer.after_commit"  # of the database
    CONSUMER_AFTER_OFFSETS = "consumer.after_offsets"
    INBOX_AFTER_LOCK = "inbox.after_lock"  # the stream's turn is ours
    INBOX_AFTER_APPLY = "inbox.after_apply"  # inside the transaction, as all of the inbox's but after_commit and after_drain
    INBOX_AFTER_ADVANCE = "inbox.after_advance"
    INBOX_AFTER_PARK = "inbox.after_park"
    INBOX_AFTER_COMMIT = "inbox.after_commit"  # nothing that was parked is drained yet
    INBOX_AFTER_UNPARK = "inbox.after_unpark"
    INBOX_AFTER_DRAIN = "inbox.after_drain"  # one is committed, the next one still parked
    INBOX_AFTER_QUARANTINE = "inbox.after_quarantine"
    INBOX_AFTER_GIVING_UP = "inbox.after_giving_up"
    API_BEFORE_COMMIT = "api.before_commit"
    API_AFTER_COMMIT = "api.after_commit"
    API_BEFORE_ANSWER = "api.before_answer"
    TIMER_BEFORE_FIRE = "timer.before_fire"
    TIMER_AFTER_FIRE = "timer.after_fire"
    MIGRATION_IN_THE_MIDDLE = "migration.in_the_middle"  # a file is applied, and not yet written down
    MIGRATION_AFTER = "migration.after"


def reach(point: CrashPoint) -> None:
    """Dies here on the n-th visit when `SLUSS_CRASH_AT=<point>:<n>`; SIGKILL, so nothing is flushed or rolled back politely.

    `SLUSS_FREEZE_AT`: stands still here by SIGSTOP, until somebody sends SIGCONT.
    """
    for wish, sign in WISHES.items():
        name, _, wanted = os.environ.get(wish, "").partition(":")
        if name == point:
            _hits[name] += 1
            if _hits[name] == int(wanted or 1):
                os.kill(os.getpid(), sign)
