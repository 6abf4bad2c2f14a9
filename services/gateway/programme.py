"""Agenda and actions of a meeting, and slots inside an event: writes, and reads that the events service answers."""

from collections.abc import Mapping
from typing import Annotated, Final

from msgspec import Struct
from pydantic import Field

from services.gateway import parameters
from services.gateway.bodies import Body
from services.gateway.campaigns import Nothing
from services.gateway.commands import Wish, Write
from services.gateway.fields import Category, Date, Line, LocalTime, Note, Text, WebAddress, absent, existing, sent
from services.gateway.idempotency import suffix
from services.gateway.identity import Identity
from services.gateway.personal import OK, Path, private
from services.gateway.problems import Answer, ProblemError
from services.gateway.table import PATTERNS, Exchange, Route
from shared.contracts.programme import (
    Action,
    ActionState,
    AddAction,
    AddAgendaItem,
    AgendaItem,
    ChangeAction,
    ProgrammeState,
)
from shared.contracts.slots import AddSlot, BookingAnswer, BookSlot, ReleaseBooking, SlotState
from shared.internal_client import Internal, Unavailable

_PLACE: Final = "/v1/events/{event_id}"
_GONE: Final = 404
_FORBIDDEN: Final = 403

Places = Annotated[int, Field(ge=1, le=1_000)]


class NewItem(Body):
    """Something for the agenda."""

    title: Line
    text: Text | None = None
    url: WebAddress | None = None


class NewAction(Body):
    """What was agreed upon; `who` names an organisation or a role, not a person."""

    title: Line
    who: Line | None = None
    due: Date | None = None


class ActionChange(Body):
    """Where an action stands."""

    state: ActionState
    note: Note | None = Field(default_factory=absent)


class NewSlot(Body):
    """A stall, a table, time on a stage; times are local to the event."""

    kind: Category
    title: Line
    places: Places = 1
    starts_at: LocalTime | None = None
    ends_at: LocalTime | None = None


class Booking(Body):
    """Who wants the slot: the caller, or a partner that the caller is a member of."""

    places: Places = 1
    partner_id: str | None = None


class Meeting(Struct, frozen=True):
    """A meeting before this one, with what it agreed upon."""

    event_id: str
    title: str
    starts_at: str
    actions: tuple[Action, ...]


class Programme(Struct, frozen=True):
    """Agenda and actions; `carried` are those of the meetings before: all of the last one, of others what is open."""

    event_id: str
    agenda: tuple[AgendaItem, ...]
    actions: tuple[Action, ...]
    carried: tuple[Meeting, ...]


class Slots(Struct, frozen=True):
    """The slots of an event."""

    items: tuple[SlotState, ...]
    next: str | None


class Bookings(Struct, frozen=True):
    """Who has places of a slot."""

    items: tuple[BookingAnswer, ...]
    next: str | None


def _item(wish: Wish[NewItem]) -> AddAgendaItem:
    return AddAgendaItem(wish.id, suffix("agenda", wish.command_id), **sent(wish.body))


def _action(wish: Wish[NewAction]) -> AddAction:
    return AddAction(wish.id, suffix("action", wish.command_id), **sent(wish.body))


def _slot(wish: Wish[NewSlot]) -> AddSlot:
    return AddSlot(wish.id, f"{wish.id}.{suffix('slot', wish.command_id)}", **sent(wish.body))


def _book(wish: Wish[Booking]) -> BookSlot:
    """One booking a slot and person, or partner."""
    event, slot = wish.ids
    partner = wish.body.partner_id
    if partner is not None:
        existing(PATTERNS["partner_id"], partner, "/partner_id")
    name = f"{event}.{suffix('booking', slot, partner or wish.person)}"
    return BookSlot(event, slot, name, wish.body.places, partner)


WRITES: Final = (
    Write(
        method="POST",
        path=f"{_PLACE}/agenda",
        summary="Put something on the agenda",
        service="events",
        body=NewItem,
        command=AddAgendaItem,
        build=_item,
        answers={201: ProgrammeState},
        tag="events",
        problems=("too-many-items",),
    ),
    Write(
        method="POST",
        path=f"{_PLACE}/actions",
        summary="Write down what was agreed upon",
        service="events",
        body=NewAction,
        command=AddAction,
        build=_action,
        answers={201: ProgrammeState},
        tag="events",
        problems=("too-many-items",),
    ),
    Write(
        method="PATCH",
        path=f"{_PLACE}/actions/{{action_id}}",
        summary="Say where an action stands",
        service="events",
        body=ActionChange,
        command=ChangeAction,
        build=lambda wish: ChangeAction(wish.id, wish.ids[1], **sent(wish.body)),
        answers={200: ProgrammeState},
        tag="events",
    ),
    Write(
        method="POST",
        path=f"{_PLACE}/slots",
        summary="Offer a stall, a table, time on a stage",
        service="events",
        body=NewSlot,
        command=AddSlot,
        build=_slot,
        answers={201: SlotState},
        tag="events",
        problems=("event-wrong-state",),
    ),
    Write(
        method="POST",
        path=f"{_PLACE}/slots/{{slot_id}}/bookings",
        summary="Take places of a slot",
        service="events",
        body=Booking,
        command=BookSlot,
        build=_book,
        answers={201: BookingAnswer},
        tag="events",
        problems=("slot-full", "event-not-open"),
    ),
    Write(
        method="DELETE",
        path=f"{_PLACE}/slots/{{slot_id}}/bookings/{{booking_id}}",
        summary="Give places of a slot back",
        service="events",
        body=Nothing,
        command=ReleaseBooking,
        build=lambda wish: ReleaseBooking(*wish.ids),
        answers={200: BookingAnswer},
        tag="events",
    ),
)


def reads(identity: Identity, events: Internal) -> list[Route]:
    """What the events service shows of an event to whoever may see it."""

    def route(path: str, summary: str, ask: Path, answers: type[Struct]) -> Route:
        async def handle(exchange: Exchange) -> Answer:
            caller = await identity.authenticate(exchange.headers)
            parameters.query(exchange.scope["query_string"])
            wanted: Mapping[str, str] = {"person": caller.person} if caller else {}
            try:
                reply = await events.get(ask(exchange.ids), wanted, traceparent=exchange.traceparent)
            except Unavailable:
                raise ProblemError("unavailable", "What hangs on an event is read from its owner.") from None
            if reply.status == _FORBIDDEN:
                raise ProblemError("forbidden" if caller else "unauthenticated")
            if reply.status == _GONE:
                raise ProblemError("not-found")
            return private(reply.body)

        return Route(
            method="GET",
            path=path,
            summary=summary,
            handle=handle,
            tag="events",
            answers={OK: answers},
            access="public",
            problems=("not-found", "forbidden", "unavailable"),
        )

    return [
        route(
            f"{_PLACE}/programme",
            "Agenda and actions, with what the meetings before agreed upon",
            lambda ids: f"/events/{ids[0]}/programme",
            Programme,
        ),
        route(f"{_PLACE}/slots", "Slots of an event", lambda ids: f"/events/{ids[0]}/slots", Slots),
        route(
            f"{_PLACE}/slots/{{slot_id}}/bookings",
            "Who has places of a slot, to those who manage the event",
            lambda ids: f"/events/{ids[0]}/slots/{ids[1]}/bookings",
            Bookings,
        ),
    ]
