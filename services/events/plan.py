"""What organisers say about an event: the editable fields, what is wrong with them, what of them is public. Pure."""

from typing import Any, Final

from msgspec import UNSET, Struct
from msgspec.structs import asdict, replace

from shared import instants, recurrence
from shared.contracts.events import ChangeEvent, CreateEvent, EventState, EventType, Venue, VenueChange, Visibility
from shared.contracts.recurrence import Recurrence, RecurrenceChange
from shared.decider import Refused


class Plan(Struct, frozen=True):
    """The editable fields of an event, the place of a hidden location included."""

    title: str
    description: str | None
    category: str
    starts_at: str
    ends_at: str
    timezone: str
    venue: Venue | None
    online_url: str | None
    visibility: Visibility
    capacity: int | None
    waiting_list: bool
    principles: tuple[int, ...]
    languages: tuple[str, ...]
    age_min: int | None
    age_max: int | None
    type: EventType
    previous: str | None
    recurrence: Recurrence | None


class Times(Struct, frozen=True):
    """The instants that the local times stand for."""

    starts_at_utc: str
    ends_at_utc: str


FIELDS: Final = Plan.__struct_fields__


def proposed(command: CreateEvent) -> Plan:
    """The plan of an event to be."""
    return Plan(**{name: getattr(command, name) for name in FIELDS})


def current(state: EventState, venue: Venue | None, online_url: str | None) -> Plan:
    """The plan of an event, whose state may not tell where it is."""
    return replace(Plan(**{name: getattr(state, name) for name in FIELDS}), venue=venue, online_url=online_url)


def changed(plan: Plan, command: ChangeEvent) -> tuple[Plan, tuple[str, ...]]:
    """The plan after a change, and the names of the fields that are new in it."""
    wanted: dict[str, Any] = {name: value for name in FIELDS if (value := getattr(command, name)) is not UNSET}
    if isinstance(command.venue, VenueChange):
        wanted["venue"] = merged(plan.venue or Venue(), command.venue)
    if isinstance(command.recurrence, RecurrenceChange):
        new_rule = {name: value for name, value in asdict(command.recurrence).items() if value is not UNSET}
        wanted["recurrence"] = replace(plan.recurrence or Recurrence(), **new_rule)
    new = {name: value for name, value in wanted.items() if value != getattr(plan, name)}
    return replace(plan, **new), tuple(new)


def shown(plan: Plan) -> dict[str, Any]:
    """The fields as facts and answers tell them: of a hidden location the ward alone."""
    if plan.visibility == "hidden_location":
        ward = plan.venue.ward if plan.venue else None
        plan = replace(plan, venue=Venue(ward=ward) if ward else None, online_url=None)
    return asdict(plan)


def check(plan: Plan) -> Times | Refused:
    """The plan's instants, or all that is wrong with it."""
    if not _is_zone(plan.timezone):
        return Refused("invalid-body", 422, errors=(("/timezone", "is no IANA time zone"),))
    errors: list[tuple[str, str]] = []
    starts = _instant(plan, "starts_at", errors)
    ends = _instant(plan, "ends_at", errors)
    if starts and ends and ends <= starts:
        errors.append(("/ends_at", "is not after starts_at"))
    if plan.age_min is not None and plan.age_max is not None and plan.age_max < plan.age_min:
        errors.append(("/age_max", "is below age_min"))
    if plan.capacity is not None and plan.capacity < 0:
        errors.append(("/capacity", "is below 0"))
    if plan.recurrence is not None and not errors:
        series = recurrence.Series(plan.starts_at, plan.ends_at, plan.timezone, plan.recurrence)
        errors += [(f"/recurrence{pointer}", detail) for pointer, detail in recurrence.flaws(series)]
    if errors:
        return Refused("invalid-body", 422, errors=tuple(errors))
    return Times(starts, ends)


def merged(venue: Venue, change: VenueChange) -> Venue:
    """A venue after a change."""
    new = {name: value for name, value in asdict(change).items() if value is not UNSET}
    if new.get("access", ()) is None:
        new["access"] = ()
    return replace(venue, **new)


def _is_zone(name: str) -> bool:
    try:
        instants.to_utc("2000-01-01T00:00", name)
    except (KeyError, ValueError, OSError):  # unknown, no name of a zone, a folder of zones
        return False
    return True


def flaw_of(local: str, zone: str) -> str:
    """What is wrong with a local time, if anything is."""
    try:
        instants.to_utc(local, zone)
    except instants.SkippedTime:
        return f"does not exist in {zone}: a clock change skips it"
    except (ValueError, OverflowError):
        return "is no local time of the form YYYY-MM-DDTHH:MM"
    return ""


def _instant(plan: Plan, field: str, errors: list[tuple[str, str]]) -> str:
    local = getattr(plan, field)
    if wrong := flaw_of(local, plan.timezone):
        errors.append((f"/{field}", wrong))
        return ""
    return instants.to_utc(local, plan.timezone)
