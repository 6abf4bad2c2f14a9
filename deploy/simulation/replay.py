"""Replays a plan into a campaign of its own, and counts what became of it.

Every request has a key made of the run and its place in the plan, and is repeated until its answer is definite:
whatever is killed meanwhile, and however often the run is stopped and taken up again, each counts once.
"""

import asyncio
import time
from typing import Any, Final, Protocol

from msgspec import Struct

from deploy.front_door import FrontDoor, RefusedError, Reply, Who, together
from deploy.simulation.plan import Delivery, Need, Partner, Plan, Pledge
from deploy.trouble import TroubleError

_KINDS: Final = {"food_parcel": ("Food parcels", "parcels"), "meal": ("Hot meals", "meals")}
_NOT_YET: Final = frozenset({403, 404})
_ATTEMPTS: Final = 20
_PAUSE_S: Final = 1.0
_SETTLED_S: Final = 30.0


class Counts(Struct):
    """What was asked of the platform, and answered for good."""

    deliveries: int = 0
    doubles: int = 0
    corrections: int = 0


class Watcher(Protocol):
    """Is told how the replay gets on."""

    def delivered(self) -> None:
        """One more delivery is done with."""
        ...


class Clock:
    """The time of the season, `speed` times as fast as ours; with no speed everything is due at once."""

    def __init__(self, speed: float | None) -> None:
        """Start it."""
        self._speed = speed
        self._began = time.monotonic()

    async def until(self, at: float) -> None:
        """Wait for a moment of the season."""
        if self._speed is not None:
            await asyncio.sleep(at / self._speed - (time.monotonic() - self._began))


class Replay:
    """One run of a plan."""

    def __init__(self, door: FrontDoor, plan: Plan, run: str, clock: Clock, watcher: Watcher) -> None:
        """Take what to do; nothing is sent."""
        self.counts = Counts()
        self._door = door
        self._plan = plan
        self._run = run
        self._clock = clock
        self._watcher = watcher

    @property
    def slug(self) -> str:
        """The campaign's."""
        return f"replay-{self._run}"

    async def play(self) -> str:
        """Do it all and give the campaign's id; raises RefusedError and TroubleError."""
        campaign = await self._open()
        path = f"/v1/campaigns/{campaign}/partners"
        await together(self._join(path, number, partner) for number, partner in enumerate(self._plan.partners))
        await together(self._meet(campaign, number, need) for number, need in enumerate(self._plan.needs))
        return campaign

    @property
    def organiser(self) -> Who:
        """Who opens it."""
        return Who(f"organiser-of-{self._run}", ("organiser",))

    async def _open(self) -> str:
        body = {
            "name": f"#BrumTogether, replay {self._run}",
            "slug": self.slug,
            "summary": "The season of 2020 once more, made by chance; nobody and nothing in it is real. "
            f"Seed {self._plan.seed}, scale {self._plan.scale:g}.",
        }
        try:
            campaign = (await self._door.write(self.organiser, "/v1/campaigns", body, self._key("campaign"))).json()[
                "id"
            ]
        except RefusedError as refused:
            if refused.problem in {"key-reused", "slug-taken"}:
                raise TroubleError(f"Run {self._run} was begun with another seed or scale.") from refused
            raise
        await self._door.write(self.organiser, f"/v1/campaigns/{campaign}/launch", {}, self._key("launch"))
        return str(campaign)

    async def _join(self, path: str, number: int, partner: Partner) -> None:
        body = {"name": partner.name, "sector": partner.sector}
        await self._door.write(self._partner(number), path, body, self._key("partner", number))

    async def _meet(self, campaign: str, number: int, need: Need) -> None:
        """Ask for something, and see to every pledge on it."""
        await self._clock.until(need.at)
        need_id = await self._ask(campaign, number, need)
        partner = self._partner(need.partner)
        await together(
            self._keep(need_id, f"{number}.{place}", pledge, partner) for place, pledge in enumerate(need.pledges)
        )

    async def _ask(self, campaign: str, number: int, need: Need) -> str:
        """Open a need.

        After a crash, the service that decides may take a moment to hear that the partner has joined. Its no
        changed nothing, so that we may ask again, under another key.
        """
        title, unit = _KINDS[need.kind]
        body = {
            "campaign_id": campaign,
            "title": f"{title} for {need.ward_name}",
            "kind": need.kind,
            "quantity": need.quantity,
            "unit": unit,
            "ward": need.ward,
        }
        for attempt in range(_ATTEMPTS):
            key = self._key("need", number, *([attempt] if attempt else []))
            try:
                return str((await self._door.write(self._partner(need.partner), "/v1/needs", body, key)).json()["id"])
            except RefusedError as refused:
                if refused.status not in _NOT_YET or attempt == _ATTEMPTS - 1:
                    raise
            await asyncio.sleep(_PAUSE_S)
        raise AssertionError("the last attempt returns or raises")

    async def _keep(self, need_id: str, place: str, pledge: Pledge, partner: Who) -> None:
        """A pledge, and all its deliveries in order."""
        await self._clock.until(pledge.at)
        who = Who(f"volunteer-{pledge.volunteer + 1:03}")
        body = {"need_id": need_id, "quantity": pledge.quantity}
        made = (await self._door.write(who, "/v1/pledges", body, self._key("pledge", place))).json()
        for number, delivery in enumerate(pledge.deliveries, 1):
            await self._clock.until(delivery.at)
            await self._deliver(f"/v1/pledges/{made['id']}", self._key("delivery", place, number), delivery, partner)
            if delivery.is_corrected:
                await self._door.write(
                    partner,
                    f"/v1/pledges/{made['id']}/deliveries/{number}/correct",
                    {"quantity": 1, "reason": "Counted twice."},
                    self._key("correction", place, number),
                )
                self.counts.corrections += 1
            self.counts.deliveries += 1
            self._watcher.delivered()

    async def _deliver(self, pledge: str, key: str, delivery: Delivery, partner: Who) -> None:
        """Confirm a delivery; where the plan says so by two requests at once, which must be answered alike."""
        body = {"quantity": delivery.recorded}

        async def send() -> Reply:
            return await self._door.write(partner, f"{pledge}/deliver", body, key)

        if not delivery.is_doubled:
            await send()
            return
        first, second = await asyncio.gather(send(), send())
        if (first.status, first.body) != (second.status, second.body):
            raise TroubleError(f"POST {pledge}/deliver was sent twice with one key and answered in two ways.")
        self.counts.doubles += 1

    def _partner(self, number: int) -> Who:
        return Who(f"partner-{number + 1:02}-of-{self._run}", ("partner",))

    def _key(self, *about: object) -> str:
        return "-".join(["replay", self._run, *map(str, about)])


class Ledger(Struct, frozen=True):
    """What everybody can read of a campaign: its totals, and what its needs say was delivered in each ward."""

    totals: dict[str, Any]
    wards: dict[str, int]

    def is_that_of(self, plan: Plan) -> bool:
        """Whether everything that was planned was delivered, and nothing else."""
        planned = plan.totals()
        return self.totals["delivered"] == planned and sum(self.wards.values()) == sum(planned.values())


async def ledger(door: FrontDoor, campaign: str, plan: Plan) -> Ledger:
    """Read the ledger; for a while also again, since another replica than the one that wrote may answer."""
    end = time.monotonic() + _SETTLED_S
    while True:
        found = await door.read(f"/v1/campaigns/{campaign}")
        wards: dict[str, int] = {}
        async for need in door.items(f"/v1/needs?campaign={campaign}&limit=100"):
            wards[need["ward"]] = wards.get(need["ward"], 0) + need["delivered"]
        if found is not None:
            read = Ledger(found["totals"], wards)
            if read.is_that_of(plan) or time.monotonic() > end:
                return read
        elif time.monotonic() > end:
            raise TroubleError(f"The campaign {campaign} cannot be read.")
        await asyncio.sleep(_PAUSE_S)
