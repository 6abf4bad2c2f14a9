"""`brum status`."""

import asyncio
import json
import time
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from deploy.trouble import TroubleError


def status(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Show every part and process: its pid, address, health and how often it was started again.

    Exits 1 if nothing runs on BRUM_DATA or something is not well.
    """
    from deploy.settings import read
    from deploy.status import look
    from shared.config import Data

    state = asyncio.run(look(read(Data).data))
    if state is None and as_json:
        typer.echo(json.dumps({"running": False}))
        raise typer.Exit(1)
    if state is None:
        raise TroubleError("BrumTogether does not run here; start it with: make run")
    if as_json:
        typer.echo(json.dumps({"running": True, **state}, indent=2))
    else:
        _show(state)
    if not all(program["health"] in {"ready", "elsewhere"} for program in state["programs"]):
        raise typer.Exit(1)


def _show(state: dict[str, Any]) -> None:
    table = Table(box=None, pad_edge=False)
    for column in ("name", "health", "pid", "restarts", "address"):
        table.add_column(column, justify="right" if column in {"pid", "restarts"} else "left", overflow="fold")
    for program in state["programs"]:
        colour = {"ready": "green", "elsewhere": "cyan"}.get(program["health"], "red")
        table.add_row(
            program["name"],
            f"[{colour}]{program['health']}[/]",
            str(program["pid"] or "-"),
            str(program["restarts"]),
            program["address"],
        )
    console = Console()
    console.print(table)
    minutes = (time.time() - state["since"]) / 60
    console.print(f"\n{state['address']}, up for {minutes:.0f} min, supervisor {state['pid']}", highlight=False)
