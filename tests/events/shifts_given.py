"""Made-up shifts of two events, and a town that loads them as the store does, without one."""

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from services.events import rules
from services.events.clearance import Standing
from services.events.document import Event
from services.events.roster import ACTIVE, Booking, Held, Shift
from services.events.rules import State
from shared.contracts.message import Command, Fact
from shared.contracts.shifts import (
    AssignmentState,
    OfShift,
    OfVolunteer,
    OpenShift,
    ProposePlace,
    RecordClearance,
    Requirement,
    Role,
    ShiftState,
    TakePlace,
    VolunteerState,
)
from shared.decider import Asked, Decision, Done, Later
from tests.events.given import CAMPAIGN, EVENT, a_campaign, an_event, asked

SHIFT = f"{EVENT}.s"
OTHER = f"{EVENT}.o"
DBS = Requirement("dbs", "enhanced")


def opening(name: str = SHIFT, **fields: Any) -> OpenShift:  # noqa: ANN401 -- any field of the struct
    """The wish for two stewards on the afternoon of the event."""
    plan: dict[str, Any] = {
        "role": Role("Steward"),
        "starts_at": "2026-07-04T13:00",
        "ends_at": "2026-07-04T17:00",
        "places": 2,
    }
    return OpenShift(name, EVENT, **(plan | fields))


class Town:
    """An event that ana organises, its shifts and the people: each command is decided as the processor does."""

    def __init__(self, event: Event | None = None) -> None:
        """Begin without shifts."""
        self.event = event or an_event()
        self.shifts: dict[str, ShiftState] = {}
        self.held: dict[str, Held] = {}
        self.volunteers: dict[str, VolunteerState] = {}
        self.facts: list[Fact] = []
        self.later: list[Later] = []

    def load(self, name: str) -> Shift:
        """A shift with everybody on it and all that decides of them."""
        state = self.shifts.get(name)
        bookings: dict[str, tuple[Booking, ...]] = {}
        for held in self.held.values():
            mine = held.assignment
            if mine.status in ACTIVE and mine.shift_id != name:
                booking = Booking(*(getattr(mine, field) for field in Booking.__struct_fields__))
                bookings[mine.person] = (*bookings.get(mine.person, ()), booking)
        here = {one.assignment.person: one for one in self.held.values() if one.assignment.shift_id == name}
        known = {one.person: one for one in self.volunteers.values()}
        return Shift(state, self.event, here, bookings, known, candidates=tuple(sorted(known)))

    def ask(self, command: Command, by: Asked | str = "ana") -> Decision:
        """Decide and keep what came of it."""
        who = asked(by) if isinstance(by, str) else by
        state: State
        if isinstance(command, OfShift):
            state = self.load(command.shift_id)
        elif isinstance(command, OfVolunteer):
            state = Standing(self.volunteers.get(command.stream), a_campaign(), frozenset({"pat"}))
        else:
            raise TypeError(command)
        decision = rules.decide(state, command, who)
        for fact in (*decision.facts, *decision.private):
            state = rules.evolve(state, fact)
        self.facts += decision.facts
        self.later += decision.later
        match state:
            case Shift(state=ShiftState() as shift):
                self.shifts[shift.id] = shift
                self.held.update({held.assignment.id: held for held in state.held.values()})
                self.volunteers.update({one.id: one for one in state.volunteers.values()})
            case Standing(state=VolunteerState() as volunteer):
                self.volunteers[volunteer.id] = volunteer
            case _:
                pass
        return decision

    def until(self, at: str) -> list[Decision]:
        """What the plans that are due by then bring about, in order."""
        done = []
        while self.later and min(self.later, key=lambda one: one.at).at <= at:
            plan = min(self.later, key=lambda one: one.at)
            self.later.remove(plan)
            done.append(self.ask(plan.command, asked("events", "system", at=plan.at)))
        return done

    def place(self, person: str, name: str = SHIFT) -> AssignmentState:
        """A person's place."""
        return self.held[f"{name}.{person}"].assignment

    def standing(self, name: str = SHIFT) -> list[str]:
        """Who stands on a shift, said yes or not."""
        here = [held.assignment for held in self.held.values() if held.assignment.shift_id == name]
        return sorted(mine.person for mine in here if mine.status in ACTIVE)


def a_town(*openings: OpenShift, taken: Iterable[str] = (), **fields: Any) -> Town:  # noqa: ANN401 -- any field of a shift
    """A town with these shifts, or one, on which these people stand."""
    town = Town()
    for wish in openings or (opening(**fields),):
        assert isinstance(town.ask(wish).answer, Done)
    for person in taken:
        assert isinstance(town.ask(TakePlace(SHIFT), person).answer, Done)
    return town


def taking(name: str = SHIFT, *override: str) -> TakePlace:
    """The wish for a place."""
    return TakePlace(name, override)


def proposing(person: str, name: str = SHIFT, **fields: Any) -> ProposePlace:  # noqa: ANN401 -- any field of the struct
    """The wish that a person have a place."""
    return ProposePlace(name, person, **fields)


def cleared(person: str, until: str = "2027-01-01", level: str = "enhanced") -> RecordClearance:
    """The wish to record a DBS check."""
    return RecordClearance(CAMPAIGN, person, "dbs", level, until)


def with_event(town: Town, **fields: Any) -> None:  # noqa: ANN401 -- any field of the struct
    """Have something else be so of the event."""
    assert town.event.state is not None
    town.event = replace(town.event, state=replace(town.event.state, **fields))
