"""What the facts of others mean here: who is told what, and whom to remember. Pure.

Whoever did something is told of it only where that confirms it.
"""

from collections.abc import Iterable, Iterator
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from services.notifications import shift_policy, venue_policy
from shared.contracts import events, pledges, shifts, venues
from shared.contracts.message import Fact
from shared.contracts.voices import VoicePublished, VoiceState

Topic = Literal["registration", "event-change", "pledge", "need", "campaign"]

MOVED: Final = frozenset({"venue", "online_url"})
RETIMED: Final = frozenset({"starts_at", "ends_at", "timezone"})


class Person(Struct, frozen=True):
    """One person."""

    id: str


class Registered(Struct, frozen=True):
    """Everybody who is registered for an event, or waits for it."""

    event_id: str


class Followers(Struct, frozen=True):
    """Everybody who follows a campaign, an event, a need or a venue."""

    target_id: str


class Opener(Struct, frozen=True):
    """Who opened a need."""

    need_id: str


Audience = Person | Registered | Followers | Opener


class Message(Struct, frozen=True):
    """Tell an audience something. A person who is in two audiences of one fact and purpose is told once.

    `text` names a template and `values` fill it; `url` leads to the thing, `subject` is its stream; `but` is a
    person who knows already.
    """

    audience: Audience
    topic: Topic
    purpose: str
    text: str
    values: dict[str, str]
    url: str
    subject: str
    but: str = ""


class Coming(Struct, frozen=True):
    """Whether a person is registered for an event or waits for it, as of a version of the event."""

    event_id: str
    person: str
    version: int
    coming: bool


class Opened(Struct, frozen=True):
    """Who opened a need, which one fact alone tells."""

    need_id: str
    person: str
    version: int


Note = Coming | Opened


def messages(fact: Fact) -> tuple[Message, ...]:
    """Who is told what about a fact."""
    match fact:
        case events.OnCampaign():
            return tuple(_of_campaign(fact))
        case events.OnEvent():
            return tuple(_of_event(fact))
        case shifts.OnShift():
            return tuple(_of_shift(fact))
        case VoicePublished(voice=voice):
            return (_about_voice(voice),)
        case venues.OnVenue():
            return tuple(_of_venue(fact))
        case pledges.OnPledge():
            return tuple(_of_pledge(fact))
        case pledges.OnNeed():
            return tuple(_of_need(fact))
        case pledges.OnSignal():
            return tuple(_of_signal(fact))
        case pledges.OnBefriending():
            return tuple(_of_befriending(fact))
        case _:
            return ()


def notes(fact: Fact) -> tuple[Note, ...]:
    """What is to be remembered of a fact, so that later ones find their audience."""
    match fact:
        case pledges.NeedOpened(need=need, opened_by=person):
            return (Opened(need.id, person, need.version),)
        case events.RegistrationCancelled(registration=left):
            return (Coming(fact.event.id, left.person, fact.event.version, coming=False),)
        case (
            events.RegistrationMade(registration=taken)
            | events.RegistrationWaitlisted(registration=taken)
            | events.RegistrationPromoted(registration=taken)
        ):
            return (Coming(fact.event.id, taken.person, fact.event.version, coming=True),)
        case _:
            return ()


def _of_campaign(fact: events.OnCampaign) -> Iterator[Message]:
    campaign = fact.campaign
    match fact:
        case events.CampaignClosed():
            yield _about_campaign(campaign, Followers(campaign.id), "campaign-closed")
        case events.CampaignEvolved(successor_name=name):
            url = f"/v1/campaigns/{campaign.evolved_into}"
            asked = _about_campaign(campaign, Followers(campaign.id), "campaign-evolved", successor=name)
            yield replace(asked, url=url)
        case events.PartnerInvited(partner=partner):
            yield from _about_partner(campaign, partner, partner.invitees, "partner-invited")
        case events.PartnerApplied(partner=partner):
            yield from _about_partner(campaign, partner, campaign.organisers, "partner-applied")
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


def _of_event(fact: events.OnEvent) -> Iterator[Message]:
    event = fact.event
    match fact:
        case events.RegistrationMade(registration=party):
            yield _to_party(fact, party, "registered")
        case events.RegistrationWaitlisted(registration=party):
            yield _to_party(fact, party, "waiting")
        case events.RegistrationPromoted(registration=party):
            yield _to_party(fact, party, "promoted")
        case events.EventCreated() | events.EventPublished():
            if event.status == "published" and event.visibility != "members":
                yield _about_event(event, Followers(event.campaign_id), "campaign", "event-published")
        case events.EventCancelled():
            reason = event.cancellation.reason if event.cancellation else ""
            for audience in _concerned(event):
                yield _about_event(event, audience, "event-change", "event-cancelled", reason=reason)
        case events.EventChanged(changed=changed):
            text = _change(frozenset(changed))
            if text is not None and event.status == "published":
                for audience in _concerned(event):
                    yield _about_event(event, audience, "event-change", "event-changed", text)
        case _:
            pass


def _concerned(event: events.EventState) -> tuple[Audience, ...]:
    """Who is told of a change to an event; while it is hidden those alone whose place is kept."""
    return (Registered(event.id),) if event.hidden else (Registered(event.id), Followers(event.id))


def _of_shift(fact: shifts.OnShift) -> Iterator[Message]:
    for word in shift_policy.words(fact):
        yield Message(
            Person(word.person), "registration", word.purpose, word.purpose, word.values, word.url, fact.shift.id
        )


def _of_venue(fact: venues.OnVenue) -> Iterator[Message]:
    for word in venue_policy.words(fact):
        url = f"/v1/venues/{fact.venue.id}"
        audiences: list[Audience] = [Person(host) for host in word.hosts]
        for audience in audiences or [Followers(fact.venue.id)]:
            yield Message(audience, "event-change", word.purpose, word.purpose, word.values, url, fact.venue.id)


def _to_party(fact: events.OnEvent, party: events.RegistrationState, purpose: str) -> Message:
    return _about_event(fact.event, Person(party.person), "registration", purpose, places=str(party.party_size))


def _about_event(
    event: events.EventState, audience: Audience, topic: Topic, purpose: str, text: str = "", **more: str
) -> Message:
    values = {"title": event.title, "starts_at": _local(event.starts_at), "ends_at": _local(event.ends_at), **more}
    return Message(audience, topic, purpose, text or purpose, values, f"/v1/events/{event.id}", event.id)


def _change(changed: frozenset[str]) -> str | None:
    """Text for a change that upsets somebody's plans; None if it does not."""
    match bool(changed & MOVED), bool(changed & RETIMED):
        case True, True:
            return "event-moved-and-retimed"
        case True, False:
            return "event-moved"
        case False, True:
            return "event-retimed"
        case _:
            return None


def _of_need(fact: pledges.OnNeed) -> Iterator[Message]:
    need = fact.need
    if isinstance(fact, pledges.NeedEscalated) and need.urgency and need.by:
        left = _amount(need, need.uncommitted)
        yield _about_need(need, Opener(need.id), f"need-{need.urgency}", left=left, by=need.by)
    if need.hidden:
        return
    match fact:
        case pledges.NeedOpened():
            amount = _amount(need, need.quantity)
            yield _about_need(need, Followers(need.campaign_id), "need-opened", amount=amount)
        case pledges.NeedPaused():
            yield _about_need(need, Followers(need.id), "need-paused")
        case pledges.NeedResumed():
            yield _about_need(need, Followers(need.id), "need-resumed")
        case pledges.NeedClosed() | pledges.NeedWrittenOff():
            yield _about_need(need, Followers(need.id), "need-closed")
        case pledges.NeedChanged(changed=changed) if need.status == "fulfilled" and "quantity" in changed:
            yield _fulfilled(need)
        case _:
            pass


_OUTCOMES: Final[dict[type[Fact], str]] = {
    pledges.SignalPromoted: "signal-promoted",
    pledges.SignalDismissed: "signal-dismissed",
    pledges.SignalMerged: "signal-merged",
}


def _of_signal(fact: pledges.OnSignal) -> Iterator[Message]:
    """Who told of something hears what was made of it, whatever that is."""
    signal = fact.signal
    text = _OUTCOMES.get(type(fact))
    if text is not None:
        yield Message(Person(signal.proposer), "need", text, text, {}, f"/v1/signals/{signal.id}", signal.id)


_MATCHES: Final[dict[type[Fact], str]] = {
    pledges.BefriendingProposed: "befriending-proposed",
    pledges.BefriendingStarted: "befriending-started",
    pledges.BefriendingEnded: "befriending-ended",
}


def _of_befriending(fact: pledges.OnBefriending) -> Iterator[Message]:
    """Both sides hear of it, and neither who the other is."""
    match_ = fact.befriending
    text = _MATCHES.get(type(fact))
    if text is not None:
        for person in (match_.guest, match_.friend):
            yield Message(Person(person), "need", text, text, {}, f"/v1/befriendings/{match_.id}", match_.id)


def _of_pledge(fact: pledges.OnPledge) -> Iterator[Message]:
    need, pledge = fact.need, fact.pledge
    match fact:
        case pledges.PledgeHeld():
            text = "offer-asked" if pledge.offer_id else "pledge-held"
            yield _to_donor(fact, text, pledge.quantity, held_until=_utc(pledge.held_until or ""))
        case pledges.PledgeMade() | pledges.PledgeConfirmed():
            yield _to_donor(fact, "pledge-taken", pledge.quantity)
            left = _amount(need, need.uncommitted)
            yield _to_opener(fact, "need-pledged", pledge.quantity, left=left)
        case pledges.DeliveryReported(delivery=delivery):
            yield _to_opener(fact, "delivery-reported", delivery.quantity)
        case pledges.PledgeDelivered(delivery=delivery):
            delivered = _amount(need, delivery.quantity)
            yield _to_donor(fact, "pledge-delivered", pledge.quantity, delivered=delivered)
            yield from _if_now_fulfilled(need, delivery.quantity)
        case pledges.DeliveryCorrected(delivery=delivery) if delivery.corrections:
            last = delivery.corrections[-1]
            before, after = _amount(need, last.before), _amount(need, last.after)
            yield _to_donor(fact, "delivery-corrected", last.after, before=before, after=after, reason=last.reason)
            if delivery.status == "confirmed":
                yield from _if_now_fulfilled(need, last.after - last.before)
        case pledges.PledgeCorrected(before=before):
            now = _amount(need, pledge.quantity)
            yield _to_donor(fact, "pledge-corrected", before, now=now, reason=pledge.corrections[-1].reason)
        case pledges.DeliveryReturned(delivery=delivery, quantity=quantity):
            yield _to_donor(fact, "delivery-returned", quantity, reason=delivery.returns[-1].reason)
        case pledges.PledgeReleased(quantity=quantity):
            yield _to_donor(fact, "pledge-released", quantity)
        case pledges.PledgeWrittenOff(quantity=quantity):
            yield _to_donor(fact, "pledge-written-off", quantity)
        case pledges.PledgeExpired(quantity=quantity):
            yield _to_donor(fact, "hold-expired", quantity)
        case _:
            pass


def _to_donor(fact: pledges.OnPledge, purpose: str, quantity: int, **more: str) -> Message:
    need, pledge = fact.need, fact.pledge
    values = {"title": need.title, "amount": _amount(need, quantity), **more}
    return Message(Person(pledge.donor), "pledge", purpose, purpose, values, f"/v1/pledges/{pledge.id}", need.id)


def _to_opener(fact: pledges.OnPledge, purpose: str, quantity: int, **more: str) -> Message:
    """Tell who opened the need; not who gives, and not an opener who gives."""
    need, pledge = fact.need, fact.pledge
    values = {"title": need.title, "amount": _amount(need, quantity), **more}
    to = Opener(need.id)
    return Message(to, "need", purpose, purpose, values, f"/v1/pledges/{pledge.id}", need.id, but=pledge.donor)


def _about_need(need: pledges.NeedState, audience: Audience, purpose: str, **more: str) -> Message:
    values = {"title": need.title, **more}
    return Message(audience, "need", purpose, purpose, values, f"/v1/needs/{need.id}", need.id)


def _if_now_fulfilled(need: pledges.NeedState, delivered: int) -> Iterator[Message]:
    """Tell the followers of a need when this very delivery filled it, not at each one after that."""
    if need.status == "fulfilled" and not need.hidden and need.delivered - delivered < need.quantity:
        yield _fulfilled(need)


def _fulfilled(need: pledges.NeedState) -> Message:
    return _about_need(need, Followers(need.id), "need-fulfilled", amount=_amount(need, need.quantity))


def _amount(need: pledges.NeedState, quantity: int) -> str:
    """A quantity with its unit; money, which is counted in pence, as `12.50 GBP`."""
    if need.kind == "money":
        return f"{quantity // 100}.{quantity % 100:02d} {need.currency or ''}".rstrip()
    return f"{quantity} {need.unit}"


def _local(time: str) -> str:
    """A local time as it is written here."""
    return time.replace("T", " ")


def _utc(instant: str) -> str:
    """An instant as it is written here."""
    return f"{instant[:10]} {instant[11:16]} UTC"
