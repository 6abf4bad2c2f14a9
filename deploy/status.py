"""What the supervisor told, checked against what the programs say of themselves now."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from deploy.instance import Instance
from deploy.service import probe


async def look(data: Path) -> dict[str, Any] | None:
    """Answer the supervisor's state with the health of this moment, or nothing if none is running."""
    state = Instance(data).told()
    if state is None:
        return None
    await asyncio.gather(*(_look_at(program) for program in state["programs"]))
    return state


async def _look_at(program: dict[str, Any]) -> None:
    """Correct a health that is only remembered."""
    if program["health"] != "ready":
        return
    if program["kind"] == "service":
        program["health"] = await probe(f"{program['address']}/readyz") or "ready"
    elif not await _listens(program["address"]):
        program["health"] = "does not answer"


async def _listens(address: str) -> bool:
    target = urlsplit(address if "://" in address else f"//{address}")
    try:
        async with asyncio.timeout(2):
            _, writer = await asyncio.open_connection(target.hostname, target.port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
