"""Evidence attaches itself to commitments, and is taken back: rules, and both halves on a real MongoDB."""

import msgspec
import pytest
from msgspec import structs

from services.pledges import evidence
from services.pledges.commitments_store import state_of
from services.pledges.evidence import Vow
from services.pledges.follower import Follower
from shared.contracts import events, topics
from shared.contracts.commitments import (
    AttachEvidence,
    CommitmentState,
    EndCommitment,
    Evidence,
    MakeCommitment,
    ReviewCommitment,
    TakeBackEvidence,
)
from shared.contracts.completion import EventCompleted
from shared.contracts.events import EventCancelled, EventPublished, EventState
from shared.contracts.hosting import CoHostAccepted, CoHostRemoved
from shared.contracts.message import open_envelope
from shared.contracts.pledges import (
    COMMANDS,
    AcceptDelivery,
    CorrectDelivery,
    DeliverPledge,
    Delivery,
    DeliveryCorrected,
    MakePledge,
    NeedState,
    PledgeDelivered,
    PledgeState,
)
from shared.contracts.results import Result
from shared.ports import Outgoing, Record
from tests.pledges.given import ANA, BOXES, CAMPAIGN, OLGA, PAT, START, given
from tests.pledges.records import Desk, asked, body, told

OURS = Vow("commitment_v", "campaign_c", "campaign_c.p", (1, 4))
NEED = structs.replace(given().state or pytest.fail("no need"), principles=(4, 5))
PLEDGE = PledgeState(
    "need_n.1",
    2,
    1,
    START,
    START,
    "need_n",
    "campaign_c",
    "goods",
    "boxes",
    PAT,
    anonymous=False,
    quantity=10,
    status="pledged",
    delivered_quantity=4,
)
CAME = Delivery(1, 4, "confirmed", START)
EVENT = EventState(
    id="event_e",
    version=2,
    revision=1,
    created_at=START,
    updated_at=START,
    campaign_id="campaign_c",
    title="Clean-up",
    description=None,
    category="clean-up",
    starts_at="2026-04-01T10:00",
    ends_at="2026-04-01T12:00",
    timezone="Europe/London",
    starts_at_utc="2026-04-01T09:00:00.000Z",
    ends_at_utc="2026-04-01T11:00:00.000Z",
    venue=None,
    online_url=None,
    visibility="public",
    capacity=None,
    waiting_list=True,
    principles=(1,),
    languages=(),
    age_min=None,
    age_max=None,
    status="published",
    published_at=START,
)


@pytest.mark.parametrize(
    ("pledge", "need", "shows"),
    [
        (PLEDGE, NEED, True),
        (structs.replace(PLEDGE, delivered_quantity=0), NEED, False),
        (structs.replace(PLEDGE, donor=ANA), NEED, False),
        (structs.replace(PLEDGE, anonymous=True), NEED, False),
        (PLEDGE, structs.replace(NEED, principles=(5,)), False),
        (PLEDGE, structs.replace(NEED, hidden=True), False),
        (PLEDGE, structs.replace(NEED, campaign_id="campaign_d"), False),
    ],
)
def test_a_delivery_shows_the_commitment_of_its_donors_partner(
    pledge: PledgeState,
    need: NeedState,
    shows: bool,  # noqa: FBT001 -- a table
) -> None:
    """Confirmed, by name, for a principle in common."""
    assert evidence.of_delivery(need, pledge, CAMPAIGN).shows(OURS) is shows


@pytest.mark.parametrize(
    ("fields", "shows"),
    [
        ({}, True),
        ({"status": "completed"}, True),
        ({"status": "cancelled"}, False),
        ({"status": "draft"}, False),
        ({"visibility": "members"}, False),
        ({"hidden": True}, False),
        ({"principles": (2,)}, False),
    ],
)
def test_an_event_shows_what_the_campaign_committed_itself_to(fields: dict[str, object], shows: bool) -> None:  # noqa: FBT001 -- a table
    """While everybody can see it; a partner's, if the partner hosts it."""
    event = structs.replace(EVENT, **fields)
    matter = evidence.of_event(event)

    assert matter.shows(structs.replace(OURS, partner_id=None)) is shows
    assert not matter.shows(OURS)
    assert evidence.of_event(structs.replace(event, hosts=("campaign_c.x", str(OURS.partner_id)))).shows(OURS) is shows


@pytest.mark.parametrize(("kind", "hosts", "does"), [(CoHostAccepted, ("p",), True), (CoHostRemoved, (), False)])
def test_an_event_shows_a_partners_commitment_while_it_hosts(
    kind: type[CoHostAccepted | CoHostRemoved],
    hosts: tuple[str, ...],
    does: bool,  # noqa: FBT001 -- a table
) -> None:
    """From the fact on by which it joins, to the one by which it leaves."""
    vow = structs.replace(OURS, partner_id="p")
    [asked] = evidence.after_event(kind(structs.replace(EVENT, hosts=hosts), "p"), [vow])

    assert isinstance(asked, AttachEvidence) is does


MAKE = MakeCommitment("commitment_v", "campaign_c", "Box makers", (1, 4), ("Pack parcels",), "2026-06-30")


async def commitment(desk: Desk) -> CommitmentState:
    """The commitment as it lies there."""
    found = await desk.store.commitments.find_one({"_id": "commitment_v"})
    assert found is not None
    return state_of(found)


def follow_ups(outgoing: list[Outgoing]) -> list[Record]:
    """Commands that were appended, as the service meets them."""
    return [
        Record(sent.topic, 5, 1_000_000 + place, sent.key, sent.value, sent.headers, 1_772_500_000_000)
        for place, sent in enumerate(outgoing)
        if sent.topic == topics.commands("pledges")
    ]


async def test_a_delivery_attaches_itself_and_a_correction_takes_it_back(desk: Desk) -> None:
    """Whatever is repeated, and wherever it stopped between the halves, there is one piece, or none."""
    await desk.process(asked(OLGA, structs.replace(BOXES, principles=(4,))), asked(PAT, MAKE))
    await desk.process(asked(PAT, MakePledge("need_n", "need_n.1", 10)))
    await desk.process(asked(PAT, DeliverPledge("need_n", "need_n.1", 4)))
    assert (await commitment(desk)).evidence == ()

    accept = asked(OLGA, AcceptDelivery("need_n", "need_n.1", 1), minutes=9)
    first = await desk.process(accept)
    assert await desk.process(accept) == first  # it stopped before it was told, and says the same again
    [half] = follow_ups(first)
    for _ in range(2):
        await desk.process(half)
    assert (await commitment(desk)).evidence == (Evidence("delivery", "need_n.1", START),)
    assert (await commitment(desk)).version == 2

    [half] = follow_ups(await desk.process(asked(OLGA, CorrectDelivery("need_n", "need_n.1", 1, 0, "None came."))))
    for _ in range(2):
        await desk.process(half)
    assert (await commitment(desk)).evidence == ()
    assert (await commitment(desk)).version == 3


async def test_a_delivery_of_somebody_else_asks_nothing(desk: Desk) -> None:
    """Nor does one where the commitment has ended."""
    await desk.process(asked(OLGA, structs.replace(BOXES, principles=(4,))), asked(PAT, MAKE))
    await desk.process(
        asked(ANA, MakePledge("need_n", "need_n.1", 10)), asked(PAT, MakePledge("need_n", "need_n.2", 5))
    )

    assert follow_ups(await desk.process(asked(OLGA, DeliverPledge("need_n", "need_n.1", 4)))) == []
    await desk.process(asked(PAT, EndCommitment("commitment_v")))
    assert follow_ups(await desk.process(asked(OLGA, DeliverPledge("need_n", "need_n.2", 4)))) == []


async def test_an_event_attaches_itself_and_is_taken_back_when_it_is_cancelled(desk: Desk) -> None:
    """Met again, a fact asks under the ids of before; evidence from a cancelled event is withdrawn."""
    await desk.process(asked(OLGA, MAKE))
    follower = Follower(desk.store.copies.follow, desk.store.vows.may_be_shown)
    facts = [
        told(events.FACTS, EventPublished(EVENT)),
        told(events.FACTS, EventCompleted(structs.replace(EVENT, version=3, status="completed"), Result())),
    ]
    published = await follower.work(facts)
    assert await follower.work(facts) == published
    await desk.process(*follow_ups(published))
    assert (await commitment(desk)).evidence == (Evidence("event", "event_e", START),)

    called_off = structs.replace(EVENT, version=4, status="cancelled", principles=(7,))
    gone = await follower.work([told(events.FACTS, EventCancelled(called_off))])
    await desk.process(*follow_ups(gone))
    assert (await commitment(desk)).evidence == ()
    assert (await commitment(desk)).version == 3


async def test_a_commitment_is_reviewed_when_its_day_is_over(desk: Desk) -> None:
    """The plan lies beside it, and any replica can claim it; late, it is caught up."""
    outcome = await desk.outcome(asked(PAT, MAKE))
    assert msgspec.json.decode(body(outcome), type=CommitmentState).status == "current"
    assert await desk.store.calendar.claim("2026-06-30T22:59:59.999Z") is None

    claimed = await desk.store.calendar.claim("2026-07-09T09:00:00.000Z")
    assert claimed is not None
    envelope = open_envelope(bytes(claimed["value"]))
    assert COMMANDS.decode(envelope) == ReviewCommitment("commitment_v", "2026-06-30")
    record = Record(topics.commands("pledges"), 5, 7, b"commitment_v", bytes(claimed["value"]), (), 1_783_587_600_000)
    for _ in range(2):
        await desk.process(record)

    assert ((await commitment(desk)).status, (await commitment(desk)).version) == ("stale", 2)


def test_what_is_asked_says_whether_it_holds() -> None:
    """One command a commitment, in both directions."""
    correction = DeliveryCorrected(NEED, structs.replace(PLEDGE, delivered_quantity=0), CAME)
    delivered = PledgeDelivered(NEED, PLEDGE, CAME)

    assert evidence.after_delivery(NEED, delivered, CAMPAIGN, [OURS]) == [
        AttachEvidence("commitment_v", "delivery", "need_n.1", "")
    ]
    assert evidence.after_delivery(NEED, correction, CAMPAIGN, [OURS]) == [
        TakeBackEvidence("commitment_v", "delivery", "need_n.1")
    ]
