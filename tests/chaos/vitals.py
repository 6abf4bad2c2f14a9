"""What a process weighs: memory, sockets, and what it tells of itself at `/metrics`."""

import os
from pathlib import Path
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_OURS: Final = frozenset(
    {"outcome_waiters", "open_streams", "commands_pending", "dead_letters", "duplicates", "retries", "public_facts"}
)


def of_process(pid: int) -> dict[str, float]:
    """Resident memory in bytes, and open sockets; nothing if there is no such process."""
    proc = Path("/proc") / str(pid)
    try:
        resident = int((proc / "statm").read_text().split()[1]) * _PAGE
        descriptors = list((proc / "fd").iterdir())
    except OSError:
        return {}
    return {"rss": float(resident), "sockets": float(sum(_is_socket(each) for each in descriptors))}


def of_metrics(text: str) -> dict[str, float]:
    """Our gauges and counters, summed over their labels."""
    sums: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        if family.name in _OURS:
            values = [sample.value for sample in family.samples if not sample.name.endswith("_created")]
            sums[family.name] = sum(values)
    return sums


def _is_socket(descriptor: Path) -> bool:
    try:
        return descriptor.readlink().name.startswith("socket:")
    except OSError:
        return False  # closed meanwhile
