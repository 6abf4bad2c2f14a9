"""Answers that are ready to be sent."""

from tests.gateway.given import (
    CAMPAIGN,
    a_campaign,
    a_need,
    an_event,
)
from tests.gateway.replica import Replica

NEED = f"/v1/needs/{a_need().id}"
AGGREGATE = f"/v1/campaigns/{CAMPAIGN}"


async def test_a_thing_is_read_with_a_strong_tag(replica: Replica) -> None:
    """The second time out of memory, unchanged for who has it, without a body for HEAD."""
    await replica.applied(a_need())

    first = await replica.get(NEED)
    assert (first.status, first.json["id"]) == (200, a_need().id)
    tag = first.headers[b"etag"]
    assert tag.startswith(b'"')
    assert replica.memory.get(NEED) is not None

    again = await replica.get(NEED)
    same = await replica.get(NEED, (b"if-none-match", b'"other", W/%s' % tag))
    head = await replica.get(NEED, method="HEAD")

    assert again == first
    assert (same.status, same.body, same.headers[b"etag"]) == (304, b"", tag)
    assert (head.status, head.body, head.headers) == (200, b"", first.headers)
    assert {b"content-security-policy", b"x-content-type-options"} <= set(first.headers)


async def test_the_way_past_the_front_door_answers_as_the_one_through_it(replica: Replica) -> None:
    """Same fields, same bytes, for all that memory holds and for what it does not."""
    await replica.applied(a_campaign(), a_need(), an_event())

    for target in (NEED, AGGREGATE, "/v1/needs", "/v1/events?limit=3", "/v1/campaigns/as-one"):
        through, past = await replica.get(target), await replica.get(target)

        assert past == through
        tag = (b"if-none-match", through.headers[b"etag"])
        past = await replica.get(target, tag)
        replica.memory.regained()
        assert past == await replica.get(target, tag)
