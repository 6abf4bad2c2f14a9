"""Commitments to the shared vision: which principles, what will be done, when it is looked at again, and what shows it.

A commitment is a stream of its own in the pledges service. It is *stale* when its review came and nothing had been
shown since it was made or renewed; whatever is shown later makes it current again.
"""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from shared.contracts.message import Command, Fact

CommitmentStatus = Literal["current", "stale", "ended"]
EvidenceKind = Literal["event", "delivery", "link", "reference"]
"""The first two attach themselves; the others are given by those who made the commitment."""
ShownKind = Literal["link", "reference"]


class Evidence(Struct, frozen=True):
    """What shows that a commitment is kept: `ref` is an event's or pledge's id, a web address, or words."""

    kind: EvidenceKind
    ref: str
    at: str


class CommitmentState(Struct, frozen=True):
    """A commitment after a change; `partner_id` is the partner that made it, null for the campaign's own.

    `evidence` are the newest pieces, by time. `renewed_at` is when it was made or last renewed: what is older does not
    count at the next review. `review_passed`: the day named by `review_on` is over.
    """

    id: str
    version: int
    revision: int
    created_at: str
    updated_at: str
    campaign_id: str
    partner_id: str | None
    organisation: str
    principles: tuple[int, ...]
    actions: tuple[str, ...]
    review_on: str
    renewed_at: str
    status: CommitmentStatus = "current"
    review_passed: bool = False
    evidence: tuple[Evidence, ...] = ()


# ---------------------------------------------------------------- commands


class OfCommitment(Command, frozen=True):
    """A command that a commitment decides."""

    commitment_id: str

    @property
    def stream(self) -> str:
        """The commitment."""
        return self.commitment_id


class MakeCommitment(OfCommitment, frozen=True):
    """Commit an organisation; the caller acts for a partner of the campaign, or organises it."""

    campaign_id: str
    organisation: str
    principles: tuple[int, ...]
    actions: tuple[str, ...]
    review_on: str
    partner_id: str | None = None


class ChangeCommitment(OfCommitment, frozen=True, omit_defaults=True):
    """Change what is set; `revision`, if given, must be the current one."""

    revision: int | None = None
    organisation: str | UnsetType = UNSET
    principles: tuple[int, ...] | UnsetType = UNSET
    actions: tuple[str, ...] | UnsetType = UNSET


class ShowEvidence(OfCommitment, frozen=True):
    """Show something that says the commitment is kept."""

    kind: ShownKind
    ref: str


class RenewCommitment(OfCommitment, frozen=True):
    """Commit anew, to be looked at again on another day."""

    review_on: str


class EndCommitment(OfCommitment, frozen=True):
    """Be bound no longer; what was shown stays to be read."""


class AttachEvidence(OfCommitment, frozen=True):
    """The service's own: something happened that shows it; `at` is when."""

    kind: EvidenceKind
    ref: str
    at: str


class TakeBackEvidence(OfCommitment, frozen=True):
    """The service's own: what had happened did not, or does not match any more."""

    kind: EvidenceKind
    ref: str


class ReviewCommitment(OfCommitment, frozen=True):
    """The service's own: the day of the review is over, if that is still the day."""

    review_on: str


# ---------------------------------------------------------------- facts


class OnCommitment(Fact, frozen=True):
    """A fact on a commitment's stream."""

    commitment: CommitmentState

    @property
    def stream(self) -> str:
        """The commitment."""
        return self.commitment.id

    @property
    def streamversion(self) -> int:
        """The commitment's version."""
        return self.commitment.version


class CommitmentMade(OnCommitment, frozen=True):
    """An organisation commits itself; `made_by` (a pseudonym) is never public."""

    made_by: str


class CommitmentChanged(OnCommitment, frozen=True):
    """Some of its fields, named in `changed`, are new."""

    changed: tuple[str, ...]


class EvidenceAttached(OnCommitment, frozen=True):
    """Something shows that it is kept."""

    evidence: Evidence


class EvidenceTakenBack(OnCommitment, frozen=True):
    """What showed it is not so."""

    evidence: Evidence


class CommitmentReviewed(OnCommitment, frozen=True):
    """The day of its review is over; it is stale now if nothing was shown."""


class CommitmentRenewed(OnCommitment, frozen=True):
    """It holds anew."""


class CommitmentEnded(OnCommitment, frozen=True):
    """It binds no longer."""


CommitmentCommand = (
    MakeCommitment
    | ChangeCommitment
    | ShowEvidence
    | RenewCommitment
    | EndCommitment
    | AttachEvidence
    | TakeBackEvidence
    | ReviewCommitment
)
CommitmentFact = (
    CommitmentMade
    | CommitmentChanged
    | EvidenceAttached
    | EvidenceTakenBack
    | CommitmentReviewed
    | CommitmentRenewed
    | CommitmentEnded
)
COMMANDS = (
    MakeCommitment,
    ChangeCommitment,
    ShowEvidence,
    RenewCommitment,
    EndCommitment,
    AttachEvidence,
    TakeBackEvidence,
    ReviewCommitment,
)
FACTS = (
    CommitmentMade,
    CommitmentChanged,
    EvidenceAttached,
    EvidenceTakenBack,
    CommitmentReviewed,
    CommitmentRenewed,
    CommitmentEnded,
)
