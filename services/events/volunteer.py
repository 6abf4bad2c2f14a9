"""What a campaign knows of a person: their clearances, and how often they were asked to stand in. Pure."""

from typing import Final

from msgspec.structs import replace

from shared import instants
from shared.contracts.shifts import LEVELS, AssignmentState, Requirement, ShiftState, VolunteerState

BUDGET: Final = 3
"""So often a person is asked to stand in, within so many days."""
BUDGET_DAYS: Final = 30


def new(campaign_id: str, person: str, at: str) -> VolunteerState:
    """A person of whom the campaign knows nothing yet."""
    return VolunteerState(f"{campaign_id}.{person}", 1, at, at, campaign_id, person)


def known(volunteer: VolunteerState | None, shift: ShiftState, place: AssignmentState) -> VolunteerState:
    """The person who stands on a shift; from then on they may be asked to stand in on others."""
    return volunteer or new(shift.campaign_id, place.person, place.updated_at)


def asked(volunteer: VolunteerState, at: str) -> VolunteerState:
    """The person after they were asked to stand in."""
    before = (*volunteer.asked, at)[-BUDGET:]
    return replace(volunteer, version=volunteer.version + 1, updated_at=at, asked=before, asked_at=at)


def may_be_asked(volunteer: VolunteerState, at: str) -> bool:
    """Whether they have been left in peace for long enough."""
    since = instants.later(at, days=-BUDGET_DAYS)
    return sum(one > since for one in volunteer.asked) < BUDGET


def suffices(volunteer: VolunteerState | None, requirement: Requirement | None, day: str) -> bool:
    """Whether a person has what a role asks for, on a day."""
    if requirement is None:
        return True
    has = volunteer.clearances.get(requirement.kind) if volunteer else None
    levels = LEVELS[requirement.kind]
    return has is not None and has.expires_on >= day and levels.index(has.level) >= levels.index(requirement.level)
