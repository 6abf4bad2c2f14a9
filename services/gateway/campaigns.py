"""Writes on campaigns, their organisers, partners and partners' members."""

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
    WebAddress,
    existing,
)
from services.gateway.idempotency import new_id, suffix
from services.gateway.problems import ProblemError
from services.gateway.table import PATTERNS, Parameter
from shared.contracts.events import (
    AddMember,
    AddOrganiser,
    AddPartner,
    CampaignState,
    CreateCampaign,
    PartnerAnswer,
    RemoveMember,
    RemoveOrganiser,
    Sector,
)

_PLACE: Final = "/v1/campaigns/{campaign_id}"
_MEMBERS: Final = f"{_PLACE}/partners/{{partner_id}}/members"
_BY_QUERY: Final = (Parameter("person", "Whom, for clients that send no body with DELETE."),)


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


class NewPartner(Body):
    """An organisation that joins; `org_id` is its identifier as org-id.guide lists them."""

    name: Line
    sector: Sector
    url: WebAddress | None = None
    org_id: Line | None = None


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
    )


def slug_of(name: str) -> str:
    """A name in lower-case ASCII letters, digits and hyphens, 60 at most; `campaign` if none is left."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall("[a-z0-9]+", plain))[:60].strip("-") or "campaign"


def _join(wish: Wish[NewPartner]) -> AddPartner:
    body, partner = wish.body, f"{wish.id}.{suffix(wish.command_id)}"
    return AddPartner(wish.id, partner, body.name, body.sector, body.url, body.org_id)


def _partner(wish: Wish[Whom]) -> tuple[str, str]:
    """The campaign and the partner of the path; `not-found` unless they belong together."""
    campaign, partner = wish.ids
    if not partner.startswith(f"{campaign}."):
        raise ProblemError("not-found")
    return campaign, partner


def _add_member(wish: Wish[Whom]) -> AddMember:
    return AddMember(*_partner(wish), wish.body.person)


def _remove_member(wish: Wish[Whom]) -> RemoveMember:
    return RemoveMember(*_partner(wish), wish.body.person)


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
        query=_BY_QUERY,
    ),
    Write(
        method="POST",
        path=f"{_PLACE}/partners",
        summary="Join as an organisation; the caller becomes its first member",
        service="events",
        body=NewPartner,
        command=AddPartner,
        build=_join,
        answers={201: PartnerAnswer},
        tag="campaigns",
        problems=("campaign-wrong-state",),
    ),
    Write(
        method="POST",
        path=_MEMBERS,
        summary="Let a person act for the partner",
        service="events",
        body=Whom,
        command=AddMember,
        build=_add_member,
        answers={200: PartnerAnswer},
        tag="campaigns",
    ),
    Write(
        method="DELETE",
        path=_MEMBERS,
        summary="Take that right back; the last member stays",
        service="events",
        body=Whom,
        command=RemoveMember,
        build=_remove_member,
        answers={200: PartnerAnswer},
        tag="campaigns",
        problems=("not-member",),
        query=_BY_QUERY,
    ),
)
