"""What a batch of records comes to."""

from services.gateway.gathering import gather
from services.gateway.view_store import Found, ViewStore
from shared.contracts.pledges import PledgeMade
from tests.gateway.given import (
    a_need,
    a_pledge,
    a_record,
    an_outcome,
    wrapped,
)

PLACE = "pledges.facts:0"


async def _found(store: ViewStore, of: str) -> Found:
    found = await store.view(of)
    assert isinstance(found, Found)
    return found


async def test_poison_is_parked_and_its_neighbours_go_on(store: ViewStore) -> None:
    """One dead letter each, whatever is wrong."""
    good = a_need(version=7)
    fact = wrapped(PledgeMade(good, a_pledge(good)), "pledges")
    poison = [
        None,
        b"",
        b"\xff\xfe",
        b"{}",
        b"[" * 5_000,
        fact.replace(b"PledgeMade.v1", b"PledgeMade.v9"),
        fact.replace(b'"streamversion":7', b'"streamversion":8'),
        fact.replace(b'"version":7', b'"version":%d' % 10**30).replace(
            b'"streamversion":7', b'"streamversion":%d' % 10**30
        ),
        fact.replace(b'"pledged":0', b'"pledged":NaN'),
        fact.replace(b'"pledged":0', b'"pledged":%d' % 2**60),
        an_outcome(good.id, 7).replace(b'"causationid":"c1"', b'"causationid":"c 1"'),
    ]
    records = [a_record(value, offset) for offset, value in enumerate([*poison, fact])]

    batch, letters = gather(records, {("pledges.facts", 0): 0}, store.root, "gateway")
    await store.apply(batch)

    assert len(letters) == len(poison)
    assert {letter.topic for letter in letters} == {"gateway.dead-letters"}
    assert (await _found(store, good.id)).version == 7
    assert await store.positions() == {PLACE: len(records)}
