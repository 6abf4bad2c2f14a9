"""Writes on what came of an event: completing it, who was there, and corrections."""

from typing import Annotated, Final

from pydantic import Field

from services.gateway.bodies import Body
from services.gateway.commands import Wish, Write
from services.gateway.fields import Category, Instant, Line, LocalTime, Reason, sent
from shared.contracts.attendance import NoteAttendance, Presence, TakeHeadcount
from shared.contracts.completion import CompleteEvent, CorrectOutcome
from shared.contracts.events import EventState, RegistrationAnswer
from shared.contracts.results import Figure

_PLACE: Final = "/v1/events/{event_id}"

Quantity = Annotated[int, Field(ge=0, le=1_000_000_000)]


class Told(Body):
    """A figure of what an event brought about: 40 `bags`, 120 `meals`; `unit` is the figure's name if not said."""

    figure: Category
    quantity: Quantity
    unit: Line | None = None


class Completing(Body):
    """What an event brought about; `occurred_at` is when it was, for sheets that are typed in later."""

    outcomes: Annotated[tuple[Told, ...], Field(max_length=20)] = ()
    occurred_at: Instant | None = None
    occurrence: LocalTime | None = None


class Right(Body):
    """The right quantity of a figure, and why it was wrong; everybody reads it."""

    quantity: Quantity
    reason: Reason
    occurrence: LocalTime | None = None


class Present(Body):
    """Whether a party came; `occurred_at` is when, for sheets that are typed in later."""

    status: Presence
    occurred_at: Instant | None = None


class Headcount(Body):
    """How many people came, whoever they are. `reason`: why an earlier count was wrong; everybody reads it."""

    headcount: Quantity
    occurrence: LocalTime | None = None
    occurred_at: Instant | None = None
    reason: Reason | None = None


def _complete(wish: Wish[Completing]) -> CompleteEvent:
    figures = tuple(Figure(told.figure, told.quantity, told.unit or told.figure) for told in wish.body.outcomes)
    return CompleteEvent(wish.id, **(sent(wish.body) | {"outcomes": figures}))


def _correct(wish: Wish[Right]) -> CorrectOutcome:
    return CorrectOutcome(wish.id, wish.ids[1], wish.body.quantity, wish.body.reason, wish.body.occurrence)


def _note(wish: Wish[Present]) -> NoteAttendance:
    return NoteAttendance(wish.id, wish.ids[1], wish.body.status, wish.body.occurred_at)


def _count(wish: Wish[Headcount]) -> TakeHeadcount:
    said = wish.body
    return TakeHeadcount(wish.id, said.headcount, said.occurrence, said.occurred_at, said.reason or "")


WRITES: Final = (
    Write(
        method="POST",
        path=f"{_PLACE}/registrations/{{registration_id}}/attendance",
        summary="Say whether a party came",
        service="events",
        body=Present,
        command=NoteAttendance,
        build=_note,
        answers={200: RegistrationAnswer},
        tag="registrations",
        problems=("event-wrong-state", "registration-wrong-state"),
    ),
    Write(
        method="POST",
        path=f"{_PLACE}/attendance",
        summary="Say how many people came, where names would harm",
        service="events",
        body=Headcount,
        command=TakeHeadcount,
        build=_count,
        answers={200: EventState},
        tag="registrations",
        problems=("event-wrong-state", "too-many-corrections"),
    ),
    Write(
        method="POST",
        path=f"{_PLACE}/complete",
        summary="Write an event down as done, with what it brought about",
        service="events",
        body=Completing,
        command=CompleteEvent,
        build=_complete,
        answers={200: EventState},
        tag="events",
        problems=("event-wrong-state", "figure-told-already", "too-many-figures"),
    ),
    Write(
        method="POST",
        path=f"{_PLACE}/outcomes/{{figure}}/correct",
        summary="Put a figure right; what it was before stays readable",
        service="events",
        body=Right,
        command=CorrectOutcome,
        build=_correct,
        answers={200: EventState},
        tag="events",
        problems=("too-many-corrections",),
    ),
)
