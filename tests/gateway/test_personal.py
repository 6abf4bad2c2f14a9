"""What only some may read, asked of the real events service."""

from typing import Any

from shared.contracts.message import open_envelope
from tests.gateway.edge import NEW, Edge


async def an_event(edge: Edge) -> str:
    """A published event of a live campaign."""
    campaign = (await edge.ask("POST", "/v1/campaigns", NEW)).headers["location"]
    await edge.ask("POST", f"{campaign}/launch")
    body = {
        "campaign_id": campaign.rpartition("/")[2],
        "title": "Tea",
        "category": "social",
        "starts_at": "2030-05-01T10:00",
        "ends_at": "2030-05-01T11:00",
        "publish": True,
    }
    return str((await edge.ask("POST", "/v1/events", body)).headers["location"])


async def test_a_list_goes_on_at_an_address(edge: Edge) -> None:
    """`next` is a URL of ours, until there is no more."""
    event = await an_event(edge)
    for guest in ("bo", "cy", "di"):
        await edge.ask("POST", f"{event}/registrations", {}, sub=guest)

    items: list[Any] = []
    place: str | None = f"{event}/registrations?limit=2"
    while place:
        page = await edge.ask("GET", place)
        items += page.json()["items"]
        place = page.json()["next"]
        assert page.headers["cache-control"] == "no-store"
        assert place is None or place.startswith(f"{event}/registrations?cursor=")

    assert len({item["id"] for item in items}) == 3


async def test_only_who_organises_reads_registrations(edge: Edge) -> None:
    """Others see the event and may not (403); nobody in particular is asked to sign in."""
    place = f"{await an_event(edge)}/registrations"

    assert (await edge.ask("GET", place, sub="bo")).status == 403
    assert (await edge.ask("GET", place, sub="")).status == 401
    assert (await edge.ask("GET", f"/v1/events/event_{'a' * 26}/registrations")).status == 404


async def test_a_person_reads_their_own(edge: Edge) -> None:
    """And nobody else's."""
    event = await an_event(edge)
    made = (await edge.ask("POST", f"{event}/registrations", {"party_size": 2}, sub="bo")).json()

    bos = (await edge.ask("GET", "/v1/me/registrations", sub="bo")).json()
    cys = (await edge.ask("GET", "/v1/me/registrations", sub="cy")).json()

    assert [item["id"] for item in bos["items"]] == [made["id"]]
    assert cys == {"items": [], "next": None}


async def test_a_broken_cursor_is_400(edge: Edge) -> None:
    """As is a limit out of bounds, or a parameter that is none."""
    for query in ("cursor=nonsense", "limit=0", "limit=101", "limit=x", "page=2", "limit=1&limit=2"):
        answer = await edge.ask("GET", f"/v1/me/registrations?{query}")

        assert (query, answer.status) == (query, 400)


async def test_while_the_owner_is_away_it_is_503(edge: Edge) -> None:
    """Never 404: nothing is known about it."""
    answer = await edge.ask("GET", "/v1/me/pledges")

    assert (answer.status, answer.headers["retry-after"]) == (503, "1")


async def test_who_am_i(edge: Edge) -> None:
    """The pseudonym by which commands know the person, and the roles of their token."""
    me = (await edge.ask("GET", "/v1/me", roles=("partner", "organiser", "king"))).json()
    await edge.ask("POST", "/v1/campaigns", NEW)

    [record] = edge.log.appended
    assert open_envelope(record.value).principal.startswith(f"{me['id']} ")
    assert me["roles"] == ["organiser", "partner", "resident"]
    assert (me["language"], me["timezone"]) == ("en", "Europe/London")
    assert (await edge.ask("GET", "/v1/me", sub="")).status == 401


async def test_an_operation_outlives_redis(edge: Edge) -> None:
    """The service that decided remembers."""
    answer = await edge.ask("POST", "/v1/campaigns", NEW, prefer="respond-async")
    place = answer.headers["location"]
    before = (await edge.ask("GET", place)).json()

    edge.log.operations.clear()
    forgotten = (await edge.ask("GET", place)).json()
    edge.log.away = True
    away = (await edge.ask("GET", place)).json()

    assert before["status"] == "succeeded"
    assert before == forgotten == away


async def test_an_operation_that_nobody_knows_yet_is_pending(edge: Edge) -> None:
    """Well-formed and ours; the command may still be in the log."""
    edge.log.asleep = True
    answer = await edge.ask("POST", "/v1/campaigns", NEW, prefer="respond-async")

    told = (await edge.ask("GET", answer.headers["location"])).json()

    assert (told["status"], told["decided_at"]) == ("pending", None)


async def test_an_operation_of_which_nobody_can_tell_is_503(edge: Edge) -> None:
    """Redis and the service are away: it may have been decided, so it is not called pending."""
    edge.log.asleep = True
    body = {"need_id": "need_" + "n" * 26, "quantity": 1}
    answer = await edge.ask("POST", "/v1/pledges", body, prefer="respond-async")

    with_redis = await edge.ask("GET", answer.headers["location"])
    edge.log.away = True
    without = await edge.ask("GET", answer.headers["location"])

    assert (with_redis.status, with_redis.json()["status"]) == (200, "pending")
    assert without.status == 503
