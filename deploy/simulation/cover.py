"""Drop-outs of a shift: some give their place back, which others take; some look for somebody who stands in."""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct

from deploy.front_door import Who, together
from deploy.simulation.scene import Scene

DROPPING: Final = 5
"""Who gives a place back, of each shift; and of the first shift who asks for cover."""


class Shift(Struct):
    """A shift, who stands on it, and who wanted to and found no place."""

    path: str
    on: list[Who] = []
    without: list[Who] = []


async def stand_in(scene: Scene, shifts: Sequence[Shift], dropping: int) -> tuple[int, int]:
    """Let them drop out; gives how many places others took again, and how many found somebody to stand in."""
    people: dict[str, Who] = {}

    async def know(who: Who) -> None:
        people[(await scene.door.read("/v1/me", who) or {})["id"]] = who

    await together(know(who) for shift in shifts for who in (*shift.on, *shift.without))
    retaken = 0
    for shift in shifts:
        shift.on.sort()
        shift.without.sort()
        going, shift.on = shift.on[:dropping], shift.on[dropping:]
        for gone, coming in zip(going, shift.without[:dropping], strict=True):
            await scene.write(gone, f"{shift.path}/assignments/me", {}, "gone", gone.sub, method="DELETE")
            await scene.write(coming, f"{shift.path}/assignments", {}, "instead", coming.sub)
            shift.on.append(coming)
            retaken += 1
    covered = 0
    for tired in shifts[0].on[:dropping]:
        covered += await _covered(scene, shifts[0], tired, people)
    return retaken, covered


async def _covered(scene: Scene, shift: Shift, tired: Who, people: dict[str, Who]) -> bool:
    """Ask for cover; the first of those who are asked says yes. Whether the place has changed hands."""
    mine = await scene.write(tired, f"{shift.path}/assignments/me/cover", {}, "cover", tired.sub)
    for asked in await _places(scene, shift):
        if asked["status"] == "asked" and (await _place(scene, shift, mine["id"]))["status"] != "covered":
            helper = people[asked["person"]]
            await scene.write(helper, f"{shift.path}/assignments/me/confirm", {}, "stands-in", helper.sub)
            break
    return bool((await _place(scene, shift, mine["id"]))["status"] == "covered")


async def _place(scene: Scene, shift: Shift, name: str) -> dict[str, Any]:
    return next(each for each in await _places(scene, shift) if each["id"] == name)


async def _places(scene: Scene, shift: Shift) -> list[dict[str, Any]]:
    return await scene.items(f"{shift.path}/assignments?limit=100", scene.organiser)
