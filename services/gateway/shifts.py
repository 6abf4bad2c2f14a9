"""Writes on shifts, places on them and clearances, and who may read which of them."""

from typing import Annotated, Any, Final

from msgspec import Struct
from pydantic import Field

from services.gateway.bodies import Body
from services.gateway.campaigns import Nothing
from services.gateway.commands import Wish, Write
from services.gateway.events import Cancelling
from services.gateway.fields import Date, Id, Line, LocalTime, Note, Person, Reason, absent, sent
from services.gateway.idempotency import suffix
from services.gateway.personal import Personal
from services.gateway.problems import ProblemError
from services.gateway.table import Parameter, Route
from shared.contracts.shifts import (
    AskCover,
    AssignmentAnswer,
    AssignmentState,
    CancelShift,
    ChangePlace,
    ChangeShift,
    ClearanceKind,
    ClearancesAnswer,
    ConfirmPlace,
    LeavePlace,
    OpenShift,
    ProposePlace,
    RecordClearance,
    ReleasePlace,
    Requirement,
    Role,
    ShiftAnswer,
    TakePlace,
    VolunteerAnswer,
    WithdrawClearance,
)

_SHIFTS: Final = "/v1/events/{event_id}/shifts"
_SHIFT: Final = f"{_SHIFTS}/{{shift_id}}"
_PLACES: Final = f"{_SHIFT}/assignments"
_CLEARANCES: Final = "/v1/campaigns/{campaign_id}/clearances"
_CLEARANCE: Final = f"{_CLEARANCES}/{{person}}"
_COMING: Final = ("clearance-required", "double-booked", "shift-not-open")

Level = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9_]+$")]
Places = Annotated[int, Field(ge=1, le=150)]
Override = Annotated[tuple[Id, ...], Field(max_length=10)]


class Asks(Body):
    """The clearance that a role asks for, of this level or a higher one."""

    kind: ClearanceKind
    level: Level


class Task(Body):
    """What is done on a shift, and what it takes."""

    name: Line
    requirement: Asks | None = None


class NewShift(Body):
    """A shift to be; local times are those of the event's zone."""

    role: Task
    starts_at: LocalTime
    ends_at: LocalTime
    places: Places
    occurrence: LocalTime | None = None


class ShiftChange(Body):
    """Fields that are to be others (JSON merge patch, RFC 7396); a role is replaced as a whole."""

    role: Task = Field(default_factory=absent)
    starts_at: LocalTime = Field(default_factory=absent)
    ends_at: LocalTime = Field(default_factory=absent)
    places: Places = Field(default_factory=absent)


class Coming(Body):
    """Taking a place, or giving one to `person`.

    `override` names the other shifts that may overlap with this one; an organiser says the private `reason` for it.
    """

    person: Person | None = None
    override: Id | Override = ()
    note: Note | None = None
    reason: Reason | None = None


class Confirming(Body):
    """Saying yes; `override` names the other shifts that may overlap with this one."""

    override: Id | Override = ()


class NoteChange(Body):
    """The private note on one's own place; null empties it."""

    note: Note | None = None


class Seen(Body):
    """A clearance that somebody showed; valid up to and including `expires_on`."""

    kind: ClearanceKind
    level: Level
    expires_on: Date


class OfKind(Body):
    """Which clearance."""

    kind: ClearanceKind


class ClearanceAnswer(VolunteerAnswer, frozen=True):
    """What was recorded."""

    kind: ClearanceKind
    level: str
    expires_on: str


class Shifts(Struct, frozen=True):
    """A page of shifts."""

    items: tuple[ShiftAnswer, ...]
    next: str | None


class Assignments(Struct, frozen=True):
    """A page of places on shifts."""

    items: tuple[AssignmentAnswer, ...]
    next: str | None


class Clearances(Struct, frozen=True):
    """A page of people with what was recorded of them."""

    items: tuple[ClearancesAnswer, ...]
    next: str | None


def open_shift(wish: Wish[NewShift]) -> OpenShift:
    """Make the command of a new shift."""
    body = wish.body
    name = f"{wish.id}.{suffix('shift', wish.command_id)}"
    return OpenShift(name, wish.id, _role(body.role), body.starts_at, body.ends_at, body.places, body.occurrence)


def change_shift(wish: Wish[ShiftChange]) -> ChangeShift:
    """Make the command of a change."""
    fields: dict[str, Any] = sent(wish.body)
    if "role" in fields:
        fields["role"] = _role(wish.body.role)
    return ChangeShift(_shift(wish), revision=wish.revision, **fields)


def come(wish: Wish[Coming]) -> TakePlace | ProposePlace:
    """Make the command of who comes themselves, or of who gives a place to another."""
    body = wish.body
    if body.person is None or body.person == wish.person:
        return TakePlace(_shift(wish), _named(body.override), body.note)
    return ProposePlace(_shift(wish), body.person, _named(body.override), body.reason)


def own_note(body: Coming | NoteChange, _: dict[str, Any]) -> dict[str, Any]:
    """What the caller noted just now, which no message tells back."""
    return {"note": body.note}


def own_clearance(body: Seen, _: dict[str, Any]) -> dict[str, Any]:
    """The same of what the caller recorded."""
    return sent(body)


def _role(task: Task) -> Role:
    asks = task.requirement
    return Role(task.name, Requirement(asks.kind, asks.level) if asks else None)


def _named(override: str | tuple[str, ...]) -> tuple[str, ...]:
    return (override,) if isinstance(override, str) else override


def _shift(wish: Wish[Any]) -> str:
    """The shift of the path; `not-found` unless it is one of the event's."""
    event, shift = wish.ids[:2]
    if not shift.startswith(f"{event}."):
        raise ProblemError("not-found")
    return shift


WRITES: Final = (
    Write(
        method="POST",
        path=_SHIFTS,
        summary="Plan a shift of an event",
        service="events",
        body=NewShift,
        command=OpenShift,
        build=open_shift,
        answers={201: ShiftAnswer},
        tag="shifts",
        problems=("event-wrong-state",),
    ),
    Write(
        method="PATCH",
        path=_SHIFT,
        summary="Change a shift; at new times everybody on it is asked again",
        service="events",
        body=ShiftChange,
        command=ChangeShift,
        build=change_shift,
        answers={200: ShiftAnswer},
        tag="shifts",
        problems=("less-than-committed", "revision-mismatch", "shift-not-open"),
    ),
    Write(
        method="POST",
        path=f"{_SHIFT}/cancel",
        summary="Call a shift off",
        service="events",
        body=Cancelling,
        command=CancelShift,
        build=lambda wish: CancelShift(_shift(wish), wish.body.reason),
        answers={200: ShiftAnswer},
        tag="shifts",
        problems=("shift-not-open",),
    ),
    Write(
        method="POST",
        path=_PLACES,
        summary="Take a place on a shift, or give one to a person, who then says yes or no",
        service="events",
        body=Coming,
        command=TakePlace,
        build=come,
        answers={201: AssignmentAnswer},
        tag="shifts",
        problems=(*_COMING, "shift-full"),
        echo=own_note,
    ),
    Write(
        method="PATCH",
        path=f"{_PLACES}/me",
        summary="Change the note on one's own place",
        service="events",
        body=NoteChange,
        command=ChangePlace,
        build=lambda wish: ChangePlace(_shift(wish), wish.body.note),
        answers={200: AssignmentAnswer},
        tag="shifts",
        echo=own_note,
    ),
    Write(
        method="POST",
        path=f"{_PLACES}/me/confirm",
        summary="Say yes: to a place that was proposed, to standing in for somebody, or that one still comes",
        service="events",
        body=Confirming,
        command=ConfirmPlace,
        build=lambda wish: ConfirmPlace(_shift(wish), _named(wish.body.override)),
        answers={200: AssignmentState},
        tag="shifts",
        problems=(*_COMING, "assignment-not-active", "cover-not-wanted"),
    ),
    Write(
        method="POST",
        path=f"{_PLACES}/me/decline",
        summary="Say no to it",
        service="events",
        body=Nothing,
        command=LeavePlace,
        build=lambda wish: LeavePlace(_shift(wish)),
        answers={200: AssignmentState},
        tag="shifts",
        problems=("shift-not-open",),
    ),
    Write(
        method="DELETE",
        path=f"{_PLACES}/me",
        summary="Give the place back",
        service="events",
        body=Nothing,
        command=LeavePlace,
        build=lambda wish: LeavePlace(_shift(wish)),
        answers={200: AssignmentState},
        tag="shifts",
        problems=("shift-not-open",),
    ),
    Write(
        method="POST",
        path=f"{_PLACES}/me/cover",
        summary="Look for somebody to stand in; until somebody says yes the place stays one's own",
        service="events",
        body=Nothing,
        command=AskCover,
        build=lambda wish: AskCover(_shift(wish)),
        answers={200: AssignmentState},
        tag="shifts",
        problems=("assignment-not-active", "shift-not-open"),
    ),
    Write(
        method="POST",
        path=f"{_PLACES}/{{person}}/release",
        summary="Take a person's place back, for a reason that stays with the organisers",
        service="events",
        body=Cancelling,
        command=ReleasePlace,
        build=lambda wish: ReleasePlace(_shift(wish), wish.ids[2], wish.body.reason),
        answers={200: AssignmentState},
        tag="shifts",
        problems=("shift-not-open",),
    ),
    Write(
        method="PUT",
        path=_CLEARANCE,
        summary="Record a clearance that a person showed; only the campaign's organisers and partners read it",
        service="events",
        body=Seen,
        command=RecordClearance,
        build=lambda wish: RecordClearance(wish.id, wish.ids[1], wish.body.kind, wish.body.level, wish.body.expires_on),
        answers={200: ClearanceAnswer},
        tag="clearances",
        echo=own_clearance,
    ),
    Write(
        method="DELETE",
        path=_CLEARANCE,
        summary="Take it back",
        service="events",
        body=OfKind,
        command=WithdrawClearance,
        build=lambda wish: WithdrawClearance(wish.id, wish.ids[1], wish.body.kind),
        answers={200: VolunteerAnswer},
        tag="clearances",
        query=(Parameter("kind", "Which, for clients that send no body with DELETE."),),
    ),
)


def reads(personal: Personal) -> list[Route]:
    """What the events service answers of them, to who may read it."""
    return [
        personal.list(
            path=_SHIFTS,
            summary="Shifts of an event: what is done when, and how many places are left",
            service="events",
            ask=lambda ids: f"/events/{ids[0]}/shifts",
            answers=Shifts,
            tag="shifts",
            access="public",
        ),
        personal.one(
            path=_SHIFT,
            summary="A shift",
            service="events",
            ask=lambda ids: f"/events/{ids[0]}/shifts/{ids[1]}",
            answers=ShiftAnswer,
            tag="shifts",
            access="public",
        ),
        personal.list(
            path=_PLACES,
            summary="Who stands on a shift, to its organisers",
            service="events",
            ask=lambda ids: f"/events/{ids[0]}/shifts/{ids[1]}/assignments",
            answers=Assignments,
            tag="shifts",
        ),
        personal.list(
            path="/v1/me/shifts",
            summary="The person's own places on shifts, the latest shift first",
            service="events",
            ask=lambda _: "/assignments",
            answers=Assignments,
            tag="me",
        ),
        personal.list(
            path=_CLEARANCES,
            summary="Clearances recorded for a campaign, to its organisers and partners",
            service="events",
            ask=lambda ids: f"/campaigns/{ids[0]}/clearances",
            answers=Clearances,
            tag="clearances",
        ),
        personal.list(
            path="/v1/me/clearances",
            summary="What campaigns recorded of the person",
            service="events",
            ask=lambda _: "/clearances",
            answers=Clearances,
            tag="me",
        ),
    ]
