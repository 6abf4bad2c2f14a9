"""What the needs of a campaign, the pledges on them and its totals say of each other."""

from typing import Any

from msgspec import Struct

from deploy.front_door import together
from deploy.simulation.scene import Finding, Scene, finding, settled


def is_even(need: dict[str, Any]) -> bool:
    """Whether a need's figures come out even, and nothing is delivered that was not pledged."""
    parts = (need["uncommitted"], need["held"], need["pledged"])
    beyond = need["over"] if need["limit"] == "soft" else 0
    adds_up = need["quantity"] + beyond == sum(parts) and min(parts) >= 0
    return bool(adds_up and 0 <= need["delivered"] <= need["pledged"])


class Sums(Struct, frozen=True):
    """The needs of a campaign, what was delivered on the pledges of each, and the totals that everybody reads."""

    needs: tuple[dict[str, Any], ...]
    delivered: dict[str, int]
    totals: dict[str, int]

    def findings(self) -> list[Finding]:
        """What must hold of them."""
        return [
            finding("even, nothing delivered that was not pledged", self._even()),
            finding("delivered = the sum of deliveries", self._added_up()),
            finding("totals = the sum of deliveries", self._totalled()),
        ]

    def are_right(self) -> bool:
        """Whether all of that holds."""
        return all(found.holds for found in self.findings())

    def _even(self) -> list[bool]:
        return [is_even(need) for need in self.needs]

    def _added_up(self) -> list[bool]:
        return [need["delivered"] == self.delivered[need["id"]] for need in self.needs]

    def _totalled(self) -> list[bool]:
        kinds = {need["kind"] for need in self.needs}
        summed = {
            kind: sum(self.delivered[each["id"]] for each in self.needs if each["kind"] == kind) for kind in kinds
        }
        return [summed[kind] == self.totals.get(kind, 0) for kind in sorted(kinds)]


async def sums(scene: Scene) -> Sums:
    """Read them, for a while also again."""
    return await settled(lambda: _read(scene), Sums.are_right)


async def _read(scene: Scene) -> Sums:
    needs = await scene.items(f"/v1/needs?campaign={scene.campaign}&limit=100")
    delivered: dict[str, int] = {}

    async def add_up(need: str) -> None:
        pledges = await scene.items(f"/v1/needs/{need}/pledges?limit=100", scene.organiser)
        brought = [delivery for pledge in pledges for delivery in pledge["deliveries"]]
        delivered[need] = sum(each["quantity"] for each in brought if each["status"] == "confirmed")

    await together(add_up(need["id"]) for need in needs)
    found = await scene.door.read(f"/v1/campaigns/{scene.campaign}")
    return Sums(tuple(needs), delivered, found["totals"]["delivered"] if found else {})
