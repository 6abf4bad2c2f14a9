"""Many people at once: some wait for their answer before they go on, some come whatever has become of the others.

Needs are `hot` (all want the same few), `plain`, or `capacity` (pledges of 1, three times as many as fit, none
withdrawn), so that it can be counted whether a place was lost or given twice.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from itertools import cycle
from typing import Any, Final
from uuid import uuid4

from msgspec import Struct

from services.gateway.operations import Operations
from tests.chaos.asking import Asking, Told, Wish
from tests.chaos.views import look
from tests.chaos.wanting import ORGANISER, Answered, Role, Wants, another, event_body, hold, need_body, pledge

FRESH_S: Final = 60.0
"""So long a probe tries to get a fresh command through."""
HURRY_S: Final = 0.25
_AT_ONCE: Final = 8
_MANY: Final = 1_000_000


class Shape(Struct, frozen=True):
    """How much load: `closed` clients that think for `think_s`, and `rate` arrivals a second that wait for nobody."""

    closed: int = 8
    think_s: float = 0.6
    rate: float = 6.0
    hot: int = 5
    capacity: int = 6
    """In every round."""
    plain: int = 25
    places: int = 8
    """What fits into a `capacity` need."""
    expiring: int = 0
    """Holds of every round that end after a minute, in the midst of the fault or, if that is short, later."""
    repeats: float = 0.05
    mix_ups: float = 0.02
    """Share of writes sent again with their key, and with their key but another body."""


class Load:
    """Keeps people busy between `start` and `stop`, as often as wanted."""

    def __init__(self, ask: Asking, *, seed: int, shape: Shape) -> None:
        """Take the client; `seed` decides who wants what."""
        self.ask = ask
        self.shape = shape
        self.still_until = 0.0
        """Before this instant (monotonic) something will happen by itself."""
        self.wants = Wants(seed)
        self._chance = self.wants.chance
        self._running: list[asyncio.Task[None]] = []
        self._in_flight: set[asyncio.Task[None]] = set()
        self._going = False
        self._turn = cycle(ask.gateways)

    async def prepare(self) -> None:
        """Open a campaign, two events and the needs that never fill up; the platform must be well."""
        self.ask.sign_in(ORGANISER, "organiser")
        body = {"name": "Under fire", "summary": "All hold."}
        campaign = self.wants.campaign = (await self._must(Wish("open_campaign", "POST", "/v1/campaigns", body))).id
        await self._must(Wish("launch", "POST", f"/v1/campaigns/{campaign}/launch", {}))
        for person in ("ana", "bo", "cy"):
            await self._must(Wish("follow", "PUT", f"/v1/me/follows/campaign/{campaign}", {}), person)
        for capacity in (20, 1_000):
            event = await self._must(Wish("open_event", "POST", "/v1/events", event_body(campaign, capacity)))
            self.wants.events.append(event.id)
        await self._open("hot", self.shape.hot, _MANY)
        await self._open("plain", self.shape.plain, _MANY)

    async def open_round(self) -> None:
        """Open needs that fill up, and set something aside that will expire."""
        needs = await self._open("capacity", self.shape.capacity, self.shape.places)
        self.wants.demand_of(needs, 3 * self.shape.places)
        for need in self._chance.sample(self.wants.needs["plain"], self.shape.expiring):
            await self._must(hold(need, 1))
            self.still_until = time.monotonic() + 60 + HURRY_S

    def start(self) -> None:
        """Begin, or go on."""
        self._going = True
        self._running = [asyncio.create_task(self._person(f"person{number}")) for number in range(self.shape.closed)]
        self._running.append(asyncio.create_task(self._arrivals()))

    async def rush(self, many: int = 150) -> None:
        """Come all at once, as people do when a fault is over: pools are then as large as they will be."""
        await _at_once([self._act(f"visitor{turn % 40}") for turn in range(many)], few=many)

    async def stop(self) -> None:
        """Let everybody finish what they have begun, and ask for what is still wanted of needs that fill up."""
        self._going = False
        await asyncio.gather(*self._running)
        while self._in_flight:
            await asyncio.wait(self._in_flight)
        deadline = time.monotonic() + FRESH_S
        await _at_once([self._take_place(f"visitor{turn % 40}", deadline) for turn in range(len(self.wants.demand))])

    async def settle(self, seconds: float = 60.0) -> int:
        """Repeat every op without a definite answer, with its key, until it has one; how many are left."""
        deadline = time.monotonic() + seconds
        while self.ask.unsure and time.monotonic() < deadline:
            wanted = {
                (session, key, wish.path, str(wish.body)): op for op, (session, wish, key) in self.ask.unsure.items()
            }
            await _at_once([self._repeat(op, deadline) for op in wanted.values()])
            if self.ask.unsure:
                await asyncio.sleep(HURRY_S)
        return len(self.ask.unsure)

    async def probe(self, after: str) -> float | None:
        """How long it is until a fresh command to each service has its answer at each gateway; None: too long."""
        began = time.monotonic()

        async def one(gateway: str, service: str, wish: Wish) -> float | None:
            seconds = None
            while seconds is None and time.monotonic() < began + FRESH_S:
                told = await self.ask.write(ORGANISER, wish, gateway)
                if told.outcome == "ok":
                    seconds = round(time.monotonic() - began, 3)
                else:
                    await asyncio.sleep(HURRY_S)
            self.ask.history.write("probe", gateway=gateway, service=service, seconds=seconds, after=after)
            return seconds

        need, event = self.wants.needs["hot"][0], self.wants.events[1]
        title = f"Clean-up {uuid4().hex[:8]}"
        wishes = {
            "pledges": pledge(need, 1),
            "events": Wish("change_event", "PATCH", f"/v1/events/{event}", {"title": title}, event),
            "notifications": Wish("follow", "PUT", f"/v1/me/follows/need/{need}", {}),
        }
        took = await asyncio.gather(
            *(one(gateway, service, wish) for gateway in self.ask.gateways for service, wish in wishes.items())
        )
        return None if None in took else max(seconds for seconds in took if seconds is not None)

    async def compare_operations(self, operations: Operations, person: Callable[[str], str], most: int = 100) -> None:
        """Read the operations of some writes that got their answer at once, for the checker to compare."""
        known = self.wants.answered

        async def one(write: Answered) -> None:
            name = operations.issue(write.service, write.command, person(write.session))
            status, body = await self.ask.read(write.session, self._next(), f"/v1/operations/{name}")
            if status == 200:
                self.ask.record_operation(write.op, body)

        # Few at once: what the views lost is read from the owners, whose pools are not to grow by our curiosity.
        await _at_once([one(write) for write in self._chance.sample(known, min(most, len(known)))], few=2)

    async def _person(self, session: str) -> None:
        """One thing after the other, with pauses."""
        while self._going:
            await self._act(session)
            await asyncio.sleep(self._chance.uniform(0.5, 1.5) * self.shape.think_s)

    async def _arrivals(self) -> None:
        """Come at random instants, whether or not the others were served."""
        while self._going:
            await asyncio.sleep(self._chance.expovariate(self.shape.rate))
            task = asyncio.create_task(self._act(f"visitor{self._chance.randrange(40)}"))
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)

    async def _act(self, session: str) -> None:
        """Want something, perhaps twice, and look whether it is there."""
        chance = self._chance
        if self.wants.demand and chance.random() < 0.3:
            await self._take_place(session)
            return
        asker, wish = self.wants.next(session)
        told = await self._ask(asker, wish)
        self.wants.remember(session, asker, wish, told)
        other = another(wish) if chance.random() < self.shape.mix_ups else None
        if other:
            gateway = self._next()
            await self.ask.write(asker, other, gateway, key=told.key, retry_of=told.op, other_body=True)
        if told.outcome == "ok" and wish.target and chance.random() < 0.3:
            await look(self.ask, asker, wish.target, told, self._next())

    async def _ask(self, asker: str, wish: Wish) -> Told:
        """Ask, now and then twice at once or again."""
        key, turn = uuid4().hex, self._chance.random()
        if turn < self.shape.repeats / 2:
            both = (self.ask.write(asker, wish, self._next(), key=key) for _ in range(2))
            told, _ = await asyncio.gather(*both)
        else:
            told = await self.ask.write(asker, wish, self._next(), key=key)
        if told.outcome == "info":
            return await self._insist(asker, wish, told)
        if self.shape.repeats / 2 < turn < self.shape.repeats:
            await self.ask.write(asker, wish, self._next(), key=key, retry_of=told.op)
        return told

    async def _insist(self, asker: str, wish: Wish, told: Told) -> Told:
        """Ask how it stands, or once more at the next gateway, as a good client does; `settle` does the rest."""
        if told.status == 202:
            await self.ask.follow(asker, told, 10)
            return told
        await asyncio.sleep(HURRY_S)
        return await self.ask.write(asker, wish, self.ask.next_to(told.gateway), key=told.key, retry_of=told.op)

    async def _take_place(self, session: str, before: float = float("inf")) -> None:
        if self.wants.demand and time.monotonic() < before:
            await self._ask(session, pledge(self.wants.demand.pop(), 1))

    async def _repeat(self, op: str, before: float) -> None:
        if op not in self.ask.unsure or time.monotonic() > before:
            return
        session, wish, key = self.ask.unsure[op]
        told = await self.ask.write(session, wish, self._next(), key=key, retry_of=op)
        if told.status == 202:
            await self.ask.follow(session, told, 5)

    async def _open(self, role: Role, many: int, quantity: int) -> list[str]:
        body = need_body(self.wants.campaign, quantity)
        wish = Wish("open_need", "POST", "/v1/needs", body, None, role)
        made = [(await self._must(wish)).id for _ in range(many)]
        self.wants.needs[role] += made
        return made

    async def _must(self, wish: Wish, session: str = ORGANISER) -> Told:
        """A write that has to succeed before anything can begin."""
        told = await self.ask.write(session, wish, self._next())
        deadline = time.monotonic() + FRESH_S
        while told.outcome != "ok":
            assert time.monotonic() < deadline, f"{wish.verb}: {told.status} {told.body}"
            await asyncio.sleep(HURRY_S)
            told = await self.ask.write(session, wish, self._next(), key=told.key, retry_of=told.op)
        return told

    def _next(self) -> str:
        """The gateways in turn; another one instead of one that a load balancer would leave out."""
        gateway = next(self._turn)
        return self.ask.next_to(gateway) if gateway in (self.ask.shunned or ()) else gateway


async def _at_once(jobs: Sequence[Coroutine[Any, Any, Any]], few: int = _AT_ONCE) -> None:
    """Do all, a few at a time."""
    gate = asyncio.Semaphore(few)

    async def one(job: Coroutine[Any, Any, Any]) -> None:
        async with gate:
            await job

    await asyncio.gather(*(one(job) for job in jobs))
