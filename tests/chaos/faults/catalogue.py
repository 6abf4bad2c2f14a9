"""All faults by name, in the order in which they strike."""

from typing import Final

from tests.chaos.faults import pairs, parts, pauses, poison, redelivery, replicas, rolling, views_lost
from tests.chaos.nemesis import Fault, Nemesis

FAULTS: Final = {
    fault.name: fault
    for fault in (
        Fault("F1", "kill -9 of Kafka, MongoDB, Redis", parts.run),
        Fault("F2", "kill -9 of every process", replicas.run),
        Fault("F3", "processes that stand still", pauses.run),
        Fault("F6", "SIGTERM of every process in turn", rolling.run),
        Fault("F9", "commands delivered again", redelivery.run),
        Fault("F10", "poison in command and fact topics", poison.run),
        Fault("F12", "Redis emptied, lost, set back", views_lost.run),
    )
}

PAIRS: Final = Fault("pairs", "two blows at once", pairs.run)
"""What comes after several rounds."""


async def _kafka(nemesis: Nemesis) -> None:
    await parts.away(nemesis, "kafka", parts.AWAY_S[0])


async def _pledges(nemesis: Nemesis) -> None:
    await replicas.back_by_itself(nemesis, "pledges-1")


SMOKE: Final = (
    Fault("F1", "kill -9 of Kafka", _kafka),
    Fault("F2", "kill -9 of a replica of pledges", _pledges),
    Fault("F9", "commands appended again", redelivery.append_again),
    Fault("F10", "poison in command and fact topics", poison.run),
)
"""One each of the kinds that break most, in minutes."""
