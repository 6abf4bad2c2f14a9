"""Writes on what a need goes through: it is paused, hidden, written off, shared with other partners."""

from typing import Final

from services.gateway.bodies import Body
from services.gateway.campaigns import Nothing
from services.gateway.commands import Build, Wish, Write
from services.gateway.fields import Id, Reason, existing
from services.gateway.pledge_shapes import Pledge
from services.gateway.pledges import own_reason
from services.gateway.table import PATTERNS, Parameter
from shared.contracts.message import Command
from shared.contracts.pledges import (
    AddOwner,
    HideNeed,
    NeedState,
    PauseNeed,
    RemoveOwner,
    ResumeNeed,
    UnhideNeed,
    WriteOffNeed,
    WriteOffPledge,
)


class WritingOff(Body):
    """Why it is not awaited any more; told to the donors and those who manage the need."""

    reason: Reason


class Owner(Body):
    """A partner of the need's campaign."""

    partner_id: Id


def _partner(wish: Wish[Owner]) -> str:
    return existing(PATTERNS["partner_id"], wish.body.partner_id, "/partner_id")


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
    _act(
        "owners",
        "Let a partner of the campaign own the need, too",
        AddOwner,
        lambda wish: AddOwner(wish.id, _partner(wish)),
        "not-partner",
        "too-many-owners",
        body=Owner,
    ),
    Write(
        method="DELETE",
        path="/v1/needs/{need_id}/owners",
        summary="Take that back; the partner that the need was opened for stays",
        service="pledges",
        body=Owner,
        command=RemoveOwner,
        build=lambda wish: RemoveOwner(wish.id, _partner(wish)),
        answers={200: NeedState},
        tag="needs",
        problems=("owner-stays",),
        query=(Parameter("partner_id", "Which, for clients that send no body with DELETE."),),
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
