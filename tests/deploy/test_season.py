"""The season's content, and what is reckoned from it."""

from collections import Counter
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.season.content import Chapter, Event, Need, Place, chapters, on_weekday, split
from deploy.season.invented import MOST, organisation
from shared.vocabulary import terms

BY_SLUG = {chapter.campaign.slug: chapter for chapter in chapters()}
DAYS = st.dates(date(2024, 1, 1), date(2040, 1, 1))
CHAPTER = pytest.mark.parametrize("chapter", chapters(), ids=lambda chapter: chapter.campaign.slug)


def test_there_are_three_campaigns() -> None:
    """2020's is over; the two that live on are not."""
    assert {slug: chapter.campaign.closes for slug, chapter in BY_SLUG.items()} == {
        "brumtogether": True,
        "as-one": False,
        "places-of-welcome": False,
    }


def test_2020_reads_as_it_is_told() -> None:
    """Over 80 partners, 845 volunteers, 62,000 parcels and 22,000 meals, all of it delivered, all in 2020."""
    chapter = BY_SLUG["brumtogether"]
    delivered = Counter[str]()
    for need in chapter.needs:
        delivered[need.kind] += sum(arrived for _, arrived in need.shares())

    assert sum(map(len, chapter.partners.values())) + chapter.campaign.invented_partners > 80
    assert sum(need.helpers + need.holds for need in chapter.needs) == 845
    assert (delivered["food_parcel"], delivered["meal"]) == (62_000, 22_000)
    assert all(event.on and event.on.year == 2020 for event in chapter.events)
    assert all(need.delivered is None and need.by and need.by.year == 2020 for need in chapter.needs)


def test_what_lives_on_has_something_of_everything() -> None:
    """Needs of every kind, some of them delivered; partners of every sector; fifty places; a clean-up for 100."""
    live = [chapter for chapter in chapters() if not chapter.campaign.closes]
    needs = [need for chapter in live for need in chapter.needs]
    openings = BY_SLUG["places-of-welcome"].openings
    clean_up = next(event for event in BY_SLUG["as-one"].events if event.category == "clean-up")

    assert {need.kind for need in needs} == {term.slug for term in terms.terms().need_kinds}
    assert any(need.delivered for need in needs)
    assert {sector for chapter in chapters() for sector in chapter.partners} == {
        term.slug for term in terms.terms().sectors
    }
    assert openings
    assert len({place.name for place in openings.places}) == len({place.ward for place in openings.places}) == 50
    assert clean_up.capacity == 100
    assert not any(event.on for chapter in live for event in chapter.events)


@CHAPTER
def test_every_word_is_in_the_vocabulary(chapter: Chapter) -> None:
    """Wards, categories, access and languages, as the API suggests them."""
    known = terms.terms()
    places = chapter.openings.places if chapter.openings else ()
    events: list[Event | Place] = [*chapter.events, *places]
    things: list[Event | Place | Need] = [*events, *chapter.needs]
    wards = {thing.ward for thing in things if thing.ward}
    languages = {language for thing in things for language in thing.languages} | {*chapter.campaign.languages}

    assert wards <= terms.ward_slugs()
    assert {event.category for event in chapter.events} <= {term.slug for term in known.event_categories}
    assert {word for event in events for word in event.access} <= {term.slug for term in known.access}
    assert languages <= {term.slug for term in known.languages}


@CHAPTER
def test_nothing_in_it_would_be_refused(chapter: Chapter) -> None:
    """No more is delivered than pledged, nor pledged than a hard limit lets; nobody comes too many; titles differ."""
    for need in chapter.needs:
        shares = need.shares()
        pledged = sum(share for share, _ in shares) + need.holds

        assert all(share >= 1 and 0 <= arrived <= share for share, arrived in shares)
        assert need.limit == "soft" or pledged <= need.quantity
        assert (need.kind == "money") == (need.currency is not None)
    for event in chapter.events:
        assert all(1 <= size <= 10 for size in event.parties)
        assert event.starts < event.ends
    for titles in ([need.title for need in chapter.needs], [event.title for event in chapter.events]):
        assert len(set(titles)) == len(titles)


@CHAPTER
def test_invented_venues_say_so(chapter: Chapter) -> None:
    """The loader marks the weekly places; the others are marked in the data."""
    assert all(event.venue is None or event.venue.endswith("(made up)") for event in chapter.events)


def test_invented_organisations_differ_and_say_so() -> None:
    """As many as there are."""
    names = [organisation(number)[0] for number in range(MOST)]

    assert len(set(names)) == MOST
    assert all(name.endswith("(made up)") for name in names)


@given(DAYS, st.integers(0, 60), st.sampled_from(["monday", "saturday", "sunday"]))
def test_a_weekday_is_the_next_one(today: date, days: int, weekday: str) -> None:
    """On the right day of the week, within seven days from the earliest."""
    earliest = today + timedelta(days=days)
    day = on_weekday(weekday, earliest)  # type: ignore[arg-type] # one of its words

    assert day.strftime("%A").lower() == weekday
    assert earliest <= day < earliest + timedelta(days=7)


@given(st.integers(0, 10**6), st.integers(1, 900))
def test_a_quantity_is_split_evenly(quantity: int, parts: int) -> None:
    """Nothing is lost, and nobody has more than one more than another."""
    shares = split(quantity, parts)

    assert sum(shares) == quantity
    assert len(shares) == parts
    assert max(shares) - min(shares) <= 1


@CHAPTER
def test_no_hour_is_skipped_by_a_clock_change(chapter: Chapter) -> None:
    """Clocks change at one in the morning in Birmingham; nothing of ours starts then."""
    hours = [event.starts for event in chapter.events]
    hours += [place.starts for place in chapter.openings.places] if chapter.openings else []
    for hour in hours:
        spring = datetime.fromisoformat(f"2027-03-28T{hour}").replace(tzinfo=ZoneInfo("Europe/London"))

        assert spring.astimezone(ZoneInfo("UTC")).astimezone(spring.tzinfo).strftime("%H:%M") == hour
