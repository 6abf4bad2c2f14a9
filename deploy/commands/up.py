"""`brum up`."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console


def up(
    *,
    season: Annotated[bool, typer.Option(help="Load the #BrumTogether season where it is missing.")] = True,
) -> None:
    """Run the whole platform on this machine until Ctrl-C.

    Starts Kafka, MongoDB and Redis (each unless BRUM_KAFKA, BRUM_MONGO or BRUM_REDIS points elsewhere), makes
    the topics, starts the services and the gateway, and starts again whatever dies. PORT (8000) is the public
    port; BRUM_DATA (.brum) holds everything that must last.
    """
    from deploy.settings import read
    from deploy.supervisor import Supervisor
    from shared.config import Platform

    asyncio.run(Supervisor(read(Platform), Console(highlight=False, soft_wrap=True)).run(season=season))
