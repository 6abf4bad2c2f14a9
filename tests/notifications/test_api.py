from collections.abc import AsyncIterator

import pytest
from msgspec import json

from services.notifications import api
from services.notifications.history import History
from services.notifications.mailbox import Mailbox
from shared import instants, internal, queries
from shared.contracts import events
from shared.internal_client import Internal, Unavailable
from shared.mongo import Inbox
from shared.ports import Entry, Trouble
from shared.serving import Server
from tests.notifications.given import Desk, event, record, registered, wrapped

SECRET = "s" * 32


@pytest.fixture(name="server")
async def a_server(desk: Desk) -> AsyncIterator[Server]:
    """Serve the internal API of a service."""

    async def well() -> dict[str, internal.Health]:
        return {}

    routes = [*api.routes(Mailbox(desk.database, desk.deliveries)), *queries.routes(Inbox(desk.database))]
    server = Server(internal.build(live=well, ready=well, routes=routes, secret=SECRET), "127.0.0.1", 0)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture(name="gateway")
async def a_gateway(server: Server) -> AsyncIterator[Internal]:
    """Ask as the gateway does."""
    asking = Internal(f"http://127.0.0.1:{server.port}", SECRET, timeout=5)
    yield asking
    await asking.close()


async def tell(desk: Desk, *times: int) -> None:
    """Have ana told of a registration at so many seconds past the hour."""
    for seconds in times:
        now = f"2026-03-23T09:00:{seconds:02}.000Z"
        version = (await desk.ledger.positions(["event_sweep"])).get("event_sweep", 0) + 1
        await desk.reader(now=now).read([record(registered(version, "ana"))])


async def test_notifications_come_newest_first_in_pages(desk: Desk, gateway: Internal) -> None:
    """A cursor goes on where the page ended, whatever came meanwhile and though two came at one instant."""
    await tell(desk, 1, 2, 2, 3)
    first = json.decode((await gateway.get("/notifications", {"person": "ana", "limit": "2"})).body)
    await tell(desk, 9)
    second = json.decode(
        (await gateway.get("/notifications", {"person": "ana", "limit": "2", "cursor": first["next"]})).body
    )

    seen = [item["created_at"][17:19] for item in first["items"] + second["items"]]
    assert seen == ["03", "02", "02", "01"]
    assert len({item["id"] for item in first["items"] + second["items"]}) == 4
    assert (first["unread"], second["unread"], second["next"]) == (4, 5, None)


async def test_a_notification_tells_how_it_fared(desk: Desk, gateway: Internal) -> None:
    """With the fields of the public contract, and how each channel ended."""
    await tell(desk, 1)
    await desk.database.notifications.update_many({}, {"$set": {"read_at": instants.from_ms(0)}})

    page = json.decode((await gateway.get("/notifications", {"person": "ana"})).body)
    [item] = page["items"]

    assert item.pop("id")
    assert item == {
        "topic": "registration",
        "title": "You are registered",
        "body": "Big sweep, 2026-04-01 10:00. Places: 1.",
        "url": "/v1/events/event_sweep",
        "subject": "event_sweep",
        "created_at": "2026-03-23T09:00:01.000Z",
        "seen_at": None,
        "read_at": "1970-01-01T00:00:00.000Z",
        "channels": [{"channel": "inbox", "status": "delivered", "at": "2026-03-23T09:00:01.000Z"}],
    }
    assert page["unread"] == 0


async def test_nobody_reads_another_s(desk: Desk, gateway: Internal) -> None:
    """Each person has a list of their own."""
    await tell(desk, 1)

    assert json.decode((await gateway.get("/notifications", {"person": "bo"})).body) == {
        "items": [],
        "next": None,
        "unread": 0,
    }


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({}, "person"),
        ({"person": "ana", "limit": "0"}, "limit"),
        ({"person": "ana", "limit": "101"}, "limit"),
        ({"person": "ana", "cursor": "%%"}, "cursor"),
        ({"person": "ana", "cursor": "bm90aGluZw"}, "cursor"),
        ({"person": "ana", "cursor": "/w"}, "cursor"),
    ],
)
async def test_a_bad_query_names_its_parameter(gateway: Internal, query: dict[str, str], parameter: str) -> None:
    """400, for the gateway to make a problem of."""
    reply = await gateway.get("/notifications", query)

    assert (reply.status, json.decode(reply.body)) == (400, {"parameter": parameter})


async def test_follows_are_listed(desk: Desk, gateway: Internal) -> None:
    """A person's own, with since when."""
    await desk.follow("event_sweep", "ana", "bo")

    reply = await gateway.get("/follows", {"person": "ana"})

    assert json.decode(reply.body) == {
        "items": [{"kind": "event", "id": "event_sweep", "since": "2026-03-23T09:00:00.000Z"}]
    }


async def test_a_history_is_fetched_over_http(desk: Desk, server: Server) -> None:
    """In order and from the version asked for, however large; an owner that is away is `Trouble`."""
    story = [events.EventChanged(event(n, description="x" * 400_000), ("description",)) for n in range(1, 12)]
    entry = Entry("c1", "f", 0, 0, ("event_sweep",), tuple(wrapped(fact) for fact in reversed(story)), b"{}")
    await desk.client.transact(lambda session: Inbox(desk.database).add(session, [entry]))
    history = History.at({"events": f"http://127.0.0.1:{server.port}", "pledges": "http://127.0.0.1:9"}, SECRET)
    try:
        first = await history.after("events", "event_sweep", 2)
        second = await history.after("events", "event_sweep", first[-1].streamversion)

        assert [envelope.streamversion for envelope in [*first, *second]] == list(range(3, 12))
        assert await history.after("events", "event_sweep", 11) == []
        with pytest.raises(Trouble):
            await history.after("pledges", "need_soup", 0)
    finally:
        await history.close()


async def test_strangers_are_not_answered(server: Server) -> None:
    """The internal API wants its token."""
    stranger = Internal(f"http://127.0.0.1:{server.port}", "t" * 32)
    with pytest.raises(Unavailable):
        await stranger.get("/notifications", {"person": "ana"})
    await stranger.close()
