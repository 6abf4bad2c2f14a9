"""The pause switch of an event."""

from typing import Final

from msgspec import Struct

from services.gateway.bodies import Body
from services.gateway.campaigns import Nothing
from services.gateway.commands import Write
from services.gateway.fields import Reason
from services.gateway.personal import Personal
from services.gateway.table import Route
from shared.contracts.events import EventState
from shared.contracts.hiding import HideEvent, UnhideEvent

_PLACE: Final = "/v1/events/{event_id}"


class Hiding(Body):
    """Why an event is taken away; only those who manage it read that."""

    reason: Reason


class HiddenEvent(Struct, frozen=True):
    """Whether an event is hidden, and why it was hidden last."""

    hidden: bool
    reason: str | None
    at: str | None


WRITES: Final = (
    Write(
        method="POST",
        path=f"{_PLACE}/hide",
        summary="Take an event out of every list, aggregate, feed and stream at once",
        service="events",
        body=Hiding,
        command=HideEvent,
        build=lambda wish: HideEvent(wish.id, wish.body.reason),
        answers={200: EventState},
        tag="events",
    ),
    Write(
        method="POST",
        path=f"{_PLACE}/unhide",
        summary="Bring a hidden event back",
        service="events",
        body=Nothing,
        command=UnhideEvent,
        build=lambda wish: UnhideEvent(wish.id),
        answers={200: EventState},
        tag="events",
    ),
)


def reads(personal: Personal) -> list[Route]:
    """Why an event is hidden, which the events service tells those who manage it."""
    return [
        personal.one(
            path=f"{_PLACE}/hiding",
            summary="Why an event is hidden, to those who manage it",
            service="events",
            ask=lambda ids: f"/events/{ids[0]}/hiding",
            answers=HiddenEvent,
            tag="events",
        )
    ]
