"""How a campaign begins, changes, rests and ends. Pure."""

from typing import Any, Final

from msgspec import UNSET
from msgspec.structs import replace

from services.events.campaign_document import Campaign, following, unchanged
from shared.contracts.events import (
    CampaignChanged,
    CampaignClosed,
    CampaignCreated,
    CampaignLaunched,
    CampaignPaused,
    CampaignReopened,
    CampaignResumed,
    CampaignState,
    CampaignStatus,
    ChangeCampaign,
    CloseCampaign,
    CreateCampaign,
    LaunchCampaign,
    PauseCampaign,
    ReopenCampaign,
    ResumeCampaign,
)
from shared.decider import FORBIDDEN, Asked, Decision, Done, Refused, refused

MOST_SLUGS: Final = 20
"""Former slugs of a campaign: they stand in its document."""
EDITABLE: Final = (
    "name",
    "slug",
    "summary",
    "starts_on",
    "ends_on",
    "wards",
    "principles",
    "priorities",
    "languages",
    "partner_approval",
)

Move = LaunchCampaign | PauseCampaign | ResumeCampaign | CloseCampaign | ReopenCampaign
_Moved = type[CampaignLaunched | CampaignPaused | CampaignResumed | CampaignClosed | CampaignReopened]

MOVES: Final[dict[type[Move], tuple[frozenset[CampaignStatus], CampaignStatus, _Moved]]] = {
    LaunchCampaign: (frozenset({"draft"}), "live", CampaignLaunched),
    PauseCampaign: (frozenset({"live"}), "paused", CampaignPaused),
    ResumeCampaign: (frozenset({"paused"}), "live", CampaignResumed),
    CloseCampaign: (frozenset({"draft", "live", "paused"}), "closed", CampaignClosed),
    ReopenCampaign: (frozenset({"closed"}), "live", CampaignReopened),
}
"""For each command: the statuses it leads away from, the one it leads to, and its fact."""


def create(campaign: Campaign, command: CreateCampaign, asked: Asked) -> Decision:
    """Open a draft."""
    if not asked.may("organiser"):
        return Decision(FORBIDDEN)
    if campaign.state is not None:
        return unchanged(campaign.state, 201)
    state = CampaignState(
        id=command.campaign_id,
        version=1,
        revision=1,
        created_at=asked.at,
        updated_at=asked.at,
        name=command.name,
        slug=command.slug,
        summary=command.summary,
        starts_on=command.starts_on,
        ends_on=command.ends_on,
        wards=command.wards,
        principles=command.principles,
        languages=command.languages,
        successor_of=command.successor_of,
        priorities=command.priorities,
        status="draft",
        organisers=(asked.person,),
        partner_approval=command.partner_approval,
    )
    wrong = _flaw(campaign, state)
    return Decision(wrong) if wrong else Decision(Done("campaign", state.id, state, 201), (CampaignCreated(state),))


def change(campaign: Campaign, state: CampaignState, command: ChangeCampaign, asked: Asked) -> Decision:
    """Give fields other values. A slug that is given up stays the campaign's own: it stands on posters."""
    if command.revision is not None and command.revision != state.revision:
        return Decision(Refused("revision-mismatch", 412, {"revision": state.revision}))
    if state.status == "evolved":
        return Decision(refused("campaign-wrong-state", status=state.status))
    wanted = {name: value for name in EDITABLE if (value := getattr(command, name)) is not UNSET}
    new: dict[str, Any] = {name: value for name, value in wanted.items() if value != getattr(state, name)}
    if not new:
        return unchanged(state)
    changed = tuple(new)
    if "slug" in new:
        new["former_slugs"] = (*(slug for slug in state.former_slugs if slug != new["slug"]), state.slug)
    after = replace(following(state, asked), revision=state.revision + 1, **new)
    wrong = _flaw(campaign, after)
    return Decision(wrong) if wrong else Decision(Done("campaign", after.id, after), (CampaignChanged(after, changed),))


def move(state: CampaignState, command: Move, asked: Asked) -> Decision:
    """Lead from one status to another."""
    away_from, status, fact = MOVES[type(command)]
    if state.status == status:
        return unchanged(state)
    if state.status not in away_from:
        return Decision(refused("campaign-wrong-state", status=state.status))
    after = replace(following(state, asked), status=status)
    return Decision(Done("campaign", after.id, after), (fact(after),))


def _flaw(campaign: Campaign, after: CampaignState) -> Refused | None:
    if after.starts_on and after.ends_on and after.ends_on < after.starts_on:
        return Refused("invalid-body", 422, errors=(("/ends_on", "is before starts_on"),))
    if after.slug in campaign.taken:
        return refused("slug-taken", slug=after.slug)
    if len(after.former_slugs) > MOST_SLUGS:
        return refused("too-many-slugs", most=MOST_SLUGS)
    return None
