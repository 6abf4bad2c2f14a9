"""Befriending: two people brought together for a while, by consent of both and after a safeguarding check.

No distance and no place plays a part. Who the two are is a pseudonym, told to them and to who matched them alone;
what is written about it is private.
"""

from typing import Literal

from msgspec import Struct

from shared.contracts.message import Fact
from shared.contracts.sheets import OfSheet

BefriendingStatus = Literal["proposed", "consented", "active", "ended"]
Side = Literal["guest", "friend"]


class BefriendingState(Struct, frozen=True):
    """A match after a change; `consented` until both have and the check is made, `previous` is the guest's last one."""

    id: str
    version: int
    created_at: str
    updated_at: str
    campaign_id: str
    guest: str
    friend: str
    matcher: str
    status: BefriendingStatus = "proposed"
    consents: tuple[Side, ...] = ()
    checked: bool = False
    started_at: str | None = None
    ended_at: str | None = None
    previous: str | None = None


# ---------------------------------------------------------------- commands


class OfBefriending(OfSheet, frozen=True):
    """A command that a match decides."""

    befriending_id: str

    @property
    def stream(self) -> str:
        """The match."""
        return self.befriending_id


class ProposeBefriending(OfBefriending, frozen=True):
    """Bring two people together; the caller matches them. `note` is for the three alone."""

    campaign_id: str
    guest: str
    friend: str
    note: str | None = None

    @property
    def within(self) -> str:
        """The campaign."""
        return self.campaign_id


class RematchBefriending(OfBefriending, frozen=True):
    """Bring the guest of a match that has ended together with somebody else."""

    previous: str
    friend: str
    note: str | None = None

    @property
    def mentions(self) -> tuple[str, ...]:
        """The match that has ended."""
        return (self.previous,)


class ConsentToBefriending(OfBefriending, frozen=True):
    """One of the two agrees."""


class CheckBefriending(OfBefriending, frozen=True):
    """The safeguarding check was made."""


class EndBefriending(OfBefriending, frozen=True):
    """It is over, or does not come about."""

    reason: str | None = None


# ---------------------------------------------------------------- facts


class OnBefriending(Fact, frozen=True):
    """A fact on a match's stream."""

    befriending: BefriendingState

    @property
    def stream(self) -> str:
        """The match."""
        return self.befriending.id

    @property
    def streamversion(self) -> int:
        """The match's version."""
        return self.befriending.version


class BefriendingProposed(OnBefriending, frozen=True):
    """Two people are asked."""


class BefriendingConsented(OnBefriending, frozen=True):
    """One of them agrees."""


class BefriendingChecked(OnBefriending, frozen=True):
    """The check was made."""


class BefriendingStarted(OnBefriending, frozen=True):
    """Both agree and the check was made."""


class BefriendingEnded(OnBefriending, frozen=True):
    """It is over."""
