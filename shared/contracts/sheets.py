"""Streams of the pledges service that are one document each, with nothing hanging on it."""

from shared.contracts.message import Command


class OfSheet(Command, frozen=True):
    """A command on such a stream; `within` is the campaign in which it begins one, `mentions` other such streams."""

    @property
    def within(self) -> str:
        """A campaign, or nothing."""
        return ""

    @property
    def mentions(self) -> tuple[str, ...]:
        """Ids of streams of the same kind that deciding takes."""
        return ()
