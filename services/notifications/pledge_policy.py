"""Who is told what about needs, pledges and what grows into them: who gives, who asked, and who follows. Pure."""

from collections.abc import Iterator
from typing import Final

from services.notifications.telling import Acting, Audience, Followers, Message, Opener, Person, amount
from shared.contracts import pledges
from shared.contracts.message import Fact


def of_need(fact: pledges.OnNeed) -> Iterator[Message]:
    """About a need; of a hidden one only those hear who asked for it."""
    need = fact.need
    if isinstance(fact, pledges.NeedEscalated) and need.urgency and need.by:
        left = _amount(need, need.uncommitted)
        for responsible in (Opener(need.id), Acting(need.campaign_id)):
            yield _about_need(need, responsible, f"need-{need.urgency}", left=left, by=need.by)
    if isinstance(fact, pledges.MatchingEnded) and fact.why == "nobody-left":
        left = _amount(need, need.uncommitted)
        for responsible in (Opener(need.id), Acting(need.campaign_id)):
            yield _about_need(need, responsible, "matching-ended", left=left)
    if need.hidden:
        return
    match fact:
        case pledges.NeedOpened():
            wanted = _amount(need, need.quantity)
            yield _about_need(need, Followers(need.campaign_id), "need-opened", amount=wanted)
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


def of_signal(fact: pledges.OnSignal) -> Iterator[Message]:
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


def of_befriending(fact: pledges.OnBefriending) -> Iterator[Message]:
    """Both sides hear of it, and neither who the other is."""
    match_ = fact.befriending
    text = _MATCHES.get(type(fact))
    if text is not None:
        for person in (match_.guest, match_.friend):
            yield Message(Person(person), "need", text, text, {}, f"/v1/befriendings/{match_.id}", match_.id)


_LET_GO: Final[dict[type[Fact], str]] = {
    pledges.PledgeReleased: "pledge-released",
    pledges.PledgeWrittenOff: "pledge-written-off",
    pledges.PledgeExpired: "hold-expired",
}


def of_pledge(fact: pledges.OnPledge) -> Iterator[Message]:
    """The donor hears how the pledge fares, who opened the need what came of it."""
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
            yield _to_opener(fact, "delivery-put-right", last.after, before=before, reason=last.reason)
            if delivery.status == "confirmed":
                yield from _if_now_fulfilled(need, last.after - last.before)
        case pledges.PledgeCorrected(before=before):
            now = _amount(need, pledge.quantity)
            yield _to_donor(fact, "pledge-corrected", before, now=now, reason=pledge.corrections[-1].reason)
        case pledges.DeliveryReturned(delivery=delivery, quantity=quantity):
            yield _to_donor(fact, "delivery-returned", quantity, reason=delivery.returns[-1].reason)
        case pledges.PledgeWithdrawn(quantity=quantity):
            yield _to_opener(fact, "pledge-withdrawn", quantity, left=_amount(need, need.uncommitted))
        case pledges.PledgeReleased() | pledges.PledgeWrittenOff() | pledges.PledgeExpired():
            yield _to_donor(fact, _LET_GO[type(fact)], fact.quantity)
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
    return amount(need.kind, need.unit, need.currency, quantity)


def _utc(instant: str) -> str:
    """An instant as it is written here."""
    return f"{instant[:10]} {instant[11:16]} UTC"
