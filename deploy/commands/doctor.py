"""`brum doctor`."""

import asyncio

import typer
from rich.console import Console


def doctor() -> None:
    """Look at this machine and say what is wrong with it and how to mend it; exit 1 if something is."""
    from deploy.doctor import examine
    from deploy.settings import read
    from shared.config import Platform

    console = Console(highlight=False, soft_wrap=True)
    ill = False
    for finding in asyncio.run(examine(read(Platform))):
        mark = "[green]ok   [/]" if finding.well else "[red]wrong[/]"
        console.print(f"{mark} {finding.subject:<14} {finding.said}")
        if not finding.well:
            ill = True
            console.print(f"                     [bold]{finding.remedy}[/]")
    if ill:
        raise typer.Exit(1)
    console.print("Nothing is in the way.")
