"""A campaign as it was: exactly what everybody read then, of what they may read today."""

from random import Random

import msgspec
import pytest
from msgspec.structs import replace

from services.gateway import aggregate, past, series
from services.gateway.past import Then, Today
from services.gateway.series import SeriesReads
from services.gateway.view_store import Ask, ViewStore, Whole
from services.gateway.views import facet
from shared import chronicle, instants
from shared.contracts.events import (
    CampaignState,
    EventChanged,
    EventState,
    OccurrenceChanged,
    OccurrenceState,
    OnCampaign,
    PartnerChanged,
    PartnerState,
)
from shared.contracts.message import Fact, encode
from shared.contracts.pledges import NeedChanged, NeedState, PledgeMade
from shared.contracts.recurrence import Recurrence
from tests.gateway.given import CAMPAIGN, a_batch, a_campaign, a_need, a_partner, a_pledge, an_event

BEGUN = instants.to_ms("2026-05-01T10:00:00.000Z")
DAY = 86_400_000


def when(step: int) -> str:
    """An instant; a step is a third of a day."""
    return instants.from_ms(BEGUN + step * DAY // 3)


class Told:
    """What an owner's history keeps, without the keeping: all that was told by then."""

    def __init__(self) -> None:
        """Have heard nothing."""
        self.heard: list[tuple[int, Fact]] = []

    def then(self, step: int) -> Then:
        """The fold of the facts up to an instant."""
        things: dict[str, bytes] = {}
        people = set()
        for at, fact in self.heard:
            if at > step:
                continue
            for told in chronicle.states(fact, when(at)):
                things[told.thing] = b'{"kind":"%s","state":%s}' % (told.kind.encode(), told.state)
            promise = chronicle.promised(fact, when(at))
            if promise is not None:
                people.add(promise.person)
        then = Then()
        for line in (*things.values(), b'{"kind":"people","count":%d}' % len(people)):
            past.take(then, line)
        return then


class Season:
    """Random things happening to a campaign, its partners, events, series and needs."""

    def __init__(self, random: Random) -> None:
        """Begin with a campaign that is live."""
        self._random = random
        self._states: dict[str, CampaignState | EventState | NeedState | PartnerState] = {}
        self._campaign = a_campaign(version=0)

    def fact(self, step: int) -> Fact:
        """One more."""
        at = when(step)
        match self._random.randrange(4):
            case 0:
                return self._partner(at)
            case 1:
                return self._event(at)
            case 2:
                return self._series(at)
            case _:
                return self._need(at)

    def campaign(self, at: str) -> CampaignState:
        """The campaign, changed."""
        self._campaign = replace(self._campaign, version=self._campaign.version + 1, updated_at=at, name=f"As One {at}")
        return self._campaign

    def _partner(self, at: str) -> OnCampaign:
        n = self._random.randrange(4)
        was = self._states.get(f"p{n}") or a_partner(n, version=0, created_at=at)
        assert isinstance(was, PartnerState)
        now = replace(was, version=was.version + 1, updated_at=at, name=f"Kitchen {at}")
        self._states[f"p{n}"] = now
        return PartnerChanged(self.campaign(at), now, ("name",))

    def _event(self, at: str) -> Fact:
        n = self._random.randrange(14)
        was = self._states.get(f"e{n}") or an_event(n, version=0, created_at=at)
        assert isinstance(was, EventState)
        day = self._random.randrange(1, 200)
        now = replace(
            was,
            version=was.version + 1,
            updated_at=at,
            starts_at_utc=instants.from_ms(BEGUN + day * DAY // 2),
            ends_at_utc=instants.from_ms(BEGUN + day * DAY // 2 + 7_200_000),
            starts_at=instants.from_ms(BEGUN + day * DAY // 2)[:16],
            status=self._random.choice(["published", "published", "published", "cancelled", "completed"]),
            registered=self._random.randrange(50),
        )
        self._states[f"e{n}"] = now
        return EventChanged(now, ("starts_at",))

    def _series(self, at: str) -> Fact:
        n = 20 + self._random.randrange(3)
        was = self._states.get(f"e{n}") or an_event(
            n,
            version=0,
            created_at=at,
            starts_at="2026-05-04T18:00",
            ends_at="2026-05-04T20:00",
            starts_at_utc="2026-05-04T17:00:00.000Z",
            ends_at_utc="2026-05-04T19:00:00.000Z",
            recurrence=Recurrence("FREQ=WEEKLY"),
        )
        assert isinstance(was, EventState)
        now = replace(was, version=was.version + 1, updated_at=at, registered=was.registered + 1)
        self._states[f"e{n}"] = now
        week = self._random.randrange(12)
        day = instants.from_ms(instants.to_ms("2026-05-04T18:00:00.000Z") + week * 7 * DAY)[:10]
        moved = (f"{day}T19:00", f"{day}T21:00") if self._random.random() < 0.5 else (None, None)
        occurrence = OccurrenceState(now.id, f"{day}T18:00", now.version, 3, 1, *moved)
        return OccurrenceChanged(now, occurrence, ("starts_at",))

    def _need(self, at: str) -> Fact:
        n = self._random.randrange(16)
        was = self._states.get(f"n{n}") or a_need(
            n, version=0, created_at=at, by=f"2026-06-{n + 1:02d}", kind=self._random.choice(["meal", "time", "goods"])
        )
        assert isinstance(was, NeedState)
        now = replace(
            was,
            version=was.version + 1,
            updated_at=at,
            pledged=was.pledged + 2,
            delivered=was.delivered + 1,
            ward=self._random.choice(["aston", "bordesley-green", None]),
            status=self._random.choice(["open", "open", "paused", "fulfilled", "closed"]),
        )
        self._states[f"n{n}"] = now
        donor = self._random.choice("abcdefgh")
        return PledgeMade(now, a_pledge(now, donor)) if self._random.random() < 0.5 else NeedChanged(now, ("ward",))


def everything(then: Then, organisers: frozenset[str] = frozenset({"ana"})) -> Today:
    """Nothing was taken away since."""
    return Today(
        frozenset(one.id for one in then.partners),
        frozenset(one.id for one in then.events),
        frozenset(one.id for one in then.needs),
        organisers,
    )


def recomputed(then: Then, step: int) -> bytes:
    """The aggregate of a past."""
    assert then.campaign is not None
    return past.whole(then, then.campaign, past.upcoming(then, when(step)), when(step))


async def stored(store: ViewStore, step: int) -> bytes:
    """The aggregate as the views have it now."""
    whole = await store.aggregate("id", CAMPAIGN, when(step))
    assert isinstance(whole, Whole)
    events, _ = await SeriesReads(store).upcoming(CAMPAIGN, whole.events, when(step))
    return aggregate.assemble(replace(whole, events=events, at=when(step)), whole.found.body)


ASKS = (
    Ask([facet("need", "campaign", CAMPAIGN)], 5, down=True),
    Ask(
        [facet("need", "campaign", CAMPAIGN), facet("need", "status", "open"), facet("need", "kind", "meal")],
        50,
        down=True,
    ),
    Ask([facet("need", "campaign", CAMPAIGN), facet("need", "ward", "aston")], 50, down=True),
)


@pytest.mark.parametrize("seed", range(3))
async def test_what_is_recomputed_equals_what_was_stored(store: ViewStore, seed: int) -> None:
    """Byte for byte, at each of 100 instants of a random history: the aggregate, and the board by every filter."""
    random = Random(seed)
    season, told = Season(random), Told()
    snapshots: dict[int, tuple[bytes, list[tuple[list[bytes], str]]]] = {}
    first = PartnerChanged(season.campaign(when(0)), a_partner(9, created_at=when(0)), ())
    for step in range(100):
        facts = [season.fact(step) for _ in range(random.randrange(4))] if step else [first]
        for fact in facts:
            told.heard.append((step, fact))
            await store.apply(a_batch(fact))
        boards = [await store.page(ask) for ask in ASKS]
        snapshots[step] = (await stored(store, step), [(page.bodies, page.after) for page in boards])

    for step in random.sample(sorted(snapshots), 100):
        then = told.then(step)
        then = past.seen(then, everything(then))

        assert (recomputed(then, step), [past.board(then, ask) for ask in ASKS]) == snapshots[step]


def test_a_page_goes_on_where_the_last_one_ended() -> None:
    """No need twice, none left out."""
    then = Then(needs=[a_need(n) for n in range(7)])
    ask, found = ASKS[0], list[bytes]()
    while True:
        bodies, after = past.board(then, replace(ask, limit=3, after=ask.after))
        found += bodies
        if not after:
            break
        ask = replace(ask, after=after)

    assert [msgspec.json.decode(body)["id"] for body in found] == [a_need(n).id for n in reversed(range(7))]


def test_the_past_shows_nothing_that_was_or_is_not_for_everybody() -> None:
    """Neither what was hidden then, nor what is today; former organisers are not named."""
    then = Then(
        a_campaign(organisers=("ana", "bo")),
        [a_partner(0), a_partner(1), a_partner(2, status="invited")],
        [
            an_event(0),
            an_event(1),
            an_event(2, hidden=True),
            an_event(3, visibility="members"),
            an_event(4, published_at=None),
        ],
        {},
        [a_need(0), a_need(1), a_need(2, hidden=True)],
    )
    today = everything(then)
    today = Today(
        today.partners - {a_partner(1).id},
        today.events - {an_event(1).id},
        today.needs - {a_need(1).id},
        frozenset({"ana"}),
    )
    seen = past.seen(then, today)

    assert [one.id for one in seen.partners] == [a_partner(0).id]
    assert [one.id for one in seen.events] == [an_event(0).id]
    assert [one.id for one in seen.needs] == [a_need(0).id]
    assert seen.campaign is not None
    assert seen.campaign.organisers == ("ana",)
    assert past.seen(Then(a_campaign(status="draft")), today).campaign is None


def test_a_line_that_nobody_knows_is_not_passed_over() -> None:
    """Else the past would be told without it."""
    with pytest.raises(ValueError, match="kind"):
        past.take(Then(), b'{"kind":"soup"}')


def test_more_events_are_looked_at_than_are_shown() -> None:
    """Some may not be shown any more."""
    events = [an_event(n, starts_at_utc=f"2099-06-{n + 1:02d}T09:00:00.000Z") for n in range(15)]
    then = Then(a_campaign(), events=list(reversed(events)))
    coming = past.upcoming(then, when(0))
    left = [item for item in coming if series.event_of(item) != events[0].id]
    assert then.campaign is not None
    body = past.whole(then, then.campaign, left, when(0))

    shown = [event["id"] for event in msgspec.json.decode(body)["events"]]
    assert shown == [event.id for event in events[1:11]]
    assert msgspec.json.decode(body)["as_of"] == when(0)
    assert encode(then.campaign) in body
