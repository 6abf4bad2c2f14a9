"""Where a stream of work happens: a campaign of a run, the people in it, and how they ask."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar

from msgspec import Struct

from deploy.front_door import FrontDoor, RefusedError, Who

T = TypeVar("T")

_NOT_YET: Final = frozenset({403, 404})
_ATTEMPTS: Final = 20
_PAUSE_S: Final = 0.5
_SETTLED_S: Final = 30.0


class Finding(Struct, frozen=True):
    """Something that must hold, at how many things it was looked for, and at how many it does not."""

    what: str
    looked_at: int
    broken: int

    @property
    def holds(self) -> bool:
        """Whether it does; what was looked for nowhere does not."""
        return self.looked_at > 0 and self.broken == 0


def finding(what: str, held: list[bool]) -> Finding:
    """Count where it holds."""
    return Finding(what, len(held), held.count(False))


class Scene:
    """A campaign of a run; every request has a key made of the run and of what it is about."""

    def __init__(self, door: FrontDoor, campaign: str, organiser: Who, run: str) -> None:
        """Take where and who; nothing is sent."""
        self.door = door
        self.campaign = campaign
        self.organiser = organiser
        self._run = run

    def who(self, name: str, *roles: str) -> Who:
        """Somebody of this run."""
        return Who(f"{name}-of-{self._run}", roles or ("resident",))

    async def write(self, who: Who, path: str, body: Mapping[str, Any], *about: object, method: str = "POST") -> Any:  # noqa: ANN401 -- JSON
        """Ask, and ask again where a service may not have heard yet of what another one decided; that no is no fact."""
        key = "-".join(["scene", self._run, *map(str, about)])
        for attempt in range(_ATTEMPTS):
            try:
                return (await self.door.write(who, path, body, f"{key}-{attempt}", method=method)).json()
            except RefusedError as refused:
                if refused.status not in _NOT_YET or attempt == _ATTEMPTS - 1:
                    raise
            await asyncio.sleep(_PAUSE_S)
        raise AssertionError("the last attempt returns or raises")

    async def items(self, path: str, who: Who | None = None) -> list[dict[str, Any]]:
        """A whole list."""
        return [item async for item in self.door.items(path, who)]


async def open_scene(door: FrontDoor, run: str) -> Scene:
    """Open and launch the campaign of all that is no parcel and no meal."""
    organiser = Who(f"organiser-of-{run}", ("organiser",))
    scene = Scene(door, "", organiser, run)
    body = {
        "name": f"#BrumTogether, the rest of replay {run}",
        "slug": f"rest-{run}",
        "summary": "Open doors, offers and promises, made by chance; nobody and nothing in it is real.",
    }
    campaign = (await scene.write(organiser, "/v1/campaigns", body, "campaign"))["id"]
    await scene.write(organiser, f"/v1/campaigns/{campaign}/launch", {}, "launch")
    return Scene(door, campaign, organiser, run)


async def settled(look: Callable[[], Awaitable[T]], is_right: Callable[[T], bool]) -> T:
    """What is read in the end: another replica than the one that wrote may answer, and some things follow by steps."""
    end = time.monotonic() + _SETTLED_S
    while True:
        seen = await look()
        if is_right(seen) or time.monotonic() > end:
            return seen
        await asyncio.sleep(_PAUSE_S)
