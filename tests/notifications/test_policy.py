from typing import Any

import pytest
from msgspec.structs import replace

from services.notifications.policy import messages, notes
from services.notifications.telling import (
    Acting,
    ActingNow,
    Coming,
    Followers,
    Message,
    Opened,
    Opener,
    Person,
    Registered,
)
from services.notifications.texts import ENGLISH, render
from shared.contracts import events, pledges
from shared.contracts.catalogue import FACTS
from shared.contracts.message import Fact, open_envelope
from shared.contracts.recurrence import Recurrence
from shared.contracts.voices import VoicePublished, VoiceState
from tests.notifications.given import (
    AT,
    CAMPAIGN,
    EVENT,
    NEED,
    cancelled,
    event,
    left,
    need,
    party,
    pledge,
    pledged,
    registered,
)
from tests.samples.record import FOLDER

OURS = [(owner, name) for owner in ("events", "pledges") for name in FACTS[owner].kinds]
DONOR = Person("ana")
OPENER = Opener("need_soup")
EVERYBODY = [Registered("event_sweep"), Followers("event_sweep")]


def told(fact: Fact) -> list[tuple[object, str, str]]:
    """List whom a fact is told to, under which topic, for which purpose."""
    return [(message.audience, message.topic, message.purpose) for message in messages(fact)]


def bodies(fact: Fact) -> list[str]:
    """List what is told, as it is read."""
    return [" / ".join(render(message.text, message.values)) for message in messages(fact)]


@pytest.mark.parametrize(
    ("fact", "purpose", "text"),
    [
        (registered(2, "ana"), "registered", "Big sweep, 2026-04-01 10:00. Places: 1."),
        (
            events.RegistrationWaitlisted(event(2), party("ana", party_size=4, status="waiting")),
            "waiting",
            "Big sweep, 2026-04-01 10:00. You move up as soon as there is room. Places: 4.",
        ),
        (
            events.RegistrationPromoted(event(2), party("ana")),
            "promoted",
            "You are registered now: Big sweep, 2026-04-01 10:00. Places: 1.",
        ),
    ],
    ids=["registered", "waiting", "promoted"],
)
def test_a_party_hears_where_it_stands(fact: events.OnEvent, purpose: str, text: str) -> None:
    """Registered, waiting, moved up: told to the person alone."""
    [message] = messages(fact)

    assert (message.audience, message.topic, message.purpose) == (DONOR, "registration", purpose)
    assert (message.url, message.subject) == ("/v1/events/event_sweep", "event_sweep")
    assert render(message.text, message.values)[1] == text


def test_who_leaves_is_not_told_so() -> None:
    """They did it themselves; who comes is remembered."""
    assert messages(left(3, "ana")) == ()
    assert notes(left(3, "ana")) == (Coming("event_sweep", "ana", 3, coming=False),)
    assert notes(registered(2, "ana")) == (Coming("event_sweep", "ana", 2, coming=True),)


def test_a_cancellation_reaches_those_who_come_and_those_who_follow() -> None:
    """One purpose for both, so that who does both is told once."""
    assert told(cancelled(5)) == [(audience, "event-change", "event-cancelled") for audience in EVERYBODY]
    assert set(bodies(cancelled(5))) == {
        "An event is cancelled / Big sweep on 2026-04-01 10:00 does not take place: Rain"
    }


WEEKLY = event(2, recurrence=Recurrence(rrule="FREQ=WEEKLY"), starts_at="2026-04-01T10:00", ends_at="2026-04-01T12:00")


def date(**changes: Any) -> events.OccurrenceState:  # noqa: ANN401 -- any field
    """Give a date of the series, after the clocks went back."""
    return replace(events.OccurrenceState("event_sweep", "2026-10-28T10:00"), **changes)


def test_a_date_called_off_reaches_those_who_come_to_it() -> None:
    """And the followers; not those who come on another date."""
    fact = events.OccurrenceCancelled(WEEKLY, date(cancellation=events.Cancellation("Rain", AT)))

    assert told(fact) == [
        (Registered("event_sweep", "2026-10-28T10:00"), "event-change", "event-cancelled"),
        (Followers("event_sweep"), "event-change", "event-cancelled"),
    ]
    assert set(bodies(fact)) == {"An event is cancelled / Big sweep on 2026-10-28 10:00 does not take place: Rain"}


def test_a_date_that_fell_out_of_the_series_is_told_by_its_name() -> None:
    """The rule knows it no more."""
    [first, _] = messages(events.OccurrenceCancelled(WEEKLY, date(occurrence="2026-10-29T10:00")))

    assert first.values["starts_at"] == "2026-10-29 10:00"


def test_a_date_at_another_time_is_told_with_that_time() -> None:
    """Those of that date alone, and the followers; a smaller change is nobody's business."""
    moved = date(starts_at="2026-10-28T14:00", ends_at="2026-10-28T16:00")
    fact = events.OccurrenceChanged(WEEKLY, moved, ("starts_at", "ends_at"))

    assert [message.audience for message in messages(fact)] == [
        Registered("event_sweep", "2026-10-28T10:00"),
        Followers("event_sweep"),
    ]
    assert set(bodies(fact)) == {
        "An event has a new time / Big sweep is now from 2026-10-28 14:00 to 2026-10-28 16:00."
    }
    assert messages(events.OccurrenceChanged(WEEKLY, date(capacity=3), ("capacity",))) == ()


def test_a_party_of_a_series_hears_which_date_it_has() -> None:
    """Not when the series began; and it is remembered for that date."""
    mine = party("ana", occurrence="2026-10-28T10:00")
    fact = events.RegistrationMade(WEEKLY, mine, date(registered=1))

    assert bodies(fact) == ["You are registered / Big sweep, 2026-10-28 10:00. Places: 1."]
    assert notes(fact) == (Coming("event_sweep", "ana", 2, coming=True, occurrence="2026-10-28T10:00"),)


@pytest.mark.parametrize(
    ("changes", "followers"),
    [({"visibility": "members"}, [Followers("event_sweep", within="campaign_tidy")]), ({"hidden": True}, [])],
    ids=["members", "hidden"],
)
def test_who_followed_what_they_may_not_see_any_more_is_not_told(
    changes: dict[str, Any], followers: list[object]
) -> None:
    """A leak to everybody who once followed; those whose place is kept have to hear of it."""
    for fact in (
        events.EventCancelled(replace(cancelled(5).event, **changes)),
        events.EventChanged(event(2, **changes), ("venue",)),
    ):
        assert [message.audience for message in messages(fact)] == [Registered("event_sweep"), *followers]
    off = events.OccurrenceCancelled(replace(WEEKLY, **changes), date())
    assert [message.audience for message in messages(off)] == [
        Registered("event_sweep", "2026-10-28T10:00"),
        *followers,
    ]


def test_who_organises_is_remembered() -> None:
    """Whatever is told of the campaign names them."""
    assert notes(events.CampaignClosed(CAMPAIGN)) == (ActingNow("campaign_tidy", "campaign_tidy", ("olga",), 1),)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        (("starts_at",), "event-retimed"),
        (("timezone", "title"), "event-retimed"),
        (("venue",), "event-moved"),
        (("online_url", "ends_at"), "event-moved-and-retimed"),
    ],
)
def test_another_time_or_place_is_told(changed: tuple[str, ...], text: str) -> None:
    """In one message, whatever moved."""
    found = messages(events.EventChanged(event(2), changed))

    assert [message.audience for message in found] == EVERYBODY
    assert {(message.purpose, message.text) for message in found} == {("event-changed", text)}


@pytest.mark.parametrize("visibility", ["public", "members", "hidden_location"])
def test_no_text_says_where(visibility: events.Visibility) -> None:
    """The place is told by the event itself, to whom it may tell it."""
    moved = events.EventChanged(event(2, visibility=visibility), ("venue", "starts_at"))

    assert bodies(moved)
    assert not any("Secret yard" in body or "ladywood" in body for body in bodies(moved))


def test_small_changes_and_drafts_are_nobody_s_business() -> None:
    """A better description upsets no plans, and nobody plans for a draft."""
    assert messages(events.EventChanged(event(2), ("description", "capacity"))) == ()
    assert messages(events.EventChanged(event(2, status="draft"), ("starts_at",))) == ()


def test_followers_of_a_campaign_hear_what_is_new() -> None:
    """Events when they are published, those for members only if they are some; needs; the end."""
    followers = Followers("campaign_tidy")

    assert told(events.EventPublished(EVENT)) == [(followers, "campaign", "event-published")]
    assert messages(events.EventCreated(event(status="draft"))) == ()
    within = Followers("campaign_tidy", within="campaign_tidy")
    assert told(events.EventPublished(event(visibility="members"))) == [(within, "campaign", "event-published")]
    assert told(pledges.NeedOpened(NEED, "olga")) == [(followers, "need", "need-opened")]
    assert told(events.CampaignClosed(CAMPAIGN)) == [(followers, "campaign", "campaign-closed")]


def test_followers_are_asked_whether_they_come_along() -> None:
    """Once, with the way to the successor; nothing makes them follow it."""
    evolved = events.CampaignEvolved(replace(CAMPAIGN, status="evolved", evolved_into="campaign_heir"), "Tidy city")

    assert told(evolved) == [(Followers("campaign_tidy"), "campaign", "campaign-evolved")]
    assert [message.url for message in messages(evolved)] == ["/v1/campaigns/campaign_heir"]
    assert bodies(evolved) == [
        "A campaign goes on as another / Tidy streets goes on as Tidy city. Follow that if you want to hear of it."
    ]
    assert notes(evolved) == (ActingNow("campaign_tidy", "campaign_tidy", ("olga",), 1),)


def test_who_said_something_hears_that_it_is_shown() -> None:
    """With the way to where it can be taken back; its words are told by nobody else."""
    voice = VoiceState("story_s", 2, AT, AT, CAMPAIGN.id, None, "bo", "text", "en", "published", AT)

    assert told(VoicePublished(voice)) == [(Person("bo"), "campaign", "voice-published")]
    assert [message.url for message in messages(VoicePublished(voice))] == ["/v1/stories/story_s"]
    assert bodies(VoicePublished(voice)) == [
        "What you said is shown / Everybody can read it now. You can withdraw it whenever you want."
    ]


def test_a_partner_hears_how_it_stands() -> None:
    """Who may accept, who may approve, whose it is; one that joined at once has just seen that."""
    partner = events.PartnerState("p", 1, AT, AT, CAMPAIGN.id, "Kitchen", "community", None, None, ("pat", "una"))
    invited = replace(partner, members=(), invitees=("pat",), status="invited")

    assert told(events.PartnerInvited(CAMPAIGN, invited)) == [(Person("pat"), "campaign", "partner-invited")]
    assert told(events.PartnerApplied(CAMPAIGN, partner)) == [(Person("olga"), "campaign", "partner-applied")]
    assert told(events.PartnerJoined(CAMPAIGN, partner)) == []
    for fact, purpose in (
        (events.PartnerJoined(CAMPAIGN, replace(partner, version=2)), "partner-joined"),
        (events.PartnerRemoved(CAMPAIGN, replace(partner, version=2)), "partner-removed"),
    ):
        assert told(fact) == [(Person(who), "campaign", purpose) for who in ("pat", "una")]
        assert all("Kitchen" in body and "Tidy streets" in body for body in bodies(fact))


def test_a_pledge_is_confirmed_to_its_donor_and_told_to_who_asked() -> None:
    """The donor is named to nobody, and not told twice when it is the same person."""
    found = messages(pledged(2))

    assert told(pledged(2)) == [(DONOR, "pledge", "pledge-taken"), (OPENER, "need", "need-pledged")]
    assert [message.but for message in found] == ["", "ana"]
    assert bodies(pledged(2)) == [
        "Your pledge was taken / 3 bowls for Soup. Thank you!",
        "A new pledge / 3 bowls for Soup; 10 bowls still wanted.",
    ]
    assert found[0].url == "/v1/pledges/need_soup.ana"


def delivery(quantity: int, *corrections: pledges.Correction, n: int = 1) -> pledges.Delivery:
    """Give a delivery that counts."""
    return pledges.Delivery(n, quantity, "confirmed", AT, corrections)


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (
            pledges.PledgeHeld(NEED, pledge(status="held", held_until="2026-03-23T09:30:00.000Z")),
            "Your pledge is held / 3 bowls for Soup until 2026-03-23 09:30 UTC. Please confirm it by then.",
        ),
        (
            pledges.PledgeHeld(NEED, pledge(status="held", held_until="2026-03-23T09:30:00.000Z", offer_id="offer_o")),
            "Your offer is wanted / 3 bowls for Soup. Please confirm or decline it by 2026-03-23 09:30 UTC.",
        ),
        (
            pledges.PledgeDelivered(NEED, pledge(), delivery(2)),
            "Your delivery was counted / 2 bowls of 3 bowls for Soup. Thank you!",
        ),
        (
            pledges.DeliveryCorrected(NEED, pledge(), delivery(1, pledges.Correction(2, 1, "One broke", AT))),
            "A delivery was corrected / Soup: 2 bowls became 1 bowls. One broke",
        ),
        (
            pledges.PledgeReleased(NEED, pledge(status="released"), 3),
            "You are released from your pledge / 3 bowls for Soup are no longer expected of you.",
        ),
        (
            pledges.PledgeExpired(NEED, pledge(status="expired"), 3),
            "Your held pledge has ended / 3 bowls for Soup were not confirmed in time.",
        ),
        (
            pledges.PledgeWrittenOff(NEED, pledge(status="written_off"), 2),
            "Your pledge was closed / 2 bowls for Soup did not come and are no longer awaited.",
        ),
        (
            pledges.PledgeCorrected(NEED, pledge(corrections=(pledges.Correction(30, 3, "A nought.", AT),)), 30),
            "Your pledge was corrected / Soup: 30 bowls became 3 bowls. A nought.",
        ),
        (
            pledges.DeliveryReturned(
                NEED, pledge(), replace(delivery(1), returns=(pledges.Returned(2, "Cracked.", AT),)), 2
            ),
            "Something went back / 2 bowls of your delivery for Soup. Cracked.",
        ),
    ],
    ids=["held", "asked", "delivered", "corrected", "released", "expired", "written off", "put right", "returned"],
)
def test_a_donor_hears_how_the_pledge_fares(fact: pledges.OnPledge, expected: str) -> None:
    """Each step, to the donor first, and once."""
    message, *others = messages(fact)

    assert (message.audience, message.topic) == (DONOR, "pledge")
    assert bodies(fact)[0] == expected
    assert DONOR not in [other.audience for other in others]


def test_a_donor_s_own_doing_is_not_news_to_them() -> None:
    """A withdrawal is answered, and told to who asked; a report goes to those who accept it."""
    reported = pledges.Delivery(1, 2, "reported", AT)

    back = pledges.PledgeWithdrawn(NEED, pledge(status="withdrawn"), 3)
    assert told(back) == [(OPENER, "need", "pledge-withdrawn")]
    assert bodies(back) == ["A pledge was taken back / 3 bowls for Soup; 10 bowls still wanted."]
    assert messages(pledges.PledgeChanged(NEED, pledge(), 2)) == ()
    assert told(pledges.DeliveryReported(NEED, pledge(), reported)) == [(OPENER, "need", "delivery-reported")]


def test_followers_of_a_need_hear_its_end_once() -> None:
    """Fulfilled by the delivery that fills it, not by those after; closed."""
    full = need(9, status="fulfilled", delivered=10)
    more = need(10, status="fulfilled", delivered=12)
    fixed = delivery(5, pledges.Correction(3, 5, "Counted again", AT))
    fulfilled = (Followers("need_soup"), "need", "need-fulfilled")

    assert told(pledges.PledgeDelivered(full, pledge(), delivery(2)))[1:] == [fulfilled]
    assert told(pledges.PledgeDelivered(more, pledge(), delivery(2)))[1:] == []
    put_right = (OPENER, "need", "delivery-put-right")
    assert told(pledges.DeliveryCorrected(full, pledge(), fixed))[1:] == [put_right, fulfilled]
    assert told(pledges.NeedChanged(full, ("quantity",))) == [fulfilled]
    assert told(pledges.NeedChanged(full, ("title",))) == []
    assert told(pledges.NeedClosed(NEED)) == [(Followers("need_soup"), "need", "need-closed")]


def test_followers_of_a_need_hear_that_it_rests_and_goes_on() -> None:
    """raksha-life/rescuekerala#317: without a status people call again and again."""
    follower = Followers("need_soup")

    assert told(pledges.NeedPaused(need(2, status="paused"))) == [(follower, "need", "need-paused")]
    assert told(pledges.NeedResumed(need(3))) == [(follower, "need", "need-resumed")]
    assert told(pledges.NeedWrittenOff(need(4, status="closed"))) == [(follower, "need", "need-closed")]


def test_who_opened_a_need_hears_that_its_day_comes_near() -> None:
    """With what is still wanted; also while it is hidden."""
    fact = pledges.NeedEscalated(need(2, urgency="soon", by="2026-04-10", uncommitted=7, hidden=True))

    assert told(fact) == [(OPENER, "need", "need-soon"), (Acting("campaign_tidy"), "need", "need-soon")]
    assert set(bodies(fact)) == {"A need comes near / Soup: 7 bowls still wanted by 2026-04-10."}


@pytest.mark.parametrize(
    ("kind", "purpose"),
    [
        (pledges.SignalPromoted, "signal-promoted"),
        (pledges.SignalDismissed, "signal-dismissed"),
        (pledges.SignalMerged, "signal-merged"),
    ],
)
def test_who_told_of_something_hears_what_was_made_of_it(kind: type[pledges.OnSignal], purpose: str) -> None:
    """MISSION row 33; that it came back is none of their business."""
    signal = pledges.SignalState("signal_s", 2, AT, AT, CAMPAIGN.id, "meal", None, None, None, "ana")

    assert told(kind(signal)) == [(DONOR, "need", purpose)]
    assert told(pledges.SignalReturned(signal)) == []
    assert told(pledges.SignalReported(signal)) == []


def test_both_sides_of_a_match_hear_how_it_goes() -> None:
    """Not who the other is; that one of them agreed is told to nobody."""
    match_ = pledges.BefriendingState("befriending_m", 2, AT, AT, CAMPAIGN.id, "ana", "bo", "olga")
    two = [Person("ana"), Person("bo")]

    for kind in (pledges.BefriendingProposed, pledges.BefriendingStarted, pledges.BefriendingEnded):
        assert [message.audience for message in messages(kind(match_))] == two
        assert "bo" not in "".join(bodies(kind(match_))).split()
    assert messages(pledges.BefriendingConsented(match_)) == ()
    assert messages(pledges.BefriendingChecked(match_)) == ()


def test_of_a_hidden_need_only_its_donors_and_who_opened_it_hear() -> None:
    """Its followers are not told, whatever happens to it."""
    unseen = need(9, status="fulfilled", delivered=10, hidden=True)

    for fact in (pledges.NeedHidden(unseen), pledges.NeedClosed(unseen), pledges.NeedChanged(unseen, ("quantity",))):
        assert told(fact) == []
    assert told(pledges.PledgeDelivered(unseen, pledge(), delivery(2))) == [(DONOR, "pledge", "pledge-delivered")]


def test_money_is_told_in_pounds() -> None:
    """It is counted in pence."""
    money = need(2, kind="money", unit="pence", currency="GBP", title="Brooms")
    fact = pledges.PledgeMade(money, pledge(quantity=1_205))

    assert bodies(fact)[0] == "Your pledge was taken / 12.05 GBP for Brooms. Thank you!"


def test_who_opened_a_need_is_remembered() -> None:
    """Later facts do not tell."""
    assert notes(pledges.NeedOpened(NEED, "olga")) == (Opened("need_soup", "olga", 1),)


def test_a_title_is_never_read_as_a_template() -> None:
    """N14: braces in what people write stay braces."""
    fact = events.RegistrationMade(event(2, title="{reason} {0.__class__} %s"), party("ana"))

    assert bodies(fact)[0].startswith("You are registered / {reason} {0.__class__} %s, ")


@pytest.mark.parametrize(("owner", "name"), OURS, ids=[name for _, name in OURS])
def test_every_recorded_fact_can_be_told(owner: str, name: str) -> None:
    """N14: no text and no value is missing, whatever the fact."""
    fact = FACTS[owner].decode(open_envelope((FOLDER / f"{name}.json").read_bytes()))

    assert len(bodies(fact)) == len(messages(fact))


def test_every_text_is_used() -> None:
    """No template outlives its message."""
    facts = [
        *(FACTS[owner].decode(open_envelope((FOLDER / f"{name}.json").read_bytes())) for owner, name in OURS),
        events.EventPublished(EVENT),
        *(events.EventChanged(event(2), changed) for changed in [("venue",), ("ends_at",), ("venue", "starts_at")]),
        pledges.NeedChanged(need(2, status="fulfilled"), ("quantity",)),
        pledges.PledgeHeld(NEED, pledge(status="held", offer_id="offer_o")),
        *(pledges.NeedEscalated(need(2, urgency=step, by="2026-04-10")) for step in ("soon", "urgent", "overdue")),
    ]
    found: list[Message] = [message for fact in facts for message in messages(fact)]

    elsewhere = {name for name in ENGLISH if name.startswith(("venue-", "opening-"))}  # test_venue_policy.py
    elsewhere |= {"commitment-stale", "matching-ended"}  # test_everybody_is_told.py
    assert {message.text for message in found} | elsewhere == set(ENGLISH)
