import random
from collections.abc import Mapping
from typing import Any

import pytest
from msgspec import json, structs

from services.notifications import texts
from services.notifications.deliveries import Deliveries
from services.notifications.delivery import delivery_id
from services.notifications.ledger import Ledger
from services.notifications.reader import Reader
from shared.contracts import events, pledges
from shared.contracts.message import Fact
from shared.contracts.recurrence import Recurrence
from shared.ports import Outgoing, Record, Trouble
from tests.notifications.given import (
    AT,
    CAMPAIGN,
    EVENT,
    NEED,
    Archive,
    Desk,
    cancelled,
    event,
    left,
    party,
    pledge,
    pledged,
    record,
    registered,
)

EVENT_STORY: list[Fact] = [
    events.EventCreated(event(1, status="draft")),
    events.EventPublished(event(2)),
    registered(3, "ana"),
    events.RegistrationWaitlisted(event(4), party("bo", status="waiting")),
    registered(5, "cy"),
    left(6, "cy"),
    events.RegistrationPromoted(event(7), party("bo")),
    events.EventChanged(event(8, starts_at="2026-04-02T10:00"), ("starts_at",)),
    cancelled(9),
]
NEED_STORY: list[Fact] = [
    pledges.NeedOpened(NEED, "olga"),
    pledged(2),
    pledges.DeliveryReported(structs.replace(NEED, version=3), pledge(), pledges.Delivery(1, 3, "reported", "")),
    pledged(4, "olga"),
    pledges.NeedClosed(structs.replace(NEED, version=5, status="closed")),
]
TOLD = sorted(
    [
        ("ana", "event-cancelled"),
        ("ana", "event-changed"),
        ("ana", "pledge-taken"),
        ("ana", "registered"),
        ("bo", "event-cancelled"),
        ("bo", "event-changed"),
        ("bo", "promoted"),
        ("bo", "waiting"),
        ("cy", "registered"),
        ("dee", "event-published"),
        ("dee", "need-opened"),
        ("eve", "event-cancelled"),
        ("eve", "event-changed"),
        ("eve", "need-closed"),
        ("olga", "delivery-reported"),
        ("olga", "need-pledged"),
        ("olga", "pledge-taken"),
    ]
)


async def with_followers(desk: Desk) -> Desk:
    """Have dee follow the campaign, ana and eve the event, eve the need as well."""
    await desk.follow("campaign_tidy", "dee")
    await desk.follow("event_sweep", "ana", "eve")
    await desk.follow("need_soup", "eve")
    desk.archive = Archive(*EVENT_STORY, *NEED_STORY)
    return desk


async def test_a_story_is_told_once_to_each(desk: Desk) -> None:
    """Who comes or follows is told, who left is not, who does both is told once; all find it in the app."""
    await with_followers(desk)

    assert await desk.reader().read([record(fact) for fact in EVENT_STORY + NEED_STORY]) == []

    assert await desk.told() == TOLD
    assert {(row["state"], row["road"], row["fence"]) for row in await desk.rows()} == {("delivered", "inbox", 0)}
    assert sorted(row["_id"] for row in await desk.rows()) == sorted(await desk.found())
    assert desk.archive.questions == 0


@pytest.mark.parametrize("seed", range(12))
async def test_n1_any_order_any_number_of_times(desk: Desk, seed: int) -> None:
    """N1: every fact three times, in any order and batches: one delivery per recipient, road and purpose."""
    await with_followers(desk)
    chance = random.Random(seed)
    records = [record(fact) for fact in EVENT_STORY + NEED_STORY for _ in range(3)]
    chance.shuffle(records)

    while records:
        most = chance.randint(1, 8)
        await desk.reader().read(records[:most])
        records = records[most:]

    assert await desk.told() == TOLD
    names = [row["_id"] for row in await desk.rows()]
    assert len(names) == len(set(names)) == len(TOLD)


class Dies:
    """Stands for the end of the process at the n-th write of a kind."""

    def __init__(self, after: int) -> None:
        """Let so many writes pass."""
        self.left = after

    def step(self) -> None:
        """Die, if it is time."""
        self.left -= 1
        if self.left < 0:
            raise Trouble("the process has died")


class DyingLedger(Ledger):
    """A ledger whose process dies before one of its writes."""

    def __init__(self, desk: Desk, death: Dies) -> None:
        """Share the database."""
        super().__init__(desk.database)
        self._death = death

    async def advance(self, positions: Mapping[str, int]) -> None:
        """Die, or write."""
        self._death.step()
        await super().advance(positions)

    async def note(self, notes: Any) -> None:  # noqa: ANN401 -- as the ledger's
        """Die, or write."""
        self._death.step()
        await super().note(notes)


class DyingDeliveries(Deliveries):
    """A schedule whose process dies before one of its writes."""

    def __init__(self, desk: Desk, death: Dies) -> None:
        """Share the database."""
        super().__init__(desk.database)
        self._death = death

    async def post(self, letters: Any, to: Any, *, now: str) -> int:  # noqa: ANN401 -- as the schedule's
        """Die, or write."""
        self._death.step()
        return await super().post(letters, to, now=now)


@pytest.mark.parametrize("writes", range(16))
async def test_n1_a_crash_between_any_two_writes(desk: Desk, writes: int) -> None:
    """N1: the batch comes again after the crash and is told as if nothing had been."""
    await with_followers(desk)
    death = Dies(writes)
    doomed = Reader(
        DyingLedger(desk, death),
        DyingDeliveries(desk, death),
        desk.archive,
        now=lambda: "2026-03-23T09:00:01.000Z",
        wake=lambda: None,
    )
    records = [record(fact) for fact in EVENT_STORY + NEED_STORY]
    with pytest.raises(Trouble):
        await doomed.read(records)

    await desk.reader().read(records)

    assert await desk.told() == TOLD


async def test_a_gap_is_fetched_from_the_owner(desk: Desk) -> None:
    """What is missing is told too, before what came; nothing is asked for twice."""
    await with_followers(desk)
    await desk.reader().read([record(fact) for fact in [*EVENT_STORY[:2], EVENT_STORY[8]]])

    await desk.reader().read([record(fact) for fact in EVENT_STORY])

    assert await desk.told() == [
        one for one in TOLD if "pledge" not in one[1] and not one[1].startswith(("need", "del"))
    ]
    assert desk.archive.questions == 2
    assert await desk.ledger.positions(["event_sweep"]) == {"event_sweep": 9}


async def test_a_stream_first_met_in_the_middle_is_read_from_its_start(desk: Desk) -> None:
    """Who opened the need is known only from its first fact."""
    desk.archive = Archive(*NEED_STORY)

    await desk.reader().read([record(pledged(4, "bo"))])

    assert ("olga", "need-pledged") in await desk.told()
    assert ("bo", "pledge-taken") in await desk.told()


async def test_what_the_owner_has_forgotten_does_not_hold_up_the_rest(desk: Desk) -> None:
    """It keeps 30 days; older facts would be no news anyway."""
    desk.archive = Archive(registered(4, "bo"))

    await desk.reader().read([record(registered(6, "ana"))])

    assert await desk.told() == [("ana", "registered"), ("bo", "registered")]
    assert await desk.ledger.positions(["event_sweep"]) == {"event_sweep": 6}


async def test_an_owner_out_of_reach_is_waited_for(desk: Desk) -> None:
    """The batch stays where it is, and nothing of it is lost."""
    await with_followers(desk)
    desk.archive.reachable = False
    batch = [record(NEED_STORY[0]), record(EVENT_STORY[8])]
    with pytest.raises(Trouble):
        await desk.reader().read(batch)
    desk.archive.reachable = True

    await desk.reader().read(batch)

    assert ("bo", "event-cancelled") in await desk.told()
    assert ("dee", "need-opened") in await desk.told()


def poisons(good: Record) -> list[Record]:
    """Give records that no reader can take."""
    value = good.value or b""
    return [
        structs.replace(good, value=broken)
        for broken in [
            None,
            b"",
            b"\xff\xfe",
            value[:-7],
            b"[" * 100_000,
            value.replace(b"RegistrationMade.v1", b"RegistrationMade.v9"),
            value.replace(b'"streamversion":3', b'"streamversion":7'),
            value.replace(b'"registered":0', b'"registered":"none"'),
            value.replace(b'"registered":0', b'"registered":NaN'),
        ]
    ]


async def test_poison_is_parked_and_its_neighbours_go_on(desk: Desk) -> None:
    """One dead letter each, with the original bytes; the gap it leaves is fetched when the next fact comes."""
    desk.archive = Archive(*EVENT_STORY)
    bad = poisons(record(EVENT_STORY[2]))
    batch = [record(EVENT_STORY[0]), record(EVENT_STORY[1]), *bad, record(NEED_STORY[0]), record(NEED_STORY[1])]

    dead = await desk.reader().read(batch)

    assert [(letter.topic, letter.value, letter.key) for letter in dead] == [
        ("notifications.dead-letters", poison.value or b"", poison.key) for poison in bad
    ]
    assert _headers(dead[0]) | {"dl-reason": b""} == {
        "dl-topic": b"events.facts",
        "dl-partition": b"0",
        "dl-offset": str(bad[0].offset).encode(),
        "dl-reason": b"",
        "dl-at": b"2026-03-23T09:00:00.000Z",
        "dl-group": b"notifications-facts",
    }
    assert await desk.told() == [("ana", "pledge-taken"), ("olga", "need-pledged")]

    assert await desk.reader().read([record(EVENT_STORY[3])]) == []

    assert ("ana", "registered") in await desk.told()
    assert ("bo", "waiting") in await desk.told()


def _headers(letter: Outgoing) -> dict[str, bytes]:
    return dict(letter.headers)


async def test_a_fact_we_cannot_make_sense_of_is_parked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A culprit of our own is passed over, with a dead letter; its stream goes on."""
    monkeypatch.delattr("services.notifications.event_policy.STANDING")

    dead = await desk.reader().read([record(registered(1, "ana")), record(cancelled(2))])

    assert [_headers(letter)["dl-reason"] for letter in dead] == [b"NameError"]
    assert await desk.ledger.positions(["event_sweep"]) == {"event_sweep": 2}


async def test_what_cannot_be_put_into_words_is_parked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would keep its neighbours, and itself, from ever being told; who comes is known all the same."""
    monkeypatch.delitem(texts.ENGLISH, "registered")

    dead = await desk.reader().read([record(registered(1, "ana")), record(cancelled(2))])

    assert [_headers(letter)["dl-reason"] for letter in dead] == [b"KeyError"]
    assert await desk.told() == [("ana", "event-cancelled")]
    assert await desk.ledger.positions(["event_sweep"]) == {"event_sweep": 2}


async def test_outcomes_are_passed_over(desk: Desk) -> None:
    """They lie in the same topics and are nothing to us."""
    fact = record(NEED_STORY[0])
    outcome = json.decode(fact.value or b"")
    outcome["type"] = "brumtogether.pledges.CommandSucceeded.v1"

    assert await desk.reader().read([structs.replace(fact, value=json.encode(outcome))]) == []
    assert await desk.ledger.positions(["need_soup"]) == {}


async def test_old_news_is_remembered_and_told_to_nobody(desk: Desk) -> None:
    """After a week nobody wants to hear of it; but who registered then is told of a cancellation now."""
    old = "2026-03-15T09:00:00.000Z"
    await desk.reader().read([record(registered(1, "ana"), at=old)])
    assert await desk.told() == []

    await desk.reader().read([record(cancelled(2))])

    assert await desk.told() == [("ana", "event-cancelled")]


async def test_everybody_of_a_date_called_off_is_told_and_nobody_else(desk: Desk) -> None:
    """Who comes, who waits, who follows, each once; not who left, nor who comes on another date alone."""
    near, far = "2026-04-08T10:00", "2026-04-15T10:00"
    series = {"recurrence": Recurrence(rrule="FREQ=WEEKLY")}
    off = events.OccurrenceState(EVENT.id, near, cancellation=events.Cancellation("Rain", AT))
    parties = [("ana", near), ("ana", far), ("bo", near), ("cy", far), ("dee", near)]
    story: list[Fact] = [
        events.RegistrationMade(event(version, **series), party(person, occurrence=name))
        for version, (person, name) in enumerate(parties, 1)
    ]
    story += [
        events.RegistrationWaitlisted(event(6, **series), party("fay", occurrence=near, status="waiting")),
        events.RegistrationCancelled(event(7, **series), party("dee", occurrence=near, status="cancelled")),
        events.RegistrationCancelled(event(8, **series), party("ana", occurrence=far, status="cancelled")),
    ]
    await desk.follow("event_sweep", "eve", "bo")
    await desk.reader().read([record(fact) for fact in story])
    before = await desk.told()

    for _ in range(2):
        await desk.reader().read([record(events.OccurrenceCancelled(event(9, **series), off))])
    now = await desk.told()
    await desk.reader().read([record(cancelled(10))])

    assert [person for person, purpose in now if purpose == "event-cancelled"] == ["ana", "bo", "eve", "fay"]
    assert len(now) == len(before) + 4
    again = sorted(person for person, purpose in await desk.told() if purpose == "event-cancelled")
    assert again == ["ana", "ana", "bo", "bo", "cy", "eve", "eve", "fay", "fay"]
    assert {row["state"] for row in await desk.rows()} == {"delivered"}


async def test_all_organisers_hear_of_a_need_that_comes_near(desk: Desk) -> None:
    """Once each, who opened it as well; who organises no more is not told."""
    campaign = structs.replace(CAMPAIGN, organisers=("olga", "oscar"))
    await desk.reader().read([record(events.CampaignLaunched(campaign)), record(pledges.NeedOpened(NEED, "olga"))])

    for version, people in ((2, ("olga", "oscar")), (3, ("olga", "oleg"))):
        change = events.CampaignChanged(structs.replace(campaign, version=version, organisers=people), ("name",))
        near = structs.replace(NEED, version=version, urgency="soon", by="2026-04-10")
        await desk.reader().read([record(change), record(pledges.NeedEscalated(near))])

    told = [person for person, purpose in await desk.told() if purpose == "need-soon"]
    assert told == ["oleg", "olga", "olga", "oscar"]


async def test_a_crowd_is_told_page_by_page(desk: Desk) -> None:
    """2,500 followers, one delivery each; a redelivery adds none."""
    crowd = [f"p{number:05}" for number in range(2_500)]
    await desk.follow("campaign_tidy", *crowd)
    await desk.follow("campaign_tidy2", "bo")
    fact = events.CampaignClosed(CAMPAIGN)
    await desk.reader().read([record(fact)])
    await desk.database.streams.delete_many({})

    await desk.reader().read([record(fact)])

    assert await desk.told() == [(person, "campaign-closed") for person in crowd]


def test_the_natural_key_is_as_promised() -> None:
    """The key of a delivery: sha256(event_id | recipient_id | channel | purpose)."""
    assert (
        delivery_id("e.1", "ana", "inbox", "registered")
        == "ae298e400bafa0a6dc248c3c9164d5888dab3eed2b874d2160263963b39b5a2c"
    )
