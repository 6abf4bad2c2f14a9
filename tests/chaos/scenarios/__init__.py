"""Scenarios with a name: each brings about one thing that may go wrong, and says in its docstring what is promised.

A scenario leaves the rig as it found it. What it returns is a sentence with its figures; if what was promised does
not hold it raises AssertionError with a sentence that says so.
"""

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final

from msgspec import Struct

from tests.chaos.rig import Rig
from tests.chaos.scenarios.bad_records import largest_dead_letter, poison_facts
from tests.chaos.scenarios.crash_points import crash_points
from tests.chaos.scenarios.in_transaction import killed_in_transaction, stopped_in_transaction
from tests.chaos.scenarios.public_log import public_projector_killed, public_projector_paused
from tests.chaos.scenarios.redis_past import redis_back_in_time
from tests.chaos.scenarios.repeats import gateway_killed_after_append, one_key_two_bodies
from tests.chaos.scenarios.rewound import offsets_set_back
from tests.chaos.scenarios.stage import Stage

Scenario = Callable[[Stage], Awaitable[str]]

SCENARIOS: Final[Mapping[str, Scenario]] = {
    scenario.__name__: scenario
    for scenario in (
        one_key_two_bodies,
        poison_facts,
        largest_dead_letter,
        killed_in_transaction,
        stopped_in_transaction,
        gateway_killed_after_append,
        public_projector_killed,
        public_projector_paused,
        redis_back_in_time,
        offsets_set_back,
        crash_points,
    )
}
"""By name, the quick ones first."""


class Played(Struct, frozen=True):
    """How a scenario went: `line` tells its figures, or what did not hold."""

    name: str
    held: bool
    line: str
    seconds: float


async def play(rig: Rig, names: Iterable[str] = SCENARIOS, *, say: Callable[[str], None] = print) -> list[Played]:
    """Play scenarios on a rig that is ready, one after the other, and say a line of each; C1 to C5 hold after each."""
    found = []
    async with Stage(rig) as stage:
        for name in names:
            began = time.monotonic()
            rig.history.write("fault", name=name, phase="begin", target="scenario")
            held, line = await _one(stage, SCENARIOS[name])
            rig.history.write("fault", name=name, phase="quiet", target="scenario", held=held, line=line)
            played = Played(name, held, line, time.monotonic() - began)
            say(f"{'holds' if held else 'FAILS'}  {name} ({played.seconds:.0f} s): {line}")
            found.append(played)
    return found


async def _one(stage: Stage, scenario: Scenario) -> tuple[bool, str]:
    try:
        line = await scenario(stage)
        await _mended(stage)
        await stage.check()
    except (AssertionError, TimeoutError, BaseExceptionGroup) as error:
        line = _sentence(error)
        await _mended(stage)
        return False, line
    return True, line


async def _mended(stage: Stage) -> None:
    """Whatever was left dead or still lives again."""
    for child in stage.rig.processes.values():
        child.cont()
        await child.start()
    await stage.rig.ready()


def _sentence(error: BaseException) -> str:
    """What did not hold; anything but a broken promise is a fault of the scenario, and goes on up."""
    match error:
        case BaseExceptionGroup():
            return "; ".join(_sentence(each) for each in error.exceptions)
        case AssertionError() | TimeoutError():
            return str(error) or type(error).__name__
        case _:
            raise error
