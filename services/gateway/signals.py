"""Writes on signals, and reading them: what people noticed, and what organisers and partners make of it."""

from typing import Any, Final

from msgspec import Struct

from services.gateway.bodies import Body
from services.gateway.commands import Wish, Write
from services.gateway.fields import Id, Note, Quantity, Reason, Unit, Ward, existing, sent
from services.gateway.idempotency import new_id
from services.gateway.needs import NeedFields
from services.gateway.personal import Personal
from services.gateway.table import PATTERNS, Route
from shared.contracts.pledges import (
    DismissSignal,
    Kind,
    MergeSignal,
    NeedState,
    Promoted,
    PromoteSignal,
    ReportSignal,
    SignalStatus,
)

_PLACE: Final = "/v1/signals/{signal_id}"


class Signal(Struct, frozen=True):
    """A signal with its words: `text` its proposer's, `reason` why nothing was made of it."""

    id: str
    version: int
    created_at: str
    updated_at: str
    campaign_id: str
    kind: Kind
    ward: str | None
    quantity: int | None
    unit: str | None
    status: SignalStatus
    need_id: str | None
    merged_into: str | None
    text: str | None = None
    reason: str | None = None


class Signals(Struct, frozen=True):
    """A page of signals."""

    items: tuple[Signal, ...]
    next: str | None


class Warm(Struct, frozen=True):
    """How many signals of a kind there are in a ward."""

    ward: str | None
    kind: Kind
    signals: int


class Heat(Struct, frozen=True):
    """Where most was noticed first; groups of fewer than five are left out."""

    items: tuple[Warm, ...]


class NewSignal(Body):
    """Something that may be needed; `quantity` is an estimate, and `text` is for who looks into it alone."""

    campaign_id: Id
    kind: Kind
    text: Note
    ward: Ward | None = None
    quantity: Quantity | None = None
    unit: Unit | None = None


class Promotion(NeedFields):
    """The need that the signal becomes, in the signal's campaign."""


class Dismissal(Body):
    """Why nothing is made of it; its proposer can read that."""

    reason: Reason


class Merger(Body):
    """The signal that tells the same."""

    into: Id


def report(wish: Wish[NewSignal]) -> ReportSignal:
    """Make the command of a new signal."""
    fields = sent(wish.body)
    campaign = existing(PATTERNS["campaign_id"], fields.pop("campaign_id"), "/campaign_id")
    return ReportSignal(signal_id=new_id("signal", wish.command_id), campaign_id=campaign, **fields)


def promote(wish: Wish[Promotion]) -> PromoteSignal:
    """Make the command that promotes."""
    return PromoteSignal(wish.id, Promoted(need_id=new_id("need", wish.command_id), **sent(wish.body)))


def _text(body: NewSignal, _: dict[str, Any]) -> dict[str, Any]:
    return {"text": body.text}


def _reason(body: Dismissal, _: dict[str, Any]) -> dict[str, Any]:
    return {"reason": body.reason}


WRITES: Final = (
    Write(
        method="POST",
        path="/v1/signals",
        summary="Tell organisers and partners of something that may be needed",
        service="pledges",
        body=NewSignal,
        command=ReportSignal,
        build=report,
        answers={201: Signal},
        tag="signals",
        problems=("campaign-not-live",),
        echo=_text,
    ),
    Write(
        method="POST",
        path=f"{_PLACE}/promote",
        summary="Make a need of a signal",
        service="pledges",
        body=Promotion,
        command=PromoteSignal,
        build=promote,
        answers={201: NeedState},
        tag="signals",
        problems=("campaign-not-live", "signal-wrong-state"),
    ),
    Write(
        method="POST",
        path=f"{_PLACE}/dismiss",
        summary="Make nothing of a signal",
        service="pledges",
        body=Dismissal,
        command=DismissSignal,
        build=lambda wish: DismissSignal(wish.id, wish.body.reason),
        answers={200: Signal},
        tag="signals",
        problems=("signal-wrong-state",),
        echo=_reason,
    ),
    Write(
        method="POST",
        path=f"{_PLACE}/merge",
        summary="Say that another signal tells the same",
        service="pledges",
        body=Merger,
        command=MergeSignal,
        build=lambda wish: MergeSignal(wish.id, existing(PATTERNS["signal_id"], wish.body.into, "/into")),
        answers={200: Signal},
        tag="signals",
        problems=("signal-wrong-state",),
    ),
)


def reads(personal: Personal) -> list[Route]:
    """Signals, as the pledges service answers to who told of them and who works in the campaign."""
    return [
        personal.one(
            path=_PLACE,
            summary="A signal, to who told of it, organisers and partners",
            service="pledges",
            ask=lambda ids: f"/signals/{ids[0]}",
            answers=Signal,
            tag="signals",
        ),
        personal.list(
            path="/v1/campaigns/{campaign_id}/signals",
            summary="The signals of a campaign, to its organisers and partners",
            service="pledges",
            ask=lambda ids: f"/campaigns/{ids[0]}/signals",
            answers=Signals,
            tag="signals",
        ),
        personal.one(
            path="/v1/campaigns/{campaign_id}/signals/heat",
            summary="Where signals are many, by ward and kind, to organisers and partners",
            service="pledges",
            ask=lambda ids: f"/campaigns/{ids[0]}/signals/heat",
            answers=Heat,
            tag="signals",
        ),
    ]
