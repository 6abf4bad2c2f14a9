"""Partners that host an event together."""

from typing import Final

from services.gateway.bodies import Body
from services.gateway.campaigns import Nothing
from services.gateway.commands import Wish, Write
from services.gateway.fields import Id, existing
from services.gateway.table import PATTERNS
from shared.contracts.events import EventState
from shared.contracts.hosting import AcceptCoHost, InviteCoHost, RemoveCoHost

_PLACE: Final = "/v1/events/{event_id}/hosts"


class HostInvitation(Body):
    """The partner that is asked to host the event, too."""

    partner_id: Id


def _invite(wish: Wish[HostInvitation]) -> InviteCoHost:
    return InviteCoHost(wish.id, existing(PATTERNS["partner_id"], wish.body.partner_id, "/partner_id"))


WRITES: Final = (
    Write(
        method="POST",
        path=_PLACE,
        summary="Ask a partner to host the event, too",
        service="events",
        body=HostInvitation,
        command=InviteCoHost,
        build=_invite,
        answers={200: EventState},
        tag="events",
        problems=("too-many-hosts",),
    ),
    Write(
        method="POST",
        path=f"{_PLACE}/{{partner_id}}/accept",
        summary="Host the event, as a member of a partner that was asked",
        service="events",
        body=Nothing,
        command=AcceptCoHost,
        build=lambda wish: AcceptCoHost(*wish.ids),
        answers={200: EventState},
        tag="events",
    ),
    Write(
        method="DELETE",
        path=f"{_PLACE}/{{partner_id}}",
        summary="Host the event no longer, or take an invitation back",
        service="events",
        body=Nothing,
        command=RemoveCoHost,
        build=lambda wish: RemoveCoHost(*wish.ids),
        answers={200: EventState},
        tag="events",
    ),
)
