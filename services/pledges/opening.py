"""How a need comes to be: asked for by who works in a campaign, or made of a signal. Pure."""

from msgspec import convert, structs

from services.pledges import bundle, life
from services.pledges.ledger import Bundled, Need
from services.pledges.policy import CampaignCopy
from shared.contracts.pledges import NeedOpened, NeedState, OpenNeed
from shared.contracts.signals import OpenPromoted, ReturnSignal
from shared.decider import FORBIDDEN, NOT_FOUND, SYSTEM, Asked, Decision, Refused, refused


def decide(need: Need, command: OpenNeed, asked: Asked) -> Decision:
    """Open a need for the organisers, or for the partner that the caller acts for."""
    if need.state is not None:
        return life.unchanged(need.state) if need.opened_by == asked.person else Decision(FORBIDDEN)
    campaign = need.campaign
    refusal = why_not(campaign, command, asked.person)
    if refusal is not None or campaign is None:
        return Decision(refusal or NOT_FOUND)
    kept = need.bundle
    if command.bundle is not None and (
        kept is None or kept.campaign_id != campaign.id or not bundle.keeps(campaign, kept, asked.person)
    ):
        return Decision(structs.replace(NOT_FOUND, errors=(("/bundle", "There is no such bundle."),)))
    opened = life.told(NeedOpened(_state(need, campaign, command, asked), asked.person), 201)
    return structs.replace(opened, private=(Bundled(need.id, command.bundle),)) if command.bundle else opened


def decide_promoted(need: Need, command: OpenPromoted, asked: Asked) -> Decision:
    """Open the need that a signal was promoted to; if that is not possible any more, the signal is to know."""
    if not asked.may(SYSTEM):
        return Decision(FORBIDDEN)
    decision = decide(need, promoted(command), structs.replace(asked, person=command.opener))
    if isinstance(decision.answer, Refused):
        return structs.replace(decision, then=(ReturnSignal(command.signal_id, need.id),))
    return decision


def promoted(command: OpenPromoted) -> OpenNeed:
    """The need that a signal becomes, as it would have been asked for."""
    wished = structs.asdict(command.need) | {"campaign_id": command.campaign_id}
    return convert(wished, OpenNeed)


def why_not(campaign: CampaignCopy | None, command: OpenNeed, person: str) -> Refused | None:
    """Why a person may not open this need in a campaign, if so."""
    if campaign is None or campaign.id != command.campaign_id:
        return NOT_FOUND
    if person not in campaign.organisers and campaign.partner_of(person) is None:
        return FORBIDDEN
    if campaign.status != "live":
        return refused("campaign-not-live", status=campaign.status)
    if (command.kind == "money") != (command.currency is not None):
        return _invalid("currency", "Money has a currency, and nothing else has.")
    if command.kind == "money" and command.unit != "pence":
        return _invalid("unit", "Money is counted in pence.")
    if command.subkind is not None and campaign.need_kinds.get(command.subkind) != command.kind:
        return _invalid("subkind", "The campaign has no such kind of need, or it is another kind's.")
    return None


def _state(need: Need, campaign: CampaignCopy, command: OpenNeed, asked: Asked) -> NeedState:
    partner = None if asked.person in campaign.organisers else campaign.partner_of(asked.person)
    return NeedState(
        id=need.id,
        version=1,
        revision=1,
        created_at=asked.at,
        updated_at=asked.at,
        campaign_id=campaign.id,
        partner_id=partner,
        title=command.title,
        kind=command.kind,
        quantity=command.quantity,
        unit=command.unit,
        currency=command.currency,
        limit=command.limit,
        by=command.by,
        ward=command.ward,
        description=command.description,
        principles=command.principles,
        languages=command.languages,
        related=command.related,
        status="open",
        uncommitted=command.quantity,
        subkind=command.subkind,
        owners=(partner,) if partner else (),
    )


def _invalid(field: str, detail: str) -> Refused:
    return Refused("invalid-body", 422, errors=((f"/{field}", detail),))
