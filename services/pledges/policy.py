"""What the events service's facts mean here: who manages a campaign, and whether it is live. Pure."""

from msgspec import Struct, structs

from shared.contracts.events import CampaignStatus, OnCampaign, OnPartner, PartnerState
from shared.contracts.message import Fact


class CampaignCopy(Struct, frozen=True):
    """What needs want to know of a campaign.

    `partners` maps an active partner to those who act for it, `need_kinds` a kind of its own to the fixed one that it
    is of. `former` are partners that have left: they open nothing any more and look after what they have opened.
    """

    id: str
    version: int
    status: CampaignStatus
    organisers: tuple[str, ...]
    partners: dict[str, tuple[str, ...]] = {}
    need_kinds: dict[str, str] = {}
    former: dict[str, tuple[str, ...]] = {}

    def has_member(self, person: str, partner_id: str | None) -> bool:
        """Whether a person organises it, or acts for the partner, also where that has left."""
        name = partner_id or ""
        return person in (*self.organisers, *self.partners.get(name, ()), *self.former.get(name, ()))

    def partner_of(self, person: str) -> str | None:
        """The partner for which a person acts, the one that joined first if there are several."""
        return next((partner for partner, members in self.partners.items() if person in members), None)


def campaign_copy(copy: CampaignCopy | None, fact: Fact) -> CampaignCopy | None:
    """Bring a copy up to a fact; what it already knows, and what is no campaign's, changes nothing."""
    if not isinstance(fact, OnCampaign):
        return copy
    campaign = fact.campaign
    if copy is None:
        copy = CampaignCopy(campaign.id, 0, campaign.status, ())
    if campaign.version <= copy.version:
        return copy
    partners, former = copy.partners, copy.former
    if isinstance(fact, OnPartner):
        partners = _with(partners, fact.partner, among=fact.partner.status == "active")
        former = _with(former, fact.partner, among=fact.partner.status == "left")
    return structs.replace(
        copy,
        version=campaign.version,
        status=campaign.status,
        organisers=campaign.organisers,
        partners=partners,
        need_kinds={kind.slug: kind.kind for kind in campaign.need_kinds},
        former=former,
    )


def _with(known: dict[str, tuple[str, ...]], partner: PartnerState, *, among: bool) -> dict[str, tuple[str, ...]]:
    if among:
        return {**known, partner.id: partner.members}
    return {name: members for name, members in known.items() if name != partner.id}
