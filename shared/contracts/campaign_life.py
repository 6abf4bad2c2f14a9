"""How a campaign goes on: its fields change, it rests, it wakes again."""

from msgspec import UNSET, UnsetType

from shared.contracts.event_states import OfCampaign, OnCampaign, PartnerApproval


class ChangeCampaign(OfCampaign, frozen=True, omit_defaults=True):
    """Change what is set; `revision`, if given, must be the current one. A new slug must be free."""

    revision: int | None = None
    name: str | UnsetType = UNSET
    slug: str | UnsetType = UNSET
    summary: str | UnsetType = UNSET
    starts_on: str | UnsetType | None = UNSET
    ends_on: str | UnsetType | None = UNSET
    wards: tuple[str, ...] | UnsetType = UNSET
    principles: tuple[int, ...] | UnsetType = UNSET
    priorities: tuple[int, ...] | UnsetType = UNSET
    languages: tuple[str, ...] | UnsetType = UNSET
    partner_approval: PartnerApproval | UnsetType = UNSET


class PauseCampaign(OfCampaign, frozen=True):
    """Let a live campaign rest: nothing new is published or pledged in it."""


class ResumeCampaign(OfCampaign, frozen=True):
    """Make a paused campaign live again."""


class CampaignChanged(OnCampaign, frozen=True):
    """Some of its fields, named in `changed`, are new."""

    changed: tuple[str, ...]


class CampaignPaused(OnCampaign, frozen=True):
    """The campaign rests."""


class CampaignResumed(OnCampaign, frozen=True):
    """The campaign is live again after a rest."""
