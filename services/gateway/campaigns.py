"""Writes on campaigns and their organisers."""

import re
import unicodedata
from typing import Final

from services.gateway.bodies import Body
from services.gateway.commands import Wish, Write
from services.gateway.fields import (
    Date,
    Id,
    Languages,
    Line,
    Person,
    Principles,
    Priorities,
    Slug,
    Text,
    Wards,
    existing,
)
from services.gateway.idempotency import new_id
from services.gateway.table import PATTERNS, Parameter
from shared.contracts.events import (
    AddOrganiser,
    CampaignState,
    CreateCampaign,
    PartnerApproval,
    RemoveOrganiser,
)

_PLACE: Final = "/v1/campaigns/{campaign_id}"
BY_QUERY: Final = (Parameter("person", "Whom, for clients that send no body with DELETE."),)


class Nothing(Body):
    """`{}`, or no body at all."""


class NewCampaign(Body):
    """A campaign to be; without a `slug` it gets one made of its name."""

    name: Line
    summary: Text
    slug: Slug | None = None
    starts_on: Date | None = None
    ends_on: Date | None = None
    wards: Wards = ()
    principles: Principles = ()
    languages: Languages = ()
    successor_of: Id | None = None
    priorities: Priorities = ()
    partner_approval: PartnerApproval = "open"


class Whom(Body):
    """A person, by the `id` that `GET /v1/me` tells them."""

    person: Person


def create(wish: Wish[NewCampaign]) -> CreateCampaign:
    """Make the command; a slug that nobody chose ends in a part of the id, so that it is never taken."""
    body, name = wish.body, new_id("campaign", wish.command_id)
    successor = body.successor_of
    return CreateCampaign(
        campaign_id=name,
        name=body.name,
        slug=body.slug or f"{slug_of(body.name)}-{name[-6:]}",
        summary=body.summary,
        starts_on=body.starts_on,
        ends_on=body.ends_on,
        wards=body.wards,
        principles=body.principles,
        languages=body.languages,
        priorities=body.priorities,
        successor_of=successor and existing(PATTERNS["campaign_id"], successor, "/successor_of"),
        partner_approval=body.partner_approval,
    )


def slug_of(name: str) -> str:
    """A name in lower-case ASCII letters, digits and hyphens, 60 at most; `campaign` if none is left."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall("[a-z0-9]+", plain))[:60].strip("-") or "campaign"


WRITES: Final = (
    Write(
        method="POST",
        path="/v1/campaigns",
        summary="Open a draft of a campaign",
        service="events",
        body=NewCampaign,
        command=CreateCampaign,
        build=create,
        answers={201: CampaignState},
        tag="campaigns",
        roles=frozenset({"organiser"}),
        problems=("slug-taken",),
    ),
    Write(
        method="POST",
        path=f"{_PLACE}/organisers",
        summary="Let a person organise the campaign",
        service="events",
        body=Whom,
        command=AddOrganiser,
        build=lambda wish: AddOrganiser(wish.id, wish.body.person),
        answers={200: CampaignState},
        tag="campaigns",
    ),
    Write(
        method="DELETE",
        path=f"{_PLACE}/organisers",
        summary="Take that right back; the last organiser stays",
        service="events",
        body=Whom,
        command=RemoveOrganiser,
        build=lambda wish: RemoveOrganiser(wish.id, wish.body.person),
        answers={200: CampaignState},
        tag="campaigns",
        problems=("last-organiser", "not-member"),
        query=BY_QUERY,
    ),
)
