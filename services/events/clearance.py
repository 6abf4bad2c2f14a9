"""The rules of clearances: what a campaign was shown of a person, and by whom it is recorded. Pure.

What is noted is private: it goes into the owner's documents, and into no fact and no outcome.
"""

from typing import Final

from msgspec import Struct
from msgspec.structs import asdict, replace

from services.events import campaign as campaigns
from services.events import volunteer
from shared.contracts.event_states import CampaignState
from shared.contracts.message import Fact
from shared.contracts.shifts import (
    LEVELS,
    Clearance,
    ClearanceKind,
    RecordClearance,
    VolunteerAnswer,
    VolunteerCommand,
    VolunteerState,
    WithdrawClearance,
)
from shared.decider import FORBIDDEN, NOT_FOUND, Asked, Decision, Done, Refused


class Standing(Struct, frozen=True):
    """A person in a campaign; `acting` are the callers who are members of a partner of it."""

    state: VolunteerState | None = None
    campaign: CampaignState | None = None
    acting: frozenset[str] = frozenset()


class Noted(Fact, frozen=True):
    """Private: what is known of the person now."""

    volunteer: VolunteerState


initial: Final = Standing()


def decide(standing: Standing, command: VolunteerCommand, asked: Asked) -> Decision:
    """Note a clearance or take it back; who may: organisers of the campaign, and members of its partners."""
    campaign = standing.campaign
    acts = asked.person in standing.acting
    if campaign is None or not (acts or campaigns.visible(campaign, asked.person)):
        return Decision(NOT_FOUND)
    if not acts and asked.person not in campaign.organisers:
        return Decision(FORBIDDEN)
    known: dict[ClearanceKind, Clearance] = standing.state.clearances if standing.state else {}
    match command:
        case RecordClearance(kind=kind, level=level, expires_on=expires_on):
            if level not in LEVELS[kind]:
                flaw = f"is not one of {', '.join(LEVELS[kind])}"
                return Decision(Refused("invalid-body", 422, errors=(("/level", flaw),)))
            before = known.get(kind)
            if before and (before.level, before.expires_on) == (level, expires_on):
                return _answered(standing, command, asked, known)
            noted = Clearance(level, expires_on, asked.person, asked.at)
            return _answered(standing, command, asked, known | {kind: noted})
        case WithdrawClearance(kind=kind):
            return _answered(standing, command, asked, {one: noted for one, noted in known.items() if one != kind})


def evolve(standing: Standing, fact: Noted) -> Standing:
    """Take a fact as given."""
    return replace(standing, state=fact.volunteer)


def _answered(
    standing: Standing, command: VolunteerCommand, asked: Asked, clearances: dict[ClearanceKind, Clearance]
) -> Decision:
    before = standing.state
    if before is None:
        after = replace(volunteer.new(command.campaign_id, command.person, asked.at), clearances=clearances)
    elif before.clearances == clearances:
        after = before
    else:
        after = replace(before, version=before.version + 1, updated_at=asked.at, clearances=clearances)
    told = {name: value for name, value in asdict(after).items() if name in VolunteerAnswer.__struct_fields__}
    private = (Noted(after),) if after is not before else ()
    return Decision(Done("clearance", after.id, VolunteerAnswer(**told)), private=private)
