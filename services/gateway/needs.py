"""Writes on needs."""

from typing import Annotated, Final

from pydantic import Field

from services.gateway.bodies import Body
from services.gateway.campaigns import Nothing
from services.gateway.commands import Wish, Write
from services.gateway.fields import (
    Category,
    Currency,
    Date,
    Id,
    Languages,
    Line,
    Principles,
    Quantity,
    Text,
    Unit,
    Ward,
    absent,
    existing,
    sent,
)
from services.gateway.idempotency import new_id
from services.gateway.personal import Personal
from services.gateway.pledge_shapes import Pledges
from services.gateway.table import PATTERNS, Route
from shared.contracts.pledges import ChangeNeed, CloseNeed, Kind, Limit, NeedState, OpenNeed, ReopenNeed

_PLACE: Final = "/v1/needs/{need_id}"

Related = Annotated[tuple[Id, ...], Field(max_length=20)]


class NeedFields(Body):
    """Something asked for; money is counted in `pence` and has a `currency` (ISO 4217).

    `subkind` is a kind of the campaign's own that is one of the `kind`.
    """

    title: Line
    kind: Kind
    quantity: Quantity
    unit: Unit
    currency: Currency | None = None
    limit: Limit = "hard"
    by: Date | None = None
    ward: Ward | None = None
    description: Text | None = None
    principles: Principles = ()
    languages: Languages = ()
    related: Related = ()
    subkind: Category | None = None


class NewNeed(NeedFields):
    """A need of a campaign; `bundle` is the household's that it belongs to, which is told to nobody else."""

    campaign_id: Id
    bundle: Id | None = None


class NeedChange(Body):
    """Fields that are to be others (JSON merge patch, RFC 7396); null empties one that may be empty."""

    title: Line = Field(default_factory=absent)
    quantity: Quantity = Field(default_factory=absent)
    unit: Unit = Field(default_factory=absent)
    limit: Limit = Field(default_factory=absent)
    by: Date | None = None
    ward: Ward | None = None
    description: Text | None = None
    principles: Principles = Field(default_factory=absent)
    languages: Languages = Field(default_factory=absent)
    related: Related = Field(default_factory=absent)


def create(wish: Wish[NewNeed]) -> OpenNeed:
    """Make the command of a new need."""
    fields = sent(wish.body)
    campaign = existing(PATTERNS["campaign_id"], fields.pop("campaign_id"), "/campaign_id")
    if wish.body.bundle is not None:
        existing(PATTERNS["bundle_id"], wish.body.bundle, "/bundle")
    return OpenNeed(need_id=new_id("need", wish.command_id), campaign_id=campaign, **fields)


def _change(wish: Wish[NeedChange]) -> ChangeNeed:
    return ChangeNeed(wish.id, revision=wish.revision, **sent(wish.body))


WRITES: Final = (
    Write(
        method="POST",
        path="/v1/needs",
        summary="Ask for something on behalf of a campaign",
        service="pledges",
        body=NewNeed,
        command=OpenNeed,
        build=create,
        answers={201: NeedState},
        tag="needs",
        problems=("campaign-not-live",),
    ),
    Write(
        method="PATCH",
        path=_PLACE,
        summary="Change a need",
        service="pledges",
        body=NeedChange,
        command=ChangeNeed,
        build=_change,
        answers={200: NeedState},
        tag="needs",
        problems=("less-than-committed", "unit-fixed", "revision-mismatch"),
    ),
    Write(
        method="POST",
        path=f"{_PLACE}/close",
        summary="Take no more pledges",
        service="pledges",
        body=Nothing,
        command=CloseNeed,
        build=lambda wish: CloseNeed(wish.id),
        answers={200: NeedState},
        tag="needs",
    ),
    Write(
        method="POST",
        path=f"{_PLACE}/reopen",
        summary="Undo a close",
        service="pledges",
        body=Nothing,
        command=ReopenNeed,
        build=lambda wish: ReopenNeed(wish.id),
        answers={200: NeedState},
        tag="needs",
        problems=("campaign-not-live",),
    ),
)


def reads(personal: Personal) -> list[Route]:
    """The pledges on a need, as the pledges service answers to who manages it."""
    return [
        personal.list(
            path=f"{_PLACE}/pledges",
            summary="The pledges on a need, to its organisers",
            service="pledges",
            ask=lambda ids: f"/needs/{ids[0]}/pledges",
            answers=Pledges,
            tag="needs",
        )
    ]
