"""How organisations come to take part in a campaign, are known there, and leave it.

A partner is `invited` or `pending` (it asked to join where organisers approve) before it is `active`, and `left` or
`removed` afterwards; both are for good. Active ones alone are shown and act. Nothing waits for `verification`.
"""

from typing import Final, get_args

from msgspec import UNSET, UnsetType

from shared.contracts.event_states import OfPartner, OnPartner, PartnerAnswer, Sector
from shared.contracts.message import Command, Fact


class InvitePartner(OfPartner, frozen=True):
    """Invite an organisation: through a person, or without one through whoever brings the code."""

    name: str
    sector: Sector
    url: str | None = None
    org_id: str | None = None
    person: str | None = None


class AcceptInvitation(OfPartner, frozen=True):
    """Take part; the caller becomes the first member. `with_code`: the gateway has checked the code."""

    with_code: bool = False


class DeclineInvitation(OfPartner, frozen=True):
    """Say no to an invitation."""

    with_code: bool = False


class ApprovePartner(OfPartner, frozen=True):
    """Let a partner in that has asked."""


class ChangePartner(OfPartner, frozen=True, omit_defaults=True):
    """Change what is set; `revision`, if given, must be the current one."""

    revision: int | None = None
    name: str | UnsetType = UNSET
    sector: Sector | UnsetType = UNSET
    url: str | UnsetType | None = UNSET
    org_id: str | UnsetType | None = UNSET


class VerifyPartner(OfPartner, frozen=True):
    """Vouch that the partner is who it says."""


class LeavePartner(OfPartner, frozen=True):
    """Take part no longer; what the partner opened stays its own."""


class RemovePartner(OfPartner, frozen=True):
    """Let a partner take part no longer, or refuse it; the reason is for its members and the organisers alone."""

    reason: str


class PartnerInvited(OnPartner, frozen=True):
    """An organisation may take part if one of its people says so."""


class PartnerApplied(OnPartner, frozen=True):
    """An organisation asks to take part."""


class InvitationDeclined(OnPartner, frozen=True):
    """It was invited and does not want to."""


class PartnerChanged(OnPartner, frozen=True):
    """Some of its fields, named in `changed`, are new."""

    changed: tuple[str, ...]


class PartnerVerified(OnPartner, frozen=True):
    """Somebody vouched that it is who it says."""


class PartnerLeft(OnPartner, frozen=True):
    """It takes part no longer, or does not ask to any more."""


class PartnerRemoved(OnPartner, frozen=True):
    """The organisers let it take part no longer, or not at all."""


class PartnerRecord(PartnerAnswer, frozen=True):
    """A partner with what its members and the campaign's organisers may know: who acts for it, why it was removed.

    `invitees` are who may accept an invitation. All three are null for anybody else.
    """

    members: tuple[str, ...] | None = None
    invitees: tuple[str, ...] | None = None
    reason: str | None = None


PartnerCommand = (
    InvitePartner
    | AcceptInvitation
    | DeclineInvitation
    | ApprovePartner
    | ChangePartner
    | VerifyPartner
    | LeavePartner
    | RemovePartner
)
PartnerFact = (
    PartnerInvited
    | PartnerApplied
    | InvitationDeclined
    | PartnerChanged
    | PartnerVerified
    | PartnerLeft
    | PartnerRemoved
)

COMMANDS: Final[tuple[type[Command], ...]] = get_args(PartnerCommand)
FACTS: Final[tuple[type[Fact], ...]] = get_args(PartnerFact)
