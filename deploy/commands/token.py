"""`brum token`."""

from enum import StrEnum
from typing import Annotated

import typer

from deploy.trouble import TroubleError


class Role(StrEnum):
    """What somebody may be."""

    RESIDENT = "resident"
    ORGANISER = "organiser"
    PARTNER = "partner"
    OPERATOR = "operator"


def token(
    sub: Annotated[str, typer.Option(help="Who it is, for example ana.", show_default=False)],
    role: Annotated[list[Role] | None, typer.Option(help="May be given several times. [default: resident]")] = None,
    ttl: Annotated[int, typer.Option(min=1, max=86_400 * 30, help="How long it is valid, in seconds.")] = 3600,
) -> None:
    """Print a bearer token for a made-up person; only a gateway in development on the same BRUM_DATA accepts it.

    Try: curl -H "Authorization: Bearer $(brum token --sub ana)" http://127.0.0.1:8000/v1/me
    """
    from deploy.settings import read
    from services.gateway import development
    from shared.config import Data

    settings = read(Data)
    if settings.env != "development":
        raise TroubleError("Tokens are signed here in development only (BRUM_ENV); ask your identity provider for one.")
    issuer = development.load(settings.data)
    typer.echo(issuer.token(sub, [each.value for each in role or [Role.RESIDENT]], ttl))
