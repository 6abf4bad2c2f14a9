"""`brum serve`."""

import errno
import gc
import importlib
from enum import StrEnum
from typing import Annotated

import typer

from deploy.trouble import TroubleError


class Process(StrEnum):
    """What `brum serve` can run."""

    EVENTS = "events"
    PLEDGES = "pledges"
    NOTIFICATIONS = "notifications"
    GATEWAY = "gateway"


def serve(
    process: Annotated[Process, typer.Argument(help="Which process.", show_default=False)],
) -> None:
    """Run one process in the foreground, as containers do; SIGTERM ends it in good order.

    Its settings come from BRUM_* variables; .env.example tells them all.
    """
    import uvloop

    from deploy.settings import read
    from shared import VERSION, logs, metrics
    from shared.config import PROCESSES

    settings = read(PROCESSES[process])
    logs.setup(process, settings.log_level)
    metrics.describe_build(process, VERSION, settings.revision)
    gc.set_threshold(20_000, 20, 50)  # by default young objects are looked through many times a batch, for nothing
    try:
        uvloop.run(importlib.import_module(f"services.{process}.app").main(settings))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise TroubleError("Its port is in use: stop what listens there, or set PORT or BRUM_INTERNAL_PORT.") from error
