"""Live matching: whom a need asks, in which order, and when it stops. Pure; `docs/matching.md` tells it to people.

Who was asked longest ago comes first, by person and not by offer; among equals a lot decides that anybody can draw
again. What donors are asked for is held, so that it cannot be promised twice, and comes back when they do not answer.
"""

from base64 import b32encode
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

from msgspec import structs

from services.pledges import ledger, life, pledge
from services.pledges.ledger import Candidate, Need
from shared import instants
from shared.contracts.offers import MatchOffer
from shared.contracts.pledges import Matching, NeedState
from shared.contracts.waves import AskAround, MatchingEnded, NextWave, WaveCommand, WaveSent, WhyEnded
from shared.decider import FORBIDDEN, SYSTEM, Asked, Decision, Done, Later, refused

MOST_CANDIDATES: Final = 200
"""Offers that one wave chooses from."""
AFTERWARDS_MS: Final = 1_000
"""So long after the last answer is due the next wave goes out: by then the holds have ended."""


def decide(need: Need, state: NeedState, command: WaveCommand, asked: Asked) -> Decision:
    """Answer a command."""
    match command:
        case AskAround():
            return _begin(need, state, command, asked)
        case NextWave():
            return _next(need, state, command, asked)


def after_no(state: NeedState) -> tuple[NextWave, ...]:
    """What follows when a donor has declined: the next wave at once, if nobody else has still to answer."""
    matching = _running(state)
    return (NextWave(state.id, matching.wave),) if matching is not None and not state.held else ()


def chosen(candidates: Sequence[Candidate], state: NeedState, wave: int, most: int) -> list[tuple[Candidate, int]]:
    """Who is asked in a wave, and for how much: no more together than is uncommitted, and no person twice."""
    room, people = state.uncommitted, set[str]()
    found: list[tuple[Candidate, int]] = []
    for candidate in sorted(candidates, key=lambda one: (one.asked_at, _lot(state.id, wave, one.offer_id))):
        if not room or len(found) == most:
            break
        if candidate.donor in people:
            continue
        people.add(candidate.donor)
        quantity = min(room, candidate.left)
        room -= quantity
        found.append((candidate, quantity))
    return found


def _begin(need: Need, state: NeedState, command: AskAround, asked: Asked) -> Decision:
    if not pledge.manages(need, asked.person):
        return Decision(pledge.no_manager(state))
    if _running(state) is not None:
        return life.unchanged(state)
    refusal = pledge.no_room(need, state, 1)
    if refusal is not None:
        return Decision(refusal)
    if not state.uncommitted:
        return Decision(refused("not-enough-left", left=0))
    wave = state.matching.wave if state.matching else 0
    return _wave(need, state, Matching(command.minutes, command.wave_size, wave), asked.at)


def _next(need: Need, state: NeedState, command: NextWave, asked: Asked) -> Decision:
    if not asked.may(SYSTEM):
        return Decision(FORBIDDEN)
    matching = _running(state)
    if matching is None or matching.wave != command.wave:
        return Decision(Done("need", state.id, None))
    if pledge.no_room(need, state, 0) is not None:
        return _ended(state, matching, "not-open", asked.at)
    return _wave(need, state, matching, asked.at)


def _wave(need: Need, state: NeedState, matching: Matching, at: str) -> Decision:
    """Ask the next ones; if there are none, wait for those who hold something, or end."""
    wave, until = matching.wave + 1, instants.later(at, minutes=matching.minutes)
    due = instants.later(until, milliseconds=AFTERWARDS_MS)
    asking = chosen(need.candidates, state, wave, matching.wave_size)
    if not asking and state.held and _running(state) is not None:
        return Decision(Done("need", state.id, state), later=(Later(due, NextWave(state.id, matching.wave)),))
    if not asking:
        return _ended(state, matching, "nobody-left" if state.uncommitted else "filled", at)
    sent = structs.replace(matching, status="running", wave=wave, asked=matching.asked + len(asking))
    after = ledger.edited(state, at, matching=sent)
    asks = tuple(
        MatchOffer(one.offer_id, state.id, _pledge(state.id, wave, one.offer_id), quantity, until, up_to=True)
        for one, quantity in asking
    )
    return Decision(
        Done("need", state.id, after),
        (WaveSent(after, tuple(candidate.offer_id for candidate, _ in asking)),),
        asks,
        later=(Later(due, NextWave(state.id, wave)),),
    )


def _ended(state: NeedState, matching: Matching, why: WhyEnded, at: str) -> Decision:
    after = ledger.edited(state, at, matching=structs.replace(matching, status="ended"))
    return Decision(Done("need", state.id, after), (MatchingEnded(after, why),))


def _running(state: NeedState) -> Matching | None:
    return state.matching if state.matching is not None and state.matching.status == "running" else None


def _lot(need_id: str, wave: int, offer_id: str) -> str:
    return blake2b(f"{need_id}/{wave}/{offer_id}".encode(), digest_size=16).hexdigest()


def _pledge(need_id: str, wave: int, offer_id: str) -> str:
    """Id of the pledge that an offer becomes in a wave."""
    drawn = bytes.fromhex(_lot(need_id, wave, offer_id))
    return f"{need_id}.{b32encode(drawn).decode().rstrip('=').lower()}"
