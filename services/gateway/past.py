"""A campaign as it was, made of what its things were: what everybody could read then, of what they may read today.

Pure. It is put together by the views' own rules, so that it reads as it did.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from services.gateway import series, views
from services.gateway.aggregate import assemble
from services.gateway.series import Item, Series
from services.gateway.view_store import Ask, Found, Totals, Whole
from services.gateway.views import View
from shared import series as slots
from shared.contracts.events import CampaignState, EventState, OccurrenceState, PartnerState
from shared.contracts.message import encode
from shared.contracts.pledges import NeedState

LOOKED_AT: Final = 3 * series.UPCOMING
"""Events that are looked at for the next ten: some may have withdrawn their place since."""
URGENT: Final = 10


class Line(Struct, frozen=True):
    """A line of an owner's answer."""

    kind: str
    state: Raw = Raw(b"null")
    count: int = 0


class Then(Struct):
    """What the owners told. `gone`: there was something that they know no more."""

    campaign: CampaignState | None = None
    partners: list[PartnerState] = []
    events: list[EventState] = []
    occurrences: dict[str, dict[str, OccurrenceState]] = {}
    needs: list[NeedState] = []
    volunteers: int = 0
    gone: bool = False


class Today(Struct, frozen=True):
    """What everybody may read today: ids of partners, events and needs; and who organises the campaign."""

    partners: frozenset[str]
    events: frozenset[str]
    needs: frozenset[str]
    organisers: frozenset[str]


_lines = msgspec.json.Decoder(Line)
_campaigns = msgspec.json.Decoder(CampaignState)
_partners = msgspec.json.Decoder(PartnerState)
_events = msgspec.json.Decoder(EventState)
_occurrences = msgspec.json.Decoder(OccurrenceState)
_needs = msgspec.json.Decoder(NeedState)


def take(then: Then, text: bytes) -> None:
    """Take in a line."""
    line = _lines.decode(text)
    match line.kind:
        case "campaign":
            then.campaign = _campaigns.decode(line.state)
        case "partner":
            then.partners.append(_partners.decode(line.state))
        case "event":
            then.events.append(_events.decode(line.state))
        case "occurrence":
            one = _occurrences.decode(line.state)
            then.occurrences.setdefault(one.event_id, {})[one.occurrence] = one
        case "need":
            then.needs.append(_needs.decode(line.state))
        case "people":
            then.volunteers += line.count
        case "gone":
            then.gone = True
        case _:
            raise ValueError("a line of a kind that nobody knows")


def seen(then: Then, today: Today) -> Then:
    """What of it everybody could read then, and may today."""
    campaign = then.campaign
    if campaign is not None:
        still = tuple(person for person in campaign.organisers if person in today.organisers)
        campaign = None if campaign.status == "draft" else replace(campaign, organisers=still)
    return Then(
        campaign,
        [one for one in then.partners if one.id in today.partners and one.status == "active"],
        [one for one in then.events if one.id in today.events and views.view_of(one).public],
        then.occurrences,
        [one for one in then.needs if one.id in today.needs and not one.hidden],
        then.volunteers,
    )


def upcoming(then: Then, at: str) -> list[Item]:
    """The events that came next, each series at its next start; more of them than are shown."""
    once = [one for one in then.events if one.recurrence is None and one.status == "published"]
    found = [
        Series(one, {name: how for name, how in touched.items() if slots.exceptional(how)})
        for one in then.events
        if one.recurrence is not None and one.status == "published"
        for touched in (then.occurrences.get(one.id, {}),)
    ]
    soonest = heapq.nsmallest(
        LOOKED_AT, (one for one in once if one.starts_at_utc >= at), key=lambda one: (one.starts_at_utc, one.id)
    )
    return series.next_of(found, [encode(one) for one in soonest], at)[:LOOKED_AT]


def whole(then: Then, campaign: CampaignState, coming: Iterable[Item], at: str) -> bytes:
    """The aggregate; `coming` are the events that it may show."""
    figures = {(event, name): one for event, of in then.occurrences.items() for name, one in of.items()}
    events = [one for one in then.events if one.status != "cancelled"]
    pledged: Counter[str] = Counter()
    delivered: Counter[str] = Counter()
    for need in then.needs:
        pledged[need.kind] += need.pledged
        delivered[need.kind] += need.delivered
    totals = Totals(
        len(events),
        sum(one.registered for one in events),
        sum(one.status == "open" for one in then.needs),
        then.volunteers,
        dict(sorted(pledged.items())),
        dict(sorted(delivered.items())),
    )
    urgent = sorted((member, one) for one in then.needs for member in _members(views.view_of(one), _open(one)))
    return assemble(
        Whole(
            Found({}, campaign.id, campaign.version, True, campaign.id, b""),  # noqa: FBT003 -- public
            [views.partner_view(one).body.encode() for one in then.partners],
            [series.body_of(item, figures, dated=False) for item in islice(coming, series.UPCOMING)],
            [encode(one) for _, one in urgent[:URGENT]],
            totals,
            at,
            "",
        ),
        encode(campaign),
    )


def board(then: Then, ask: Ask) -> tuple[list[bytes], str]:
    """A page of the needs that stood in all the sets, newest first, and where it goes on."""
    fitting = sorted(
        (
            (member, one)
            for one in then.needs
            for member in _members(views.view_of(one), *ask.sets)
            if not ask.after or member < ask.after
        ),
        reverse=True,
    )
    shown = fitting[: ask.limit]
    return [encode(one) for _, one in shown], shown[-1][0] if len(fitting) > len(shown) else ""


def _members(view: View, *sets: str) -> Iterator[str]:
    """The member that stands in the first of these sets, if one stands in all of them."""
    stands = dict(zip(view.entries[::2], view.entries[1::2], strict=True))
    if all(name in stands for name in sets):
        yield stands[sets[0]]


def _open(need: NeedState) -> str:
    return f"c:{need.campaign_id}:open"
