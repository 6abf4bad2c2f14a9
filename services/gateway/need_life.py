"""Writes on what a need goes through: it is paused, hidden, written off."""

from typing import Final

from services.gateway.bodies import Body
from services.gateway.campaigns import Nothing
from services.gateway.commands import Build, Write
from services.gateway.fields import Reason
from services.gateway.pledges import Pledge, own_reason
from shared.contracts.message import Command
from shared.contracts.pledges import (
    HideNeed,
    NeedState,
    PauseNeed,
    ResumeNeed,
    UnhideNeed,
    WriteOffNeed,
    WriteOffPledge,
)


class WritingOff(Body):
    """Why it is not awaited any more; told to the donors and those who manage the need."""

    reason: Reason


def _act(
    name: str, summary: str, command: type[Command], build: Build, *problems: str, body: type[Body] = Nothing
) -> Write:
    return Write(
        method="POST",
        path=f"/v1/needs/{{need_id}}/{name}",
        summary=summary,
        service="pledges",
        body=body,
        command=command,
        build=build,
        answers={200: NeedState},
        tag="needs",
        problems=problems,
    )


WRITES: Final = (
    _act("pause", "Take no more pledges for now", PauseNeed, lambda wish: PauseNeed(wish.id), "need-wrong-state"),
    _act(
        "resume",
        "Undo a pause",
        ResumeNeed,
        lambda wish: ResumeNeed(wish.id),
        "need-wrong-state",
        "campaign-not-live",
    ),
    _act("hide", "Take a need out of sight, everywhere at once", HideNeed, lambda wish: HideNeed(wish.id)),
    _act("unhide", "Show a need again", UnhideNeed, lambda wish: UnhideNeed(wish.id)),
    _act(
        "write-off",
        "Close a need and give up what was promised and never came",
        WriteOffNeed,
        lambda wish: WriteOffNeed(wish.id, wish.body.reason),
        "nothing-to-write-off",
        body=WritingOff,
    ),
    Write(
        method="POST",
        path="/v1/pledges/{pledge_id}/write-off",
        summary="Give up what was promised and never came",
        service="pledges",
        body=WritingOff,
        command=WriteOffPledge,
        build=lambda wish: WriteOffPledge(wish.id.partition(".")[0], wish.id, wish.body.reason),
        answers={200: Pledge},
        tag="pledges",
        problems=("pledge-not-active", "pledge-wrong-state"),
        echo=own_reason,
    ),
)
