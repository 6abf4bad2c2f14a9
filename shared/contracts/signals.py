"""Signals: what people noticed and nobody has verified. Organisers and partners make needs of them.

What was written stays in the command and the owner's documents; facts tell what kind of thing, how much, in which ward.
"""

from typing import Literal

from msgspec import Struct

from shared.contracts.message import Fact
from shared.contracts.pledge_states import Kind, OfNeed, Quantity
from shared.contracts.sheets import OfSheet

SignalStatus = Literal["open", "promoted", "dismissed", "merged"]


class SignalState(Struct, frozen=True):
    """A signal after a change; `proposer` is a pseudonym that only notifications use.

    `need_id` is the need that it was promoted to, `merged_into` the signal that tells the same.
    """

    id: str
    version: int
    created_at: str
    updated_at: str
    campaign_id: str
    kind: Kind
    ward: str | None
    quantity: int | None
    unit: str | None
    proposer: str
    status: SignalStatus = "open"
    need_id: str | None = None
    merged_into: str | None = None


class SignalAnswer(Struct, frozen=True):
    """A signal as people read it: not whose it is."""

    id: str
    version: int
    created_at: str
    updated_at: str
    campaign_id: str
    kind: Kind
    ward: str | None
    quantity: int | None
    unit: str | None
    status: SignalStatus
    need_id: str | None
    merged_into: str | None


# ---------------------------------------------------------------- commands


class OfSignal(OfSheet, frozen=True):
    """A command that a signal decides."""

    signal_id: str

    @property
    def stream(self) -> str:
        """The signal."""
        return self.signal_id


class ReportSignal(OfSignal, frozen=True):
    """Tell of something that may be needed."""

    campaign_id: str
    kind: Kind
    text: str
    ward: str | None = None
    quantity: Quantity | None = None
    unit: str | None = None

    @property
    def within(self) -> str:
        """The campaign."""
        return self.campaign_id


class Promoted(Struct, frozen=True):
    """The need that a signal becomes, in the words of who promotes it."""

    need_id: str
    title: str
    kind: Kind
    quantity: Quantity
    unit: str
    currency: str | None = None
    limit: Literal["hard", "soft"] = "hard"
    by: str | None = None
    ward: str | None = None
    description: str | None = None
    principles: tuple[int, ...] = ()
    languages: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    subkind: str | None = None


class PromoteSignal(OfSignal, frozen=True):
    """Make a need of it."""

    need: Promoted


class ReturnSignal(OfSignal, frozen=True):
    """The service's own: the need could not be opened after all."""

    need_id: str


class DismissSignal(OfSignal, frozen=True):
    """Make nothing of it."""

    reason: str


class MergeSignal(OfSignal, frozen=True):
    """Another signal tells the same."""

    into: str

    @property
    def mentions(self) -> tuple[str, ...]:
        """The other one."""
        return (self.into,)


class OpenPromoted(OfNeed, frozen=True):
    """The service's own: open the need that a signal was promoted to, for who promoted it."""

    campaign_id: str
    signal_id: str
    opener: str
    need: Promoted


# ---------------------------------------------------------------- facts


class OnSignal(Fact, frozen=True):
    """A fact on a signal's stream."""

    signal: SignalState

    @property
    def stream(self) -> str:
        """The signal."""
        return self.signal.id

    @property
    def streamversion(self) -> int:
        """The signal's version."""
        return self.signal.version


class SignalReported(OnSignal, frozen=True):
    """Somebody noticed something."""


class SignalPromoted(OnSignal, frozen=True):
    """It is a need now."""


class SignalReturned(OnSignal, frozen=True):
    """It is none after all, and open again."""


class SignalDismissed(OnSignal, frozen=True):
    """Nothing is made of it."""


class SignalMerged(OnSignal, frozen=True):
    """Another signal tells the same."""
