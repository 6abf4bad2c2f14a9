"""Writes on how pledges end or shrink otherwise than by a change of mind."""

from typing import Annotated, Final

from pydantic import Field

from services.gateway.bodies import Body
from services.gateway.campaigns import Nothing
from services.gateway.commands import Wish, Write
from services.gateway.fields import Quantity, Reason
from services.gateway.pledge_shapes import Pledge
from shared.contracts.pledges import CorrectPledge, DeclinePledge, ReturnDelivery

_PLACE: Final = "/v1/pledges/{pledge_id}"


class PledgeCorrection(Body):
    """How much was meant, 0 for nothing, and what the mistake was."""

    quantity: Annotated[int, Field(ge=0, le=1_000_000_000)]
    reason: Reason


class Returning(Body):
    """How much went back, and why."""

    quantity: Quantity
    reason: Reason


def _correct(wish: Wish[PledgeCorrection]) -> CorrectPledge:
    return CorrectPledge(wish.id.partition(".")[0], wish.id, wish.body.quantity, wish.body.reason)


def _return(wish: Wish[Returning]) -> ReturnDelivery:
    number, body = int(wish.ids[1]), wish.body
    return ReturnDelivery(wish.id.partition(".")[0], wish.id, number, body.quantity, body.reason)


WRITES: Final = (
    Write(
        method="POST",
        path=f"{_PLACE}/correct",
        summary="Put right a pledge that was entered by mistake; it shows as a correction",
        service="pledges",
        body=PledgeCorrection,
        command=CorrectPledge,
        build=_correct,
        answers={200: Pledge},
        tag="pledges",
        problems=("less-than-delivered", "more-than-pledged", "not-enough-left", "pledge-not-active"),
    ),
    Write(
        method="POST",
        path=f"{_PLACE}/deliveries/{{n}}/return",
        summary="Count no longer what went back of a delivery",
        service="pledges",
        body=Returning,
        command=ReturnDelivery,
        build=_return,
        answers={200: Pledge},
        tag="pledges",
        problems=("more-than-delivered",),
    ),
    Write(
        method="POST",
        path=f"{_PLACE}/decline",
        summary="Say no to what is held for one's confirmation",
        service="pledges",
        body=Nothing,
        command=DeclinePledge,
        build=lambda wish: DeclinePledge(wish.id.partition(".")[0], wish.id),
        answers={200: Pledge},
        tag="pledges",
        problems=("pledge-not-active", "pledge-wrong-state"),
    ),
)
