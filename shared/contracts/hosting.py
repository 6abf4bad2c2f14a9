"""Events of several organisers: partners that host one together, and sub-events that make up a larger one."""

from shared.contracts.event_states import OfEvent, OnEvent


class OfHost(OfEvent, frozen=True):
    """About a partner of the event's campaign."""

    partner_id: str


class InviteCoHost(OfHost, frozen=True):
    """Ask a partner to host the event, too."""


class AcceptCoHost(OfHost, frozen=True):
    """Host it: the partner's members manage the event from then on."""


class RemoveCoHost(OfHost, frozen=True):
    """Host it no longer, or take the invitation back."""


class NoteSubEvent(OfEvent, frozen=True):
    """The service's own: an event was planned as a part of this one."""

    part_id: str


class CancelSubEvents(OfEvent, frozen=True):
    """The service's own: call the parts off whose ids follow `after` (a step of at most 200)."""

    after: str = ""


class CancelPart(OfEvent, frozen=True):
    """The service's own: call an event off with the one that it is a part of."""

    reason: str


class CoHostInvited(OnEvent, frozen=True):
    """A partner was asked."""

    partner_id: str


class CoHostAccepted(OnEvent, frozen=True):
    """A partner hosts the event."""

    partner_id: str


class CoHostRemoved(OnEvent, frozen=True):
    """It does so no longer, or will not."""

    partner_id: str


class SubEventAdded(OnEvent, frozen=True):
    """The event has one more part."""

    part_id: str
