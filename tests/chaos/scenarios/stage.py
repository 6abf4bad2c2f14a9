"""What a scenario has at hand: needs and events in every partition, people who insist, and a look at what was written.

Everything is asked through `Asking`, so that the history of a scenario can be judged as that of any other run.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

from services.gateway import idempotency
from services.gateway.development import ISSUER
from shared import mongo
from shared.contracts import topics
from shared.kafka.appender import partition_of
from shared.kafka.reader import Reader
from shared.ports import Record
from tests.chaos import hooks
from tests.chaos.asking import Asking, Told, Wish
from tests.chaos.child import Child
from tests.chaos.judge import judge
from tests.chaos.rig import PARTITIONS, SERVICES, Rig
from tests.chaos.wanting import ORGANISER, event_body, need_body, pledge

GOES_ON_S: Final = 15.0
"""So soon a successor goes on with what a dead or paused process had begun."""
DEFINITE_S: Final = 60.0
NEIGHBOUR_S: Final = 2.0
"""So much a bad record may hold up the good ones beside it."""
MANY: Final = 1_000_000
QUIET_S: Final = 60.0
CRITERIA: Final = frozenset({"C1", "C2", "C3", "C4", "C5", "C11", "C12"})
"""What holds after every scenario; the others need samplers and followers."""
LETTERS: Final = tuple(topics.dead_letters(owner) for owner in (*SERVICES, "gateway"))
_LOOK_S: Final = 0.05


class Stage:
    """A rig with people on it; an asynchronous context manager."""

    def __init__(self, rig: Rig) -> None:
        """Take a rig that is ready."""
        self.rig = rig
        self.ask = Asking(rig.gateways, rig.token, rig.history)
        self.mongo = mongo.Client(rig.parts["mongo"].address)
        """Past the proxies."""
        self.campaign = ""
        self._places: dict[str, dict[int, tuple[str, str]]] = {}
        self._turns: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        """Open a campaign."""
        await self.ask.__aenter__()
        self.ask.sign_in(ORGANISER, "organiser")
        body = {"name": "Called by name", "summary": "Each fault has one."}
        self.campaign = (await self.must(ORGANISER, Wish("open_campaign", "POST", "/v1/campaigns", body))).id
        await self.must(ORGANISER, Wish("launch", "POST", f"/v1/campaigns/{self.campaign}/launch", {}))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let the people go."""
        await self.ask.__aexit__()
        self.mongo.close()

    # ------------------------------------------------------------ asking

    async def insist(self, session: str, wish: Wish, *, first: int = 0, key: str | None = None) -> Told:
        """Repeat a write with its key, at one gateway and the other, until its answer is definite.

        `first` is the number of the gateway to begin with.
        """
        gateways = self.rig.gateways
        deadline, turn, before = time.monotonic() + DEFINITE_S, first, None
        while True:
            told = await self.ask.write(session, wish, gateways[turn % len(gateways)], key=key, retry_of=before)
            if told.outcome != "info":
                return told
            assert time.monotonic() < deadline, f"{wish.verb}: no definite answer within {DEFINITE_S:.0f} s"
            key, before, turn = told.key, before or told.op, turn + 1
            await asyncio.sleep(_LOOK_S)

    async def must(self, session: str, wish: Wish, *, first: int = 0) -> Told:
        """A write that has to succeed."""
        told = await self.insist(session, wish, first=first)
        assert told.outcome == "ok", f"{wish.verb}: {told.status} {told.body}"
        return told

    async def need(self) -> str:
        """Open a need with room for all."""
        body = need_body(self.campaign, MANY)
        return (await self.must(ORGANISER, Wish("open_need", "POST", "/v1/needs", body, role="plain"))).id

    async def read(self, path: str, gateway: int = 0, session: str = ORGANISER) -> Any:  # noqa: ANN401 -- JSON
        """Read something that is there."""
        status, body = await self.ask.read(session, self.rig.gateways[gateway], path)
        assert status == 200, f"{path}: {status} {body}"
        return body

    async def one_in_each(self, service: str) -> list[tuple[str, Wish]]:
        """Who is to ask what of a service so that each of its partitions gets a command that has an effect."""
        if service not in self._places:
            self._places[service] = await self._found(service)
        turn = self._turns[service]
        self._turns[service] += 1
        return [_wish(service, session, target, turn) for session, target in self._places[service].values()]

    async def _found(self, service: str) -> dict[int, tuple[str, str]]:
        """By partition: a person and a need or event."""
        found: dict[int, tuple[str, str]] = {}
        target = await self.need() if service == "notifications" else ""
        number = 0
        while len(found) < PARTITIONS:
            number += 1
            session = f"{service}{number}"
            match service:
                case "pledges":
                    target = stream = await self.need()
                case "events":
                    body = event_body(self.campaign, MANY)
                    wish = Wish("open_event", "POST", "/v1/events", body)
                    target = stream = (await self.must(ORGANISER, wish)).id
                    session = ORGANISER
                case _:
                    stream = idempotency.person(ISSUER, session)
            found.setdefault(partition_of(stream.encode(), PARTITIONS), (session, target))
        return found

    # ------------------------------------------------------------ faults

    async def arm(self, name: str, spec: str) -> Child:
        """Start a process anew with a crash point; return when the whole rig is ready again."""
        await self.rig.restart(name, crashpoint=spec)
        await self.rig.ready()
        return self.rig.processes[name]

    def mark(self, name: str, spec: str) -> Path:
        """The file that says that a process has reached its point."""
        return hooks.mark_of(self.rig.folder, name, spec)

    async def reached(self, name: str, spec: str, within: float = 30.0) -> float:
        """Wait until a process has reached its point; when that was (monotonic)."""
        mark = self.mark(name, spec)
        await self.until(mark.exists, f"{name} never came to {spec}", within)
        return time.monotonic() - max(0.0, time.time() - mark.stat().st_mtime)

    async def until(self, true: Callable[[], bool | Awaitable[bool]], otherwise: str, within: float) -> float:
        """Wait until something is so, and say how long that took; fail with a sentence if it is not in time."""
        began = time.monotonic()
        while True:
            answer = true()
            if answer if isinstance(answer, bool) else await answer:
                return time.monotonic() - began
            assert time.monotonic() - began < within, f"{otherwise} within {within:.0f} s"
            await asyncio.sleep(_LOOK_S)

    async def counter(self, child: Child, name: str, **labels: str) -> float:
        """A counter of a process, summed over all labels but these."""
        total = 0.0
        for line in (await self.rig.read(f"{child.internal}/metrics")).splitlines():
            if line.startswith(f"{name}{{") and all(f'{key}="{value}"' in line for key, value in labels.items()):
                total += float(line.rpartition(" ")[2])
        return total

    # ------------------------------------------------------------ what was written

    async def check(self) -> None:
        """Wait until nothing is under way, then judge all that was asked so far."""
        await self.rig.quiescent(QUIET_S)
        verdicts = [each for each in judge(await self.rig.collect()) if each.criterion in CRITERIA]
        assert all(each.holds for each in verdicts), "; ".join(str(each) for each in verdicts if not each.holds)

    @property
    def kafka(self) -> str:
        """Kafka's address, past the proxies."""
        return self.rig.parts["kafka"].address

    async def records(self, *names: str) -> list[Record]:
        """All records of topics that readers see, each partition's in order."""
        async with Reader(self.kafka) as reader:
            places = await reader.places(names)
            ends = await reader.ends(places)
            reader.begin(await reader.beginnings(places))
            found: list[Record] = []
            while any([await reader.position(place) < end for place, end in ends.items()]):
                found += await reader.read(wait_ms=200, most=5_000)
        return sorted(found, key=lambda record: (record.topic, record.partition, record.offset))

    def said(self, service: str, words: str) -> int:
        """How often the replicas of a service have logged something."""
        return sum(child.log.read_text(errors="replace").count(words) for child in self.rig.of(service))

    async def letters(self) -> Counter[str]:
        """How many dead letters there are, by topic."""
        return Counter(record.topic for record in await self.records(*LETTERS))


def _wish(service: str, session: str, target: str, turn: int) -> tuple[str, Wish]:
    """A command that has an effect whichever turn it is."""
    match service:
        case "pledges":
            return session, pledge(target, 1)
        case "events":
            return session, Wish("change_event", "PATCH", f"/v1/events/{target}", {"title": f"Turn {turn}"}, target)
        case _:
            method, verb = ("DELETE", "unfollow") if turn % 2 else ("PUT", "follow")
            return session, Wish(verb, method, f"/v1/me/follows/need/{target}", {}, target)


def fact_of(session: str, wish: Wish, done: Told) -> str:
    """Id of the first fact of what somebody has asked."""
    return f"{idempotency.command_id(ISSUER, session, wish.method, wish.path, done.key)}.1"


def more(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """By topic: how many came; topics to which nothing came are left out."""
    return {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)}


def told(lines: Sequence[str]) -> str:
    """Violations as a sentence, the first few."""
    return f"{len(lines)} violations: " + "; ".join(lines[:5])
