"""Pages of things that read otherwise from one instant to the next."""

from msgspec.structs import replace

from services.gateway.lists import Shape, Wanted
from services.gateway.view_store import Page, Positions, ViewStore

_CALLS = 10


async def page(store: ViewStore, asked: Wanted, shape: Shape, now: str) -> tuple[Page, str]:
    """A page as it reads now, and until when that holds, for what was left out, too; empty without anything on it.

    It may come out short, with where to go on, if little of a long list fits.
    """
    bodies: list[bytes] = []
    until = ""
    positions, ask = Positions(), asked.ask
    for _ in range(_CALLS):
        found = await store.page(replace(ask, limit=asked.ask.limit - len(bodies)))
        positions = positions or found.positions
        ask = replace(ask, after=found.after)
        for body in found.bodies:
            read, holds = shape(body, now, asked.chosen)
            until = min(until or holds, holds)
            if read is not None:
                bodies.append(read)
        if not ask.after or len(bodies) >= ask.limit:
            break
    return Page(positions, ask.after, bodies), until
