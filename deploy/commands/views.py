"""`brum views`."""

import asyncio

import typer

from deploy.trouble import TroubleError

app = typer.Typer(help="The views in Redis, from which everything public is read.", no_args_is_help=True)


@app.callback()
def views() -> None:
    """Keep `rebuild` a command of its own, though it is the only one."""


@app.command()
def rebuild() -> None:
    """Build the views anew from the services' snapshots and the facts since, while the old ones serve.

    Works on the platform that runs on BRUM_DATA.
    """
    from rich.console import Console

    from deploy.instance import Instance
    from deploy.settings import read
    from services.gateway.rebuild import Rebuild
    from services.gateway.view_store import ViewStore
    from shared.config import Platform
    from shared.internal_client import Internal
    from shared.ports import Trouble
    from shared.redis import Redis

    settings = read(Platform)
    instance = Instance(settings.data)
    secret = settings.secret.get_secret_value() if settings.secret else instance.secret_file.read_text().strip()
    console = Console()

    async def build() -> bool:
        redis = Redis(settings.redis or instance.address_of("redis"))
        owners = [Internal(instance.address_of(name), secret) for name in ("events", "pledges")]
        kafka = settings.kafka or instance.address_of("kafka")
        try:
            with console.status("Building the views") as status:
                return await Rebuild(ViewStore(redis), owners, kafka).once(
                    force=True, progress=lambda lines: status.update(f"Building the views: {lines:,} lines")
                )
        finally:
            await redis.close()
            for owner in owners:
                await owner.close()

    try:
        built = asyncio.run(build())
    except Trouble as trouble:
        raise TroubleError(f"The views were not built ({trouble}); the old ones still serve. Try again.") from trouble
    console.print("The views are new." if built else "Another process builds them just now.")
