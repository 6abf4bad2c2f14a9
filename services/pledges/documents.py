"""How this service's states lie in MongoDB: field by field, so that an operator can read and query them. Pure.

Private words lie apart from what they are about, one document each, written once.
"""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import convert, to_builtins

from services.pledges import ledger
from services.pledges.ledger import Need
from services.pledges.policy import CampaignCopy
from shared.contracts.offers import OfferState
from shared.contracts.pledges import NeedState, PledgeState

Document = dict[str, Any]

NOWHERE: Final = "-"
"""Ward of a tally of needs without one."""


def of_need(need: Need) -> Document:
    """A need that exists."""
    return {
        **_of(need.state),
        "opened_by": need.opened_by,
        "deliveries": need.deliveries,
        "corrections": need.corrections,
        "bundle_id": need.bundle_id,
    }


def need(document: Mapping[str, Any], campaign: CampaignCopy | None) -> Need:
    """A need without its pledges."""
    return Need(
        document["_id"],
        need_state(document),
        document["opened_by"],
        int(document["deliveries"]),
        int(document["corrections"]),
        campaign=campaign,
        bundle_id=document.get("bundle_id"),
    )


def need_state(document: Mapping[str, Any]) -> NeedState:
    """The public part of a need."""
    return convert({**document, "id": document["_id"]}, NeedState)


def of_pledge(pledge: PledgeState) -> Document:
    """A pledge."""
    return _of(pledge)


def pledge_state(document: Mapping[str, Any]) -> PledgeState:
    """A pledge."""
    return convert({**document, "id": document["_id"]}, PledgeState)


def of_offer(state: OfferState) -> Document:
    """An offer."""
    return _of(state)


def offer_state(document: Mapping[str, Any]) -> OfferState:
    """An offer."""
    return convert({**document, "id": document["_id"]}, OfferState)


def of_campaign(copy: CampaignCopy) -> Document:
    """A copy of a campaign; ids of partners hold dots, which field names had better not."""
    return {**_of(copy), "partners": _pairs(copy.partners), "former": _pairs(copy.former)}


def campaign(document: Mapping[str, Any]) -> CampaignCopy:
    """A copy of a campaign."""
    people = {"partners": dict(document["partners"]), "former": dict(document.get("former", ()))}
    return convert({**document, "id": document["_id"], **people}, CampaignCopy)


def _pairs(partners: Mapping[str, tuple[str, ...]]) -> list[list[Any]]:
    return [[partner, list(members)] for partner, members in partners.items()]


def of_words(worded: ledger.Worded) -> Document:
    """Private words."""
    return {"_id": words_id(worded.pledge_id, worded.field), "words": worded.words}


def words_id(pledge_id: str, field: str) -> str:
    """Id of the document that keeps such words of a pledge."""
    return f"{pledge_id}/{field}"


def tallies(before: Need, after: Need, partition: int) -> list[tuple[Document, dict[str, int]]]:
    """What a change of a need adds to the sums; one that moved to another ward takes along what it had added."""
    old, new = ledger.tally(before), ledger.tally(after)
    if before.state is None or _ward(before) == _ward(after):
        return [(_tally(after, partition), _less(new, old))] if old != new else []
    nothing = ledger.Tally()
    return [(_tally(before, partition), _less(nothing, old)), (_tally(after, partition), _less(new, nothing))]


def _of(state: object) -> Document:
    document: Document = to_builtins(state)
    document["_id"] = document.pop("id")
    return document


def _ward(need: Need) -> str | None:
    return need.state.ward if need.state else None


def _tally(need: Need, partition: int) -> Document:
    state = need.state
    if state is None:
        raise ValueError("a need that does not exist has no sums")
    ward = state.ward or NOWHERE
    return {
        "_id": f"{state.campaign_id}|{state.kind}|{ward}|{partition}",
        "campaign_id": state.campaign_id,
        "kind": state.kind,
        "ward": state.ward,
    }


def _less(left: ledger.Tally, right: ledger.Tally) -> dict[str, int]:
    return {name: now - then for name, now, then in zip(ledger.Tally._fields, left, right, strict=True)}
