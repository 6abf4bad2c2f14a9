"""What a pledge holds by its kind: where somebody can stay, when somebody gives their time. Pure."""

from typing import Final

from shared.contracts.pledges import DeliverPledge, MakePledge, NeedState, PledgeState
from shared.decider import Refused, refused

BY_TIME: Final = frozenset({"time", "skill"})
FEWEST_SESSIONS: Final = 2
"""Of a mentoring: one meeting is none."""


def why_not(state: NeedState, command: MakePledge) -> Refused | None:
    """Why a pledge on this need cannot hold what it says, if so."""
    if command.place is not None and state.kind != "space":
        return _invalid("place", "Only space has a place.")
    if command.sessions and state.kind not in BY_TIME:
        return _invalid("sessions", "Only time and skill come in sessions.")
    if command.mentoring and state.kind != "skill":
        return _invalid("mentoring", "Mentoring is a skill.")
    if command.mentoring and len(command.sessions) < FEWEST_SESSIONS:
        return _invalid("sessions", "Mentoring takes several sessions, and an end.")
    return None


def why_no_session(pledge: PledgeState, command: DeliverPledge) -> Refused | None:
    """Why this session of a pledge cannot be told of as delivered, if so: it is none of them, or was told of."""
    session = command.session
    if session is None:
        return None
    if session not in pledge.sessions:
        return _invalid("session", "The pledge has no such session.")
    known = next((one for one in pledge.deliveries if one.session == session and one.quantity), None)
    return refused("session-delivered", n=known.n) if known else None


def _invalid(field: str, detail: str) -> Refused:
    return Refused("invalid-body", 422, errors=((f"/{field}", detail),))
