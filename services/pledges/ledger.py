"""The arithmetic of a need: what its pledges take of it. Pure.

Always `quantity + over = uncommitted + held + pledged` and `delivered <= pledged`, because both sides are
computed here and nowhere else: a pledge has a share, and the need follows the difference that a change makes.
"""

from typing import Any, Final, NamedTuple

from msgspec import Struct, structs

from services.pledges.evidence import Vow
from services.pledges.policy import CampaignCopy
from shared.contracts.bundles import BundleState
from shared.contracts.message import Fact
from shared.contracts.pledges import Delivery, NeedState, NeedStatus, PledgeState, PledgeStatus


class Worded(Fact, frozen=True):
    """Private: what was written with a pledge (`note`, `place`), or why it was withdrawn or released (`reason`).

    Of its deliveries: `reference.<n>` as told, `receipt.<n>` as accepted. Each is said once in the life of a pledge.
    """

    pledge_id: str
    field: str
    words: str


class Bundled(Fact, frozen=True):
    """Private: the need is one of those that are held together for a household."""

    need_id: str
    bundle_id: str


class Candidate(Struct, frozen=True):
    """An offer that fits and was not asked for this need; `asked_at` is when its donor was asked for anything."""

    offer_id: str
    donor: str
    left: int
    asked_at: str


class Need(Struct, frozen=True):
    """A need with what deciding a batch takes.

    `pledges` holds those that the batch mentions and those whose hold may be overdue, `holds` the known holds
    by their end, `words` what the batch says in private, `vows` the commitments that a delivery may show,
    `candidates` the offers that a wave may ask.
    `deliveries` and `corrections` count.
    `bundle_id` names the household's bundle, `bundle` is the one that a need is to be opened in.
    """

    id: str
    state: NeedState | None = None
    opened_by: str = ""
    deliveries: int = 0
    corrections: int = 0
    pledges: dict[str, PledgeState] = {}
    holds: tuple[tuple[str, str], ...] = ()
    campaign: CampaignCopy | None = None
    words: tuple[Worded, ...] = ()
    bundle_id: str | None = None
    bundle: BundleState | None = None
    vows: tuple[Vow, ...] = ()
    candidates: tuple[Candidate, ...] = ()


class Share(NamedTuple):
    """What a pledge takes of its need."""

    held: int = 0
    pledged: int = 0
    delivered: int = 0
    written_off: int = 0


class Tally(NamedTuple):
    """What a need adds to the sums of its campaign, kind and ward: confirmed deliveries, and nothing promised."""

    delivered: int = 0
    deliveries: int = 0
    corrections: int = 0


NOTHING: Final = Share()


def share(pledge: PledgeState) -> Share:
    """What a pledge takes: when it ended early, the part that was delivered."""
    match pledge.status:
        case "held":
            return Share(held=pledge.quantity)
        case "pledged" | "delivered":
            return Share(0, pledge.quantity, pledge.delivered_quantity)
        case "withdrawn" | "released":
            return Share(0, pledge.delivered_quantity, pledge.delivered_quantity)
        case "written_off":
            kept = pledge.delivered_quantity
            return Share(0, kept, kept, pledge.quantity - kept)
        case "expired" | "declined" | "corrected":
            return NOTHING


def tally(need: Need) -> Tally:
    """What a need adds to the sums."""
    if need.state is None:
        return Tally()
    return Tally(need.state.delivered, need.deliveries, need.corrections)


def edited(need: NeedState, at: str, **fields: Any) -> NeedState:  # noqa: ANN401 -- fields of NeedState
    """The need after its next fact, with what follows from its figures."""
    after = structs.replace(need, version=need.version + 1, updated_at=at, **fields)
    left = after.quantity - after.held - after.pledged
    return structs.replace(after, uncommitted=max(0, left), over=max(0, -left), status=_status(after.status, after))


def following(need: NeedState, before: PledgeState | None, after: PledgeState) -> NeedState:
    """The need after the fact that turned a pledge into another state."""
    old, new = (share(before) if before else NOTHING), share(after)
    return edited(
        need,
        after.updated_at,
        held=need.held + new.held - old.held,
        pledged=need.pledged + new.pledged - old.pledged,
        delivered=need.delivered + new.delivered - old.delivered,
        written_off=need.written_off + new.written_off - old.written_off,
    )


def turned(pledge: PledgeState, at: str, **fields: Any) -> PledgeState:  # noqa: ANN401 -- fields of PledgeState
    """The pledge after its next fact."""
    return structs.replace(pledge, version=pledge.version + 1, updated_at=at, **fields)


def counted(pledge: PledgeState, at: str, deliveries: tuple[Delivery, ...]) -> PledgeState:
    """The pledge with other deliveries; it is delivered when they make up all of it."""
    delivered = sum(delivery.quantity for delivery in deliveries if delivery.status == "confirmed")
    return turned(
        pledge,
        at,
        deliveries=deliveries,
        delivered_quantity=delivered,
        status=progress(pledge.status, delivered, pledge.quantity),
    )


def progress(status: PledgeStatus, delivered: int, quantity: int) -> PledgeStatus:
    """Whether a promise is kept by now; no other status depends on figures."""
    if status in {"pledged", "delivered"}:
        return "delivered" if delivered == quantity else "pledged"
    return status


def reopened(need: NeedState) -> NeedStatus:
    """The status of a need that is not closed."""
    return "fulfilled" if need.delivered >= need.quantity else "open"


def _status(status: NeedStatus, need: NeedState) -> NeedStatus:
    return status if status in {"closed", "paused"} else reopened(need)
