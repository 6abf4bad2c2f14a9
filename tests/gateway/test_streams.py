import asyncio
import json
import time
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from deploy.embedded.parts import embedded
from services.gateway import fanout
from services.gateway.identity import Principal
from services.gateway.public_projector import PublicProjector
from services.gateway.streams import Streams
from shared.contracts.message import Envelope
from shared.ports import Trouble
from tests.gateway.public_given import Frame, Log, a_log, frames, need, running, serving, told, until


async def tell(log: Log, *values: bytes) -> None:
    """Have facts told to the public, and wait until they are."""
    before = len(await log.events())
    await log.append(values)

    async def enough() -> bool:
        return len(await log.events()) >= before + len(values)

    await until(enough)


def chain(found: list[Frame]) -> bool:
    """Whether each event names the one before it."""
    return all(after.prev == before.id for before, after in pairwise(found))


def parsed(text: bytes) -> list[Frame]:
    """The events of a whole text."""
    found = []
    for block in text.decode().split("\n\n"):
        fields = dict(line.removeprefix(": ").partition(" ")[::2] for line in block.split("\n"))
        if "data:" in fields:
            found.append(Frame(fields["id:"], fields["event:"], fields["data:"], fields.get("prev", "")))
    return found


def numbers(found: list[Frame]) -> list[int]:
    """The versions that were told."""
    return [json.loads(frame.data)["streamversion"] for frame in found]


async def get(url: str, accept: str = "application/json", **params: Any) -> tuple[int, Any, str]:  # noqa: ANN401
    """Status, JSON and type of a whole answer."""
    async with aiohttp.ClientSession() as session, session.get(url, params=params, headers={"Accept": accept}) as got:
        return got.status, json.loads(await got.read()), got.content_type


async def test_everything_from_the_oldest_on_byte_for_byte(kafka: str) -> None:
    """The data of a frame is the record of the topic, the chain is unbroken, the first has no predecessor."""
    async with a_log(kafka) as log, running(log.projector().run()), serving(log) as (url, _):
        await tell(log, *(need("need_a", version) for version in range(1, 30)))
        found = await told(url, 29, params={"oldest": "1"})

        assert [frame.data.encode() for frame in found] == [
            record.value for record in await log.public() if b"Epoch" not in (record.value or b"")
        ]
        assert found[0].prev == ""
        assert chain(found)
        assert found[0].event == "brumtogether.pledges.NeedOpened.v1"


async def test_the_chain_holds_over_reconnects(kafka: str) -> None:
    """A client that goes and comes back with Last-Event-ID misses nothing and sees nothing twice."""
    async with a_log(kafka) as log, running(log.projector().run()), serving(log) as (url, _):
        await tell(log, need("need_a", 1))
        found = await told(url, 1, params={"oldest": "1"})
        for version in range(2, 40, 3):
            await log.append([need("need_a", each) for each in range(version, version + 3)])
            found += await told(url, 3, last=found[-1].id)

        assert numbers(found) == list(range(1, 41))
        assert chain(found)


async def test_a_live_client_is_told_as_things_happen(kafka: str) -> None:
    """Without a position it begins now, and knows where it stands before the first event."""
    async with a_log(kafka) as log, running(log.projector().run()), serving(log) as (url, _):
        await tell(log, need("need_a", 1))
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            stream = frames(response)
            greeting = await anext(stream)
            await log.append([need("need_a", 2)])
            event = await anext(stream)
        [first] = await told(url, 1, params={"oldest": "1"})

        assert response.headers["content-type"] == "text/event-stream"
        assert greeting == Frame(id=first.id, head=first.id)
        assert numbers([event]) == [2]
        assert event.prev == first.id


async def test_positions_before_the_ring_are_read_from_kafka(kafka: str) -> None:
    """The joint between Kafka and the ring cannot be seen."""
    async with a_log(kafka) as log, running(log.projector().run()), serving(log) as (url, streams):
        streams.streams["pledges"].ring.most = 20
        for begin in range(1, 700, 100):
            await tell(log, *(need("need_a", version) for version in range(begin, begin + 100)))
        ring = streams.streams["pledges"].ring
        assert ring.oldest is not None
        assert ring.oldest.offset > 600
        found = await told(url, 350, params={"oldest": "1"})
        found += await told(url, 350, last=found[-1].id)
        await log.append([need("need_a", 701)])
        found += await told(url, 1, last=found[-1].id)

        assert numbers(found) == list(range(1, 702))
        assert chain(found)


async def test_a_filtered_view_has_a_chain_of_its_own(kafka: str) -> None:
    """`prev` is the previous event of the view, also over a checkpoint that lies between, and on every page."""
    async with a_log(kafka) as log, running(log.projector().run()), serving(log) as (url, _):
        wards = ("aston", "ladywood", "moseley")
        for version in (1, 2, 3):
            await tell(log, *(need(f"need_{ward}", version, ward=ward) for ward in wards))
        params = {"ward": "ladywood", "oldest": "1"}
        found = await told(url, 3, params=params)
        _, page, _ = await get(url, limit=2, **params)
        _, rest, _ = await get(url, ward="ladywood", after=page["next_cursor"])
        await tell(log, need("need_aston", 4), need("need_ladywood", 4, ward="ladywood"))
        [later] = await told(url, 1, params={"ward": "ladywood"}, last=rest["next_cursor"])

        assert [json.loads(frame.data)["subject"] for frame in found] == ["need_ladywood"] * 3
        assert chain([*found, later])
        assert [(item["cursor"], item["prev"] or "") for item in page["items"] + rest["items"]] == [
            (frame.id, frame.prev) for frame in found
        ]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"type": "brumtogether.pledges.NeedOpened.v1"}, {("need_a", 1), ("need_b", 1)}),
        ({"type": "brumtogether.pledges.*", "subject": "need_b"}, {("need_b", 1), ("need_b", 2)}),
        ({"type": "brumtogether.events.*"}, set()),
        ({"campaign": "campaign_b", "type": "brumtogether.pledges.PledgeMade.v1"}, {("need_b", 2)}),
        ([("ward", "aston"), ("ward", "ladywood")], {("need_a", 1), ("need_a", 2), ("need_b", 1), ("need_b", 2)}),
        ({"ward": "aston", "campaign": "campaign_b"}, set()),
    ],
)
async def test_filters_are_composed_by_and(kafka: str, params: Any, expected: set[tuple[str, int]]) -> None:  # noqa: ANN401
    """Each parameter narrows the view, its repetitions widen it."""
    async with a_log(kafka) as log, running(log.projector().run()), serving(log) as (url, _):
        for version in (1, 2):
            await tell(log, need("need_a", version), need("need_b", version, campaign="campaign_b", ward="ladywood"))
        pairs = [*(params.items() if isinstance(params, dict) else params), ("oldest", "1")]
        async with (
            aiohttp.ClientSession() as session,
            session.get(url, params=pairs, headers={"Accept": "application/json"}) as got,
        ):
            items = (await got.json())["items"]

        assert {(item["event"]["subject"], item["event"]["streamversion"]) for item in items} == expected


async def test_pages_and_their_long_poll(kafka: str) -> None:
    """A page ends at its limit or at the end of the log; `wait` waits there for what comes."""
    async with a_log(kafka) as log, running(log.projector().run()), serving(log) as (url, _):
        await tell(log, *(need("need_a", version) for version in range(1, 6)))
        _, first, kind = await get(url, oldest=1, limit=3)
        _, second, _ = await get(url, after=first["next_cursor"])
        waiting = asyncio.create_task(get(url, after=second["next_cursor"], wait=20))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await log.append([need("need_a", 6)])
        _, third, _ = await waiting
        _, nothing, _ = await get(url, after=third["next_cursor"], wait=1)

        assert kind == "application/json"
        assert [len(page["items"]) for page in (first, second, third, nothing)] == [3, 2, 1, 0]
        assert [page["more"] for page in (first, second, third, nothing)] == [True, False, False, False]
        assert second["items"][0]["prev"] == first["items"][-1]["cursor"]
        assert third["items"][0]["prev"] == second["items"][-1]["cursor"]
        assert nothing["head"] == nothing["next_cursor"] == third["items"][0]["cursor"]


async def test_ndjson_is_live_too(kafka: str) -> None:
    """A line an event, whose bytes are those of the record."""
    async with a_log(kafka) as log, running(log.projector().run()), serving(log) as (url, _):
        await tell(log, need("need_a", 1))
        async with (
            aiohttp.ClientSession() as session,
            session.get(url, params={"oldest": "1"}, headers={"Accept": "application/x-ndjson"}) as response,
        ):
            first = await response.content.readline()
            await log.append([need("need_a", 2)])
            second = await response.content.readline()
        values = [record.value for record in await log.public()][1:]

        assert response.content_type == "application/x-ndjson"
        assert json.loads(first)["prev"] is None
        assert json.loads(second)["prev"] == json.loads(first)["cursor"]
        for line, value in zip((first, second), values, strict=True):
            assert line.endswith(b',"event":' + (value or b"") + b"}\n")


async def test_since_goes_by_append_time(kafka: str) -> None:
    """The first event appended at or after the instant comes first, every time; the future is live."""
    async with a_log(kafka) as log, running(log.projector().run()), serving(log) as (url, _):
        await tell(log, need("need_a", 1))
        await asyncio.sleep(0.1)
        await tell(log, need("need_a", 2), need("need_a", 3))
        at = next(record.timestamp for record in await log.public() if b'"streamversion":2' in (record.value or b""))
        for _ in range(2):
            _, page, _ = await get(url, since=_text(at))
            assert [item["event"]["streamversion"] for item in page["items"]] == [2, 3]
        _, later, _ = await get(url, since=_text(at + 3_600_000))

        assert later["items"] == []


def _text(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.mark.parametrize("spoil", ["epoch", "mark", "offset", "garbage"])
async def test_a_position_that_is_gone_is_never_silent(kafka: str, spoil: str) -> None:
    """Another log, another event, beyond the end, or never ours: an event for browsers, a problem for programs."""
    async with a_log(kafka) as log, running(log.projector().run()), serving(log) as (url, _):
        await tell(log, need("need_a", 1), need("need_a", 2))
        first, head = await told(url, 2, params={"oldest": "1"})
        epoch, offset, mark = first.id.split("-")
        bad = {
            "epoch": f"other-{offset}-{mark}",
            "mark": f"{epoch}-{offset}-00000000",
            "offset": f"{epoch}-9999-{mark}",
            "garbage": "yesterday",
        }[spoil]
        [gap] = await told(url, 1, last=bad)
        status, problem, kind = await get(url, after=bad)
        _, page, _ = await get(url, after=bad, on_gap="event")

        where = {"oldest": first.id, "head": head.id, "snapshot": "/v1/needs"}
        assert (gap.event, json.loads(gap.data), gap.id) == ("gap", where, head.id)
        assert (status, kind, problem["type"]) == (410, "application/problem+json", "/problems/cursor-gone")
        assert {name: problem[name] for name in where} == where
        assert page["gap"] == where
        assert page["next_cursor"] == head.id


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("token=abc", "token"),
        ("type=a b", "type"),
        ("type=*", "type"),
        ("ward=%0aid:", "ward"),
        ("since=yesterday", "since"),
        ("since=2026-02-30T00:00:00Z", "since"),
        ("oldest=2", "oldest"),
        ("oldest=1&after=x", "oldest"),
        ("on_gap=ignore", "on_gap"),
        ("limit=3", "limit"),
        ("wait=3", "wait"),
        ("after=a&after=b", "after"),
        ("after=" + "a" * 200, "after"),
    ],
)
async def test_what_is_unknown_or_malformed_is_400(query: str, parameter: str) -> None:
    """A wish that cannot be read is refused before anything else happens, and the parameter is named."""
    status, problem = await refused(query, [])

    assert (status, problem["parameter"]) == (400, parameter)


async def test_too_many_filter_values_are_400() -> None:
    """A hundred in all."""
    status, _ = await refused("&".join(f"subject=need_{number}" for number in range(101)), [])

    assert status == 400


async def test_a_form_that_is_not_made_is_406() -> None:
    """Streams come in three forms."""
    status, _ = await refused("", [(b"accept", b"text/html;q=0.9, application/xml")])

    assert status == 406


async def refused(query: str, headers: list[tuple[bytes, bytes]]) -> tuple[int, Any]:
    """Status and problem of a request that never reaches a stream."""
    sent: list[Any] = []

    async def send(message: Any) -> None:  # noqa: ANN401 -- an ASGI message
        sent.append(message)

    async def receive() -> Any:  # noqa: ANN401 -- an ASGI message
        raise AssertionError

    scope = {"type": "http", "method": "GET", "path": "/v1/streams/events", "query_string": query.encode()}
    await Streams("127.0.0.1:1")({**scope, "headers": headers}, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"])


async def test_sec_28_no_text_can_start_a_frame(kafka: str) -> None:
    """Newlines in what people write stay inside the one line of data."""
    title = "Soup\n\nid: 666\nevent: pwned\r\ndata: {}\u2028\u0085"
    async with a_log(kafka) as log, running(log.projector().run()), serving(log) as (url, _):
        await tell(log, need("need_a", 1, title=title))
        [frame] = await told(url, 1, params={"oldest": "1"})

        assert frame.event == "brumtogether.pledges.NeedOpened.v1"
        assert json.loads(frame.data)["data"]["need"]["title"] == title


async def test_sec_8_a_stream_ends_with_its_token(kafka: str) -> None:
    """The response ends in peace, and says when to come back."""

    async def authenticate(_: object) -> Principal:
        return Principal("i", "ana", "p-ana", frozenset({"resident"}), time.time() + 1)

    async with (
        a_log(kafka) as log,
        running(log.projector().run()),
        serving(log, authenticate=authenticate) as (url, _),
        asyncio.timeout(10),
        aiohttp.ClientSession() as session,
        session.get(url) as response,
    ):
        found = [frame async for frame in frames(response)]

        assert int(found[-1].retry) >= 500


async def test_sec_22_the_sixth_stream_of_a_resident_is_429(kafka: str) -> None:
    """Five are theirs; the next is told when to try again; a closed one makes room."""

    async def authenticate(_: object) -> Principal:
        return Principal("i", "ana", "p-ana", frozenset({"resident"}), time.time() + 60)

    async with (
        a_log(kafka) as log,
        running(log.projector().run()),
        serving(log, authenticate=authenticate) as (url, streams),
        aiohttp.ClientSession() as session,
    ):
        opened = [await session.get(url) for _ in range(5)]
        refused_one = await session.get(url)
        assert refused_one.status == 429
        assert int(refused_one.headers["retry-after"]) > 0
        opened[0].close()

        async def room() -> bool:
            return streams._people["p-ana"] == 4

        await until(room)
        assert (await session.get(url)).status == 200


async def test_stopping_ends_every_stream(kafka: str) -> None:
    """Open streams and long polls end at once when the process is told to stop."""
    async with a_log(kafka) as log, running(log.projector().run()), serving(log) as (url, streams):
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            poll = asyncio.create_task(get(url, wait=30))
            await asyncio.sleep(0.2)
            async with asyncio.timeout(3):
                await streams.stop()
                rest = await response.content.read()
                _, page, _ = await poll
        status, _, _ = await get(url)

        assert b"retry: " in rest
        assert page["items"] == []
        assert status == 503


async def test_checkpoints_carry_the_head(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A filtered client that is told nothing still moves on, and learns how far the stream is."""
    monkeypatch.setattr(fanout, "CHECKPOINT_S", 1.5)
    async with a_log(kafka) as log, running(log.projector().run()), serving(log) as (url, _):
        await tell(log, need("need_a", 1))
        async with (
            asyncio.timeout(10),
            aiohttp.ClientSession() as session,
            session.get(url, params={"subject": "need_b"}) as response,
        ):
            stream = frames(response)
            greeting = await anext(stream)
            await tell(log, need("need_a", 2))
            moved = await anext(stream)
        *_, head = await told(url, 2, params={"oldest": "1"})

        assert moved.data == ""
        assert moved.head == head.id
        assert moved.id.startswith(head.id)
        assert moved.id != greeting.id


async def test_a_stalled_client_holds_nobody_up_and_is_cut_off(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sockets that are not read from fill up; others are told at once; the stalled one is gone after a while (S7)."""
    monkeypatch.setattr("services.gateway.pace.STALL_S", 1.0)
    async with a_log(kafka) as log, running(log.projector().run()), serving(log) as (url, streams):
        await tell(log, need("need_a", 1))
        host, port = url.split("/")[2].split(":")
        _, writer = await asyncio.open_connection(host, int(port), limit=2**10)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(b"GET /v1/streams/pledges HTTP/1.1\r\nHost: x\r\n\r\n")
        watching = asyncio.create_task(told(url, 60, seconds=40))
        await asyncio.sleep(0.2)
        title = "x" * 100_000
        for version in range(2, 62):
            await log.append([need("need_a", version, title=title)])
        found = await watching

        async def gone() -> bool:
            return streams._people.total() == 0

        await until(gone)
        writer.transport.abort()

        assert numbers(found) == list(range(2, 62))


async def test_a_slow_client_gets_everything(kafka: str) -> None:
    """Who reads slowly leaves the loop and comes back to it, and misses nothing."""
    async with a_log(kafka) as log, running(log.projector().run()), serving(log) as (url, _):
        await tell(log, need("need_a", 1))
        title = "x" * 100_000
        async with asyncio.timeout(50), aiohttp.ClientSession(read_bufsize=2**12) as session, session.get(url) as got:
            await log.append([need("need_a", version, title=title) for version in range(2, 80)])
            await asyncio.sleep(2)
            text = b""
            while text.count(b"\ndata: ") < 78 or not text.endswith(b"\n\n"):
                text += await got.content.read(50_000)
                await asyncio.sleep(0.001)
        found = parsed(text)

        assert numbers(found) == list(range(2, 80))
        assert chain(found)


def test_the_projector_and_the_streams_agree_on_names() -> None:
    """What is written is what is read."""
    projector = PublicProjector("127.0.0.1:1", "events", missing=_nothing)

    assert projector.topic == Streams("127.0.0.1:1").streams["events"].ring.topic == "public.events"


async def _nothing(_: str, __: int) -> list[Envelope]:
    return []


@pytest.mark.timeout(180)
async def test_s1_the_chain_holds_when_the_broker_is_killed(tmp_path: Path) -> None:
    """Open streams stay open without Kafka; when it is back they go on, with nothing doubled, nothing left out."""
    async with embedded(tmp_path, "kafka") as parts, a_log(parts.kafka) as log:
        async with running(log.projector().run()), serving(log) as (url, _):
            await tell(log, *(need("need_a", version) for version in (1, 2, 3)))
            async with (
                asyncio.timeout(120),
                aiohttp.ClientSession() as session,
                session.get(url, params={"oldest": "1"}) as response,
            ):
                stream = (frame async for frame in frames(response) if frame.data)
                found = [await anext(stream) for _ in range(3)]
                await parts.running["kafka"].kill()
                live = asyncio.create_task(told(url, 2, seconds=120))
                await asyncio.sleep(2)
                assert not live.done()
                await parts.running["kafka"].start()

                async def appended() -> bool:
                    try:
                        await log.append([need("need_a", 4), need("need_a", 5)])
                    except Trouble:
                        return False
                    return True

                await until(appended, seconds=60)
                found += [await anext(stream) for _ in range(2)]
                late = await live

        assert numbers(found) == [1, 2, 3, 4, 5]
        assert chain(found)
        assert numbers(late) == [4, 5]
        assert [event.streamversion for event in await log.events()] == [1, 2, 3, 4, 5]
