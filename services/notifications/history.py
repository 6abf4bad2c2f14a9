"""Asks a stream's owner for the facts that a reader has missed."""

from collections.abc import Mapping
from typing import Final

from shared.contracts.message import Envelope, Malformed, open_envelope
from shared.internal_client import Internal, Unavailable
from shared.ports import Trouble

PATIENCE_S: Final = 5.0
_OK: Final = 200


class History:
    """The owners' internal APIs; `owners` by the name of their service."""

    def __init__(self, owners: Mapping[str, Internal]) -> None:
        """Know the owners."""
        self._owners = owners

    @classmethod
    def at(cls, urls: Mapping[str, str], secret: str) -> "History":
        """Know the owners by their internal addresses."""
        return cls({owner: Internal(url, secret, timeout=PATIENCE_S) for owner, url in urls.items()})

    async def close(self) -> None:
        """End the connections."""
        for owner in self._owners.values():
            await owner.close()

    async def after(self, owner: str, stream: str, version: int) -> list[Envelope]:
        """Facts of a stream that follow a version, in order: the first of them, as many as the owner gives at once.

        The owner keeps 30 days, so the first may lie beyond the next. Raises `Trouble` if it does not answer.
        """
        try:
            reply = await self._owners[owner].get(f"/facts/{stream}", {"after": str(version)})
        except Unavailable as error:
            raise Trouble(f"{owner} does not tell its history: {error}") from error
        if reply.status != _OK:
            raise Trouble(f"{owner} answered {reply.status} for its history")
        try:
            return [open_envelope(line) for line in reply.body.splitlines() if line]
        except Malformed as error:
            raise Trouble(f"{owner} tells a history that cannot be read") from error
