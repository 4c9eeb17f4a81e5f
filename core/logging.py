"""Structured logs: one JSON object a line, constant event names, facts as keys, no secrets."""

from __future__ import annotations

import logging
import sys
from typing import Any, TextIO

import structlog

_SECRET_KEYS = frozenset({"password", "token", "access_token", "refresh_token", "secret", "push_token", "payload"})


def configure_logging(role: str, level: str = "info", stream: TextIO | None = None) -> None:
    """Send structlog and the standard library's warnings to ``stream`` (default stderr) as JSON."""
    out = stream or sys.stderr
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _hide_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(file=out),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(role=role)
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=shared,
        )
    )
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[handler], force=True)


def _hide_secrets(_: Any, __: str, event: Any) -> Any:
    for key in _SECRET_KEYS & event.keys():
        event[key] = "***"
    return event


def get_logger(name: str) -> Any:
    """A logger bound to the module that owns it."""
    return structlog.get_logger(module=name)
