"""Writes on pledges, and reading one."""

from typing import Annotated, Any, Final, Protocol

from msgspec import Struct
from pydantic import Field

from services.gateway.bodies import Body
from services.gateway.campaigns import Nothing
from services.gateway.commands import Echo, Wish, Write
from services.gateway.fields import Id, Note, Quantity, Reason, existing
from services.gateway.idempotency import suffix
from services.gateway.personal import Personal
from services.gateway.table import PATTERNS, Route
from shared.contracts.pledges import (
    AcceptDelivery,
    ChangePledge,
    ConfirmPledge,
    CorrectDelivery,
    DeliverPledge,
    Delivery,
    Kind,
    MakePledge,
    OfPledge,
    PledgeStatus,
    ReleasePledge,
    WithdrawPledge,
)

_PLACE: Final = "/v1/pledges/{pledge_id}"


class Pledge(Struct, frozen=True):
    """A pledge as donor and organisers read it; an anonymous `donor` is told to nobody else.

    `note` (the donor's) and `reason` (why it was withdrawn or released) are in reads, and in the answer to who
    wrote them.
    """

    id: str
    version: int
    revision: int
    created_at: str
    updated_at: str
    need_id: str
    campaign_id: str
    kind: Kind
    unit: str
    donor: str | None
    anonymous: bool
    quantity: int
    status: PledgeStatus
    held_until: str | None
    delivered_quantity: int
    deliveries: tuple[Delivery, ...]
    note: str | None = None
    reason: str | None = None


class Pledges(Struct, frozen=True):
    """A page of pledges."""

    items: tuple[Pledge, ...]
    next: str | None


class NewPledge(Body):
    """A promise; with `hold_minutes` it is set aside until then and has to be confirmed."""

    need_id: Id
    quantity: Quantity
    hold_minutes: Annotated[int, Field(ge=1, le=1_440)] | None = None
    note: Note | None = None
    anonymous: bool = False


class Amount(Body):
    """How much, in the need's unit."""

    quantity: Quantity


class Corrected(Body):
    """How much it was indeed, 0 for nothing, and why that was wrong before."""

    quantity: Annotated[int, Field(ge=0, le=1_000_000_000)]
    reason: Reason


class Withdrawing(Body):
    """Why, if the donor wants to say."""

    reason: Reason | None = None


class Releasing(Body):
    """Why the donor is let off."""

    reason: Reason


def create(wish: Wish[NewPledge]) -> MakePledge:
    """Make the command of a new pledge."""
    body = wish.body
    need = existing(PATTERNS["need_id"], body.need_id, "/need_id")
    return MakePledge(
        need_id=need,
        pledge_id=f"{need}.{suffix(wish.command_id)}",
        quantity=body.quantity,
        hold_minutes=body.hold_minutes,
        note=body.note,
        anonymous=body.anonymous,
    )


class Reasoned(Protocol):
    """A body that may say why."""

    @property
    def reason(self) -> str | None:
        """Why."""
        ...


def own_note(body: NewPledge, _: dict[str, Any]) -> dict[str, Any]:
    """The note that the caller wrote just now, which facts and outcomes keep to themselves."""
    return {"note": body.note}


def own_reason(body: Reasoned, _: dict[str, Any]) -> dict[str, Any]:
    """The reason, likewise."""
    return {"reason": body.reason}


def _on(wish: Wish[Any]) -> tuple[str, str]:
    """The need and the pledge that the path names."""
    pledge = wish.ids[0]
    return pledge.partition(".")[0], pledge


def _change(wish: Wish[Amount]) -> ChangePledge:
    return ChangePledge(*_on(wish), wish.body.quantity, wish.revision)


def _accept(wish: Wish[Nothing]) -> AcceptDelivery:
    return AcceptDelivery(*_on(wish), int(wish.ids[1]))


def _correct(wish: Wish[Corrected]) -> CorrectDelivery:
    return CorrectDelivery(*_on(wish), int(wish.ids[1]), wish.body.quantity, wish.body.reason)


def _act(
    act: str,
    summary: str,
    body: type[Body],
    command: type[OfPledge],
    build: Any,  # noqa: ANN401 -- takes the wish of its own body
    *problems: str,
    echo: Echo | None = None,
) -> Write:
    """One of the acts on a pledge: all answer with the pledge."""
    return Write(
        method="POST",
        path=f"{_PLACE}/{act}",
        summary=summary,
        service="pledges",
        body=body,
        command=command,
        build=build,
        answers={200: Pledge},
        tag="pledges",
        problems=problems,
        echo=echo,
    )


WRITES: Final = (
    Write(
        method="POST",
        path="/v1/pledges",
        summary="Promise something to a need",
        service="pledges",
        body=NewPledge,
        command=MakePledge,
        build=create,
        answers={201: Pledge},
        tag="pledges",
        problems=("not-enough-left", "need-not-open"),
        echo=own_note,
    ),
    Write(
        method="PATCH",
        path=_PLACE,
        summary="Change the quantity",
        service="pledges",
        body=Amount,
        command=ChangePledge,
        build=_change,
        answers={200: Pledge},
        tag="pledges",
        problems=("not-enough-left", "less-than-delivered", "pledge-not-active", "revision-mismatch"),
    ),
    _act(
        "confirm",
        "Make a hold a promise",
        Nothing,
        ConfirmPledge,
        lambda wish: ConfirmPledge(*_on(wish)),
        "hold-expired",
        "pledge-wrong-state",
    ),
    _act(
        "deliver",
        "Tell of a delivery: by the organiser it counts, by the donor when accepted",
        Amount,
        DeliverPledge,
        lambda wish: DeliverPledge(*_on(wish), wish.body.quantity),
        "more-than-pledged",
        "pledge-wrong-state",
    ),
    _act(
        "deliveries/{n}/accept",
        "Count a delivery that the donor reported",
        Nothing,
        AcceptDelivery,
        _accept,
        "more-than-pledged",
        "pledge-wrong-state",
    ),
    _act(
        "deliveries/{n}/correct",
        "Put the quantity of a delivery right",
        Corrected,
        CorrectDelivery,
        _correct,
        "more-than-pledged",
        "not-enough-left",
    ),
    _act(
        "withdraw",
        "Take back what is not delivered",
        Withdrawing,
        WithdrawPledge,
        lambda wish: WithdrawPledge(*_on(wish), wish.body.reason),
        "pledge-not-active",
        "pledge-wrong-state",
        echo=own_reason,
    ),
    _act(
        "release",
        "Let the donor off what is not delivered",
        Releasing,
        ReleasePledge,
        lambda wish: ReleasePledge(*_on(wish), wish.body.reason),
        "pledge-not-active",
        "pledge-wrong-state",
        echo=own_reason,
    ),
)


def reads(personal: Personal) -> list[Route]:
    """What the pledges service answers to donor and organisers."""
    return [
        personal.one(
            path=_PLACE,
            summary="A pledge, to its donor and to the need's organisers",
            service="pledges",
            ask=lambda ids: f"/pledges/{ids[0]}",
            answers=Pledge,
            tag="pledges",
        )
    ]
