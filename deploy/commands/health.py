"""`brum health`."""

from typing import Annotated

import typer

from deploy.trouble import TroubleError


def health(
    *,
    ready: Annotated[bool, typer.Option("--ready", help="Ask whether it takes work, not whether it lives.")] = False,
) -> None:
    """Ask the process at BRUM_INTERNAL_PORT how it is; exit 1 if it is not well."""
    from deploy.health import finding

    found = finding(ready=ready)
    if found:
        raise TroubleError(found)
    typer.echo("ok")
