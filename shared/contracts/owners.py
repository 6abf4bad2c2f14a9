"""Several partners own a need together: members of each manage it."""

from shared.contracts.pledge_states import OfNeed, OnNeed


class AddOwner(OfNeed, frozen=True):
    """Let a partner of the campaign own it, too."""

    partner_id: str


class RemoveOwner(OfNeed, frozen=True):
    """Take that back."""

    partner_id: str


class OwnerAdded(OnNeed, frozen=True):
    """Another partner owns it, too."""

    partner_id: str


class OwnerRemoved(OnNeed, frozen=True):
    """A partner owns it no longer."""

    partner_id: str
