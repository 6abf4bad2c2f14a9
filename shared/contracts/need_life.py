"""The life of a need beside opening and closing: it rests, goes out of sight, is written off."""

from shared.contracts.pledge_states import OfNeed, OfPledge, OnNeed, OnPledge

# ---------------------------------------------------------------- commands


class PauseNeed(OfNeed, frozen=True):
    """Take no more pledges for now."""


class ResumeNeed(OfNeed, frozen=True):
    """Undo a pause."""


class HideNeed(OfNeed, frozen=True):
    """Take it out of everybody's sight but that of its organisers and donors."""


class UnhideNeed(OfNeed, frozen=True):
    """Show it again."""


class WriteOffPledge(OfPledge, frozen=True):
    """Give up what was promised by a pledge and never came."""

    reason: str


class WriteOffNeed(OfNeed, frozen=True):
    """Close, and give up all that was promised and never came."""

    reason: str


class WriteOffRest(OfNeed, frozen=True):
    """The service's own: the next step of a write-off."""

    reason: str


# ---------------------------------------------------------------- facts


class NeedPaused(OnNeed, frozen=True):
    """It takes no more pledges for now."""


class NeedResumed(OnNeed, frozen=True):
    """It takes pledges again."""


class NeedHidden(OnNeed, frozen=True):
    """It is out of sight."""


class NeedUnhidden(OnNeed, frozen=True):
    """It can be seen again."""


class NeedWrittenOff(OnNeed, frozen=True):
    """It is closed, and its pledges are written off one by one, each with a fact of its own."""


class PledgeWrittenOff(OnPledge, frozen=True):
    """`quantity` was promised and never came."""

    quantity: int
