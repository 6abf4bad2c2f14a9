"""What the facts of others mean here: who is told what, and whom to remember. Pure.

Whoever did something is told of it only where that confirms it.
"""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from services.notifications import event_policy, offer_policy, pledge_policy, shift_policy, venue_policy
from services.notifications.telling import (
    Acting,
    ActingNow,
    Audience,
    Coming,
    Followers,
    Message,
    Note,
    Opened,
    Person,
)
from shared.contracts import commitments, events, pledges, shifts, venues
from shared.contracts.message import Fact
from shared.contracts.voices import VoicePublished, VoiceState


def messages(fact: Fact) -> tuple[Message, ...]:
    """Who is told what about a fact."""
    match fact:
        case events.OnCampaign():
            return tuple(_of_campaign(fact))
        case events.OnEvent():
            return tuple(event_policy.messages(fact))
        case shifts.OnShift():
            return tuple(_of_shift(fact))
        case VoicePublished(voice=voice):
            return (_about_voice(voice),)
        case venues.OnVenue():
            return tuple(_of_venue(fact))
        case pledges.OnPledge():
            return tuple(pledge_policy.of_pledge(fact))
        case pledges.OnNeed():
            return tuple(pledge_policy.of_need(fact))
        case pledges.OnOffer():
            return tuple(offer_policy.of_offer(fact))
        case commitments.OnCommitment():
            return tuple(offer_policy.of_commitment(fact))
        case pledges.OnSignal():
            return tuple(pledge_policy.of_signal(fact))
        case pledges.OnBefriending():
            return tuple(pledge_policy.of_befriending(fact))
        case _:
            return ()


def notes(fact: Fact) -> tuple[Note, ...]:
    """What is to be remembered of a fact, so that later ones find their audience."""
    match fact:
        case pledges.NeedOpened(need=need, opened_by=person):
            return (Opened(need.id, person, need.version),)
        case commitments.CommitmentMade(commitment=commitment, made_by=person):
            return (Opened(commitment.id, person, commitment.version),)
        case events.OnCampaign(campaign=campaign):
            organising = ActingNow(campaign.id, campaign.id, campaign.organisers, campaign.version)
            return (organising, *_members(fact)) if isinstance(fact, events.OnPartner) else (organising,)
        case events.RegistrationCancelled(registration=left):
            return (Coming(fact.event.id, left.person, fact.event.version, coming=False, occurrence=left.occurrence),)
        case (
            events.RegistrationMade(registration=taken)
            | events.RegistrationWaitlisted(registration=taken)
            | events.RegistrationPromoted(registration=taken)
        ):
            return (Coming(fact.event.id, taken.person, fact.event.version, coming=True, occurrence=taken.occurrence),)
        case _:
            return ()


def _members(fact: events.OnPartner) -> Iterator[Note]:
    partner = fact.partner
    people = partner.members if partner.status == "active" else ()
    yield ActingNow(partner.id, fact.campaign.id, people, fact.campaign.version)


def _of_campaign(fact: events.OnCampaign) -> Iterator[Message]:
    campaign = fact.campaign
    match fact:
        case events.CampaignClosed():
            yield _about_campaign(campaign, Followers(campaign.id), "campaign-closed")
        case events.CampaignPaused():
            yield _about_campaign(campaign, Followers(campaign.id), "campaign-paused")
        case events.CampaignResumed():
            yield _about_campaign(campaign, Followers(campaign.id), "campaign-resumed")
        case events.CampaignEvolved(successor_name=name):
            url = f"/v1/campaigns/{campaign.evolved_into}"
            asked = _about_campaign(campaign, Followers(campaign.id), "campaign-evolved", successor=name)
            yield replace(asked, url=url)
        case events.PartnerInvited(partner=partner):
            yield from _about_partner(campaign, partner, partner.invitees, "partner-invited")
        case events.PartnerApplied(partner=partner):
            yield from _about_partner(campaign, partner, campaign.organisers, "partner-applied")
        case events.InvitationDeclined(partner=partner):
            yield from _about_partner(campaign, partner, campaign.organisers, "partner-declined")
        case events.PartnerLeft(partner=partner):
            yield from _about_partner(campaign, partner, campaign.organisers, "partner-left")
        case events.PartnerVerified(partner=partner):
            yield from _about_partner(campaign, partner, partner.members, "partner-verified")
        case events.PartnerJoined(partner=partner) if partner.version > 1:  # it was invited, or had asked
            yield from _about_partner(campaign, partner, partner.members, "partner-joined")
        case events.PartnerRemoved(partner=partner):
            yield from _about_partner(campaign, partner, partner.members, "partner-removed")
        case _:
            pass


def _about_voice(voice: VoiceState) -> Message:
    """Whose words are shown now is to know it, to be able to take them back."""
    place = "endorsements" if voice.form == "endorsement" else "stories"
    url, purpose = f"/v1/{place}/{voice.id}", "voice-published"
    return Message(Person(voice.person), "campaign", purpose, purpose, {}, url, voice.id)


def _about_campaign(campaign: events.CampaignState, audience: Audience, purpose: str, **more: str) -> Message:
    values = {"title": campaign.name, **more}
    return Message(audience, "campaign", purpose, purpose, values, f"/v1/campaigns/{campaign.id}", campaign.id)


def _about_partner(
    campaign: events.CampaignState, partner: events.PartnerState, people: Iterable[str], purpose: str
) -> Iterator[Message]:
    values = {"title": campaign.name, "partner": partner.name}
    url = f"/v1/campaigns/{campaign.id}/partners/{partner.id}"
    for person in people:
        yield Message(Person(person), "campaign", purpose, purpose, values, url, campaign.id)


def _of_shift(fact: shifts.OnShift) -> Iterator[Message]:
    for word in shift_policy.words(fact):
        audiences: list[Audience] = [Person(word.person)]
        if word.to_organisers:
            audiences.append(Acting(fact.shift.campaign_id))
        for audience in audiences:
            yield Message(audience, "registration", word.purpose, word.purpose, word.values, word.url, fact.shift.id)


def _of_venue(fact: venues.OnVenue) -> Iterator[Message]:
    for word in venue_policy.words(fact):
        url = f"/v1/venues/{fact.venue.id}"
        audiences: list[Audience] = [Person(host) for host in word.hosts]
        if word.to_organisers:
            audiences.append(Acting(fact.venue.campaign_id))
        for audience in audiences or [Followers(fact.venue.id)]:
            yield Message(audience, "event-change", word.purpose, word.purpose, word.values, url, fact.venue.id)
