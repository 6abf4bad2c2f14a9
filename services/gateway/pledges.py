"""Writes on pledges, and reading one."""

from typing import Annotated, Any, Final, Protocol

from pydantic import Field

from services.gateway import offers
from services.gateway.bodies import Body
from services.gateway.campaigns import Nothing
from services.gateway.commands import Echo, Wish, Write
from services.gateway.fields import Currency, Id, Instant, LocalTime, Note, Quantity, Reason, Unit, existing
from services.gateway.idempotency import suffix
from services.gateway.personal import Personal
from services.gateway.pledge_shapes import Pledge
from services.gateway.sessions import Sessions, starts
from services.gateway.table import PATTERNS, Route
from shared.contracts.pledges import (
    AcceptDelivery,
    ChangeOffer,
    ChangePledge,
    ConfirmPledge,
    CorrectDelivery,
    DeliverPledge,
    Kind,
    MakeOffer,
    MakePledge,
    OfPledge,
    ReleaseOffer,
    ReleasePledge,
    WithdrawOffer,
    WithdrawPledge,
)

_PLACE: Final = "/v1/pledges/{pledge_id}"


class NewPledge(Body):
    """A promise to a need, or an offer to a campaign.

    To a need: with `hold_minutes` it is set aside until then and has to be confirmed. To a campaign: of which `kind`
    it is and in which `unit` it is counted (money in `pence`, with its `currency`).
    `place` (of a need for space) is for donor and organisers alone; `sessions` are of time and skill, `mentoring` of
    skill in several sessions.
    """

    need_id: Id | None = None
    campaign_id: Id | None = None
    kind: Kind | None = None
    unit: Unit | None = None
    currency: Currency | None = None
    quantity: Quantity
    hold_minutes: Annotated[int, Field(ge=1, le=1_440)] | None = None
    note: Note | None = None
    anonymous: bool = False
    place: Note | None = None
    sessions: Sessions | None = None
    mentoring: bool = False


class Amount(Body):
    """How much, in the need's unit."""

    quantity: Quantity


class Delivered(Amount):
    """How much, which `session` it was (its local start), and a `reference` for donor and organisers alone.

    `occurred_at` is when it was, for paper that is typed in later.
    """

    session: LocalTime | None = None
    reference: Note | None = None
    occurred_at: Instant | None = None


class Accepting(Body):
    """A `reference` of the receipt, for donor and organisers alone."""

    reference: Note | None = None


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


def create(wish: Wish[NewPledge]) -> MakePledge | MakeOffer:
    """Make the command of a new pledge, or of a new offer."""
    body = wish.body
    if body.need_id is None:
        return offers.create(wish)
    for_offers = {"campaign_id": body.campaign_id, "kind": body.kind, "unit": body.unit, "currency": body.currency}
    offers.demand_none(for_offers, "The need says it.")
    need = existing(PATTERNS["need_id"], body.need_id, "/need_id")
    return MakePledge(
        need_id=need,
        pledge_id=f"{need}.{suffix(wish.command_id)}",
        quantity=body.quantity,
        hold_minutes=body.hold_minutes,
        note=body.note,
        anonymous=body.anonymous,
        place=body.place,
        sessions=starts(body.sessions) if body.sessions else (),
        timezone=body.sessions.timezone if body.sessions else None,
        mentoring=body.mentoring,
    )


class Reasoned(Protocol):
    """A body that may say why."""

    @property
    def reason(self) -> str | None:
        """Why."""
        ...


def own_note(body: NewPledge, _: dict[str, Any]) -> dict[str, Any]:
    """What the caller wrote just now, which facts and outcomes keep to themselves."""
    return {"note": body.note, "place": body.place} if body.place else {"note": body.note}


def own_reason(body: Reasoned, _: dict[str, Any]) -> dict[str, Any]:
    """The reason, likewise."""
    return {"reason": body.reason}


def _on(wish: Wish[Any]) -> tuple[str, str]:
    """The need and the pledge that the path names."""
    pledge = wish.ids[0]
    return pledge.partition(".")[0], pledge


def _change(wish: Wish[Amount]) -> ChangePledge | ChangeOffer:
    if offers.is_offer(wish.id):
        return ChangeOffer(wish.id, wish.body.quantity, wish.revision)
    return ChangePledge(*_on(wish), wish.body.quantity, wish.revision)


def _withdraw(wish: Wish[Withdrawing]) -> WithdrawPledge | WithdrawOffer:
    if offers.is_offer(wish.id):
        return WithdrawOffer(wish.id, wish.body.reason)
    return WithdrawPledge(*_on(wish), wish.body.reason)


def _release(wish: Wish[Releasing]) -> ReleasePledge | ReleaseOffer:
    if offers.is_offer(wish.id):
        return ReleaseOffer(wish.id, wish.body.reason)
    return ReleasePledge(*_on(wish), wish.body.reason)


def _deliver(wish: Wish[Delivered]) -> DeliverPledge:
    said = wish.body
    return DeliverPledge(*_on(wish), said.quantity, said.session, said.reference, said.occurred_at)


def _accept(wish: Wish[Accepting]) -> AcceptDelivery:
    return AcceptDelivery(*_on(wish), int(wish.ids[1]), wish.body.reference)


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
        summary="Promise something to a need, or offer it to a campaign",
        service="pledges",
        body=NewPledge,
        command=MakePledge,
        build=create,
        answers={201: Pledge},
        tag="pledges",
        problems=("not-enough-left", "need-not-open", "campaign-not-live"),
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
        problems=(
            "not-enough-left",
            "less-than-delivered",
            "less-than-matched",
            "pledge-not-active",
            "revision-mismatch",
        ),
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
        Delivered,
        DeliverPledge,
        _deliver,
        "more-than-pledged",
        "session-delivered",
        "pledge-wrong-state",
    ),
    _act(
        "deliveries/{n}/accept",
        "Count a delivery that the donor reported",
        Accepting,
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
        _withdraw,
        "pledge-not-active",
        "pledge-wrong-state",
        echo=own_reason,
    ),
    _act(
        "release",
        "Let the donor off what is not delivered",
        Releasing,
        ReleasePledge,
        _release,
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
