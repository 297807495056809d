"""Logs: one JSON line an event, with the trace it belongs to. An exception is told by its kind and place, never by its text."""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

from shared.telemetry import current_trace

logger: structlog.stdlib.BoundLogger = structlog.get_logger("sluss")
MOST_CHARACTERS = 2000


def _kind_and_place(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replaces an exception by its type and stack. Its message may hold what somebody typed (a database's DETAIL does)."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()[1]
    elif isinstance(info, tuple):
        info = info[1]
    if isinstance(info, BaseException):
        event["exception"] = type(info).__name__
        event["at"] = [
            f"{frame.filename.rsplit('/', 3)[-1]}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(info.__traceback__)
        ][-8:]
    return event


def _with_trace(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    trace = current_trace()
    if trace:
        event["trace_id"], event["span_id"] = trace
    return event


def _capped(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: value[:MOST_CHARACTERS] if isinstance(value, str) else value for key, value in event.items()}


def start(service: str, level: str = "INFO") -> None:
    """Sends this process' logs, and those of the libraries it uses, to standard output as JSON."""
    shared_steps: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_trace,
        _kind_and_place,
        _capped,
    ]
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *shared_steps, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared_steps,
        use_get_message=False,  # of a library's line only the unformatted template: its arguments may be data
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            lambda _, __, event: {"service": service, **event},
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("aiokafka", "faststream", "httpx", "asyncio", "matplotlib"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
