"""Those who look: samplers of what gateways show, readers of their own writes, followers of the public streams."""

import asyncio
import random
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Final

import aiohttp
import msgspec
from msgspec import Struct

from tests.chaos.asking import Asking, Told
from tests.chaos.history import History
from tests.chaos.wanting import Wants

SAMPLE_S: Final = 0.2
HEALTH_S: Final = 0.5
SILENT_S: Final = 40.0
"""A stream that says nothing for so long, where it should every 15 s, is given up."""
_FIGURES: Final = frozenset(
    {"quantity", "uncommitted", "held", "pledged", "delivered", "over", "registered", "waiting", "left", "status"}
)

Health = Callable[[], Awaitable[dict[str, bool]]]


class Watchers:
    """Everybody who looks, from `start` to `stop`."""

    def __init__(self, ask: Asking, wants: Wants, health: Health, *, seed: int) -> None:
        """Take the client, the stage, and who can say of every process whether it is ready."""
        self._ask = ask
        self._wants = wants
        self._health = health
        self._chance = random.Random(seed)
        self._shown: dict[tuple[str, str, str], object] = {}
        self._followers = self._three_each()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin, or go on where everybody was."""
        looks = [self._sample(gateway) for gateway in self._ask.gateways]
        follows = [follower.run() for follower in self._followers]
        self._tasks = [asyncio.create_task(look) for look in (*looks, *follows, self._watch_health())]

    async def stop(self) -> None:
        """Pause; raises what a watcher died of."""
        died = [task for task in self._tasks if task.done()]
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for task in died:
            task.result()

    def _three_each(self) -> list["Follower"]:
        """Of each gateway three followers, two of which wander to the next one when they are cut off."""
        gateways, made = self._ask.gateways, []
        for number, gateway in enumerate(gateways):
            others = [*gateways[number:], *gateways[:number]]
            for name, road, stream in (
                ("stays", [gateway], "pledges"),
                ("wanders", others, "pledges"),
                ("events", others, "events"),
            ):
                made.append(Follower(f"{name}-{number}", road, stream, self._ask.history, self._chance))
        return made

    async def _sample(self, gateway: str) -> None:
        """Look at one gateway again and again, one look after the other, so that nothing seen may be older."""
        turn = 0
        while True:
            began = time.monotonic()
            turn += 1
            hot = self._wants.needs["hot"]
            if self._wants.campaign and turn % 2:
                await self._look(gateway, "/v1/needs", f"?campaign={self._wants.campaign}&limit=100")
            if hot:
                await self._look(gateway, f"/v1/needs/{hot[turn % len(hot)]}")
            if self._wants.events and turn % 5 == 0:
                await self._look(gateway, "/v1/events", f"?campaign={self._wants.campaign}&limit=100")
            await asyncio.sleep(max(0.01, began + SAMPLE_S - time.monotonic()))

    async def _look(self, gateway: str, path: str, query: str = "") -> None:
        status, body = await self._ask.read(None, gateway, path + query)
        self._show(gateway, path, None, status, {})
        for item in body.get("items", [body]) if status == 200 else ():
            self._show(gateway, path, item["id"], status, item)

    def _show(self, gateway: str, path: str, stream: str | None, status: int | None, item: dict[str, Any]) -> None:
        """Write down what differs from the last look at the same."""
        seen = (gateway, path, stream or "")
        version = item.get("version")
        shown = version if stream else status
        if self._shown.get(seen) == shown:
            return
        self._shown[seen] = shown
        self._ask.history.write(
            "view", gateway=gateway, path=path, stream=stream, status=status, version=version, body=figures(item)
        )

    async def _watch_health(self) -> None:
        was: dict[str, bool] = {}
        while True:
            for process, ready in (await self._health()).items():
                if was.get(process) != ready:
                    self._ask.history.write("health", process=process, ready=ready)
                was[process] = ready
            await asyncio.sleep(HEALTH_S)


class Frame(Struct):
    """One server-sent event, or a checkpoint (`data` empty)."""

    id: str = ""
    event: str = ""
    data: str = ""
    prev: str = ""


class Follower:
    """A client of a public stream: reads from the oldest on, and comes back to where it was after every cut."""

    def __init__(
        self, name: str, gateways: Sequence[str], stream: str, history: History, chance: random.Random
    ) -> None:
        """Take the gateways that it goes to in turn."""
        self._name = name
        self._gateways = gateways
        self._stream = stream
        self._history = history
        self._chance = chance
        self._cursor = ""
        self._connection = 0

    async def run(self) -> None:
        """Follow until cancelled."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=SILENT_S)
        async with aiohttp.ClientSession(timeout=timeout) as http:
            while True:
                gateway = self._gateways[self._connection % len(self._gateways)]
                self._connection += 1
                with suppress(aiohttp.ClientError, TimeoutError, OSError):
                    await self._follow(http, gateway)
                self._state(gateway, "disconnect")
                await asyncio.sleep(self._chance.uniform(0.2, 1.0))

    async def _follow(self, http: aiohttp.ClientSession, gateway: str) -> None:
        url = f"{gateway}/v1/streams/{self._stream}" + ("" if self._cursor else "?oldest=1")
        headers = {"accept": "text/event-stream"} | ({"last-event-id": self._cursor} if self._cursor else {})
        async with http.get(url, headers=headers) as answer:
            if answer.status != 200:
                self._state(gateway, "refused")
                return
            self._state(gateway, "connect")
            async for frame in frames(answer.content.iter_any()):
                self._take(gateway, frame)

    def _take(self, gateway: str, frame: Frame) -> None:
        self._cursor = frame.id or self._cursor
        if frame.event == "gap":
            self._state(gateway, "gap")
        elif frame.data and frame.event != "error":
            event = msgspec.json.decode(frame.data)
            told = next((value for value in event["data"].values() if isinstance(value, dict)), {})
            self._history.write(
                "sse",
                client=self._name,
                gateway=gateway,
                name=self._stream,
                cursor=frame.id,
                prev=frame.prev or None,
                type=frame.event,
                subject=event["subject"],
                version=event.get("streamversion"),
                body=figures(told),
                connection=self._connection,
            )

    def _state(self, gateway: str, state: str) -> None:
        self._history.write(
            "sse_state", client=self._name, gateway=gateway, name=self._stream, state=state, after=self._cursor or None
        )


async def frames(chunks: AsyncIterable[bytes]) -> AsyncIterator[Frame]:
    """The frames of an event stream; `prev` stands in a comment before its event."""
    frame = Frame()
    pending = b""
    async for chunk in chunks:
        *lines, pending = (pending + chunk).split(b"\n")
        for line in map(bytes.decode, lines):
            name, _, value = line.partition(": ")
            if not line:
                yield frame
                frame = Frame()
            elif name in {"id", "event", "data"}:
                setattr(frame, name, value)
            elif line.startswith(": prev "):
                frame.prev = line.removeprefix(": prev ")


async def look(ask: Asking, session: str, stream: str, told: Told, elsewhere: str) -> None:
    """Read what a write changed: where it was answered, and, naming what was seen there, at another gateway."""
    seen = await _look_at(ask, session, told.gateway, (stream, None), told)
    if seen:
        await _look_at(ask, session, elsewhere, (stream, seen), told)


async def _look_at(ask: Asking, session: str, gateway: str, least: tuple[str, int | None], told: Told) -> int | None:
    stream, wanted = least
    path = f"/v1/{stream.partition('_')[0]}s/{stream}"
    status, body = await ask.read(session, gateway, f"{path}?min_version={stream}:{wanted}" if wanted else path)
    found = body if status == 200 else {}
    own = told.body["version"] if told.body.get("id") == stream else None
    ask.history.write(
        "read",
        op=told.op,
        gateway=gateway,
        same=gateway == told.gateway,
        min_version=f"{stream}:{wanted}" if wanted else None,
        stream=stream,
        wanted=wanted or own,
        status=status,
        version=found.get("version"),
        body=figures(found),
    )
    return found.get("version")


def figures(body: dict[str, Any]) -> dict[str, Any]:
    """The numbers of a need or an event, without its words."""
    return {name: value for name, value in body.items() if name in _FIGURES}
