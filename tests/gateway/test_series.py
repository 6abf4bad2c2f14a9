"""Series in the views: a page merges them with events that come once, and shows what is particular to each date."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from services.gateway import views
from services.gateway.gathering import Gathered
from services.gateway.rebuild import _take
from services.gateway.series import SeriesReads, with_next
from services.gateway.view_store import Ask, Batch, ViewStore
from shared.contracts.events import (
    Cancellation,
    EventState,
    OccurrenceChanged,
    OccurrenceState,
    RegistrationMade,
    RegistrationState,
)
from shared.contracts.recurrence import Recurrence
from shared.redis import Redis
from tests.gateway.given import CAMPAIGN, a_batch, a_live_set, a_root, an_event, name

NOW = "2030-05-08T12:00:00.000Z"
ALL = views.everything("event")
FIRST, SECOND, THIRD = "2030-05-04T10:00", "2030-05-11T10:00", "2030-05-18T10:00"


@pytest.fixture
async def store(redis: str) -> AsyncIterator[ViewStore]:
    """A live set of views without anything in it."""
    server = Redis(redis)
    store = ViewStore(server, a_root())
    await a_live_set(store)
    yield store
    await server.close()


def weekly(n: int = 0, **fields: Any) -> EventState:  # noqa: ANN401 -- any field of the struct
    """A series on Saturdays at ten."""
    given = {
        "starts_at": FIRST,
        "ends_at": "2030-05-04T12:00",
        "starts_at_utc": "2030-05-04T09:00:00.000Z",
        "ends_at_utc": "2030-05-04T11:00:00.000Z",
        "recurrence": Recurrence("FREQ=WEEKLY"),
    }
    return an_event(n, **(given | fields))


def once(n: int, day: str) -> EventState:
    """An event on a day at noon."""
    return an_event(
        n,
        starts_at=f"{day}T12:00",
        ends_at=f"{day}T13:00",
        starts_at_utc=f"{day}T11:00:00.000Z",
        ends_at_utc=f"{day}T12:00:00.000Z",
    )


def touched(state: EventState, occurrence: str, version: int = 9, **fields: Any) -> Batch:  # noqa: ANN401 -- fields
    """A batch in which an occurrence changed."""
    gathered = Gathered()
    gathered.occurrence(OccurrenceState(state.id, occurrence, version, **fields))
    return gathered.batch(())


async def page(store: ViewStore, **ask: Any) -> tuple[list[tuple[str, str | None]], str]:  # noqa: ANN401 -- fields
    """Starts of a page with their occurrences, and where it goes on."""
    sets = ask.pop("sets", [ALL])
    found = await SeriesReads(store).page(Ask(sets, ask.pop("limit", 20), **ask), NOW)
    items = [msgspec.json.decode(body) for body in found.bodies]
    return [(item["starts_at"], item.get("occurrence")) for item in items], found.after


async def test_between_two_dates_a_series_appears_once_a_date(store: ViewStore) -> None:
    """Merged with events that come once, both dates included, whatever year it is; without a horizon."""
    await store.apply(a_batch(weekly(), once(1, "2030-05-11"), once(2, "2030-05-20")))

    found, after = await page(store, first="2030-05-11", last="2030-05-18")
    later, _ = await page(store, first="2050-10-29", last="2050-11-05")

    assert found == [(SECOND, SECOND), ("2030-05-11T12:00", "2030-05-11T12:00"), (THIRD, THIRD)]
    assert after == ""
    assert [start for start, _ in later] == ["2050-10-29T10:00", "2050-11-05T10:00"]


async def test_without_dates_a_series_is_one_item_where_it_comes_next(store: ViewStore) -> None:
    """What is over stands at its last occurrence."""
    over = weekly(2, recurrence=Recurrence("FREQ=WEEKLY;COUNT=1"))
    await store.apply(a_batch(weekly(), once(1, "2030-05-09"), over))

    found, _ = await page(store)

    assert found == [(FIRST, FIRST), ("2030-05-09T12:00", None), (SECOND, SECOND)]


async def test_a_cursor_goes_on_across_series_and_survives_inserts(store: ViewStore) -> None:
    """Each item once, in order, whatever is put in before and after."""
    await store.apply(a_batch(weekly(), weekly(1, starts_at="2030-05-05T10:00"), once(2, "2030-05-11")))
    seen: list[tuple[str, str | None]] = []
    after = ""
    for number in range(6):
        found, after = await page(store, first="2030-05-04", last="2030-05-26", limit=2, after=after)
        seen += found
        await store.apply(a_batch(once(10 + number, "2030-05-01"), once(20 + number, "2030-06-01")))
        if not after:
            break

    assert seen == sorted(seen)
    assert len(seen) == len(set(seen)) == 9
    endless, after = await page(store, first="2030-05-04", limit=3)
    assert len(endless) == 3
    assert after


async def test_what_was_moved_or_called_off_is_where_and_what_it_is_now(store: ViewStore) -> None:
    """A moved one by its new day under its old name; one called off is shown as such, and is nobody's next."""
    state = weekly()
    await store.apply(a_batch(state))
    await store.apply(touched(state, SECOND, cancellation=Cancellation("Flood", NOW)))
    await store.apply(touched(state, THIRD, starts_at="2030-05-19T15:00", ends_at="2030-05-19T16:00"))

    found, _ = await page(store, first="2030-05-11", last="2030-05-20")
    without, _ = await page(store, first="2030-05-18", last="2030-05-18")
    following, _ = await page(store)

    assert found == [(SECOND, SECOND), ("2030-05-19T15:00", THIRD)]
    assert without == []
    assert following == [("2030-05-19T15:00", THIRD)]


async def test_figures_are_those_of_the_occurrence_and_the_newest_known(store: ViewStore) -> None:
    """Views compare by version; an older state does not come back."""
    state = weekly(capacity=5)
    await store.apply(a_batch(state))
    await store.apply(touched(state, SECOND, 4, registered=3, waiting=1))
    await store.apply(touched(state, SECOND, 3, registered=1))
    reads = SeriesReads(store)

    found = await reads.page(Ask([ALL], 20, first="2030-05-11", last="2030-05-18"), NOW)
    second, third = (msgspec.json.decode(body) for body in found.bodies)

    assert (second["registered"], second["waiting"], second["left"]) == (3, 1, 2)
    assert (third["registered"], third["left"]) == (0, 5)


async def test_all_filters_work_for_series(store: ViewStore) -> None:
    """As for what comes once; members' series and drafts are in no list."""
    await store.apply(
        a_batch(
            weekly(category="social"),
            weekly(1, category="sport"),
            weekly(2, visibility="members"),
            once(3, "2030-05-09"),
        )
    )

    found, _ = await page(
        store, sets=[views.facet("event", "category", "social"), views.facet("event", "campaign", CAMPAIGN)]
    )

    assert found == [(SECOND, SECOND)]


async def test_a_series_that_has_not_changed_is_not_read_again(
    store: ViewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By id and version; a change is seen at once."""
    await store.apply(a_batch(weekly()))
    reads = SeriesReads(store)
    await reads.page(Ask([ALL], 20), NOW)
    loads: list[Any] = []
    load = store.load_series

    async def counted(names: Any) -> Any:  # noqa: ANN401 -- passed on
        loads.append(names)
        return await load(names)

    monkeypatch.setattr(store, "load_series", counted)
    await reads.page(Ask([ALL], 20), NOW)
    assert loads == []
    await store.apply(a_batch(replace(weekly(), version=99, title="Other")))
    found = await reads.page(Ask([ALL], 20), NOW)

    assert loads == [[name("event")]]
    assert msgspec.json.decode(found.bodies[0])["title"] == "Other"
    assert found.until == "2030-05-11T11:00:00.000Z"


async def test_a_series_stands_among_the_next_events_of_its_campaign(store: ViewStore) -> None:
    """Once, at its next start."""
    await store.apply(a_batch(weekly(), once(1, "2030-05-09")))
    bodies, start = await SeriesReads(store).upcoming(CAMPAIGN, [msgspec.json.encode(once(1, "2030-05-09"))], NOW)

    assert [msgspec.json.decode(body)["starts_at"] for body in bodies] == ["2030-05-09T12:00", SECOND]
    assert start == "2030-05-09T11:00:00.000Z"


async def test_a_series_tells_what_comes_next(store: ViewStore) -> None:
    """Null when it is over; nothing of the kind for what comes once."""
    state = weekly()
    await store.apply(a_batch(state))
    body, until = with_next(msgspec.json.encode(state), await SeriesReads(store).one(state.id), NOW)

    assert msgspec.json.decode(body)["next_occurrence"] == SECOND
    assert until == "2030-05-11T11:00:00.000Z"
    assert await SeriesReads(store).one(name("event", 7)) is None


def test_a_fact_about_an_occurrence_is_gathered_with_its_event() -> None:
    """The newest of each, from facts and from a line of a snapshot alike."""
    state = weekly()
    registration = RegistrationState(f"{state.id}.r", 1, NOW, NOW, state.id, SECOND, "bo", 2, "registered")
    gathered = Gathered()
    made = RegistrationMade(replace(state, version=5), registration, OccurrenceState(state.id, SECOND, 5, 2))
    gathered.fact(made, "events.facts:0")
    moved = OccurrenceState(state.id, SECOND, 6, 2, starts_at=THIRD, ends_at=THIRD)
    gathered.fact(OccurrenceChanged(replace(state, version=6), moved, ("starts_at",)), "events.facts:0")
    _take(gathered, msgspec.json.encode({"kind": "occurrence", "state": OccurrenceState(state.id, FIRST, 2, 1)}))

    batch = gathered.batch(())

    assert [(one.name, one.version, one.exceptional) for one in batch.occurrences] == [(SECOND, 6, 1), (FIRST, 2, 0)]
    assert [view.version for view in batch.views] == [6]
