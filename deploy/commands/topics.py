"""`brum topics`."""

import asyncio
from typing import Annotated

import typer

app = typer.Typer(help="Kafka's topics.", no_args_is_help=True)


@app.command()
def apply(
    within: Annotated[float, typer.Option(min=0, help="Seconds that a Kafka that still starts is waited for.")] = 0,
) -> None:
    """Create the topics that are missing, and refuse where one has another number of partitions.

    Needs BRUM_KAFKA, or a platform that runs on BRUM_DATA.
    """
    from deploy import topics
    from deploy.instance import Instance
    from deploy.settings import read
    from shared.config import Platform

    settings = read(Platform)
    kafka = settings.kafka or Instance(settings.data).address_of("kafka")
    made = asyncio.run(topics.apply(kafka, settings.partitions, within=within))
    typer.echo(f"Made: {', '.join(made)}" if made else "All topics were there.")
