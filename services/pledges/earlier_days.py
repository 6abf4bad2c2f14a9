"""Plans for needs whose day was set when days were not planned yet."""

from typing import Final

from services.pledges import documents, escalation
from shared.contracts.pledges import COMMANDS, EscalateNeed, NeedState
from shared.due import Calendar, due
from shared.mongo import Client, Database, add_up, by_id, find
from shared.ports import Due

STEP: Final = 200
"""Needs that are looked at at a time."""
_MARK: Final = "days"


class EarlierDays:
    """Needs with a `by`, looked through once."""

    def __init__(self, database: Database, calendar: Calendar) -> None:
        """Use the service's database and its calendar."""
        self._needs = database.needs
        self._marks = database.marks
        self._calendar = calendar

    async def catch_up(self, client: Client) -> None:
        """Plan the steps of every day that is set; cut short, or done by two at once, it is the same again.

        A step that was planned before, or taken by somebody meanwhile, finds nothing to do by the need's state.
        """
        if await by_id(self._marks, [_MARK]):
            return
        last = ""
        while found := await find(
            self._needs, {"_id": {"$gt": last}, "by": {"$gt": ""}}, sort=[("_id", 1)], limit=STEP
        ):
            last = found[-1]["_id"]
            await self._calendar.add_missing(
                plan for document in found for plan in _plans(documents.need_state(document))
            )
        await client.transact(lambda session: add_up(self._marks, session, [({"_id": _MARK}, {"done": 1})]))


def _plans(state: NeedState) -> list[Due]:
    return [
        due(COMMANDS, later.command, f"{state.id}/{later.command.urgency}", later.at)
        for later in escalation.steps(state)
        if isinstance(later.command, EscalateNeed)
    ]
