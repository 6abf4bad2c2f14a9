from collections import Counter

import msgspec
import pytest

from services.events.document import Event
from services.events.reading import Reading
from services.events.store import EventsStore
from shared.contracts.events import (
    AddMember,
    AddPartner,
    CancelEvent,
    ChangeCampaign,
    ChangeEvent,
    CreateCampaign,
    LaunchCampaign,
    LeaveEvent,
    OnEvent,
    Register,
    RegistrationPromoted,
    RemoveOrganiser,
    Venue,
    VenueChange,
)
from shared.contracts.message import open_envelope
from shared.ports import Repeated, Trouble
from shared.processor import Processor
from tests.events.given import CAMPAIGN, EVENT, a_plan
from tests.events.log import Log, Wish, told

PARTNER = f"{CAMPAIGN}.p"
SIZES = (1, 2, 3, 4, 10)


def creating(campaign: str = CAMPAIGN, slug: str = "as-one") -> Wish:
    """The wish for a campaign."""
    return CreateCampaign(campaign, "As One", slug, "Neighbours"), "ana", "organiser"


def launching(campaign: str = CAMPAIGN) -> Wish:
    """The wish to make it live."""
    return LaunchCampaign(campaign), "ana", "organiser"


def planning(**fields: object) -> Wish:
    """The wish for an event in it."""
    return a_plan(**fields), "ana", "organiser"


def registering(person: str, size: int = 1) -> Wish:
    """The wish for places."""
    return Register(EVENT, f"{EVENT}.{person}", size), person, "resident"


def leaving(person: str) -> Wish:
    """The wish to give them back."""
    return LeaveEvent(EVENT, f"{EVENT}.{person}"), person, "resident"


def changing(**fields: object) -> Wish:
    """The wish to change the event."""
    return ChangeEvent(EVENT, **fields), "ana", "organiser"  # type: ignore[arg-type] # any field of the command


async def a_log(store: EventsStore, **fields: object) -> Log:
    """A log that begins with a live campaign and a published event."""
    log = Log(store)
    for wish in (creating(), launching(), planning(**fields)):
        [(status, _)] = await log.ask(wish)
        assert status < 300
    return log


async def loaded(log: Log, store: EventsStore, wish: Wish) -> Event:
    """The event as a batch with that command would find it."""
    record = log.record(wish)
    state = (await store.load([log.processor._read(record)]))[EVENT]
    assert isinstance(state, Event)
    return state


async def test_a_batch_is_loaded_as_it_was_saved(store: EventsStore) -> None:
    """Documents, places and the line; the place of a hidden location too."""
    hall = Venue(name="Hall", address="1 Example Road", ward="moseley", lat=52.0)
    log = await a_log(store, capacity=2, visibility="hidden_location", venue=hall, online_url="https://meet.example")
    await log.ask(registering("bo", 2), registering("cy"), registering("di", 2), registering("ed"))
    event = await loaded(log, store, changing(capacity=9))

    assert event.state is not None
    assert (event.state.registered, event.state.waiting, event.state.left) == (2, 4, 0)
    assert (event.state.venue, event.venue) == (Venue(ward="moseley"), hall)
    assert event.online_url == "https://meet.example"
    assert event.waiting.sizes == {1: 2, 2: 1}
    assert event.waiting.next_order == 4
    assert {
        size: [(place.registration.person, place.order) for place in head] for size, head in event.waiting.heads.items()
    } == {1: [("cy", 1), ("ed", 3)], 2: [("di", 2)]}


async def test_only_as_much_of_the_line_is_read_as_can_move_up(store: EventsStore) -> None:
    """Two places come free: of parties of one the first two, of two the first, of three none."""
    log = await a_log(store, capacity=2)
    await log.ask(registering("bo", 2), *(registering(f"p{size}.{n}", size) for n in range(3) for size in (1, 2, 3)))
    leave = await loaded(log, store, leaving("bo"))
    register = await loaded(log, store, registering("cy"))

    assert {size: len(head) for size, head in leave.waiting.heads.items()} == {1: 2, 2: 1}
    assert register.waiting.heads == {}


async def test_200_people_for_50_places_in_one_batch(store: EventsStore) -> None:
    """Exactly 50 are registered, the others wait in order; exact at every position of the facts."""
    log = await a_log(store, capacity=50)
    answers = await log.ask(*(registering(f"p{number}") for number in range(200)))

    assert [body["status"] for _, body in answers] == ["registered"] * 50 + ["waiting"] * 150
    assert [body["position"] for _, body in answers[50:]] == list(range(1, 151))
    states = [fact.event for fact in log.facts if isinstance(fact, OnEvent)]
    assert [state.version for state in states] == list(range(1, 203))
    assert all(state.registered == min(state.version - 2, 50) for state in states[2:])
    stored = [document["state"]["status"] async for document in store.database.registrations.find()]
    assert Counter(stored) == {"registered": 50, "waiting": 150}


async def test_a_raised_capacity_promotes_in_order_by_steps(store: EventsStore) -> None:
    """Each follow-up finds the next heads; all whom it fits move up, first come first served."""
    log = await a_log(store, capacity=1)
    people = [f"p{number:03}" for number in range(501)]
    for start in range(0, 501, 167):
        await log.ask(*(registering(person) for person in people[start : start + 167]))
    [(status, _)] = await log.ask(changing(capacity=451))

    promoted = [fact.registration.person for fact in log.facts if isinstance(fact, RegistrationPromoted)]
    assert status == 200
    assert promoted == people[1:451]
    document = await store.database.events.find_one({"_id": EVENT})
    assert document is not None
    assert (document["state"]["registered"], document["state"]["left"], document["waiting"]) == (451, 0, {"1": 50})


async def test_parties_of_all_sizes_come_and_go(store: EventsStore) -> None:
    """In batches, so that heads are partly at hand: never over capacity, and in the end nobody waits who fits."""
    log = await a_log(store, capacity=20)
    for turn in range(12):
        people = [f"p{turn}.{n}" for n in range(10)]
        arrivals = [registering(person, SIZES[(turn + n) % len(SIZES)]) for n, person in enumerate(people)]
        departures = [leaving(f"p{turn - 1}.{n}") for n in range(0, 10, 2)] if turn else []
        await log.ask(*arrivals, *departures)

    states = [fact.event for fact in log.facts if isinstance(fact, OnEvent)]
    assert all(0 <= state.registered <= 20 and state.left == 20 - state.registered for state in states)
    assert [state.version for state in states] == list(range(1, len(states) + 1))
    event = await loaded(log, store, changing(title="Tidy-up"))
    assert event.state is not None
    assert not event.waiting.fits(event.state.left)
    sums: Counter[str] = Counter()
    async for document in store.database.registrations.find():
        sums[document["state"]["status"]] += document["state"]["party_size"]
    assert (sums["registered"], sums["waiting"]) == (event.state.registered, event.state.waiting)
    assert log.observer.dead == []


async def test_redelivery_is_answered_with_the_same_bytes(store: EventsStore) -> None:
    """C2: nothing happens twice."""
    log = await a_log(store, capacity=1)
    batch = [log.record(registering("bo")), log.record(registering("cy"))]
    first = await log.process(batch)
    again = await log.process(batch)

    assert first == again
    assert await store.database.registrations.count_documents({}) == 2


async def test_two_of_a_batch_want_one_slug(store: EventsStore) -> None:
    """The first gets it, the other is told so; so is who comes later."""
    log = Log(store)
    both = await log.ask(creating("campaign_a"), creating("campaign_b"))
    later = await log.ask(creating("campaign_c"))

    assert [status for status, _ in both] == [201, 409]
    assert later == [(409, "slug-taken")]
    assert await store.database.campaigns.count_documents({}) == 1
    assert log.observer.dead == []


async def test_a_slug_that_was_given_up_is_nobody_elses(store: EventsStore) -> None:
    """It goes on leading to its campaign, for which it may also be taken up again; in one batch or in several."""
    log = Log(store)
    new, old = (ChangeCampaign("campaign_a", slug=slug) for slug in ("together", "as-one"))
    await log.ask(creating("campaign_a"), (new, "ana", "organiser"))
    other = await log.ask(creating("campaign_b"), creating("campaign_c", "together"))
    again = await log.ask((old, "ana", "organiser"))

    assert other == [(409, "slug-taken")] * 2
    assert [(status, body["slug"], body["former_slugs"]) for status, body in again] == [(200, "as-one", ["together"])]
    reading = Reading(store)
    for slug in ("as-one", "together"):
        found = await reading.campaign(slug, "ana")
        assert found is not None
        assert found.id == "campaign_a"


async def test_two_owners_want_one_slug(store: EventsStore) -> None:
    """Who loaded before the other saved meets what is there already, and finds the slug taken when it looks again."""
    log = Log(store)
    ask = log.processor._read(log.record(creating("campaign_b")))
    before = await store.load([ask])
    await log.ask(creating("campaign_a"))
    entry, after = log.processor._fold(before["campaign_b"], ask)
    with pytest.raises(Repeated):
        await store.save(before, {"campaign_b": after}, [entry])

    assert await log.ask(creating("campaign_b")) == [(409, "slug-taken")]


async def test_a_stale_owner_writes_nothing(store: EventsStore) -> None:
    """C4: the version guard turns what was decided on an old state into trouble."""
    log = await a_log(store, capacity=1)
    ask = log.processor._read(log.record(registering("bo")))
    before = await store.load([ask])
    await log.ask(registering("cy"))
    entry, after = log.processor._fold(before[EVENT], ask)
    with pytest.raises(Trouble):
        await store.save(before, {EVENT: after}, [entry])

    assert await store.answered([entry.command_id]) == {}
    assert [document["_id"] async for document in store.database.registrations.find()] == [f"{EVENT}.cy"]


async def test_partners_and_their_members_are_kept(store: EventsStore) -> None:
    """A member of a partner may plan an event; one of another campaign's partner may not be named here."""
    log = await a_log(store)
    joined = await log.ask((AddPartner(CAMPAIGN, PARTNER, "Made-up Mosque", "faith"), "pat", "partner"))
    added = await log.ask((AddMember(CAMPAIGN, PARTNER, "bo"), "pat", "partner"))
    planned = await log.ask((a_plan(), "bo", "resident"))
    await log.ask(creating("campaign_b", "b"))
    foreign = await log.ask((AddMember("campaign_b", PARTNER, "bo"), "ana", "organiser"))

    assert [joined[0][0], added[0][0], foreign[0]] == [201, 200, (404, "not-found")]
    assert planned[0][0] == 201
    document = await store.database.partners.find_one({"_id": PARTNER})
    assert document is not None
    assert document["state"]["members"] == ["pat", "bo"]


async def test_an_id_that_lies_on_another_stream_stops_nothing(store: EventsStore) -> None:
    """It is refused, rather than met as a duplicate at every attempt."""
    log = await a_log(store)
    await log.ask((AddPartner(CAMPAIGN, PARTNER, "Made-up Mosque", "faith"), "pat", "partner"), registering("bo"))
    await log.ask(creating("campaign_b", "b"))
    other = msgspec.structs.replace(a_plan(), event_id="event_b")
    await log.ask((other, "ana", "organiser"))

    assert await log.ask(
        (AddPartner("campaign_b", PARTNER, "Made-up Mosque", "faith"), "ana", "organiser"),
        (Register("event_b", f"{EVENT}.bo"), "bo", "resident"),
    ) == [(404, "not-found"), (404, "not-found")]


async def test_many_commands_on_one_campaign_in_a_batch(store: EventsStore) -> None:
    """Folded in order, saved once; a refusal among them harms nobody."""
    log = Log(store)
    answers = await log.ask(
        creating(),
        launching(),
        (AddPartner(CAMPAIGN, PARTNER, "Made-up Mosque", "faith"), "pat", "partner"),
        (AddMember(CAMPAIGN, PARTNER, "bo"), "pat", "partner"),
        (RemoveOrganiser(CAMPAIGN, "ana"), "ana", "organiser"),
    )

    assert [status for status, _ in answers] == [201, 200, 201, 200, 409]
    document = await store.database.campaigns.find_one({"_id": CAMPAIGN})
    assert document is not None
    assert (document["state"]["version"], document["state"]["partner_count"]) == (4, 1)


async def test_a_hidden_place_is_in_no_stored_fact_or_outcome(store: EventsStore) -> None:
    """sec_16: the inbox holds what is told, and nothing of what is not."""
    log = await a_log(store, visibility="hidden_location", venue=Venue(address="1 Example Road", ward="moseley"))
    await log.ask(changing(venue=VenueChange(address="2 Example Road")))
    await log.ask((CancelEvent(EVENT, "Storm"), "ana", "organiser"))

    async for document in store.database.inbox.find():
        assert b"Example Road" not in document["r"] + b"".join(document["x"])
    event = await Reading(store).event(EVENT, "ana")
    assert event is not None
    assert event.venue == Venue(address="2 Example Road", ward="moseley")


async def test_the_processor_takes_this_store_and_these_rules(store: EventsStore) -> None:
    """An unknown command becomes a dead letter, and its neighbours go on."""
    log = await a_log(store)
    good, bad = log.record(registering("bo")), log.record(registering("cy"))
    broken = log.appended(bad.key or b"", (bad.value or b"").replace(b"events.Register.v1", b"events.Unknown.v1"))
    out = await log.process([broken, good])

    assert isinstance(log.processor, Processor)
    assert log.observer.dead == ["unknown type"]
    outcomes = [open_envelope(one.value) for one in out if one.value.find(b".outcome") > 0]
    assert [told(envelope)[0] for envelope in outcomes] == [500, 201]
