"""The rules of one venue: what it is, who tends it, when it is open. Pure: no clock, no chance, no I/O.

Its heartbeat is in `heartbeat`.
"""

from typing import Any, Final

from msgspec import UNSET
from msgspec.structs import asdict, replace

from services.events import campaign as campaigns
from services.events import heartbeat
from services.events.heartbeat import told
from services.events.venue_document import (
    Founded,
    Welcome,
    answer,
    evolve,
    following,
    initial,
    manages,
    tends,
    visible,
)
from shared import instants, openings, recurrence
from shared.contracts.recurrence import Hours
from shared.contracts.venue_states import Closure, ExtraOpening, FivePs, OneOfFive, VenueState
from shared.contracts.venues import (
    AddHost,
    AddOpening,
    ChangeVenue,
    CheckOpening,
    CloseDay,
    ConfirmOpening,
    CreateVenue,
    DayClosed,
    DayReopened,
    FivePsChange,
    HideVenue,
    HostAdded,
    HostRemoved,
    OpeningAdded,
    OpeningRemoved,
    PauseVenue,
    RemoveHost,
    RemoveOpening,
    ReopenDay,
    ResumeVenue,
    UnhideVenue,
    VenueChanged,
    VenueCommand,
    VenueCreated,
    VenueHidden,
    VenuePaused,
    VenueResumed,
    VenueUnhidden,
)
from shared.decider import FORBIDDEN, NOT_FOUND, Asked, Decision, Done, Refused, refused

__all__ = ["decide", "evolve", "initial"]

MOST_HOSTS: Final = 50
MOST_DAYS: Final = 100
"""Closures that are not over, and extra openings; they stand in the venue's document."""
MOST_HOURS: Final = 28
FIELDS: Final = (
    "name",
    "description",
    "address",
    "ward",
    "lat",
    "lon",
    "access",
    "languages",
    "five_ps",
    "timezone",
    "hours",
)
"""What can be changed."""

Days = CloseDay | ReopenDay | AddOpening | RemoveOpening


def decide(welcome: Welcome, command: VenueCommand, asked: Asked) -> Decision:
    """Answer a command; what is so already is answered 200 without a fact."""
    if isinstance(command, CreateVenue):
        return _create(welcome, command, asked)
    state = welcome.state
    if state is None:
        return Decision(NOT_FOUND)
    match command:
        case CheckOpening():
            return heartbeat.check(welcome, state, command, asked)
        case ConfirmOpening():
            return heartbeat.confirm(welcome, state, command, asked)
        case _ if not visible(welcome, asked.person):
            return Decision(NOT_FOUND)
        case CloseDay() | ReopenDay() | AddOpening() | RemoveOpening():
            return _change_days(welcome, state, command, asked)
        case _ if not manages(welcome, asked.person):
            return Decision(FORBIDDEN)
        case ChangeVenue():
            return _change(welcome, state, command, asked)
        case AddHost() | RemoveHost():
            return _change_hosts(welcome, state, command, asked)
        case _:
            return _switch(welcome, state, command, asked)


def _create(welcome: Welcome, command: CreateVenue, asked: Asked) -> Decision:
    campaign, acting = welcome.campaign, welcome.acting.get(asked.person, frozenset())
    if welcome.state is not None:
        return _unchanged(welcome.state, 201)
    if campaign is None or not (acting or campaigns.visible(campaign, asked.person)):
        return Decision(NOT_FOUND)
    if not acting and asked.person not in campaign.organisers:
        return Decision(FORBIDDEN)
    if campaign.status != "live":
        return Decision(refused("campaign-not-live", status=campaign.status))
    flaws = _flaws(command.hours, command.timezone)
    if flaws:
        return Decision(Refused("invalid-body", 422, errors=flaws))
    state = VenueState(
        id=command.venue_id,
        version=1,
        revision=1,
        created_at=asked.at,
        updated_at=asked.at,
        campaign_id=campaign.id,
        since=recurrence.local(asked.at, command.timezone)[:10],
        rules=openings.rules(command.hours),
        hosts=(asked.person,),
        **{name: getattr(command, name) for name in FIELDS},
    )
    partner_id = None if asked.person in campaign.organisers else min(acting)
    decision = told(replace(welcome, partner_id=partner_id), VenueCreated(state), asked, 201)
    return replace(decision, private=(Founded(partner_id), *decision.private))


def _change(welcome: Welcome, state: VenueState, command: ChangeVenue, asked: Asked) -> Decision:
    """Change fields; new hours hold from today on."""
    if command.revision is not None and command.revision != state.revision:
        return Decision(Refused("revision-mismatch", 412, {"revision": state.revision}))
    wished: dict[str, Any] = {name: value for name in FIELDS if (value := getattr(command, name)) is not UNSET}
    if isinstance(command.five_ps, FivePsChange):
        wished["five_ps"] = _merged(state.five_ps, command.five_ps)
    new = {name: value for name, value in wished.items() if value != getattr(state, name)}
    if not new:
        return _unchanged(state)
    hours, timezone = new.get("hours", state.hours), new.get("timezone", state.timezone)
    flaws = _flaws(hours, timezone)
    if flaws:
        return Decision(Refused("invalid-body", 422, errors=flaws))
    after = replace(following(state, asked), revision=state.revision + 1, **new)
    if not new.keys().isdisjoint({"hours", "timezone"}):
        today = recurrence.local(asked.at, timezone)[:10]
        after = replace(after, since=today, rules=openings.rules(hours))
    return told(welcome, VenueChanged(after, tuple(new)), asked)


def _merged(known: FivePs, change: FivePsChange) -> FivePs:
    new = {}
    for name, wish in asdict(change).items():
        if wish is None:
            new[name] = OneOfFive()
        elif wish is not UNSET:
            fields = {key: value for key, value in asdict(wish).items() if value is not UNSET}
            new[name] = replace(getattr(known, name), **fields)
    return replace(known, **new)


def _flaws(hours: tuple[Hours, ...], timezone: str) -> tuple[tuple[str, str], ...]:
    try:
        instants.to_utc("2000-01-01T00:00", timezone)
    except (KeyError, ValueError, OSError):
        return (("/timezone", "is no IANA time zone"),)
    if len(hours) > MOST_HOURS:
        return (("/hours", f"holds more than {MOST_HOURS} openings a week"),)
    try:
        openings.rules(hours)
    except ValueError as error:
        return (("/hours", str(error)),)
    return (("/hours", "holds two openings at the same time"),) if openings.overlap(hours) else ()


def _switch(
    welcome: Welcome, state: VenueState, command: PauseVenue | ResumeVenue | HideVenue | UnhideVenue, asked: Asked
) -> Decision:
    after = following(state, asked)
    match command:
        case PauseVenue() if state.status == "active":
            return told(welcome, VenuePaused(replace(after, status="paused")), asked)
        case ResumeVenue() if state.status == "paused":
            return told(welcome, VenueResumed(replace(after, status="active")), asked)
        case HideVenue() if not state.hidden:
            return told(welcome, VenueHidden(replace(after, hidden=True)), asked)
        case UnhideVenue() if state.hidden:
            return told(welcome, VenueUnhidden(replace(after, hidden=False)), asked)
        case _:
            return _unchanged(state)


def _change_hosts(welcome: Welcome, state: VenueState, command: AddHost | RemoveHost, asked: Asked) -> Decision:
    adding, person = isinstance(command, AddHost), command.person
    if adding == (person in state.hosts):
        return _unchanged(state)
    if adding and len(state.hosts) >= MOST_HOSTS:
        return Decision(refused("too-many-hosts", most=MOST_HOSTS))
    hosts = (*state.hosts, person) if adding else tuple(host for host in state.hosts if host != person)
    after = replace(following(state, asked), hosts=hosts)
    return told(welcome, HostAdded(after, person) if adding else HostRemoved(after, person), asked)


def _change_days(welcome: Welcome, state: VenueState, command: Days, asked: Asked) -> Decision:
    """Hosts change single days; the weekly hours are for those who manage the venue."""
    if not tends(welcome, asked.person):
        return Decision(FORBIDDEN)
    match command:
        case CloseDay():
            return _close_day(welcome, state, command, asked)
        case ReopenDay(date=date):
            after = following(state, asked)
            kept = tuple(closure for closure in after.closures if closure.date != date)
            if all(closure.date != date for closure in state.closures):
                return _unchanged(state)
            return told(welcome, DayReopened(replace(after, closures=kept), date), asked)
        case AddOpening():
            return _add_opening(welcome, state, command, asked)
        case RemoveOpening(starts_at=starts_at):
            extra = next((one for one in state.extra_openings if one.starts_at == starts_at), None)
            if extra is None:
                return _unchanged(state)
            after = following(state, asked)
            kept_extra = tuple(one for one in after.extra_openings if one != extra)
            return told(welcome, OpeningRemoved(replace(after, extra_openings=kept_extra), extra), asked)


def _close_day(welcome: Welcome, state: VenueState, command: CloseDay, asked: Asked) -> Decision:
    closure = Closure(command.date, command.reason)
    if closure in state.closures:
        return _unchanged(state)
    if command.date < recurrence.local(asked.at, state.timezone)[:10]:
        return Decision(Refused("invalid-body", 422, errors=(("/date", "is over"),)))
    after = following(state, asked)
    others = tuple(one for one in after.closures if one.date != closure.date)
    if len(others) >= MOST_DAYS:
        return Decision(refused("too-many-days", most=MOST_DAYS))
    closures = tuple(sorted((*others, closure), key=lambda one: one.date))
    return told(welcome, DayClosed(replace(after, closures=closures), closure), asked)


def _add_opening(welcome: Welcome, state: VenueState, command: AddOpening, asked: Asked) -> Decision:
    extra = ExtraOpening(command.starts_at, command.ends_at)
    if extra in state.extra_openings:
        return _unchanged(state)
    flaws = _extra_flaws(state, extra, asked)
    if flaws:
        return Decision(Refused("invalid-body", 422, errors=flaws))
    after = following(state, asked)
    if len(after.extra_openings) >= MOST_DAYS:
        return Decision(refused("too-many-days", most=MOST_DAYS))
    extras = tuple(sorted((*after.extra_openings, extra), key=lambda one: one.starts_at))
    return told(welcome, OpeningAdded(replace(after, extra_openings=extras), extra), asked)


def _extra_flaws(state: VenueState, extra: ExtraOpening, asked: Asked) -> tuple[tuple[str, str], ...]:
    instant: dict[str, str] = {}
    for field, local in (("starts_at", extra.starts_at), ("ends_at", extra.ends_at)):
        try:
            instant[field] = instants.to_utc(local, state.timezone)
        except instants.SkippedTime:
            return ((f"/{field}", f"does not exist in {state.timezone}: a clock change skips it"),)
        except (ValueError, OverflowError):
            return ((f"/{field}", "is no local time of the form YYYY-MM-DDTHH:MM"),)
    if not 0 < instants.to_ms(instant["ends_at"]) - instants.to_ms(instant["starts_at"]) <= heartbeat.LONGEST_MS:
        return (("/ends_at", "is not after starts_at, or more than a day after it"),)
    if instant["ends_at"] <= asked.at:
        return (("/ends_at", "is over"),)
    if any(closure.date == extra.starts_at[:10] for closure in state.closures):
        return (("/starts_at", "is on a day on which the venue is closed"),)
    for other in openings.not_over(replace(state, status="active"), instant["starts_at"]):
        if other.starts_at_utc >= instant["ends_at"]:
            break
        return (("/starts_at", f"is within an opening that there is: {other.name}"),)
    return ()


def _unchanged(state: VenueState, status: int = 200) -> Decision:
    return Decision(Done("venue", state.id, answer(state), status))
