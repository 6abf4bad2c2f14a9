"""The rules of a venue's heartbeat: when it is missed, and which look is planned next. Pure.

One look is planned at a time and plans the next, so there is no horizon, and nothing to take away: a look that is
not the planned one any more changes nothing.
"""

from typing import Final

from msgspec.structs import replace

from services.events.venue_document import Check, Planned, Welcome, answer, evolve, following, tends, visible
from shared import instants, openings
from shared.contracts.venue_states import Confirmation, Missed, VenueState
from shared.contracts.venues import (
    CheckOpening,
    ConfirmOpening,
    OpeningConfirmed,
    OpeningDoubted,
    OpeningMissed,
    Step,
    VenueFact,
)
from shared.decider import FORBIDDEN, NOT_FOUND, SYSTEM, Asked, Decision, Done, Later, refused
from shared.recurrence import Occurrence

GRACE_MS: Final = 15 * 60_000
"""So long after its start an opening is looked at, or after half of it if it is shorter than twice that; and again
so long until the followers are told."""
LONGEST_MS: Final = 24 * 60 * 60_000
"""The longest opening."""
EARLY_HOURS: Final = 24
"""So long before its start an opening can be confirmed."""


def told(welcome: Welcome, fact: VenueFact, asked: Asked, status: int = 200) -> Decision:
    """A change, and the look that is right after it, if that is another one."""
    after = evolve(welcome, fact)
    body = answer(fact.venue)
    return _planned(after, wanted(after, asked.at), Decision(Done("venue", body.id, body, status), (fact,)))


def confirm(welcome: Welcome, state: VenueState, command: ConfirmOpening, asked: Asked) -> Decision:
    """Take the heartbeat, from a day before the opening until it ends; late, it takes the doubt back."""
    if not tends(welcome, asked.person):
        return Decision(FORBIDDEN if visible(welcome, asked.person) else NOT_FOUND)
    opening = openings.find(state, command.occurrence)
    if opening is None:
        return Decision(NOT_FOUND)
    if _confirmed(state, opening.name):
        return Decision(Done("venue", state.id, answer(state)))
    if not instants.later(opening.starts_at_utc, minutes=-60 * EARLY_HOURS) <= asked.at < opening.ends_at_utc:
        return Decision(
            refused("opening-not-now", starts_at_utc=opening.starts_at_utc, ends_at_utc=opening.ends_at_utc)
        )
    after = following(state, asked)
    confirmation = Confirmation(opening.name, opening.ends_at_utc, asked.at)
    late, missed = False, after.missed
    if missed is not None and missed.occurrence == opening.name:
        late, missed = missed.followers_told, None
    after = replace(after, confirmed=(*after.confirmed, confirmation), missed=missed)
    return told(welcome, OpeningConfirmed(after, opening.name, late), asked)


def check(welcome: Welcome, state: VenueState, command: CheckOpening, asked: Asked) -> Decision:
    """Look at an opening because its time has come, whatever this log's clock says; one that is over is passed by."""
    if not asked.may(SYSTEM):
        return Decision(FORBIDDEN)
    done = Decision(Done("venue", state.id, None))
    due = welcome.check
    if due is None or (due.occurrence, due.step, due.at) != (command.occurrence, command.step, command.at):
        return done
    now = max(asked.at, command.at)
    opening = openings.find(state, command.occurrence)
    live = welcome.campaign is not None and welcome.campaign.status == "live"
    welcome = replace(welcome, check=None)
    if opening is None or not live or opening.ends_at_utc <= now or _confirmed(state, opening.name):
        return _planned(welcome, wanted(welcome, now, but=command.occurrence), done)
    fact = _missed(state, opening, command, asked)
    after = evolve(welcome, fact)
    return _planned(after, wanted(after, now), replace(done, facts=(fact,)))


def wanted(welcome: Welcome, now: str, but: str = "") -> Check | None:
    """The look that is right: the planned one, if it is; else at the first opening that nobody has confirmed.

    Where hours were changed while it is open, hosts are given as much time as if it began now.
    """
    state = welcome.state
    if state is None or state.hidden:
        return None
    for opening in openings.not_over(state, now):
        missed = state.missed is not None and state.missed.occurrence == opening.name
        if opening.name == but or _confirmed(state, opening.name):
            continue
        if missed and state.missed is not None and state.missed.followers_told:
            continue
        step: Step = "followers" if missed else "hosts"
        old = welcome.check
        if old and (old.occurrence, old.step, old.starts_at_utc) == (opening.name, step, opening.starts_at_utc):
            return old
        return Check(opening.name, opening.starts_at_utc, step, _look_at(opening, now))
    return None


def _missed(
    state: VenueState, opening: Occurrence, command: CheckOpening, asked: Asked
) -> OpeningMissed | OpeningDoubted:
    after = following(state, asked)
    if command.step == "hosts":
        missed = Missed(opening.name, opening.ends_at_utc, asked.at)
        return OpeningMissed(replace(after, missed=missed), opening.name)
    at = state.missed.at if state.missed is not None else asked.at
    missed = Missed(opening.name, opening.ends_at_utc, at, followers_told=True)
    return OpeningDoubted(replace(after, missed=missed), opening.name)


def _look_at(opening: Occurrence, now: str) -> str:
    begin = max(opening.starts_at_utc, now)
    half = (instants.to_ms(opening.ends_at_utc) - instants.to_ms(begin)) // 2
    return instants.later(begin, milliseconds=min(GRACE_MS, half))


def _planned(welcome: Welcome, look: Check | None, decision: Decision) -> Decision:
    """The decision with its plan; one that is planned already is not planned again."""
    if look is not None and look == welcome.check:
        return decision
    later: tuple[Later, ...] = ()
    if look is not None and welcome.state is not None:
        later = (Later(look.at, CheckOpening(welcome.state.id, look.occurrence, look.step, look.at)),)
    return replace(decision, private=(*decision.private, Planned(look)), later=later)


def _confirmed(state: VenueState, occurrence: str) -> bool:
    return any(one.occurrence == occurrence for one in state.confirmed)
