"""Facts, records and stores that the tests of the views share."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from services.gateway.gathering import Gathered
from services.gateway.view_store import Batch, ViewStore
from services.gateway.views import State
from shared.contracts import outcomes
from shared.contracts.catalogue import FACTS
from shared.contracts.events import CampaignState, EventState, PartnerState
from shared.contracts.message import Fact
from shared.contracts.outcomes import CommandSucceeded, Resource, Touched
from shared.contracts.pledges import NeedState, PledgeState
from shared.ports import Record

AT = "2026-05-01T10:00:00.000Z"
LATER = "2026-05-01T10:05:00.000Z"


def name(kind: str, n: int = 0) -> str:
    """An id of the right form."""
    letters = "".join("abcdefghij"[int(digit)] for digit in f"{n:06d}")
    return f"{kind}_{'a' * 20}{letters}"


CAMPAIGN = name("campaign")


def a_campaign(**fields: Any) -> CampaignState:  # noqa: ANN401
    """A live campaign."""
    made: dict[str, Any] = {
        "id": CAMPAIGN,
        "version": 2,
        "revision": 1,
        "created_at": AT,
        "updated_at": AT,
        "name": "As One",
        "slug": "as-one",
        "summary": "Neighbours help.",
        "starts_on": None,
        "ends_on": None,
        "wards": ("aston",),
        "principles": (1,),
        "languages": ("en",),
        "successor_of": None,
        "status": "live",
        "organisers": ("ana",),
    }
    return CampaignState(**{**made, **fields})


def a_partner(n: int = 0, **fields: Any) -> PartnerState:  # noqa: ANN401
    """A partner of the campaign."""
    made: dict[str, Any] = {
        "id": f"{CAMPAIGN}.{name('p', n)[2:]}",
        "version": 1,
        "created_at": AT,
        "updated_at": AT,
        "campaign_id": CAMPAIGN,
        "name": f"Kitchen {n}",
        "sector": "community",
        "url": None,
        "org_id": None,
        "members": ("bo",),
    }
    return PartnerState(**{**made, **fields})


def an_event(n: int = 0, **fields: Any) -> EventState:  # noqa: ANN401
    """A published event far in the future."""
    made: dict[str, Any] = {
        "id": name("event", n),
        "version": 2,
        "revision": 1,
        "created_at": AT,
        "updated_at": AT,
        "campaign_id": CAMPAIGN,
        "title": "Clean-up",
        "description": None,
        "category": "clean-up",
        "starts_at": "2099-06-01T10:00",
        "ends_at": "2099-06-01T12:00",
        "timezone": "Europe/London",
        "starts_at_utc": "2099-06-01T09:00:00.000Z",
        "ends_at_utc": "2099-06-01T11:00:00.000Z",
        "venue": None,
        "online_url": None,
        "visibility": "public",
        "capacity": None,
        "waiting_list": True,
        "principles": (),
        "languages": (),
        "age_min": None,
        "age_max": None,
        "status": "published",
        "published_at": AT,
    }
    return EventState(**{**made, **fields})


def a_need(n: int = 0, **fields: Any) -> NeedState:  # noqa: ANN401
    """An open need for meals."""
    made: dict[str, Any] = {
        "id": name("need", n),
        "version": 1,
        "revision": 1,
        "created_at": AT,
        "updated_at": AT,
        "campaign_id": CAMPAIGN,
        "partner_id": None,
        "title": "Soup",
        "kind": "meal",
        "quantity": 100,
        "unit": "meal",
        "currency": None,
        "limit": "hard",
        "by": None,
        "ward": "aston",
        "description": None,
        "principles": (),
        "languages": (),
        "related": (),
        "status": "open",
        "uncommitted": 100,
    }
    return NeedState(**{**made, **fields})


def a_pledge(need: NeedState, donor: str = "cy", **fields: Any) -> PledgeState:  # noqa: ANN401
    """A pledge on a need."""
    made: dict[str, Any] = {
        "id": f"{need.id}.{name('p')[2:]}",
        "version": 1,
        "revision": 1,
        "created_at": AT,
        "updated_at": AT,
        "need_id": need.id,
        "campaign_id": need.campaign_id,
        "kind": need.kind,
        "unit": need.unit,
        "donor": donor,
        "anonymous": False,
        "quantity": 5,
        "status": "pledged",
    }
    return PledgeState(**{**made, **fields})


def wrapped(fact: Fact, owner: str, command_id: str = "c1") -> bytes:
    """A fact as its service appends it."""
    return FACTS[owner].wrap(
        fact,
        id=f"{command_id}.1",
        subject=fact.stream,
        time=AT,
        causationid=command_id,
        streamversion=fact.streamversion,
    )


def an_outcome(stream: str, version: int, command_id: str = "c1", owner: str = "pledges") -> bytes:
    """The outcome record of a command that changed a stream."""
    kind = stream.partition("_")[0]
    done = CommandSucceeded(
        command_id,
        "ana",
        200,
        Resource(kind, stream),
        outcomes.NO_BODY,
        (Touched(stream, version),),
        AT,
        AT,
    )
    return outcomes.OUTCOMES[owner].wrap(
        done, id=f"{command_id}.outcome", subject=stream, time=AT, causationid=command_id
    )


def a_record(
    value: bytes | None,
    offset: int = 0,
    topic: str = "pledges.facts",
    partition: int = 0,
    headers: Sequence[tuple[str, bytes | None]] = (),
) -> Record:
    """A record of the log."""
    return Record(topic, partition, offset, b"key", value, tuple(headers), 0)


def a_root() -> str:
    """A place of one's own in a Redis that others use too."""
    return f"t{uuid4().hex}:"


def a_batch(*states: Fact | State | PartnerState, positions: Sequence[tuple[str, int, int]] = ()) -> Batch:
    """Facts and states as one batch."""
    gathered = Gathered()
    for state in states:
        match state:
            case Fact():
                gathered.fact(state, "pledges.facts:0")
            case PartnerState():
                gathered.partner(state)
            case _:
                gathered.state(state, "pledges.facts:0")
    return gathered.batch(positions)


async def a_live_set(store: ViewStore, positions: Sequence[str] = ("pledges.facts:0",)) -> None:
    """Views that are complete and empty."""
    prefix = f"{store.root}v1:"
    await store.apply(Batch(positions=[(place, 0, 0) for place in positions]), prefix)
    await store.redis.call("SET", f"{prefix}complete", "1")
    await store.redis.call("SET", store.pointer, prefix)
