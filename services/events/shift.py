"""The rules of one shift: when it is, what it takes, how many it needs. Pure: no clock, no chance, no I/O."""

from typing import Any, Final

from msgspec import UNSET
from msgspec.structs import replace

from services.events import cover, place, plan, watch
from services.events.document import Event, Session, manages, visible
from services.events.occurrences import GONE
from services.events.roster import (
    ACTIVE,
    Held,
    Shift,
    assignment,
    called_off,
    evolve,
    following,
    initial,
    shown,
    without,
)
from shared import instants
from shared.contracts.event_states import Cancellation, EventState
from shared.contracts.shifts import (
    LEVELS,
    AlertDeserted,
    AskCover,
    CancelShift,
    CancelShifts,
    ChangePlace,
    ChangeShift,
    ConfirmPlace,
    EndCover,
    LeavePlace,
    OpenShift,
    PlaceCancelled,
    PlaceProposed,
    PrepareShift,
    ProposePlace,
    ReleasePlace,
    RemindRenewal,
    Role,
    ShiftCancelled,
    ShiftChanged,
    ShiftCommand,
    ShiftFact,
    ShiftOpened,
    ShiftState,
    TakePlace,
    TimeCommand,
)
from shared.decider import FORBIDDEN, NOT_FOUND, SYSTEM, Asked, Decision, Done, Refused, refused

__all__ = ["decide", "evolve", "initial"]

MOST_PLACES: Final = 150
"""Of one shift, so that what befalls all who stand on it is one step."""
STEP: Final = 199
"""Shifts that one step cancels."""

_FIELDS: Final = ("role", "starts_at", "ends_at", "places")
_TIMES: Final = frozenset({"starts_at", "ends_at"})


def decide(shift: Shift, command: ShiftCommand, asked: Asked) -> Decision:
    """Answer a command; what is so already is answered 200 without a fact."""
    if isinstance(command, OpenShift):
        return _open(shift, command, asked)
    state = shift.state
    if state is None:
        return Decision(NOT_FOUND)
    match command:
        case TakePlace() | ConfirmPlace() | ChangePlace() | LeavePlace():
            return place.of_oneself(shift, state, command, asked)
        case AskCover():
            return cover.ask(shift, state, command, asked)
        case PrepareShift() | EndCover() | RemindRenewal() | AlertDeserted():
            return _in_time(shift, state, command, asked)
        case CancelShift() if asked.may(SYSTEM):
            return _cancel(shift, state, command, asked)
        case _ if not manages(shift.event, asked.person):
            return Decision(FORBIDDEN if visible(shift.event, asked.person) else NOT_FOUND)
        case ProposePlace():
            return place.propose(shift, state, command, asked)
        case ReleasePlace():
            return place.release(shift, state, command, asked)
        case ChangeShift():
            return _change(shift, state, command, asked)
        case CancelShift():
            return _cancel(shift, state, command, asked)


def _in_time(shift: Shift, state: ShiftState, command: TimeCommand, asked: Asked) -> Decision:
    """What only the service asks of itself."""
    if not asked.may(SYSTEM):
        return Decision(FORBIDDEN)
    match command:
        case PrepareShift():
            return watch.prepare(shift, state, command, asked)
        case RemindRenewal():
            return watch.remind(shift, state, command, asked)
        case AlertDeserted():
            return watch.alert(shift, state, command, asked)
        case EndCover():
            return cover.end(shift, state, command, asked)


def cancel_all(event: Event, command: CancelShifts, asked: Asked) -> Decision:
    """Cancel what is off of the shifts at hand, and go on with the rest; only the service asks this of itself."""
    state = event.state
    if state is None or not asked.may(SYSTEM):
        return Decision(NOT_FOUND if state is None else FORBIDDEN)
    then = [
        CancelShift(name, _reason(event, state, occurrence))
        for name, occurrence in event.shifts[:STEP]
        if called_off(event, occurrence)
    ]
    on = (CancelShifts(command.event_id, event.shifts[STEP - 1][0]),) if len(event.shifts) >= STEP else ()
    return Decision(Done("event", state.id, None), then=(*then, *on))


def _reason(event: Event, state: EventState, occurrence: str | None) -> str:
    """Why the shifts of an event, or of a date of it, are off."""
    session = event.sessions.get(occurrence or "", Session()).state
    said = state.cancellation or (session.cancellation if session else None)
    return said.reason if said else GONE


def _open(shift: Shift, command: OpenShift, asked: Asked) -> Decision:
    event = shift.event.state
    if shift.state is not None:
        return Decision(Done("shift", shift.state.id, shown(shift.state), 201))
    if event is None or not visible(shift.event, asked.person) or not command.shift_id.startswith(f"{event.id}."):
        return Decision(NOT_FOUND)
    if not manages(shift.event, asked.person):
        return Decision(FORBIDDEN)
    if event.status not in {"draft", "published"}:
        return Decision(refused("event-wrong-state", status=event.status))
    if command.occurrence is not None and (event.recurrence is None or called_off(shift.event, command.occurrence)):
        flaw = ("/occurrence", "is no date on which the event takes place")
        return Decision(Refused("invalid-body", 422, errors=(flaw,)))
    times = _checked(command.role, command.starts_at, command.ends_at, event.timezone, command.places)
    if isinstance(times, Refused):
        return Decision(times)
    state = ShiftState(
        id=command.shift_id,
        version=1,
        revision=1,
        created_at=asked.at,
        updated_at=asked.at,
        event_id=event.id,
        campaign_id=event.campaign_id,
        role=command.role,
        starts_at=command.starts_at,
        ends_at=command.ends_at,
        timezone=event.timezone,
        starts_at_utc=times.starts_at_utc,
        ends_at_utc=times.ends_at_utc,
        places=command.places,
        opened_by=asked.person,
        left=command.places,
        occurrence=command.occurrence,
    )
    return Decision(Done("shift", state.id, shown(state), 201), (ShiftOpened(state),), later=watch.plans(state, asked))


def _change(shift: Shift, state: ShiftState, command: ChangeShift, asked: Asked) -> Decision:
    """Change the plan; nobody loses a place by it, but at new times everybody is asked again."""
    status = "cancelled" if called_off(shift.event, state.occurrence) else state.status
    if command.revision is not None and command.revision != state.revision:
        return Decision(Refused("revision-mismatch", 412, {"revision": state.revision}))
    if status != "open" or asked.at >= state.ends_at_utc:
        return Decision(refused("shift-not-open", state="over" if status == "open" else status))
    wanted: dict[str, Any] = {
        name: value
        for name in _FIELDS
        if (value := getattr(command, name)) is not UNSET and value != getattr(state, name)
    }
    if not wanted:
        return Decision(Done("shift", state.id, shown(state)))
    after = replace(following(state, asked), revision=state.revision + 1, **wanted)
    times = _checked(after.role, after.starts_at, after.ends_at, after.timezone, after.places)
    if isinstance(times, Refused):
        return Decision(times)
    if after.places < state.taken:
        return Decision(refused("less-than-committed", taken=state.taken))
    after = replace(
        after,
        starts_at_utc=times.starts_at_utc,
        ends_at_utc=times.ends_at_utc,
        left=after.places - after.taken,
    )
    facts: list[ShiftFact] = [ShiftChanged(after, tuple(wanted))]
    if not _TIMES & wanted.keys():
        return Decision(Done("shift", state.id, shown(after)), tuple(facts))
    for held in _everybody(shift):
        after = following(after, asked, covers=-1 if held.assignment.cover_until else 0)
        facts.append(PlaceProposed(after, assignment(held, after, asked, held.assignment.person, "proposed")))
    return Decision(Done("shift", state.id, shown(after)), tuple(facts), later=watch.plans(after, asked))


def _cancel(shift: Shift, state: ShiftState, command: CancelShift, asked: Asked) -> Decision:
    if state.status == "cancelled":
        return Decision(Done("shift", state.id, shown(state)))
    if asked.at >= state.ends_at_utc:
        return Decision(refused("shift-not-open", state="over"))
    after = replace(following(state, asked), status="cancelled", cancellation=Cancellation(command.reason, asked.at))
    facts: list[ShiftFact] = [ShiftCancelled(after)]
    for held in _everybody(shift):
        after = without(after, asked, held)
        facts.append(PlaceCancelled(after, assignment(held, after, asked, held.assignment.person, "cancelled")))
    return Decision(Done("shift", state.id, shown(after)), tuple(facts))


def _everybody(shift: Shift) -> list[Held]:
    return [held for held in shift.held.values() if held.assignment.status in ACTIVE]


def _checked(role: Role, starts_at: str, ends_at: str, zone: str, places: int) -> plan.Times | Refused:
    """The instants of a plan, or all that is wrong with it."""
    errors: list[tuple[str, str]] = []
    found: dict[str, str] = {}
    for field, local in (("starts_at", starts_at), ("ends_at", ends_at)):
        try:
            found[field] = instants.to_utc(local, zone)
        except instants.SkippedTime:
            errors.append((f"/{field}", f"does not exist in {zone}: a clock change skips it"))
        except (ValueError, OverflowError):
            errors.append((f"/{field}", "is no local time of the form YYYY-MM-DDTHH:MM"))
    if not errors and found["ends_at"] <= found["starts_at"]:
        errors.append(("/ends_at", "is not after starts_at"))
    if not 1 <= places <= MOST_PLACES:
        errors.append(("/places", f"is not 1 to {MOST_PLACES}"))
    asks = role.requirement
    if asks is not None and asks.level not in LEVELS[asks.kind]:
        errors.append(("/role/requirement/level", f"is not one of {', '.join(LEVELS[asks.kind])}"))
    if errors:
        return Refused("invalid-body", 422, errors=tuple(errors))
    return plan.Times(found["starts_at"], found["ends_at"])
