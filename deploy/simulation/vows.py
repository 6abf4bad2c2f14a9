"""Commitments to the shared vision: some shown to be kept by a link, some by what was delivered, some by nothing."""

from typing import Any, Final, Literal

from msgspec import Struct

from deploy.front_door import together
from deploy.season.invented import MOST, organisation
from deploy.simulation.plan import scaled
from deploy.simulation.scene import Finding, Scene, settled

OF_EACH: Final = 10
"""Partners that show a link, that deliver, and of whom nothing is seen."""

Way = Literal["link", "delivery", "nothing"]
WAYS: Final[tuple[Way, ...]] = ("link", "delivery", "nothing")

_REVIEW: Final = "2099-12-31"
_OVER: Final = "2026-01-31"
"""A day of review that was over before the run began."""
_PRINCIPLE: Final = 5
_MEALS: Final = 4


class VowsReport(Struct):
    """What everybody reads of the commitments."""

    of_each: int
    linked: int = 0
    delivered: int = 0
    stale: int = 0

    def rows(self) -> list[tuple[str, str]]:
        """The figures."""
        return [
            ("commitments", f"{len(WAYS) * self.of_each:,}"),
            ("shown by a link", f"{self.linked:,}"),
            ("shown by a delivery", f"{self.delivered:,}"),
            ("gone stale", f"{self.stale:,}"),
        ]

    def findings(self) -> list[Finding]:
        """What must hold of them."""
        made = len(WAYS) * self.of_each
        right = self.linked + self.delivered + self.stale
        return [Finding("current with evidence, stale without", made, made - right)]


def of_each(scale: float) -> int:
    """How many of each at a scale."""
    return min(MOST // len(WAYS), scaled(OF_EACH, scale))


async def commit(scene: Scene, each: int) -> VowsReport:
    """Make them all, and wait for what becomes of them."""
    report = VowsReport(each)
    need = await _meals(scene, each * _MEALS)
    ids: dict[Way, list[str]] = {way: [] for way in WAYS}

    async def vow(number: int) -> None:
        way = WAYS[number % len(WAYS)]
        ids[way].append(await _vow(scene, way, number, need))

    await together(vow(number) for number in range(len(WAYS) * each))

    async def look() -> tuple[int, int, int]:
        path = f"/v1/commitments?campaign={scene.campaign}&limit=100"
        known = {item["id"]: item for item in await scene.items(path)}
        return (
            sum(_is_shown(known.get(name), "link") for name in ids["link"]),
            sum(_is_shown(known.get(name), "delivery") for name in ids["delivery"]),
            sum((known.get(name) or {}).get("status") == "stale" for name in ids["nothing"]),
        )

    report.linked, report.delivered, report.stale = await settled(look, lambda seen: seen == (each, each, each))
    return report


async def _meals(scene: Scene, quantity: int) -> str:
    body = {
        "campaign_id": scene.campaign,
        "title": "Meals for one more at the table",
        "kind": "meal",
        "quantity": quantity,
        "unit": "meals",
        "principles": [_PRINCIPLE],
    }
    return str((await scene.write(scene.organiser, "/v1/needs", body, "meals"))["id"])


async def _vow(scene: Scene, way: Way, number: int, need: str) -> str:
    """An organisation joins, commits itself, and does something or nothing; gives the commitment's id."""
    name, sector = organisation(number)
    who = scene.who(f"committed-{number:02}", "partner")
    joining = {"name": name, "sector": sector}
    await scene.write(who, f"/v1/campaigns/{scene.campaign}/partners", joining, "joining", number)
    body = {
        "campaign_id": scene.campaign,
        "organisation": name,
        "principles": [_PRINCIPLE],
        "actions": ["Lay one more place at the table."],
        "review_on": _OVER if way == "nothing" else _REVIEW,
    }
    vow = str((await scene.write(who, "/v1/commitments", body, "vow", number))["id"])
    if way == "link":
        shown = {"kind": "link", "ref": f"https://example.org/made-up/{number}"}
        await scene.write(who, f"/v1/commitments/{vow}/evidence", shown, "evidence", number)
    if way == "delivery":
        pledged = {"need_id": need, "quantity": _MEALS}
        pledge = (await scene.write(who, "/v1/pledges", pledged, "meals", number))["id"]
        brought = {"quantity": _MEALS}
        await scene.write(scene.organiser, f"/v1/pledges/{pledge}/deliver", brought, "brought", number)
    return vow


def _is_shown(vow: dict[str, Any] | None, kind: str) -> bool:
    return vow is not None and vow["status"] == "current" and any(one["kind"] == kind for one in vow["evidence"])
