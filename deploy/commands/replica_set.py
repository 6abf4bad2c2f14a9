"""`brum replica-set`."""

import asyncio
from typing import Annotated

import typer

from deploy.trouble import TroubleError

app = typer.Typer(help="MongoDB's replica set.", no_args_is_help=True)


@app.command()
def make(
    within: Annotated[float, typer.Option(min=1, help="Seconds that a server that still starts is waited for.")] = 60,
) -> None:
    """Make the replica set that BRUM_MONGO names of the members that it lists, unless it is there; for containers.

    BRUM_MONGO is mongodb://HOST:PORT[,HOST:PORT]/?replicaSet=NAME.
    """
    from deploy import replica_set
    from deploy.settings import read
    from shared.config import Platform

    address = read(Platform).mongo
    if not address:
        raise TroubleError("BRUM_MONGO does not say where MongoDB is.")
    made = asyncio.run(replica_set.make(address, within))
    typer.echo("Made the replica set." if made else "The replica set was there.")
