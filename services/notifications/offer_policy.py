"""Who is told what about offers and commitments: whose they are. Pure."""

from collections.abc import Iterator

from services.notifications.telling import Acting, Audience, Message, Opener, Person, amount
from shared.contracts import commitments, pledges


def of_offer(fact: pledges.OnOffer) -> Iterator[Message]:
    """The donor is let off; that a part of it is wanted, the need's own facts tell."""
    offer = fact.offer
    if isinstance(fact, pledges.OfferReleased):
        values = {"amount": amount(offer.kind, offer.unit, offer.currency, fact.quantity)}
        text, url = "offer-released", f"/v1/pledges/{offer.id}"
        yield Message(Person(offer.donor), "pledge", text, text, values, url, offer.id)


def of_commitment(fact: commitments.OnCommitment) -> Iterator[Message]:
    """Nothing was shown by the day of the review: who made it hears so, and the partner or campaign it stands for."""
    commitment = fact.commitment
    if isinstance(fact, commitments.CommitmentReviewed) and commitment.status == "stale":
        values = {"organisation": commitment.organisation, "date": commitment.review_on}
        text, url = "commitment-stale", f"/v1/commitments/{commitment.id}"
        to: tuple[Audience, ...] = (Opener(commitment.id), Acting(commitment.partner_id or commitment.campaign_id))
        for audience in to:
            yield Message(audience, "pledge", text, text, values, url, commitment.id)
