"""All families together: which service owns which commands and facts."""

from typing import Final

from shared.contracts import events, notifications, pledges
from shared.contracts.message import Command, Fact, Family

COMMANDS: Final[dict[str, Family[Command]]] = {
    family.owner: family for family in (events.COMMANDS, pledges.COMMANDS, notifications.COMMANDS)
}
FACTS: Final[dict[str, Family[Fact]]] = {
    family.owner: family for family in (events.FACTS, pledges.FACTS, notifications.FACTS)
}
