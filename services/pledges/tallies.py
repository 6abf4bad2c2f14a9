"""What was delivered, one document a delivery, and its sums by kind, unit, ward, principles and month. Pure.

A delivery stands where its need stood when it began to count, and in the month in which it happened in Birmingham;
a correction moves the sum of that month, whenever it is made. A need for several principles adds to each of them, so
sums are kept by the set of principles: no delivery is in two sums.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from services.pledges.documents import NOWHERE, Document
from services.pledges.ledger import Need
from shared import instants
from shared.contracts.figures import unit_code
from shared.contracts.pledges import Delivery, NeedState, PledgeState

ZONE: Final = "Europe/London"
PLACE: Final = ("campaign_id", "kind", "unit", "ward", "principles", "month")


def booked(before: Need, after: Need) -> list[Document]:
    """Deliveries on a need that count, and did not count so before."""
    if after.state is None:
        return []
    return [
        document
        for pledge_id, pledge in after.pledges.items()
        if pledge is not before.pledges.get(pledge_id)
        for document in _booked(after.state, before.pledges.get(pledge_id), pledge)
    ]


def _booked(need: NeedState, before: PledgeState | None, pledge: PledgeState) -> Iterator[Document]:
    known = {delivery.n: delivery for delivery in before.deliveries} if before else {}
    for delivery in pledge.deliveries:
        if delivery.status == "confirmed" and delivery != known.get(delivery.n):
            yield document(need, pledge, delivery)


def document(need: NeedState, pledge: PledgeState, delivery: Delivery) -> Document:
    """A delivery that counts, without anybody's name or words."""
    happened = delivery.occurred_at or delivery.at
    return {
        "_id": f"{pledge.id}/{delivery.n}",
        "campaign_id": need.campaign_id,
        "kind": need.kind,
        "unit": need.unit,
        "ward": need.ward,
        "principles": sorted(need.principles),
        "month": instants.to_local(happened, ZONE)[:7],
        "quantity": delivery.quantity,
        "happened_at": happened,
        "counted_at": pledge.updated_at,
        "corrections": [{"before": each.before, "after": each.after, "at": each.at} for each in delivery.corrections],
        "returns": [{"quantity": each.quantity, "at": each.at} for each in delivery.returns],
    }


def sums(
    known: Mapping[str, Document], deliveries: Iterable[Document], partition: int
) -> list[tuple[Document, dict[str, int]]]:
    """What new and corrected deliveries add to the sums, one update a place; `known` are those that counted before."""
    found: dict[str, tuple[Document, dict[str, int]]] = {}
    for delivery in deliveries:
        was = known.get(delivery["_id"])
        place = {name: (was or delivery)[name] for name in PLACE}
        name = _name(place, partition)
        _, amounts = found.setdefault(name, ({"_id": name, **place}, dict.fromkeys(_amounts(delivery), 0)))
        old = _amounts(was) if was else dict.fromkeys(amounts, 0)
        for figure, amount in _amounts(delivery).items():
            amounts[figure] += amount - old[figure]
    return list(found.values())


def behind(figure: str, units: Iterable[str]) -> Document | None:
    """Which deliveries add to a figure, `<campaign>.<kind>.<unit>[.<dimension>.<value>]`; None if none can."""
    campaign, _, rest = figure.partition(".")
    kind, _, rest = rest.partition(".")
    code, _, rest = rest.partition(".")
    dimension, _, value = rest.partition(".")
    unit = next((unit for unit in units if unit_code(unit) == code), None)
    query: Document = {"campaign_id": campaign, "kind": kind, "unit": unit}
    match dimension:
        case _ if unit is None:
            return None
        case "":
            return query
        case "ward":
            return {**query, "ward": None if value == NOWHERE else value}
        case "principle" if value.isdecimal() and len(value) == 1:
            return {**query, "principles": int(value)}
        case "month":
            return {**query, "month": value}
        case _:
            return None


def told(delivery: Mapping[str, Any]) -> Document:
    """A delivery as everybody may read it."""
    return {
        "delivery": delivery["_id"],
        "quantity": delivery["quantity"],
        "unit": delivery["unit"],
        "kind": delivery["kind"],
        "ward": delivery["ward"],
        "principles": delivery["principles"],
        "occurred_at": delivery["happened_at"],
        "at": delivery["counted_at"],
        "corrections": delivery["corrections"],
        "returns": delivery["returns"],
    }


def _amounts(delivery: Mapping[str, Any]) -> dict[str, int]:
    return {"value": int(delivery["quantity"]), "deliveries": 1, "corrections": len(delivery["corrections"])}


def _name(place: Mapping[str, Any], partition: int) -> str:
    principles = ",".join(map(str, place["principles"])) or NOWHERE
    where = (place["campaign_id"], place["kind"], unit_code(place["unit"]), place["ward"] or NOWHERE, principles)
    return "|".join((*where, place["month"], str(partition)))
