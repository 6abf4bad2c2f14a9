"""What the public may know of a fact. Pure."""

from typing import Final, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from services.gateway import public_forms as forms
from shared.contracts import attendance, commitments, completion, events, hiding, hosting, pledges
from shared.contracts.catalogue import FACTS
from shared.contracts.message import Envelope, Fact, Malformed, Message

T = TypeVar("T")

CAMPAIGNS: Final[dict[type[Fact], str]] = {
    events.CampaignLaunched: "launched",
    events.CampaignReopened: "reopened",
    events.CampaignResumed: "resumed",
    events.CampaignPaused: "paused",
    events.CampaignClosed: "closed",
    events.CampaignChanged: "changed",
    events.CampaignEvolved: "evolved",
}
"""What campaigns do."""
REGISTRATIONS: Final[dict[type[Fact], str]] = {
    events.RegistrationMade: "registered",
    events.RegistrationWaitlisted: "waitlisted",
    events.RegistrationPromoted: "promoted",
    events.RegistrationCancelled: "left",
    events.RegistrationChanged: "changed",
}
"""What registrations do, without saying whose."""

STANDINGS: Final[dict[type[Fact], str]] = {
    pledges.NeedReopened: "reopened",
    pledges.NeedPaused: "paused",
    pledges.NeedResumed: "resumed",
    pledges.NeedUnhidden: "unhidden",
    pledges.NeedEscalated: "escalated",
    pledges.OwnerAdded: "owner_added",
    pledges.OwnerRemoved: "owner_removed",
}
"""What changes a need without changing what is asked for."""

COMMITMENTS: Final[dict[type[Fact], str]] = {
    commitments.CommitmentChanged: "changed",
    commitments.EvidenceAttached: "evidence-attached",
    commitments.EvidenceTakenBack: "evidence-taken-back",
    commitments.CommitmentReviewed: "reviewed",
    commitments.CommitmentRenewed: "renewed",
    commitments.CommitmentEnded: "ended",
}
"""What becomes of commitments."""


PROMISES: Final[dict[type[Fact], str]] = {
    pledges.PledgeConfirmed: "confirmed",
    pledges.PledgeChanged: "changed",
    pledges.PledgeCorrected: "corrected",
}
"""What makes a promise another one."""
ENDINGS: Final[dict[type[Fact], str]] = {
    pledges.PledgeWithdrawn: "withdrawn",
    pledges.PledgeReleased: "released",
    pledges.PledgeExpired: "expired",
    pledges.PledgeDeclined: "declined",
    pledges.PledgeWrittenOff: "written_off",
}
"""What frees the `quantity` that it tells."""


class Told(Struct, frozen=True):
    """An event for the public: a CloudEvent, ready to be appended."""

    stream: str
    version: int
    value: bytes


def told(envelope: Envelope, owner: str) -> Told | None:
    """A fact of a service as the public may know it, None if not at all; `Malformed` if it is no fact of theirs.

    The event keeps id, stream, version and time of the fact; what else the envelope holds stays here.
    """
    fact = FACTS[owner].decode(envelope)
    if not envelope.id or envelope.streamversion != fact.streamversion or envelope.subject != fact.stream:
        raise Malformed("the envelope belies the fact")
    try:
        message = _of_pledges(fact) if owner == "pledges" else _of_events(fact)
    except msgspec.ValidationError as error:
        raise Malformed("no public form") from error
    if message is None:
        return None
    value = forms.FAMILIES[f"public.{owner}"].wrap(
        message, id=envelope.id, subject=fact.stream, time=envelope.time, streamversion=fact.streamversion
    )
    return Told(fact.stream, fact.streamversion, value)


def _of_events(fact: Fact) -> Message | None:
    match fact:
        case events.OnCampaign(campaign) if campaign.status != "draft":
            return _of_campaign(fact, _allowed(campaign, forms.Campaign))
        case hiding.EventHidden(event):
            was_public = event.published_at is not None and event.visibility != "members"
            return forms.EventHidden(forms.Gone(event.id), "hidden") if was_public else None
        case events.OnEvent(event) if event.hidden:
            return None
        case events.EventChanged(event, changed) if event.visibility == "members":
            was_public = event.published_at is not None and "visibility" in changed
            return forms.EventHidden(forms.Gone(event.id), "hidden") if was_public else None
        case events.OnEvent(event) if event.published_at is not None and event.visibility != "members":
            return _of_event(fact, _without_place(_allowed(event, forms.Event)))
        case _:
            return None


def _of_campaign(fact: events.OnCampaign, campaign: forms.Campaign) -> Message | None:
    """The type of a campaign's event tells whether it takes anything new from now on."""
    if isinstance(fact, events.OnPartner):
        return _of_partner(fact, campaign)
    change = CAMPAIGNS.get(type(fact))
    if change is None:
        return None
    return (forms.CampaignLaunched if campaign.status == "live" else forms.CampaignClosed)(campaign, change)


def _of_partner(fact: events.OnPartner, campaign: forms.Campaign) -> Message | None:
    """Nothing of a partner that was never active: neither invitations nor wishes are for everybody."""
    if fact.partner.joined_at is None and not isinstance(fact, events.PartnerJoined):
        return None
    partner = _allowed(fact.partner, forms.Partner)
    match fact:
        case events.PartnerJoined():
            return forms.PartnerJoined(partner, campaign, "joined")
        case events.PartnerChanged():
            return forms.PartnerChanged(partner, campaign, "changed")
        case events.PartnerVerified():
            return forms.PartnerChanged(partner, campaign, "verified")
        case events.PartnerLeft():
            return forms.PartnerLeft(partner, campaign, "left")
        case events.PartnerRemoved():
            return forms.PartnerLeft(partner, campaign, "removed")
        case _:
            return None


def _of_event(fact: events.OnEvent, event: forms.Event) -> Message | None:
    match fact:
        case events.EventPublished():
            return forms.EventPublished(event, "published")
        case hosting.CoHostAccepted() | hosting.CoHostRemoved():
            return forms.EventChanged(event, "changed")
        case hiding.EventUnhidden():
            return forms.EventPublished(event, "unhidden")
        case events.EventChanged():
            return forms.EventChanged(event, "changed")
        case events.OccurrenceChanged(occurrence=occurrence):
            return forms.EventChanged(event, "occurrence_changed", _occurrence(event, occurrence))
        case events.OccurrenceCancelled(occurrence=occurrence):
            return forms.EventChanged(event, "occurrence_cancelled", _occurrence(event, occurrence))
        case events.EventCancelled():
            return forms.EventCancelled(event, "cancelled")
        case completion.EventCompleted():
            return forms.EventCompleted(event, "completed", _occurrence(event, fact.occurrence))
        case completion.OutcomesChanged():
            change = "corrected" if _corrected(fact) else "added"
            return forms.EventCompleted(event, change, _occurrence(event, fact.occurrence))
        case attendance.HeadcountTaken(result=result, occurrence=occurrence) if result.completion is not None:
            again = result.attendance is not None and result.attendance.corrections
            return forms.EventCompleted(event, "corrected" if again else "added", _occurrence(event, occurrence))
        case _ if isinstance(fact, events.RegistrationFact):
            return forms.RegistrationsChanged(event, REGISTRATIONS[type(fact)], _occurrence(event, fact.occurrence))
        case _:
            return None


def _occurrence(event: forms.Event, state: events.OccurrenceState | None) -> forms.Occurrence | None:
    """The occurrence that a fact is about; of a hidden location the ward alone."""
    if state is None:
        return None
    shown = _allowed(state, forms.Occurrence)
    if event.visibility != "hidden_location":
        return shown
    ward = shown.venue.ward if shown.venue else None
    return replace(shown, venue=forms.Venue(ward=ward) if ward else None, online_url=None)


def _corrected(fact: completion.OutcomesChanged) -> bool:
    """Whether a figure that was told before is another now."""
    return any(outcome.corrections for outcome in fact.result.outcomes if outcome.figure in fact.figures)


def _without_place(event: forms.Event) -> forms.Event:
    """Take care that of a hidden location nothing nearer than the ward is told, whatever the fact holds."""
    if event.visibility != "hidden_location":
        return event
    ward = event.venue.ward if event.venue else None
    return replace(event, venue=forms.Venue(ward=ward) if ward else None, online_url=None)


def _of_commitment(fact: commitments.OnCommitment) -> Message:
    commitment = _allowed(fact.commitment, forms.Commitment)
    if isinstance(fact, commitments.CommitmentMade):
        return forms.CommitmentMade(commitment, "made")
    return forms.CommitmentChanged(commitment, COMMITMENTS[type(fact)])


def _of_pledges(fact: Fact) -> Message | None:
    if isinstance(fact, commitments.OnCommitment):
        return _of_commitment(fact)
    if not isinstance(fact, pledges.OnNeed):
        return None
    need = _allowed(fact.need, forms.Need)
    match fact:
        case pledges.NeedHidden():
            return forms.NeedHidden(forms.Gone(need.id), "hidden")
        case _ if fact.need.hidden:
            return None
        case pledges.OnPledge() if need.kind == "space" and not isinstance(fact, pledges.DeliveryReported):
            return forms.NeedChanged(need, "totals")  # not what each one gives of their home
        case pledges.OnPledge():
            return _of_pledge(fact, need)
        case pledges.NeedOpened():
            return forms.NeedOpened(need, "opened")
        case pledges.NeedChanged():
            return forms.NeedChanged(need, "changed")
        case pledges.NeedClosed():
            return forms.NeedClosed(need, "closed")
        case pledges.NeedWrittenOff():
            return forms.NeedClosed(need, "written_off")
        case _ if type(fact) in STANDINGS:
            return forms.NeedChanged(need, STANDINGS[type(fact)])
        case _:
            return None


def _of_pledge(fact: pledges.OnPledge, need: forms.Need) -> Message | None:
    def about(quantity: int) -> forms.Pledge:
        return forms.Pledge(fact.pledge.kind, fact.pledge.unit, quantity)

    match fact:
        case pledges.PledgeMade():
            return forms.PledgeMade(need, about(fact.pledge.quantity), "pledged")
        case pledges.PledgeHeld():
            return forms.PledgeMade(need, about(fact.pledge.quantity), "held")
        case pledges.PledgeDelivered(delivery=delivery):
            return forms.PledgeDelivered(need, about(delivery.quantity), "delivered")
        case pledges.DeliveryCorrected(delivery=delivery):
            return forms.PledgeDelivered(need, about(delivery.quantity), "corrected")
        case pledges.DeliveryReturned(quantity=quantity):
            return forms.PledgeDelivered(need, about(quantity), "returned")
        case _ if type(fact) in PROMISES:
            return forms.PledgeChanged(need, about(fact.pledge.quantity), PROMISES[type(fact)])
        case _ if type(fact) in ENDINGS:
            quantity = getattr(fact, "quantity", 0)
            return forms.PledgeWithdrawn(need, about(quantity), ENDINGS[type(fact)])
        case _:  # a delivery that was only reported counts nowhere yet
            return None


def _allowed(state: Struct, form: type[T]) -> T:
    """The fields of a state that its public form names, no others."""
    return msgspec.convert(state, form, from_attributes=True)
