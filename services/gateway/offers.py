"""Offers to a campaign: made and changed as pledges are (`pledges.py`), matched to needs, listed to organisers."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field

from services.gateway.bodies import Body
from services.gateway.commands import Wish, Write
from services.gateway.fields import Id, Quantity, existing
from services.gateway.idempotency import new_id, suffix
from services.gateway.personal import Personal
from services.gateway.pledge_shapes import Pledge, Pledges
from services.gateway.problems import Flaw, ProblemError
from services.gateway.table import PATTERNS, Route
from shared.contracts.pledges import AskAround, MakeOffer, MatchOffer, NeedState


class AskingAround(Body):
    """How many donors are asked at once, and how long each may take to answer."""

    minutes: Annotated[int, Field(ge=1, le=1_440)] = 60
    wave_size: Annotated[int, Field(ge=1, le=50)] = 10


class MatchedTo(Body):
    """To which need, and how much; as much as both sides allow if not said."""

    need_id: Id
    quantity: Quantity | None = None


def is_offer(name: str) -> bool:
    """Whether an id is that of an offer, not of a pledge on a need."""
    return PATTERNS["offer_id"].fullmatch(name) is not None


def create(wish: Wish[Any]) -> MakeOffer:
    """Make the command of a new offer."""
    body = wish.body
    missing = [name for name in ("campaign_id", "kind", "unit") if getattr(body, name) is None]
    if missing == ["campaign_id", "kind", "unit"]:
        raise ProblemError("invalid-body", errors=[Flaw("/need_id", "Name a need, or a campaign.")])
    if missing:
        flaws = [Flaw(f"/{name}", "An offer to a campaign says it.") for name in missing]
        raise ProblemError("invalid-body", errors=flaws)
    demand_none({"hold_minutes": body.hold_minutes}, "An offer is not held.")
    for_needs = {"place": body.place, "sessions": body.sessions, "mentoring": body.mentoring or None}
    demand_none(for_needs, "Say it when you pledge to a need.")
    return MakeOffer(
        offer_id=new_id("offer", wish.command_id),
        campaign_id=existing(PATTERNS["campaign_id"], body.campaign_id, "/campaign_id"),
        kind=body.kind,
        unit=body.unit,
        quantity=body.quantity,
        currency=body.currency,
        note=body.note,
        anonymous=body.anonymous,
    )


def demand_none(fields: Mapping[str, object], detail: str) -> None:
    """Refuse (422) fields that say nothing here."""
    flaws = [Flaw(f"/{name}", detail) for name, value in fields.items() if value is not None]
    if flaws:
        raise ProblemError("invalid-body", errors=flaws)


def match(wish: Wish[MatchedTo]) -> MatchOffer:
    """Make the command that matches an offer; the id of the pledge is that of the need and of this wish."""
    if not is_offer(wish.id):
        raise ProblemError("not-found")
    need = existing(PATTERNS["need_id"], wish.body.need_id, "/need_id")
    return MatchOffer(wish.id, need, f"{need}.{suffix(wish.command_id)}", wish.body.quantity)


WRITES: Final = (
    Write(
        method="POST",
        path="/v1/needs/{need_id}/match",
        summary="Ask the donors of offers that fit, in waves, until nothing is left or nobody to be asked",
        service="pledges",
        body=AskingAround,
        command=AskAround,
        build=lambda wish: AskAround(wish.id, wish.body.minutes, wish.body.wave_size),
        answers={200: NeedState},
        tag="needs",
        problems=("need-not-open", "not-enough-left"),
    ),
    Write(
        method="POST",
        path="/v1/pledges/{pledge_id}/match",
        summary="Bring forth a pledge on a need from an offer to its campaign",
        service="pledges",
        body=MatchedTo,
        command=MatchOffer,
        build=match,
        answers={201: Pledge},
        tag="pledges",
        problems=(
            "more-than-pledged",
            "not-enough-left",
            "need-not-open",
            "offer-does-not-fit",
            "pledge-not-active",
            "too-many-matches",
        ),
    ),
)


def reads(personal: Personal) -> list[Route]:
    """The offers to a campaign, as the pledges service answers to its organisers."""
    return [
        personal.list(
            path="/v1/campaigns/{campaign_id}/offers",
            summary="What is offered to a campaign, newest first, to its organisers",
            service="pledges",
            ask=lambda ids: f"/campaigns/{ids[0]}/offers",
            answers=Pledges,
            tag="campaigns",
        )
    ]
