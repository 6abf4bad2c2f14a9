"""`brum reset`."""

from typing import Annotated

import typer


def reset(
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete everything below BRUM_DATA: data of the embedded parts, generated keys, logs.

    Refused while the platform runs. What lies in a Kafka, MongoDB or Redis elsewhere is not touched.
    """
    from deploy.instance import Instance
    from deploy.settings import read
    from shared.config import Data

    instance = Instance(read(Data).data)
    if not instance.data.exists():
        typer.echo(f"There is nothing at {instance.data}.")
        return
    if not yes:
        typer.confirm(f"Delete everything in {instance.data}?", abort=True)
    instance.erase()
    typer.echo(f"{instance.data} is empty; the next start is the first one again.")
