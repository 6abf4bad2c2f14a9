import pytest
from msgspec import json, structs

from services.pledges import documents, rules
from services.pledges.copies import Behind
from services.pledges.follower import Follower
from services.pledges.ledger import Need
from shared.contracts import events, outcomes
from shared.contracts.message import open_envelope
from shared.contracts.pledges import (
    COMMANDS,
    ChangeNeed,
    ChangePledge,
    ConfirmPledge,
    CorrectDelivery,
    DeliverPledge,
    MakePledge,
    NeedState,
    PledgeState,
    ReleasePledge,
    WithdrawPledge,
    WriteOffNeed,
)
from shared.mongo import Lost
from shared.ports import Ask, Entry, Record, TooLarge
from tests.pledges.given import ANA, BO, BOXES, CAMPAIGN, OLGA, PAT, at, figures
from tests.pledges.records import Desk, asked, body, told
from tests.pledges.test_policy import LIVE

OPEN = asked(OLGA, BOXES)


async def stored(desk: Desk, need_id: str = "need_n") -> NeedState:
    """The need as it lies there."""
    document = await desk.store.needs.find_one({"_id": need_id})
    assert document is not None
    return documents.need_state(document)


async def test_the_copy_of_a_campaign_follows_its_facts(desk: Desk) -> None:
    """At least once, and what cannot be read is parked."""
    later = events.CampaignClosed(structs.replace(LIVE, version=5, status="closed"))
    bad = structs.replace(told(events.FACTS, later), value=b"{")
    follower = Follower(desk.store.copies.follow, desk.store.vows.may_be_shown)
    dead = await follower.work([told(events.FACTS, later), bad, told(events.FACTS, events.CampaignLaunched(LIVE))])

    assert await desk.store.copies.known(["campaign_c", "campaign_x"]) == {
        "campaign_c": structs.replace(CAMPAIGN, version=5, status="closed")
    }
    assert [letter.topic for letter in dead] == ["pledges.dead-letters"]


async def test_a_life_of_a_pledge_is_kept(desk: Desk) -> None:
    """Over several transactions; what is stored is what was answered."""
    await desk.process(OPEN)
    await desk.process(asked(ANA, MakePledge("need_n", "need_n.1", 10, 30)))
    await desk.process(asked(ANA, ConfirmPledge("need_n", "need_n.1"), minutes=5))
    await desk.process(asked(ANA, DeliverPledge("need_n", "need_n.1", 4), minutes=6))
    outcome = await desk.outcome(asked(OLGA, DeliverPledge("need_n", "need_n.1", 10), minutes=7))
    pledge = json.decode(body(outcome), type=PledgeState)

    assert outcome.touched == (outcomes.Touched("need_n", 5),)
    assert (pledge.status, pledge.delivered_quantity, len(pledge.deliveries)) == ("delivered", 10, 2)
    assert figures(await stored(desk)) == (20, 0, 10, 10, 0)
    loaded = await desk.store.load(asks(desk, asked(ANA, WithdrawPledge("need_n", "need_n.1"))))
    found = loaded["need_n"]
    assert isinstance(found, Need)
    assert found.pledges == {"need_n.1": pledge}
    assert found.opened_by == OLGA
    assert found.campaign == CAMPAIGN
    assert found.deliveries == 1


def asks(desk: Desk, *records: Record) -> list[Ask]:
    """Commands read from records."""
    return [desk.processor._read(record) for record in records]


async def test_a_batch_is_one_transaction_in_order(desk: Desk) -> None:
    """A need and all that happens to it; a hard limit holds at each position."""
    batch = [OPEN, *(asked(f"p{n}", MakePledge("need_n", f"need_n.{n}", 7)) for n in range(6))]
    outgoing = await desk.process(*batch)
    types = [open_envelope(record.value).type.split(".")[2] for record in outgoing]

    assert types == ["NeedOpened", "CommandSucceeded"] + ["PledgeMade", "CommandSucceeded"] * 4 + ["CommandRefused"] * 2
    assert figures(await stored(desk)) == (2, 0, 28, 0, 0)
    assert await desk.process(*batch) == outgoing


async def test_a_need_that_moved_meanwhile_is_not_overwritten(desk: Desk) -> None:
    """The slower of two owners loses, and nothing of its batch stays."""
    await desk.process(OPEN)
    [ask] = asks(desk, asked(BO, MakePledge("need_n", "need_n.2", 5)))
    before = await desk.store.load([ask])
    decision = rules.decide(before["need_n"], ask.command, ask.asked)
    after = rules.evolve(before["need_n"], decision.facts[0])
    await desk.process(asked(ANA, MakePledge("need_n", "need_n.1", 10)))

    entry = Entry(ask.envelope.id, "f", 3, 9, ("need_n",), (), b"{}")
    with pytest.raises(Lost):
        await desk.store.save(before, {"need_n": after}, [entry])
    assert figures(await stored(desk)) == (20, 0, 10, 0, 0)
    assert await desk.store.pledges.count_documents({}) == 1


async def test_overdue_holds_are_found_when_the_need_is_touched(desk: Desk) -> None:
    """Although the command mentions another pledge."""
    await desk.process(OPEN)
    await desk.process(
        asked(ANA, MakePledge("need_n", "need_n.1", 20, 10)), asked(BO, MakePledge("need_n", "need_n.2", 10, 60))
    )
    await desk.process(asked("cy", MakePledge("need_n", "need_n.3", 15), minutes=10))

    assert figures(await stored(desk)) == (5, 10, 15, 0, 0)
    document = await desk.store.pledges.find_one({"_id": "need_n.1"})
    assert document is not None
    assert (document["status"], document["updated_at"]) == ("expired", at(10))


async def test_a_hold_made_in_the_batch_ends_in_the_batch(desk: Desk) -> None:
    """Commands of an hour may come at once after an outage; a hold that has ended leaves no plan behind."""
    await desk.process(
        OPEN,
        asked(ANA, MakePledge("need_n", "need_n.1", 30, 10)),
        asked(BO, MakePledge("need_n", "need_n.2", 30), minutes=60),
    )

    assert figures(await stored(desk)) == (0, 0, 30, 0, 0)
    assert await desk.store.calendar.next(at(100)) is None


async def test_a_hold_is_planned_to_end(desk: Desk) -> None:
    """In the same transaction, as a command of the service's own."""
    await desk.process(OPEN, asked(ANA, MakePledge("need_n", "need_n.1", 30, 10)))
    claimed = await desk.store.calendar.claim(at(10))

    assert claimed is not None
    envelope = open_envelope(claimed["value"])
    assert (envelope.principal, envelope.subject, envelope.time) == ("pledges system", "need_n", at(10))
    assert envelope.id == f"ExpireHold/need_n.1/{at(10)}"


async def test_too_many_overdue_holds_halve_the_batch(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two commands in one batch look at no more than a transaction could end."""
    monkeypatch.setattr("services.pledges.needs_store.MOST_OVERDUE", 3)
    await desk.process(OPEN, *(asked(ANA, MakePledge("need_n", f"need_n.{n}", 5, 1)) for n in range(4)))
    late = [asked(BO, MakePledge("need_n", f"need_n.b{n}", 15), minutes=2) for n in range(2)]

    with pytest.raises(TooLarge):
        await desk.store.load(asks(desk, *late))
    await desk.process(*late)
    assert figures(await stored(desk)) == (0, 0, 30, 0, 0)


async def test_a_write_off_finds_every_promise_step_by_step(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Among other commands of a batch and over several; done again it changes nothing."""
    monkeypatch.setattr("services.pledges.life.MOST_WRITTEN_OFF", 3)
    await desk.process(OPEN, *(asked(f"p{n}", MakePledge("need_n", f"need_n.{n}", 2)) for n in range(8)))
    write_off = asked(OLGA, WriteOffNeed("need_n", "The season is over"))
    taken_back = asked("p0", WithdrawPledge("need_n", "need_n.0"))
    outgoing = await desk.process(taken_back, write_off)
    following = [record for record in outgoing if record.topic == "pledges.commands"]
    assert len(following) == 1
    while following:
        [step] = following
        again = asked("pledges", COMMANDS.decode(open_envelope(step.value)), roles="system")
        again = structs.replace(again, value=step.value)
        outgoing = await desk.process(again)
        assert await desk.process(again) == outgoing
        following = [record for record in outgoing if record.topic == "pledges.commands"]

    after = await stored(desk)
    assert (after.status, after.written_off, after.pledged, after.uncommitted) == ("closed", 14, 0, 30)
    assert await desk.store.pledges.count_documents({"status": "written_off"}) == 7
    assert await desk.store.words.count_documents({"words": "The season is over"}) == 7


async def test_a_copy_older_than_the_caller_saw_is_waited_for(desk: Desk) -> None:
    """For a minute from when it is first met, however old the command is; then what is there decides."""
    desk.now = at(60)
    opening = structs.replace(BOXES, need_id="need_m")
    newer, unknown = asked(OLGA, opening, seen="campaign_c:5"), asked(OLGA, opening, seen="campaign_x:1")
    for record in (newer, unknown):
        with pytest.raises(Behind):
            await desk.process(record)
    assert (await desk.outcome(asked(OLGA, BOXES, seen="campaign_c:4"))).touched[0].version == 1

    desk.now = at(61)
    assert (await desk.outcome(newer)).touched == (outcomes.Touched("need_m", 1),)


async def test_an_unknown_campaign_is_not_found_in_the_end(desk: Desk) -> None:
    """Nothing was opened."""
    opening = structs.replace(BOXES, campaign_id="campaign_x")
    with pytest.raises(Behind):
        await desk.process(asked(OLGA, opening, seen="campaign_x:1"))
    desk.now = at(1)
    outcome = await desk.outcome(asked(OLGA, opening, seen="campaign_x:1"))

    assert isinstance(outcome, outcomes.CommandRefused)
    assert (outcome.problem, outcome.status, outcome.touched[0].version) == ("not-found", 404, 0)


async def test_private_words_are_in_no_record(desk: Desk) -> None:
    """Neither in facts nor in outcomes; once each in a document of their own."""
    out = await desk.process(
        OPEN,
        asked(ANA, MakePledge("need_n", "need_n.1", 10, note="Ring the blue bell")),
        asked(ANA, WithdrawPledge("need_n", "need_n.1", "I have moved house")),
        asked(ANA, WithdrawPledge("need_n", "need_n.1", "Said again")),
        asked(BO, MakePledge("need_n", "need_n.2", 10)),
        asked(OLGA, ReleasePledge("need_n", "need_n.2", "Found a shop")),
    )
    records = b"".join(record.value for record in out)

    for words in (b"bell", b"moved", b"again", b"shop"):
        assert words not in records
    kept = {document["_id"]: document["words"] async for document in desk.store.words.find({})}
    assert kept == {
        "need_n.1/note": "Ring the blue bell",
        "need_n.1/reason": "I have moved house",
        "need_n.2/reason": "Found a shop",
    }


async def test_a_pledge_id_that_exists_is_no_stumbling_block(desk: Desk) -> None:
    """A command that came under another id is answered, with the note or without."""
    await desk.process(OPEN, asked(ANA, MakePledge("need_n", "need_n.1", 10, note="First")))
    outcome = await desk.outcome(asked(ANA, MakePledge("need_n", "need_n.1", 10, note="Second")))

    assert json.decode(body(outcome), type=PledgeState).quantity == 10
    assert await desk.store.words.count_documents({}) == 1


async def test_tallies_follow_what_is_delivered_and_where(desk: Desk) -> None:
    """One document a ward, kind and partition; a need that moves takes its sums along."""
    await desk.process(
        OPEN,
        asked(ANA, MakePledge("need_n", "need_n.1", 10)),
        asked(OLGA, DeliverPledge("need_n", "need_n.1", 4)),
        asked(OLGA, CorrectDelivery("need_n", "need_n.1", 1, 5, "Recount")),
    )
    other = structs.replace(BOXES, need_id="need_m")
    await desk.process(asked(PAT, other, partition=4), asked(BO, MakePledge("need_m", "need_m.1", 3), partition=4))
    await desk.process(asked(ANA, ChangePledge("need_n", "need_n.1", 9)))
    sums = {document["_id"]: document async for document in desk.store.tallies.find({}, {"campaign_id": 0, "kind": 0})}

    assert sums == {
        "campaign_c|goods|aston|3": {
            "_id": "campaign_c|goods|aston|3",
            "ward": "aston",
            "delivered": 5,
            "deliveries": 1,
            "corrections": 1,
        },
    }
    await desk.process(asked(OLGA, ChangeNeed("need_n", ward=None)))
    moved = {document["_id"]: document["delivered"] async for document in desk.store.tallies.find({})}
    assert moved == {"campaign_c|goods|aston|3": 0, "campaign_c|goods|-|3": 5}


async def test_figures_beyond_32_bits_come_back_as_they_went(desk: Desk) -> None:
    """MongoDB has integers of two sizes; facts know one."""
    opening = structs.replace(BOXES, limit="soft", quantity=1)
    billion = 1_000_000_000
    await desk.process(
        asked(OLGA, opening), *(asked(ANA, MakePledge("need_n", f"need_n.{n}", billion)) for n in range(3))
    )
    outcome = await desk.outcome(asked(ANA, WithdrawPledge("need_n", "need_n.0")))

    assert isinstance(outcome, outcomes.CommandSucceeded)
    assert figures(await stored(desk)) == (0, 0, 2 * billion, 0, 2 * billion - 1)


async def test_an_answer_that_is_due_is_given_by_another_entry(desk: Desk) -> None:
    """In one transaction with it; until then there is none, and what is given once stays."""
    root = Entry("root", "f", 3, 1, ("need_n",), (), b"", (("need_m", b"{}"),))
    await desk.store.save({}, {}, [root])
    assert await desk.store.inbox.outcome("root") is None
    assert await desk.store.answered(["root"]) == {"root": root}

    last = Entry("root~1", "f", 5, 2, ("need_m",), (), b'{"yes": 1}', settles=("root",))
    await desk.store.save({}, {}, [last])
    await desk.store.save({}, {}, [Entry("other", "f", 6, 3, ("need_m",), (), b'{"no": 1}', settles=("root",))])

    assert await desk.store.inbox.outcome("root") == last.outcome
    found = (await desk.store.answered(["root"]))["root"]
    assert (found, found.place) == (structs.replace(root, outcome=last.outcome, settled=5), 5)
