"""Writes on commitments to the shared vision."""

from typing import Annotated, Final

from pydantic import Field, TypeAdapter, ValidationError

from services.gateway.bodies import Body
from services.gateway.campaigns import Nothing
from services.gateway.commands import Wish, Write
from services.gateway.fields import Date, Id, Line, LongLine, Principles, WebAddress, absent, existing, sent
from services.gateway.idempotency import new_id
from services.gateway.problems import Flaw, ProblemError
from services.gateway.table import PATTERNS
from shared.contracts.commitments import (
    ChangeCommitment,
    CommitmentState,
    EndCommitment,
    MakeCommitment,
    RenewCommitment,
    ShowEvidence,
    ShownKind,
)

_PLACE: Final = "/v1/commitments/{commitment_id}"
_WEB_ADDRESSES: Final[TypeAdapter[str]] = TypeAdapter(WebAddress)

Chosen = Annotated[Principles, Field(min_length=1)]
Actions = Annotated[tuple[LongLine, ...], Field(min_length=1, max_length=20)]


class NewCommitment(Body):
    """What an organisation commits itself to; `partner_id` if the caller acts for several partners, or organises."""

    campaign_id: Id
    organisation: Line
    principles: Chosen
    actions: Actions
    review_on: Date
    partner_id: Id | None = None


class CommitmentChange(Body):
    """Fields that are to be others (JSON merge patch, RFC 7396). The day of the review moves by `renew`."""

    organisation: Line = Field(default_factory=absent)
    principles: Chosen = Field(default_factory=absent)
    actions: Actions = Field(default_factory=absent)


class Shown(Body):
    """What shows that it is kept: the address of a `link`, or words by which a `reference` is found."""

    kind: ShownKind
    ref: LongLine


class Renewal(Body):
    """Commit anew."""

    review_on: Date


def create(wish: Wish[NewCommitment]) -> MakeCommitment:
    """Make the command of a new commitment."""
    fields = sent(wish.body)
    campaign = existing(PATTERNS["campaign_id"], fields.pop("campaign_id"), "/campaign_id")
    if wish.body.partner_id is not None:
        existing(PATTERNS["partner_id"], wish.body.partner_id, "/partner_id")
    return MakeCommitment(new_id("commitment", wish.command_id), campaign, **fields)


def _change(wish: Wish[CommitmentChange]) -> ChangeCommitment:
    return ChangeCommitment(wish.id, revision=wish.revision, **sent(wish.body))


def _show(wish: Wish[Shown]) -> ShowEvidence:
    if wish.body.kind == "link":
        try:
            _WEB_ADDRESSES.validate_python(wish.body.ref)
        except ValidationError:
            flaw = Flaw("/ref", "No http or https address.")
            raise ProblemError("invalid-body", errors=[flaw]) from None
    return ShowEvidence(wish.id, wish.body.kind, wish.body.ref)


WRITES: Final = (
    Write(
        method="POST",
        path="/v1/commitments",
        summary="Commit an organisation to the shared vision",
        service="pledges",
        body=NewCommitment,
        command=MakeCommitment,
        build=create,
        answers={201: CommitmentState},
        tag="commitments",
        problems=("campaign-not-live",),
    ),
    Write(
        method="PATCH",
        path=_PLACE,
        summary="Change a commitment",
        service="pledges",
        body=CommitmentChange,
        command=ChangeCommitment,
        build=_change,
        answers={200: CommitmentState},
        tag="commitments",
        problems=("commitment-ended", "revision-mismatch"),
    ),
    Write(
        method="POST",
        path=f"{_PLACE}/evidence",
        summary="Show that a commitment is kept",
        service="pledges",
        body=Shown,
        command=ShowEvidence,
        build=_show,
        answers={200: CommitmentState},
        tag="commitments",
        problems=("commitment-ended",),
    ),
    Write(
        method="POST",
        path=f"{_PLACE}/renew",
        summary="Commit anew, to be reviewed on another day",
        service="pledges",
        body=Renewal,
        command=RenewCommitment,
        build=lambda wish: RenewCommitment(wish.id, wish.body.review_on),
        answers={200: CommitmentState},
        tag="commitments",
        problems=("commitment-ended",),
    ),
    Write(
        method="POST",
        path=f"{_PLACE}/end",
        summary="End a commitment",
        service="pledges",
        body=Nothing,
        command=EndCommitment,
        build=lambda wish: EndCommitment(wish.id),
        answers={200: CommitmentState},
        tag="commitments",
    ),
)
