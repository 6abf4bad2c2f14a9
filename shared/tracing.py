"""W3C Trace Context, level 1: the `traceparent` that follows a request into its commands and facts."""

import os
import re

# Version, trace id, parent id, flags; what a later version appends after a dash is ignored (section 4.3).
_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)
_SAMPLED = 0x01


def new_trace() -> str:
    """Start a trace: a fresh `traceparent`, sampled."""
    drawn = os.urandom(24).hex()
    return f"00-{drawn[:32]}-{drawn[32:]}-01"


def child(traceparent: str | None) -> str:
    """Continue a trace with a new span id; a missing or malformed header starts a fresh trace."""
    parts = _parse(traceparent)
    if parts is None:
        return new_trace()
    trace, _, flags = parts
    return f"00-{trace}-{os.urandom(8).hex()}-{flags}"


def trace_id(traceparent: str | None) -> str:
    """The trace's 32 hex digits; those of a fresh trace if the header is malformed."""
    parts = _parse(traceparent)
    return parts[0] if parts else new_trace()[3:35]


def _parse(traceparent: str | None) -> tuple[str, str, str] | None:
    """Trace id, parent id and the flags that we know; None if the header is not to be used (section 3.2)."""
    match = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    if match is None:
        return None
    version, trace, parent, flags, rest = match.groups()
    if version == "ff" or (version == "00" and rest) or not trace.strip("0") or not parent.strip("0"):
        return None
    return trace, parent, f"{int(flags, 16) & _SAMPLED:02x}"
