"""Offers that become pledges: some matched by hand over several needs, some asked for in waves of holds.

Whoever is asked says yes, says no, or nothing at all until the time is over. At every look at the need asked for, and
in the end of each, the ledger must come out even.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct

from deploy.front_door import RefusedError, together
from deploy.simulation.plan import scaled
from deploy.simulation.scene import Finding, Scene, finding
from deploy.simulation.sums import is_even
from deploy.trouble import TroubleError

DONORS: Final = 200
"""Who offers two blankets each, where as many blankets as donors are wanted."""
SILENT: Final = 8
"""Of them, who never answer."""
BY_HAND: Final = 20
"""Offers that are split over the needs."""
NEEDS: Final = 3

_EACH: Final = 2
_NO: Final = 3
"""One in so many says no."""
_WAVE: Final = 50
_SMALLEST_WAVE: Final = 3
_MINUTES: Final = 1
_LOOK_S: Final = 0.25
_LONGEST_S: Final = 1_800.0
_FULL: Final = frozenset({"not-enough-left", "more-than-pledged"})
_LATE: Final = frozenset({"hold-expired", "pledge-not-active"})


class Matching(Struct, frozen=True):
    """How large it is."""

    donors: int
    silent: int
    by_hand: int


class MatchesReport(Struct):
    """What became of the offers."""

    plan: Matching
    by_hand: int = 0
    refused: int = 0
    waves: int = 0
    asked: int = 0
    accepted: int = 0
    declined: int = 0
    expired: int = 0
    looks: tuple[bool, ...] = ()
    """Of each look at the need asked for, whether its ledger was even."""
    left: int = 0
    held: int = 0
    broken_words: int = 0
    """Offers that were accepted and are no pledge."""

    def rows(self) -> list[tuple[str, str]]:
        """The figures."""
        return [
            ("pledges matched by hand", f"{self.by_hand:,}"),
            ("matches beyond what was left, refused", f"{self.refused:,}"),
            ("waves of questions", f"{self.waves:,}"),
            ("donors asked", f"{self.asked:,}"),
            ("accepted", f"{self.accepted:,}"),
            ("declined", f"{self.declined:,}"),
            ("expired by time", f"{self.expired:,}"),
        ]

    def findings(self) -> list[Finding]:
        """What must hold of them: `even` is quantity + over = uncommitted + held + pledged."""
        plan = self.plan
        gone_on = self.left == 0 or self.asked == plan.donors
        by_hand = NEEDS * plan.by_hand
        not_full = by_hand - self.by_hand + int(self.refused != 1)
        return [
            finding("even at each look while waves go out", list(self.looks)),
            Finding("matched by hand, none beyond what was left", by_hand + 1, not_full),
            Finding("waves until nothing or nobody is left", self.waves, int(not gone_on)),
            Finding("nothing held after its time", self.asked, self.held),
            Finding("each yes a pledge, each other answer none", self.asked, self._astray()),
        ]

    def _astray(self) -> int:
        return abs(self.asked - self.accepted - self.declined - self.expired) + self.broken_words


def matching(scale: float) -> Matching:
    """How large it is at a scale; at a hundredth nobody is silent, so that nobody has to wait."""
    return Matching(
        min(DONORS, max(6, scaled(DONORS, scale))),
        min(SILENT, round(SILENT * scale)),
        min(BY_HAND, max(2, scaled(BY_HAND, scale))),
    )


async def match(scene: Scene, plan: Matching) -> MatchesReport:
    """Offer, match, ask, answer and deliver."""
    report = MatchesReport(plan)
    await together((_by_hand(scene, report), _Waves(scene, report).play()))
    return report


async def _by_hand(scene: Scene, report: MatchesReport) -> None:
    """Offers of as many as there are needs, one for each need, until those are full; then one more."""
    count = report.plan.by_hand
    needs = [await _need(scene, "equipment", "tables", count, number) for number in range(NEEDS)]

    async def spread(number: int) -> None:
        offer = await _offer(scene, f"lender-{number:02}", "equipment", "tables", NEEDS)
        for place, need in enumerate(needs):
            body = {"need_id": need, "quantity": 1}
            made = await scene.write(scene.organiser, f"/v1/pledges/{offer}/match", body, "match", number, place)
            report.by_hand += made["quantity"]
            await _deliver(scene, made)

    await together(spread(number) for number in range(count))
    late = await _offer(scene, "lender-late", "equipment", "tables", 1)
    try:
        await scene.write(scene.organiser, f"/v1/pledges/{late}/match", {"need_id": needs[0]}, "match", "late")
    except RefusedError as refused:
        if refused.problem not in _FULL:
            raise
        report.refused += 1


class _Waves:
    """One need that asks around, and the donors who answer."""

    def __init__(self, scene: Scene, report: MatchesReport) -> None:
        self._scene = scene
        self._report = report
        self._donors: dict[str, int] = {}
        self._seen: set[str] = set()
        self._said_yes: set[str] = set()

    async def play(self) -> None:
        """Until the need asks nobody any more."""
        plan, scene = self._report.plan, self._scene
        await together(self._donor(number) for number in range(plan.donors))
        need = await _need(scene, "goods", "blankets", plan.donors, "waves")
        wave = min(_WAVE, max(_SMALLEST_WAVE, plan.donors // 4))
        asking = {"minutes": _MINUTES, "wave_size": wave}
        await scene.write(scene.organiser, f"/v1/needs/{need}/match", asking, "asking")
        end = time.monotonic() + _LONGEST_S
        while True:
            ended = await self._look(need)
            if ended:
                break
            if time.monotonic() > end:
                raise TroubleError(f"The need {need} has asked around for {_LONGEST_S:.0f} s and has not ended.")
            await asyncio.sleep(_LOOK_S)
        await self._sum_up(await self._pledges(need))

    async def _donor(self, number: int) -> None:
        offer = await _offer(self._scene, f"donor-{number:03}", "goods", "blankets", _EACH)
        self._donors[offer] = number

    async def _look(self, need: str) -> bool:
        """Look at the need and at who is asked, and let those answer; whether nobody is asked any more."""
        read = await self._scene.door.read(f"/v1/needs/{need}")
        if read is None:  # another replica than the one that wrote
            return False
        self._report.looks += (is_even(read),)
        asked = [each for each in await self._pledges(need) if each["id"] not in self._seen]
        held = [each for each in asked if each["status"] == "held"]
        # Who says no comes last: the next wave goes out at once if nobody has still to answer then.
        for way in ("confirm", "decline"):
            await together(self._answer(each, way) for each in held if self._way(each) == way)
        self._seen |= {each["id"] for each in asked}
        matching = read["matching"] or {}
        self._report.waves, self._report.asked = matching.get("wave", 0), matching.get("asked", 0)
        self._report.left = read["uncommitted"]
        return matching.get("status") == "ended" or not (read["uncommitted"] or read["held"])

    def _way(self, pledge: dict[str, Any]) -> str:
        """How a donor answers, if at all."""
        number = self._donors[pledge["offer_id"]]
        if number < self._report.plan.silent:
            return ""
        return "decline" if number % _NO == 0 else "confirm"

    async def _answer(self, pledge: dict[str, Any], way: str) -> None:
        """Say yes or no; whoever is too late has lost nothing."""
        who = self._scene.who(f"donor-{self._donors[pledge['offer_id']]:03}")
        try:
            await self._scene.write(who, f"/v1/pledges/{pledge['id']}/{way}", {}, way, pledge["id"])
        except RefusedError as refused:
            if refused.problem not in _LATE:
                raise
            return
        if way == "confirm":
            self._said_yes.add(pledge["id"])

    async def _pledges(self, need: str) -> list[dict[str, Any]]:
        return await self._scene.items(f"/v1/needs/{need}/pledges?limit=100", self._scene.organiser)

    async def _sum_up(self, pledges: Sequence[dict[str, Any]]) -> None:
        report = self._report
        kept = [each for each in pledges if each["status"] in {"pledged", "delivered"}]
        report.accepted = len(kept)
        report.expired = sum(each["status"] == "expired" for each in pledges)
        report.held = sum(each["status"] == "held" for each in pledges)
        report.declined = len(pledges) - report.accepted - report.expired - report.held
        report.broken_words = len(self._said_yes - {each["id"] for each in kept})
        await together(_deliver(self._scene, each) for each in kept)


async def _need(scene: Scene, kind: str, unit: str, quantity: int, about: object) -> str:
    body = {
        "campaign_id": scene.campaign,
        "title": f"{unit.capitalize()} wanted ({about})",
        "kind": kind,
        "quantity": quantity,
        "unit": unit,
    }
    return str((await scene.write(scene.organiser, "/v1/needs", body, "need", kind, about))["id"])


async def _offer(scene: Scene, name: str, kind: str, unit: str, quantity: int) -> str:
    body = {"campaign_id": scene.campaign, "kind": kind, "unit": unit, "quantity": quantity}
    return str((await scene.write(scene.who(name), "/v1/pledges", body, "offer", name))["id"])


async def _deliver(scene: Scene, pledge: dict[str, Any]) -> None:
    body = {"quantity": pledge["quantity"]}
    await scene.write(scene.organiser, f"/v1/pledges/{pledge['id']}/deliver", body, "deliver", pledge["id"])
