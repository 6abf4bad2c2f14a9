"""The rules of one bundle: who keeps the needs of a household together. Pure."""

from msgspec import structs

from services.pledges import sheets
from services.pledges.policy import CampaignCopy
from services.pledges.sheets import Said, Sheet
from shared.contracts.bundles import BeginBundle, BundleBegun, BundleState
from shared.contracts.message import Command, Fact
from shared.decider import FORBIDDEN, NOT_FOUND, Asked, Decision, Done, refused


class Bundle(Sheet[BundleState], frozen=True):
    """A bundle with what deciding takes."""


def decide(bundle: Bundle, command: Command, asked: Asked) -> Decision:
    """Answer a command."""
    if not isinstance(command, BeginBundle):
        return Decision(NOT_FOUND)
    campaign = bundle.campaign
    if campaign is None or campaign.id != command.campaign_id:
        return Decision(NOT_FOUND)
    if not sheets.works_in(campaign, asked.person):
        return Decision(FORBIDDEN)
    if bundle.state is not None:
        kept = keeps(campaign, bundle.state, asked.person)
        return Decision(Done("bundle", bundle.id, bundle.state) if kept else NOT_FOUND)
    if campaign.status != "live":
        return Decision(refused("campaign-not-live", status=campaign.status))
    partner = None if asked.person in campaign.organisers else campaign.partner_of(asked.person)
    state = BundleState(bundle.id, 1, asked.at, asked.at, campaign.id, partner)
    decision = Decision(Done("bundle", bundle.id, state, 201), (BundleBegun(state),))
    return structs.replace(decision, private=(Said("details", command.details),)) if command.details else decision


def evolve(bundle: Bundle, fact: Fact) -> Bundle:
    """Take a fact as given."""
    match fact:
        case BundleBegun(bundle=state):
            return sheets.told(bundle, state)
        case Said():
            return sheets.said(bundle, fact)
        case _:
            raise TypeError(type(fact).__name__)


def keeps(campaign: CampaignCopy, state: BundleState, person: str) -> bool:
    """Whether a person may see a bundle and put needs into it: its partner's members, and the organisers."""
    return campaign.has_member(person, state.partner_id)
