"""What happens elsewhere and shows that a commitment is kept: deliveries and events that share a principle. Pure.

The two streams are joined by a command to the commitment, which changes nothing when it is repeated.
"""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from services.pledges.policy import CampaignCopy
from shared.contracts.commitments import AttachEvidence, EvidenceKind, TakeBackEvidence
from shared.contracts.completion import EventCompleted
from shared.contracts.events import EventCancelled, EventChanged, EventPublished, EventState, OnEvent
from shared.contracts.hiding import EventHidden, EventUnhidden
from shared.contracts.hosting import CoHostAccepted, CoHostRemoved
from shared.contracts.message import Fact
from shared.contracts.pledges import DeliveryCorrected, DeliveryReturned, NeedState, PledgeDelivered, PledgeState

TELLING: Final = (
    EventPublished,
    EventChanged,
    EventCancelled,
    EventCompleted,
    EventHidden,
    EventUnhidden,
    CoHostAccepted,
    CoHostRemoved,
)
"""Facts of events after which something else may show a commitment."""
PUBLIC: Final = frozenset({"published", "completed"})


class Vow(Struct, frozen=True):
    """What matching wants to know of a commitment."""

    id: str
    campaign_id: str
    partner_id: str | None
    principles: tuple[int, ...]


class Matter(Struct, frozen=True):
    """Something that shows a commitment, while it `holds`; `partners` brought it about (null: the campaign itself)."""

    kind: EvidenceKind
    ref: str
    at: str
    campaign_id: str
    principles: tuple[int, ...]
    partners: frozenset[str | None]
    holds: bool

    def shows(self, vow: Vow) -> bool:
        """Whether it says that this commitment is kept."""
        return (
            self.holds
            and vow.campaign_id == self.campaign_id
            and vow.partner_id in self.partners
            and not set(vow.principles).isdisjoint(self.principles)
        )


def of_delivery(need: NeedState, pledge: PledgeState, campaign: CampaignCopy | None) -> Matter:
    """What a pledge shows by what was delivered on it; one whose donor wants no name shows nothing for anybody."""
    partners = acting(campaign, pledge.donor) if campaign and not pledge.anonymous else frozenset()
    latest = max((delivery.at for delivery in pledge.deliveries if delivery.status == "confirmed"), default="")
    return Matter(
        "delivery",
        pledge.id,
        latest,
        need.campaign_id,
        need.principles,
        partners,
        pledge.delivered_quantity > 0 and not need.hidden,
    )


def of_event(event: EventState) -> Matter:
    """What an event shows for the campaign and the partners that host it, while everybody can see it."""
    partners: frozenset[str | None] = frozenset({None, *event.hosts})
    seen = event.status in PUBLIC and event.visibility != "members" and not event.hidden
    return Matter("event", event.id, event.updated_at, event.campaign_id, event.principles, partners, seen)


def acting(campaign: CampaignCopy, person: str) -> frozenset[str | None]:
    """For whom a person acts: partners, and the campaign itself (null)."""
    own: set[str | None] = {partner for partner, members in campaign.partners.items() if person in members}
    return frozenset(own | {None} if person in campaign.organisers else own)


def after_delivery(
    need: NeedState, fact: Fact, campaign: CampaignCopy | None, vows: Iterable[Vow]
) -> list[AttachEvidence | TakeBackEvidence]:
    """What a fact of a pledge asks of commitments."""
    if not isinstance(fact, PledgeDelivered | DeliveryCorrected | DeliveryReturned):
        return []
    return _asked(of_delivery(need, fact.pledge, campaign), vows)


def after_event(fact: Fact, vows: Iterable[Vow]) -> list[AttachEvidence | TakeBackEvidence]:
    """What a fact of an event asks of commitments."""
    return _asked(of_event(fact.event), vows) if isinstance(fact, OnEvent) and isinstance(fact, TELLING) else []


def _asked(matter: Matter, vows: Iterable[Vow]) -> list[AttachEvidence | TakeBackEvidence]:
    """Attach to whom it shows; take back from the others, which leaves those alone that never had it."""
    return [
        AttachEvidence(vow.id, matter.kind, matter.ref, matter.at)
        if matter.shows(vow)
        else TakeBackEvidence(vow.id, matter.kind, matter.ref)
        for vow in vows
    ]
