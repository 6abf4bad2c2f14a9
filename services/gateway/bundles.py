"""Bundles: the needs of one household under a pseudonym, to who keeps them."""

from typing import Any, Final

from msgspec import Struct

from services.gateway.bodies import Body
from services.gateway.commands import Wish, Write
from services.gateway.fields import Id, Note, existing, sent
from services.gateway.idempotency import new_id
from services.gateway.personal import Personal
from services.gateway.table import PATTERNS, Route
from shared.contracts.pledges import BeginBundle, BundleState, NeedState


class Bundle(Struct, frozen=True):
    """A bundle with what is known of the household, and its needs, the oldest 100."""

    id: str
    version: int
    created_at: str
    updated_at: str
    campaign_id: str
    partner_id: str | None
    details: str | None = None
    needs: tuple[NeedState, ...] = ()


class Bundles(Struct, frozen=True):
    """A page of bundles."""

    items: tuple[BundleState, ...]
    next: str | None


class NewBundle(Body):
    """A household whose needs are held together; `details` are told to nobody else."""

    campaign_id: Id
    details: Note | None = None


def begin(wish: Wish[NewBundle]) -> BeginBundle:
    """Make the command of a new bundle."""
    fields = sent(wish.body)
    campaign = existing(PATTERNS["campaign_id"], fields.pop("campaign_id"), "/campaign_id")
    return BeginBundle(bundle_id=new_id("bundle", wish.command_id), campaign_id=campaign, **fields)


def _details(body: NewBundle, _: dict[str, Any]) -> dict[str, Any]:
    return {"details": body.details, "needs": ()}


WRITES: Final = (
    Write(
        method="POST",
        path="/v1/bundles",
        summary="Hold the needs of a household together, under a pseudonym",
        service="pledges",
        body=NewBundle,
        command=BeginBundle,
        build=begin,
        answers={201: Bundle},
        tag="needs",
        problems=("campaign-not-live",),
        echo=_details,
    ),
)


def reads(personal: Personal) -> list[Route]:
    """Bundles, as the pledges service answers to who keeps them."""
    return [
        personal.one(
            path="/v1/bundles/{bundle_id}",
            summary="A bundle, to organisers and the partner that keeps it",
            service="pledges",
            ask=lambda ids: f"/bundles/{ids[0]}",
            answers=Bundle,
            tag="needs",
        ),
        personal.list(
            path="/v1/campaigns/{campaign_id}/bundles",
            summary="The bundles that the caller keeps in a campaign",
            service="pledges",
            ask=lambda ids: f"/campaigns/{ids[0]}/bundles",
            answers=Bundles,
            tag="needs",
        ),
    ]
