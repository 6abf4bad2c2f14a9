"""Who owns a need beside the partner that it was opened for. Pure.

Members of every owner manage the need; what a partner keeps for itself elsewhere no other owner comes to see.
"""

from typing import Final

from services.pledges import ledger, life, pledge
from services.pledges.ledger import Need
from shared.contracts.pledges import AddOwner, NeedState, OwnerAdded, OwnerRemoved, RemoveOwner
from shared.decider import Asked, Decision, refused

MOST_OWNERS: Final = 20
"""Partners that own a need: they travel in each of its facts."""


def decide(need: Need, state: NeedState, command: AddOwner | RemoveOwner, asked: Asked) -> Decision:
    """Answer who manages the need."""
    if not pledge.manages(need, asked.person):
        return Decision(pledge.no_manager(state))
    owners = pledge.owners(state)
    known = command.partner_id in owners
    match command:
        case AddOwner():
            if known:
                return life.unchanged(state)
            if need.campaign is None or command.partner_id not in need.campaign.partners:
                return Decision(refused("not-partner"))
            if len(owners) >= MOST_OWNERS:
                return Decision(refused("too-many-owners", most=MOST_OWNERS))
            after = ledger.edited(state, asked.at, owners=(*owners, command.partner_id))
            return life.told(OwnerAdded(after, command.partner_id))
        case RemoveOwner():
            if command.partner_id == state.partner_id:
                return Decision(refused("owner-stays"))
            if not known:
                return life.unchanged(state)
            left = tuple(owner for owner in owners if owner != command.partner_id)
            return life.told(OwnerRemoved(ledger.edited(state, asked.at, owners=left), command.partner_id))
