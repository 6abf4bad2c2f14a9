"""The `brum` command. A new command is a file in deploy/commands and one line below."""

import os
import signal
import sys
from typing import Any

import typer

from deploy.commands import (
    doctor,
    health,
    replica_set,
    reset,
    seed,
    serve,
    simulate,
    status,
    token,
    topics,
    up,
    views,
)
from deploy.trouble import TroubleError

app = typer.Typer(
    name="brum",
    help="BrumTogether on this machine: run it, look at it, mend it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(up.up)
app.command()(status.status)
app.command()(doctor.doctor)
app.command()(token.token)
app.command()(seed.seed)
app.command()(simulate.simulate)
app.command()(reset.reset)
app.command()(serve.serve)
app.command()(health.health)
app.add_typer(topics.app, name="topics")
app.add_typer(replica_set.app, name="replica-set")
app.add_typer(views.app, name="views")


def main(arguments: list[str] | None = None) -> Any:  # noqa: ANN401 - typer's own
    """Run a command; trouble is one sentence on stderr and exit status 1."""
    if os.getpid() == 1:
        # The first process of a container is sent no signal that it does not handle. Until `serve` has handlers of
        # its own, and in commands that have none, SIGTERM shall end it all the same.
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        return app(arguments)
    except TroubleError as trouble:
        print(f"brum: {trouble}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
