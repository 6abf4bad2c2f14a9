"""The occurrences of an event by HTTP."""

from tests.gateway.given import a_campaign, an_event
from tests.gateway.replica import Replica
from tests.gateway.test_series import FIRST, SECOND, touched, weekly


async def test_the_occurrences_of_a_series_are_paged_with_their_figures(replica: Replica) -> None:
    """Between dates, a page at a time; one is read by its name; what is none is 404, a flaw 400."""
    state = weekly(capacity=5)
    await replica.applied(a_campaign(), state)
    await replica.store.apply(touched(state, SECOND, registered=2))
    place = f"/v1/events/{state.id}/occurrences"

    first = (await replica.get(f"{place}?limit=1&to=2030-05-11")).json
    second = (await replica.get(first["next"])).json
    one = (await replica.get(f"{place}/{SECOND}")).json

    assert [item["occurrence"] for item in first["items"]] == [FIRST]
    assert [(item["occurrence"], item["left"]) for item in second["items"]] == [(SECOND, 3)]
    assert second["next"] is None
    assert (one["occurrence"], one["registered"]) == (SECOND, 2)
    assert (await replica.get(f"{place}/2030-05-12T10:00")).status == 404
    assert (await replica.get(f"/v1/events/{an_event(7).id}/occurrences")).status == 404
    for query in ("from=soon", "cursor=eA", "day=1"):
        assert (await replica.get(f"{place}?{query}")).status == 400
