"""The pause switch: an event that is taken out of everything public at once, and may come back."""

from shared.contracts.event_states import OfEvent, OnEvent


class HideEvent(OfEvent, frozen=True):
    """Take the event out of every list, aggregate, feed and stream; why is for those who manage it alone."""

    reason: str


class UnhideEvent(OfEvent, frozen=True):
    """Bring it back."""


class EventHidden(OnEvent, frozen=True):
    """The event is to be seen by nobody but those who manage it or had registered."""


class EventUnhidden(OnEvent, frozen=True):
    """The event is back where it was."""
