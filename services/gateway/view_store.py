"""The views in Redis: a complete set of them under a prefix, and a pointer to the set that is live.

Below a prefix (`v1:`, `v2:` …):
`o:<id>` hash of a campaign, event or need: v(ersion), p(ublic), c(ampaign), b(ody), x (its list entries);
`t:<id>` and `e:<id>` hashes of a series: what is particular to occurrences, and those that were moved or called off;
`r:<kind>:…` as `l:<kind>:…`, the ids of series, which stand in lists where they come next;
`s:<slug>` the campaign's id; `l:<kind>:…` sorted sets of list members `<sort text>|…|<id>`;
`c:<campaign>:` `shares` (what each event and need adds to the totals), `partners`, `volunteers`, `upcoming`, `open`,
`at` (when it last changed); `positions` hash `<topic>:<partition>` -> next offset; `complete`, written last.
Operations (`operation:<command id>`) lie outside, since a rebuild does not bring them back.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from services.gateway.views import Partner, Touched, View, Volunteer
from shared.ports import Trouble
from shared.redis import Redis, Script, Subscription

Positions = dict[str, int]
"""Next offset of each place, `<topic>:<partition>`."""

_PAGE_CALLS: Final = 10


class Incomplete(Trouble):
    """There is no complete set of views: it was lost, or is being built."""


class Behind(Trouble):
    """Redis holds less than the batch builds on: it went back in time."""


class Moved(Struct, frozen=True, array_like=True):
    """A thing that changed: its new version, and the place of the log that told."""

    id: str
    kind: str
    version: int
    campaign: str
    place: str


class Wake(Struct, frozen=True, array_like=True):
    """An outcome for one waiting request of one replica."""

    channel: str
    request: str
    type: str
    value: str
    replayed: bool
    mismatch: bool


class Batch(Struct, frozen=True, array_like=True):
    """All that a batch of records changes. `positions` are (place, offset it builds on, next offset)."""

    views: Sequence[View] = ()
    partners: Sequence[Partner] = ()
    volunteers: Sequence[Volunteer] = ()
    operations: Sequence[tuple[str, str]] = ()
    positions: Sequence[tuple[str, int, int]] = ()
    wakes: Sequence[Wake] = ()
    moved: Sequence[Moved] = ()
    occurrences: Sequence[Touched] = ()


class Found(Struct, frozen=True):
    """A view as it stands."""

    positions: Positions
    id: str
    version: int
    public: bool
    campaign: str
    body: bytes


class Missing(Struct, frozen=True):
    """There is no such thing, as of these positions."""

    positions: Positions


class Totals(Struct, frozen=True):
    """Figures of a campaign; quantities by kind."""

    events: int
    registrations: int
    needs_open: int
    volunteers: int
    pledged: dict[str, int]
    delivered: dict[str, int]


class Whole(Struct, frozen=True):
    """A campaign with all that its aggregate shows; `next_start` is empty without an upcoming event."""

    found: Found
    partners: list[bytes]
    events: list[bytes]
    needs: list[bytes]
    totals: Totals
    at: str
    next_start: str


class Page(Struct, frozen=True):
    """A part of a list; `after` is where it goes on, empty at its end."""

    positions: Positions
    after: str
    bodies: list[bytes]


class Ask(Struct, frozen=True):
    """Which part of a list: members in all `sets`, beyond `after`, between two local dates (both included)."""

    sets: Sequence[str]
    limit: int
    down: bool = False
    after: str = ""
    first: str = ""
    last: str = ""


class _Tables(msgspec.Struct, frozen=True):
    pledged: dict[str, int] | list[int]
    delivered: dict[str, int] | list[int]
    events: int
    registrations: int
    needs_open: int
    volunteers: int


_encode = msgspec.msgpack.Encoder().encode
_tables = msgspec.msgpack.Decoder(_Tables)


class ViewStore:
    """Reads and writes views. Everything raises `Trouble` while Redis is away, `Incomplete` while views are missing."""

    def __init__(self, redis: Redis, root: str = "") -> None:
        """`root` begins every key, for deployments that share a server."""
        self.redis = redis
        self.root = root
        self.pointer = f"{root}views"
        self.channel = f"{root}moved"
        self._operations = f"{root}operation:"
        self._apply = Script.beside(__file__, "apply.lua")
        self._read = Script.beside(__file__, "read.lua")
        self._page = Script.beside(__file__, "page.lua")
        self._series = Script.beside(__file__, "series.lua")

    async def apply(self, batch: Batch, into: str = "") -> None:
        """Apply a batch in one step, to the live views or to a set that is being built (its prefix).

        Raises `Behind` or `Incomplete` where the live views do not hold what the batch builds on.
        """
        keys = (self.pointer, self.channel, self._operations)
        answer = await self.redis.run(self._apply, keys, (_encode(batch), into))
        if answer[0] == b"behind":
            raise Behind("Redis went back in time")
        if answer[0] != b"applied":
            raise Incomplete("no complete set of views")

    async def view(self, id: str) -> Found | Missing:  # noqa: A002 -- what it is
        """A campaign, event or need by id."""
        answer = await self._ask("id", id, "view")
        return _found(answer) if answer[0] == b"found" else Missing(_positions(answer[1]))

    async def aggregate(self, by: Literal["id", "slug"], name: str, now: str) -> Whole | Missing:
        """A campaign with all that hangs on it, from one read; `now` divides upcoming events from others."""
        answer = await self._ask(by, name, "aggregate", now)
        if answer[0] != b"found":
            return Missing(_positions(answer[1]))
        partners, events, needs, totals, at, start = answer[7:13]
        tables = _tables.decode(totals)
        return Whole(
            _found(answer),
            partners,
            [body for body in events if body],
            [body for body in needs if body],
            Totals(
                tables.events,
                tables.registrations,
                tables.needs_open,
                tables.volunteers,
                _filled(tables.pledged),
                _filled(tables.delivered),
            ),
            at.decode(),
            start.decode().partition("|")[0],
        )

    async def _ask(self, by: str, name: str, what: str, now: str = "") -> list[Any]:
        answer: list[Any] = await self.redis.run(self._read, (self.pointer,), (by, name, what, now))
        if answer[0] == b"incomplete":
            raise Incomplete("no complete set of views")
        return answer

    async def page(self, ask: Ask) -> Page:
        """A page of a list; short only at the list's end, or where very little fits the filters."""
        bodies: list[bytes] = []
        after, positions = ask.after, Positions()
        for _ in range(_PAGE_CALLS):
            low, high = ("-", "+") if not after else ("-", f"({after}") if ask.down else (f"({after}", "+")
            answer = await self.redis.run(
                self._page,
                (self.pointer,),
                (ask.limit - len(bodies), "down" if ask.down else "up", low, high, ask.first, ask.last, *ask.sets),
            )
            if answer[0] == b"incomplete":
                raise Incomplete("no complete set of views")
            positions = positions or _positions(answer[1])
            after = answer[2].decode()
            bodies += [body for body in answer[3:] if body]
            if not after or len(bodies) >= ask.limit:
                break
        return Page(positions, after, bodies)

    async def series(self, sets: Sequence[str]) -> tuple[Positions, list[tuple[str, int]]]:
        """Series that stand in all the sets, with their versions."""
        _, positions, *found = await self._of_series("list", *sets)
        return _positions(positions), [
            (name.decode(), version) for name, version in zip(found[::2], found[1::2], strict=True)
        ]

    async def load_series(self, names: Sequence[str]) -> dict[str, tuple[int, bytes, dict[str, bytes]]]:
        """Of each series its version, its body and what was moved or called off."""
        _, _, *found = await self._of_series("load", *names)
        return {
            name: (version, body, {key.decode(): text for key, text in zip(flat[::2], flat[1::2], strict=True)})
            for name, version, body, flat in zip(names, found[::3], found[1::3], found[2::3], strict=True)
        }

    async def figures(self, pairs: Sequence[tuple[str, str]]) -> list[bytes]:
        """What is particular to occurrences, by event and name; empty where nothing is."""
        _, _, *found = await self._of_series("figures", *(part for pair in pairs for part in pair))
        return found

    async def _of_series(self, *wanted: str) -> list[Any]:
        answer: list[Any] = await self.redis.run(self._series, (self.pointer,), wanted)
        if answer[0] == b"incomplete":
            raise Incomplete("no complete set of views")
        return answer

    async def operation(self, command_id: str) -> bytes | None:
        """Outcome record of a command, None if none is known here."""
        value: bytes | None = await self.redis.call("GET", f"{self._operations}{command_id}")
        return value

    async def prefix(self) -> str | None:
        """Prefix of the live views; None if there is no complete set."""
        prefix = await self.redis.call("GET", self.pointer)
        if prefix is None or not await self.redis.call("EXISTS", f"{prefix.decode()}complete"):
            return None
        return str(prefix.decode())

    async def positions(self) -> Positions:
        """How far the live views go."""
        prefix = await self.prefix()
        held = _positions(await self.redis.call("HGETALL", f"{prefix}positions")) if prefix else {}
        if not held:
            raise Incomplete("no complete set of views")
        return held

    async def subscribe(self, *channels: str) -> Subscription:
        """Listen to what moves, and to channels of one's own."""
        return await self.redis.subscribe(self.channel, *channels)


def _found(answer: Sequence[Any]) -> Found:
    _, positions, name, version, public, campaign, body, *_ = answer
    return Found(_positions(positions), name.decode(), version, public == 1, campaign.decode(), body)


def _filled(table: dict[str, int] | list[int]) -> dict[str, int]:
    """A table of Lua, which cannot tell an empty one from an empty list; in a fixed order."""
    return dict(sorted(table.items())) if isinstance(table, dict) else {}


def _positions(flat: Sequence[bytes]) -> Positions:
    pairs: Iterable[tuple[bytes, bytes]] = zip(flat[::2], flat[1::2], strict=True)
    return {place.decode(): int(offset) for place, offset in pairs}


def behind(held: Mapping[str, int], wanted: Mapping[str, int]) -> bool:
    """Whether positions do not reach others everywhere."""
    return any(held.get(place, 0) < offset for place, offset in wanted.items())
