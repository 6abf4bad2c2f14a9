"""A need whose day comes near while something of it is uncommitted."""

from shared.contracts.pledge_states import OfNeed, OnNeed, Urgency


class EscalateNeed(OfNeed, frozen=True):
    """The service's own: a step before the day `by` is reached; left alone if that is not the day any more."""

    by: str
    urgency: Urgency


class NeedEscalated(OnNeed, frozen=True):
    """Its day is so near, or past, and something is uncommitted; told once a step."""
