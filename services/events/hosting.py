"""The rules of events that several organise: hosts who were invited and agreed. Pure."""

from typing import Final

from msgspec.structs import replace

from services.events.document import Event, following, manages, visible
from shared.contracts.events import EventState
from shared.contracts.hosting import (
    AcceptCoHost,
    CoHostAccepted,
    CoHostInvited,
    CoHostRemoved,
    InviteCoHost,
    RemoveCoHost,
)
from shared.decider import FORBIDDEN, NOT_FOUND, Asked, Decision, Done, refused

MOST: Final = 50


def decide(
    event: Event, state: EventState, command: InviteCoHost | AcceptCoHost | RemoveCoHost, asked: Asked
) -> Decision:
    """Answer who manages the event, or acts for the partner in question."""
    partner = command.partner_id
    acts = partner in event.acting.get(asked.person, frozenset())
    if not visible(event, asked.person) or not partner.startswith(f"{state.campaign_id}."):
        return Decision(NOT_FOUND)
    match command:
        case InviteCoHost():
            return _invite(event, state, partner, asked)
        case AcceptCoHost() if partner in state.hosts or partner in event.invited:
            return _accept(state, partner, asked) if acts else Decision(FORBIDDEN)
        case RemoveCoHost() if acts or manages(event, asked.person):
            return _remove(event, state, partner, asked)
        case RemoveCoHost():
            return Decision(FORBIDDEN)
        case AcceptCoHost():
            return Decision(NOT_FOUND)


def _invite(event: Event, state: EventState, partner: str, asked: Asked) -> Decision:
    if not manages(event, asked.person):
        return Decision(FORBIDDEN)
    if partner == event.partner_id or partner in state.hosts or partner in event.invited:
        return Decision(Done("event", state.id, state))
    if len(state.hosts) + len(event.invited) >= MOST:
        return Decision(refused("too-many-hosts", most=MOST))
    after = following(state, asked)
    return Decision(Done("event", after.id, after), (CoHostInvited(after, partner),))


def _accept(state: EventState, partner: str, asked: Asked) -> Decision:
    if partner in state.hosts:
        return Decision(Done("event", state.id, state))
    after = replace(following(state, asked), hosts=(*state.hosts, partner))
    return Decision(Done("event", after.id, after), (CoHostAccepted(after, partner),))


def _remove(event: Event, state: EventState, partner: str, asked: Asked) -> Decision:
    if partner not in state.hosts and partner not in event.invited:
        return Decision(Done("event", state.id, state))
    after = replace(following(state, asked), hosts=tuple(host for host in state.hosts if host != partner))
    return Decision(Done("event", after.id, after), (CoHostRemoved(after, partner),))
