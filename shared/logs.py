"""Logs: one JSON line an event on stderr, readable colours on a terminal, never a person's data."""

import json
import logging
import re
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any, TextIO

import structlog
from structlog.contextvars import bound_contextvars as context
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

__all__ = ["context", "logger", "setup"]

REMOVED = "[removed]"

_PRIVATE_WORDS = (
    "authorization",
    "cookie",
    "password",
    "secret",
    "token",
    "email",
    "e-mail",
    "phone",
    "contact",
)
_PRIVATE_KEYS = frozenset({"address", "api-key", "body", "headers", "note", "sub"})
# Libraries that bring handlers of their own; they shall speak through ours.
_LIBRARIES = (
    "uvicorn",
    "uvicorn.error",
    "uvicorn.access",
    "faststream",
    "faststream.access.kafka",
    "asyncio",
)
_E_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,255}(?:\.[\w-]{1,255})+")
_CREDENTIAL = re.compile(
    r"[Bb]earer\s+[\w.~+/=-]{8,}"  # an Authorization header, wherever it was quoted
    r"|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*"  # a JWT
    r"|\bwhsec_[\w+/=-]+"  # a webhook's secret
    r"|(?<=://)[^\s/@\"]{1,256}(?=@)"  # user and password of a connection string
)
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))} | {
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}


def setup(service: str, level: str = "INFO", *, stream: TextIO | None = None) -> None:
    """Send every log of this process, the libraries' included, through one renderer; call once, at start.

    Fields bound with `context(trace_id=…, command_id=…, stream=…)` are on every line of that task.
    """
    out = stream or sys.stderr
    threshold = logging.getLevelNamesMapping()[level.upper()]

    def name_service(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["service"] = service
        return event

    chain: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        name_service,
        _remove_private,
    ]
    structlog.configure(
        processors=[*chain, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *(_for_people() if out.isatty() else _for_machines()),
            ],
            foreign_pre_chain=chain,
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(threshold)
    for name in _LIBRARIES:
        library = logging.getLogger(name)
        library.handlers = []
        library.propagate = True
    # It would write whole URLs; the histogram counts requests.
    logging.getLogger("uvicorn.access").disabled = True
    logging.captureWarnings(capture=True)


def logger(name: str) -> FilteringBoundLogger:
    """Give a module its logger: `log = logs.logger(__name__)`, `log.info("batch decided", size=12)`."""
    made: FilteringBoundLogger = structlog.get_logger(name)
    return made


def _for_machines() -> Iterable[Processor]:
    """One line of ASCII JSON: escaping leaves no line break or control character, whatever a field holds."""
    return (structlog.processors.format_exc_info, _json)


def _for_people() -> Iterable[Processor]:
    """Colours for a terminal. Tracebacks are plain: the pretty ones print local variables."""
    console = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)

    def render(wrapped: WrappedLogger, method: str, event: EventDict) -> str:
        return _scrub(str(console(wrapped, method, event)))

    return (_escape_controls, render)


def _json(_: WrappedLogger, __: str, event: EventDict) -> str:
    return _scrub(json.dumps(event, default=repr, skipkeys=True))


def _remove_private(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Blank the fields whose names say that they hold a credential or a person's data, at any depth."""
    return _without_private(event)


def _without_private(fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in fields.items():
        if _is_private(name):
            fields[name] = REMOVED
        elif isinstance(value, dict):
            fields[name] = _without_private(dict(value))
    return fields


def _is_private(name: object) -> bool:
    folded = str(name).lower().replace("_", "-")
    return folded in _PRIVATE_KEYS or any(word in folded for word in _PRIVATE_WORDS)


def _scrub(line: str) -> str:
    """Blank what looks like a credential or an e-mail address in a finished line, tracebacks included.

    The patterns match neither quotes nor backslashes, so that a JSON line stays one.
    """
    line = _CREDENTIAL.sub(REMOVED, line)
    return _E_MAIL.sub(REMOVED, line) if "@" in line else line


def _escape_controls(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Show control characters: a field can neither break the line nor steer the terminal."""
    for name, value in event.items():
        if isinstance(value, str) and name != "exception":
            event[name] = value.translate(_CONTROLS)
    return event
