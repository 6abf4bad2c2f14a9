"""What facts say of the things they are about, kept in chunks from which the state at any instant is read. Pure.

A chunk holds up to `CHUNK` states of one thing after another; consecutive states differ in little, so they pack well.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal

import msgspec
from msgspec import Raw, Struct

from shared.contracts.events import (
    CampaignState,
    EventState,
    OccurrenceCancelled,
    OccurrenceChanged,
    OccurrenceState,
    OnCampaign,
    OnEvent,
    OnPartner,
    PartnerState,
    RegistrationFact,
)
from shared.contracts.message import Fact, encode
from shared.contracts.pledges import NeedState, OnNeed, OnPledge

CHUNK: Final = 16
NEVER: Final = "~"
"""Later than every instant."""

Kind = Literal["campaign", "partner", "event", "occurrence", "need"]
State = CampaignState | PartnerState | EventState | OccurrenceState | NeedState

_KINDS: Final[dict[type[Struct], Kind]] = {
    CampaignState: "campaign",
    PartnerState: "partner",
    EventState: "event",
    OccurrenceState: "occurrence",
    NeedState: "need",
}


class Told(Struct, frozen=True):
    """A thing after a change, and when that was. `born` is empty where nobody keeps it."""

    thing: str
    kind: Kind
    campaign: str
    born: str
    version: int
    at: str
    state: bytes


class Promised(Struct, frozen=True):
    """Somebody promised something to a campaign."""

    campaign: str
    person: str
    at: str


class Version(Struct, frozen=True, array_like=True):
    """One state in a chunk."""

    version: int
    at: str
    state: Raw


_versions = msgspec.json.Decoder(tuple[Version, ...])


def states(fact: Fact, at: str) -> Iterator[Told]:
    """What a fact tells of each thing it is about."""
    match fact:
        case OnCampaign(campaign=campaign):
            yield told(campaign, campaign.id, at)
            if isinstance(fact, OnPartner):
                yield told(fact.partner, campaign.id, at)
        case OnEvent(event=event):
            yield told(event, event.campaign_id, at)
            if isinstance(fact, OccurrenceChanged | OccurrenceCancelled | RegistrationFact) and fact.occurrence:
                yield told(fact.occurrence, event.campaign_id, at)
        case OnNeed(need=need):
            yield told(need, need.campaign_id, at)
        case _:
            return


def told(state: State, campaign: str, at: str) -> Told:
    """A state as it is kept."""
    if isinstance(state, OccurrenceState):
        name, born = f"{state.event_id}@{state.occurrence}", ""
    else:
        name, born = state.id, state.created_at
    return Told(name, _KINDS[type(state)], campaign, born, state.version, at, encode(state))


def promised(fact: Fact, at: str) -> Promised | None:
    """Who has promised something by now; a hold is no promise yet."""
    match fact:
        case OnPledge(pledge=pledge) if pledge.status in {"pledged", "delivered"}:
            return Promised(pledge.campaign_id, pledge.donor, at)
        case _:
            return None


def chunks(changes: Iterable[Told]) -> Iterator[Sequence[Told]]:
    """Changes by thing, each in its order, in parts that make a chunk."""
    by_thing: dict[str, list[Told]] = {}
    for change in changes:
        by_thing.setdefault(change.thing, []).append(change)
    for some in by_thing.values():
        for start in range(0, len(some), CHUNK):
            yield some[start : start + CHUNK]


def packed(some: Sequence[Told]) -> bytes:
    """A chunk's states as bytes."""
    return zlib.compress(encode([Version(one.version, one.at, Raw(one.state)) for one in some]), 1)


def state_at(chunk: bytes, at: str) -> bytes | None:
    """The last state of a chunk that was so at an instant."""
    found = [one for one in _versions.decode(zlib.decompress(chunk)) if one.at <= at]
    return bytes(found[-1].state) if found else None
