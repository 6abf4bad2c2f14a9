"""A campaign and its need board as they were: `?as_of=`.

What the things were is told by the histories of their owners; what everybody may read today is told by the views,
and nothing is shown of the past that is not for everybody today.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec
from msgspec import Struct

from services.gateway import lists, past, series, views
from services.gateway.lists import Wanted
from services.gateway.moments import instant
from services.gateway.past import Then, Today
from services.gateway.problems import Answer, ProblemError
from services.gateway.view_store import Positions, ViewStore, Whole
from shared.contracts.events import CampaignState
from shared.contracts.topics import facts
from shared.internal_client import Internal, Unavailable
from shared.ports import Trouble

PATIENCE_S: Final = 5.0
_OWNERS: Final = ("events", "pledges")
_OK: Final = 200


class _Named(Struct):
    id: str
    visibility: str = "public"


_names = msgspec.json.Decoder(_Named)


class TimeMachine:
    """Reads the past of campaigns."""

    def __init__(self, store: ViewStore, owners: Mapping[str, Internal]) -> None:
        """`owners` by service."""
        self._store = store
        self._owners = owners

    async def campaign(self, by: Literal["id", "slug"], name: str, asked: str) -> Answer:
        """The aggregate as it was; 404 if nobody could read it then, or not everybody may today."""
        at = instant(asked)
        try:
            async with asyncio.timeout(PATIENCE_S):
                body = await self._aggregate(by, name, at)
        except (Trouble, Unavailable, TimeoutError) as error:
            raise _unavailable() from error
        return _answer(body)

    async def needs(self, wanted: Wanted) -> Answer:
        """A page of a campaign's needs as they were; those that may not be read today are left out."""
        at, campaign = instant(wanted.chosen["as_of"]), wanted.chosen["campaign"]
        try:
            async with asyncio.timeout(PATIENCE_S):
                positions, needs = await self._listed(views.facet("need", "campaign", campaign))
                today = Today(frozenset(), frozenset(), needs, frozenset())
                then = await self._then(campaign, at, positions, ["pledges"], today)
        except (Trouble, Unavailable, TimeoutError) as error:
            raise _unavailable() from error
        return _answer(lists.page(lists.NEEDS, wanted, *past.board(then, wanted.ask)))

    async def _aggregate(self, by: Literal["id", "slug"], name: str, at: str) -> bytes:
        now = await self._store.aggregate(by, name, at)
        if not isinstance(now, Whole) or not now.found.public:
            raise ProblemError("not-found")
        campaign = now.found.id
        set_of_events = views.facet("event", "campaign", campaign)
        _, needs = await self._listed(views.facet("need", "campaign", campaign))
        _, once = await self._listed(set_of_events)
        _, of_series = await self._listed(views.series_of(set_of_events))
        organisers = msgspec.json.decode(now.found.body, type=CampaignState).organisers
        partners = frozenset(_names.decode(body).id for body in now.partners)
        today = Today(partners, once | of_series, needs, frozenset(organisers))
        then = await self._then(campaign, at, now.found.positions, _OWNERS, today)
        if then.campaign is None:
            raise ProblemError("not-found")
        coming = past.upcoming(then, at)
        withdrawn = await self._withdrawn(then, [series.event_of(item) for item in coming])
        return past.whole(then, then.campaign, (one for one in coming if series.event_of(one) not in withdrawn), at)

    async def _then(self, campaign: str, at: str, positions: Positions, owners: Sequence[str], today: Today) -> Then:
        """What everybody could read then and may today, told by histories that go as far as the views do."""
        then = Then()
        await asyncio.gather(*(self._ask(then, owner, campaign, at, positions) for owner in owners))
        if then.gone:
            raise ProblemError("history-gone")
        return past.seen(then, today)

    async def _ask(self, then: Then, owner: str, campaign: str, at: str, positions: Positions) -> None:
        places = ((*place.rpartition(":"), offset) for place, offset in positions.items())
        reached = [f"{partition}:{offset}" for topic, _, partition, offset in places if topic == facts(owner)]
        asked = {"campaign": campaign, "at": at, "reached": ",".join(reached)}
        async for text in self._owners[owner].lines("/history", asked, idle=PATIENCE_S):
            if text:
                past.take(then, text)

    async def _listed(self, name: str) -> tuple[Positions, frozenset[str]]:
        """The ids in a set of the views."""
        positions, members = await self._store.series([name])
        return positions, frozenset(member.rpartition("|")[2] for member, _ in members)

    async def _withdrawn(self, then: Then, events: list[str]) -> set[str]:
        """Those whose place is a secret today and was none then."""
        told = {one.id for one in then.events if one.visibility != "hidden_location"}
        asked = [name for name in dict.fromkeys(events) if name in told]
        loaded = await self._store.load_series(asked) if asked else {}
        return {name for name, (_, body, _) in loaded.items() if _names.decode(body).visibility == "hidden_location"}


def _answer(body: bytes) -> Answer:
    length = (b"content-length", b"%d" % len(body))
    return Answer(_OK, [(b"content-type", b"application/json"), length, (b"cache-control", b"no-cache")], body)


def _unavailable() -> ProblemError:
    return ProblemError("unavailable", "What was cannot be told just now. Try again soon.")
