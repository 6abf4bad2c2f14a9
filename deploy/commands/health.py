"""`brum health`."""

import asyncio
import os
from typing import Annotated

import typer

from deploy.trouble import TroubleError


def health(
    *,
    ready: Annotated[bool, typer.Option("--ready", help="Ask whether it takes work, not whether it lives.")] = False,
) -> None:
    """Ask the process at BRUM_INTERNAL_PORT how it is; exit 1 if it is not well. For container health checks."""
    from deploy.service import probe

    port = os.environ.get("BRUM_INTERNAL_PORT", "0")
    if port == "0":
        raise TroubleError("BRUM_INTERNAL_PORT does not say which process is meant; brum status shows them all.")
    finding = asyncio.run(probe(f"http://127.0.0.1:{port}/{'readyz' if ready else 'livez'}"))
    if finding:
        raise TroubleError(finding)
    typer.echo("ok")
