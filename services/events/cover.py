"""The rules of standing in: who is asked, who takes over, and that nobody is let down. Pure.

Those are asked who were least recently asked, a few at a time, and nobody too often; whoever says yes first has the
place. The duty stays where it was until then. The same people in the same state are always asked in the same order.
"""

from hashlib import blake2b
from typing import Final

from msgspec.structs import replace

from services.events import watch
from services.events.fitness import clash, last_day, unfit
from services.events.roster import Held, Shift, assignment, closed, following
from services.events.volunteer import may_be_asked, suffices
from shared import instants
from shared.contracts.shifts import (
    AskCover,
    AssignmentState,
    ConfirmPlace,
    CoverAsked,
    CoverFound,
    CoverNotFound,
    CoverOffered,
    EndCover,
    ShiftFact,
    ShiftState,
)
from shared.decider import NOT_FOUND, Asked, Decision, Done, Later, refused

WAVE: Final = 5
"""People who are asked at once."""
LONGEST_MS: Final = 24 * 3_600_000
"""Who is asked has half of the time until the start, but no longer than this."""


def ask(shift: Shift, state: ShiftState, _: AskCover, asked: Asked) -> Decision:
    """Look for somebody to stand in; the organisers are told at once if there is nobody to ask."""
    held = shift.held.get(asked.person)
    if held is None:
        return Decision(NOT_FOUND)
    mine = held.assignment
    if mine.status != "confirmed":
        return Decision(refused("assignment-not-active", state=mine.status))
    if mine.cover_until is not None:
        return Decision(Done("assignment", mine.id, mine))
    off = closed(shift, state, asked)
    if off is not None:
        return Decision(off)
    if asked.at >= state.starts_at_utc:
        return Decision(refused("shift-not-open", state="begun"))
    left = instants.to_ms(state.starts_at_utc) - instants.to_ms(asked.at)
    until = instants.later(asked.at, milliseconds=min(LONGEST_MS, left // 2))
    state = following(state, asked, covers=1)
    mine = _sought(mine, asked, until)
    facts: list[ShiftFact] = [CoverAsked(state, mine)]
    chosen = _candidates(shift, state, asked)[:WAVE]
    for person in chosen:
        state = following(state, asked)
        facts.append(CoverOffered(state, replace(assignment(None, state, asked, person, "asked"), cover_until=until)))
    if not chosen:
        state = following(state, asked, covers=-1)
        mine = _sought(mine, asked, None)
        facts.append(CoverNotFound(state, mine))
        return Decision(Done("assignment", mine.id, mine), tuple(facts))
    end = Later(until, EndCover(state.id, asked.person, until))
    return Decision(Done("assignment", mine.id, mine), tuple(facts), later=(end,))


def accept(shift: Shift, state: ShiftState, held: Held, command: ConfirmPlace, asked: Asked) -> Decision:
    """Stand in for whoever has looked the longest; the next who says yes stands in for the next, or is too late."""
    wanting = [one.assignment for one in shift.held.values() if one.assignment.status == "confirmed"]
    wanting = sorted((one for one in wanting if one.cover_until), key=lambda one: (one.cover_until or "", one.id))
    if not wanting:
        return Decision(refused("cover-not-wanted"))
    problem = unfit(shift, state, asked, asked.person, command.override, has_place=True)
    if problem is not None:
        return Decision(problem)
    after = following(state, asked, covers=-1)
    before = wanting[0]
    gone = replace(before, version=before.version + 1, updated_at=asked.at, status="covered", cover_until=None)
    mine = assignment(held, after, asked, asked.person, "confirmed")
    fact = CoverFound(after, mine, gone)
    told, later = watch.renewal(shift, fact, asked)
    return Decision(Done("assignment", mine.id, mine), (fact, *told), later=later)


def end(shift: Shift, state: ShiftState, command: EndCover, asked: Asked) -> Decision:
    """Tell the organisers that nobody came forward, if so."""
    held = shift.held.get(command.person)
    if held is None or held.assignment.cover_until != command.until or closed(shift, state, asked):
        return Decision(Done("shift", state.id, None))
    state = following(state, asked, covers=-1)
    return Decision(Done("shift", state.id, None), (CoverNotFound(state, _sought(held.assignment, asked, None)),))


def _sought(mine: AssignmentState, asked: Asked, until: str | None) -> AssignmentState:
    return replace(mine, version=mine.version + 1, updated_at=asked.at, cover_until=until)


def _candidates(shift: Shift, state: ShiftState, asked: Asked) -> list[str]:
    """Who may be asked, first who was not for the longest time; whoever had to do with the shift is left in peace."""
    able = [
        person
        for person in shift.candidates
        if person not in shift.held
        and may_be_asked(shift.volunteers[person], asked.at)
        and suffices(shift.volunteers[person], state.role.requirement, last_day(state))
        and clash(shift, state, person, ()) is None
    ]
    return sorted(able, key=lambda person: (shift.volunteers[person].asked_at, _lot(state.id, person)))


def _lot(shift_id: str, person: str) -> bytes:
    """A place among equals that differs from shift to shift."""
    return blake2b(f"{shift_id}/{person}".encode(), digest_size=8).digest()
