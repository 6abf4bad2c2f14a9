"""Works through the deliveries that are due, by leases: any number of processes may do so side by side.

A worker that dies leaves its lease to run out; one that comes back too late finds its fence outdated.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from services.notifications.deliveries import Claim, Deliveries
from services.notifications.delivery import PERMANENT_FAILURE, Parcel, Result
from shared import instants, logs
from shared.ports import Trouble

log = logs.logger(__name__)

MOST: Final = 500
"""Deliveries claimed at once."""
MARGIN_S: Final = 15.0
"""A lease outlives its road's time-out by at least so much."""
IDLE_S: Final = (0.05, 1.0)
"""First and longest pause when nothing is due."""
STOP_S: Final = 5.0
"""So long the deliveries at hand may take to end when the worker is stopped."""
BACK_OFF_S: Final = (0.5, 60.0)
"""First and longest pause before a delivery is tried again; ± 20 %."""


class Road(Protocol):
    """A way to reach people."""

    name: str
    timeout: float
    """Seconds after which an attempt has failed."""

    async def bring(self, parcels: Sequence[Parcel]) -> Sequence[Result]:
        """Bring parcels, each with its result. `Trouble`: none arrived for sure, try all of them again later.

        What was brought before must not arrive twice. Any other exception means that one of them cannot be brought.
        """
        ...


class Schedule:
    """The worker of one road."""

    def __init__(
        self,
        deliveries: Deliveries,
        road: Road,
        *,
        worker: str,
        now: Callable[[], str],
        chance: Callable[[], float],
        lease: float = 30.0,
    ) -> None:
        """Wire the ports; `worker` is unique among all processes, `chance` draws from [0, 1).

        Raises ValueError if the lease (seconds) could end while the road is still at work.
        """
        if lease < road.timeout + MARGIN_S:
            raise ValueError(f"a lease of {lease:g} s is shorter than {road.timeout:g} s and {MARGIN_S:g} s")
        self._deliveries = deliveries
        self._road = road
        self._worker = worker
        self._now = now
        self._chance = chance
        self._lease = lease
        self._claims = 0
        self._due = asyncio.Event()

    def wake(self) -> None:
        """Something is due now."""
        self._due.set()

    async def run(self) -> None:
        """Work until cancelled, then finish what is at hand, bounded; broken infrastructure is waited for."""
        pause, longest = IDLE_S
        while True:
            self._due.clear()
            if await self._whole_step():
                pause = IDLE_S[0]
                continue
            try:
                async with asyncio.timeout(pause):
                    await self._due.wait()
                pause = IDLE_S[0]
            except TimeoutError:
                pause = min(pause * 2, longest)

    async def _whole_step(self) -> int:
        step = asyncio.ensure_future(self.step())
        try:
            return await asyncio.shield(step)
        except Trouble as trouble:
            log.warning("schedule waits for infrastructure", road=self._road.name, reason=str(trouble))
            return 0
        except asyncio.CancelledError:
            await asyncio.wait({step}, timeout=STOP_S)
            step.cancel()
            raise

    async def step(self) -> int:
        """Claim what is due, bring it, write the results; return how many were claimed."""
        now = self._now()
        self._claims += 1
        claims = await self._deliveries.claim(
            self._road.name,
            f"{self._worker}.{self._claims}",
            now=now,
            until=instants.later(now, milliseconds=round(self._lease * 1000)),
            most=MOST,
        )
        if claims:
            async with asyncio.timeout(self._lease):
                await self._bring(claims)
        return len(claims)

    async def _bring(self, claims: Sequence[Claim]) -> None:
        """Bring parcels, halving what fails down to the one that fails alone."""
        try:
            async with asyncio.timeout(self._road.timeout):
                results = await self._road.bring([claim.parcel for claim in claims])
        except (Trouble, TimeoutError) as trouble:
            log.warning("deliveries postponed", road=self._road.name, count=len(claims), reason=str(trouble))
            await self._postpone(claims)
        except Exception as error:
            if len(claims) == 1:
                log.exception("delivery failed", road=self._road.name, delivery=claims[0].parcel.id)
                failed = Result(PERMANENT_FAILURE, type(error).__name__)
                await self._deliveries.finish([(claims[0], failed)], now=self._now())
                return
            middle = len(claims) // 2
            await self._bring(claims[:middle])
            await self._bring(claims[middle:])
        else:
            await self._deliveries.finish(zip(claims, results, strict=True), now=self._now())

    async def _postpone(self, claims: Sequence[Claim]) -> None:
        now = self._now()
        first, longest = BACK_OFF_S
        for fence in sorted({claim.fence for claim in claims}):
            pause = min(first * 2 ** min(fence - 1, 20), longest) * (0.8 + 0.4 * self._chance())
            until = instants.later(now, milliseconds=round(pause * 1000))
            alike = [claim for claim in claims if claim.fence == fence]
            await self._deliveries.postpone(alike, until=until, now=now)
