"""Of every kind of fact: either somebody is told of it, or it stands in the list of those that nobody is told of."""

from typing import Final

import pytest
from msgspec.structs import replace

from services.notifications.policy import messages, notes
from services.notifications.telling import Acting, ActingNow, Opened, Opener, Person
from services.notifications.texts import render
from shared.contracts import commitments, events, hosting, pledges
from shared.contracts.catalogue import FACTS
from shared.contracts.message import Fact, open_envelope
from tests.notifications.given import AT, CAMPAIGN, Desk, cancelled, event, need, pledge, record, registered
from tests.notifications.test_venue_policy import TO_FOLLOWERS
from tests.samples.record import FOLDER

TOLD_TO_NOBODY: Final = frozenset(
    {
        # The one who did it has the answer, and nobody has to act on it or plan anew.
        *("CampaignCreated", "CampaignLaunched", "CampaignReopened", "CampaignChanged", "OrganiserAdded"),
        *("OrganiserRemoved", "MemberAdded", "MemberRemoved", "PartnerChanged", "CategoryAdded", "NeedKindAdded"),
        *("RegistrationCancelled", "RegistrationChanged", "ProgrammeChanged", "SlotAdded", "SlotBooked"),
        *("SlotReleased", "CoHostRemoved", "SubEventAdded", "EventCompleted", "OutcomesChanged", "AttendanceNoted"),
        *("HeadcountTaken", "VenueCreated", "HostAdded", "HostRemoved", "OpeningAdded", "OpeningRemoved"),
        *("NeedReopened", "OwnerAdded", "OwnerRemoved", "SignalReported", "SignalReturned", "BundleBegun"),
        *("VoiceOffered", "VoiceUnpublished", "VoiceWithdrawn"),
        # What is out of sight is not spoken of.
        *("EventHidden", "EventUnhidden", "NeedHidden", "NeedUnhidden", "VenueHidden", "VenueUnhidden"),
        # The places of a shift are told one by one.
        *("ShiftOpened", "ShiftChanged", "ShiftCancelled", "PlaceConfirmed", "PlaceDeclined", "PlaceLeft"),
        *("ComingAffirmed", "CoverAsked"),
        # The hold or the pledge that comes of it is told.
        *("PledgeChanged", "PledgeDeclined", "WaveSent"),
        *("OfferMade", "OfferChanged", "OfferWithdrawn", "OfferSetAside", "OfferMatched", "OfferReturned"),
        *("CommitmentMade", "CommitmentChanged", "EvidenceAttached", "EvidenceTakenBack", "CommitmentRenewed"),
        "CommitmentEnded",
        # One side of a match does not hear what the other said before both have.
        *("BefriendingConsented", "BefriendingChecked"),
    }
)
COMMITMENT = commitments.CommitmentState(
    "commitment_c", 3, 1, AT, AT, CAMPAIGN.id, None, "Kitchen", (1,), ("Cook",), "2026-04-01", AT, status="stale"
)
PARTNER = events.PartnerState(
    "campaign_tidy.p", 3, AT, AT, CAMPAIGN.id, "Kitchen", "community", None, None, ("pat",), status="active"
)
CORRECTED = pledges.Delivery(1, 2, "confirmed", AT, corrections=(pledges.Correction(3, 2, "Miscounted", AT),))
SPECIAL: Final[tuple[Fact, ...]] = (
    *(fact for fact, _ in TO_FOLLOWERS),
    cancelled(2),
    events.EventChanged(event(2), ("venue",)),
    events.EventCreated(event(1)),
    events.EventPublished(event(2)),
    events.OccurrenceChanged(event(2), events.OccurrenceState("event_sweep", event().starts_at), ("venue",)),
    events.PartnerJoined(CAMPAIGN, PARTNER),
    commitments.CommitmentReviewed(COMMITMENT),
    pledges.MatchingEnded(need(2), "nobody-left"),
    pledges.NeedChanged(need(2, status="fulfilled"), ("quantity",)),
    pledges.NeedEscalated(need(2, urgency="soon", by="2026-04-10")),
    pledges.DeliveryCorrected(need(2), pledge(), CORRECTED),
)
"""Those that are told of by what is in them, beside the recorded ones."""


def test_every_fact_is_told_or_known_to_be_told_to_nobody() -> None:
    """A new kind of fact needs a decision."""
    kinds = {kind.__name__ for owner in ("events", "pledges") for kind in FACTS[owner].kinds.values()}
    recorded = (
        FACTS[owner].decode(open_envelope((FOLDER / f"{name}.json").read_bytes()))
        for owner in ("events", "pledges")
        for name in FACTS[owner].kinds
    )
    told = {type(fact).__name__ for fact in (*recorded, *SPECIAL) if messages(fact)}

    assert told & TOLD_TO_NOBODY == set()
    assert kinds - told == TOLD_TO_NOBODY


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (
            commitments.CommitmentReviewed(replace(COMMITMENT, partner_id=PARTNER.id)),
            [(Opener("commitment_c"), "commitment-stale"), (Acting(PARTNER.id), "commitment-stale")],
        ),
        (
            commitments.CommitmentReviewed(COMMITMENT),
            [(Opener("commitment_c"), "commitment-stale"), (Acting(CAMPAIGN.id), "commitment-stale")],
        ),
        (commitments.CommitmentReviewed(replace(COMMITMENT, status="current")), []),
        (
            pledges.MatchingEnded(need(2), "nobody-left"),
            [(Opener("need_soup"), "matching-ended"), (Acting(CAMPAIGN.id), "matching-ended")],
        ),
        (pledges.MatchingEnded(need(2), "filled"), []),
        (hosting.CoHostInvited(event(2), PARTNER.id), [(Acting(PARTNER.id), "co-host-invited")]),
        (hosting.CoHostAccepted(event(2), PARTNER.id), [(Acting(CAMPAIGN.id), "co-host-accepted")]),
        (events.PartnerVerified(CAMPAIGN, PARTNER), [(Person("pat"), "partner-verified")]),
        (events.PartnerLeft(CAMPAIGN, PARTNER), [(Person("olga"), "partner-left")]),
        (events.InvitationDeclined(CAMPAIGN, PARTNER), [(Person("olga"), "partner-declined")]),
    ],
)
def test_who_has_to_act_is_told(fact: Fact, expected: list[tuple[object, str]]) -> None:
    """Who did it is not; all of it can be put into words."""
    for message in messages(fact):
        render(message.text, message.values)

    assert [(message.audience, message.purpose) for message in messages(fact)] == expected


def test_who_acts_for_a_partner_is_remembered_until_it_leaves() -> None:
    """And who made a commitment."""
    gone = events.PartnerRemoved(CAMPAIGN, replace(PARTNER, status="removed"))

    assert notes(events.MemberAdded(CAMPAIGN, PARTNER, "pat"))[1:] == (
        ActingNow(PARTNER.id, CAMPAIGN.id, ("pat",), CAMPAIGN.version),
    )
    assert notes(gone)[1:] == (ActingNow(PARTNER.id, CAMPAIGN.id, (), CAMPAIGN.version),)
    assert notes(commitments.CommitmentMade(COMMITMENT, "mia")) == (Opened("commitment_c", "mia", 3),)


async def test_a_stale_commitment_reaches_who_made_it_and_the_partner(desk: Desk) -> None:
    """Once each, as they act for it now; not who did before."""
    before = replace(CAMPAIGN, version=1)
    after = replace(CAMPAIGN, version=2)
    made = replace(COMMITMENT, version=1, status="current", partner_id=PARTNER.id)
    stale = replace(made, version=2, status="stale")
    story = (
        events.MemberAdded(before, replace(PARTNER, members=("mia", "pat")), "pat"),
        events.MemberRemoved(after, replace(PARTNER, members=("mia", "una")), "pat"),
        commitments.CommitmentMade(made, "mia"),
        commitments.CommitmentReviewed(stale),
    )

    await desk.reader().read([record(fact) for fact in story])

    told = [person for person, purpose in await desk.told() if purpose == "commitment-stale"]
    assert told == ["mia", "una"]


async def test_followers_of_what_is_for_members_now_hear_only_if_they_are(desk: Desk) -> None:
    """An organiser, a member of a partner that takes part, who comes; not a stranger, nor one of a former partner."""
    former = replace(PARTNER, id="campaign_tidy.q", members=("fred",))
    story = (
        events.PartnerJoined(replace(CAMPAIGN, version=1), PARTNER),
        events.PartnerJoined(replace(CAMPAIGN, version=2), former),
        events.PartnerLeft(replace(CAMPAIGN, version=3), replace(former, status="left")),
        registered(1, "ana"),
        events.EventChanged(event(2, visibility="members"), ("visibility",)),
        events.EventChanged(event(3, visibility="members"), ("starts_at",)),
        events.EventCancelled(
            event(4, visibility="members", status="cancelled", cancellation=events.Cancellation("Rain", AT))
        ),
    )
    await desk.follow("event_sweep", "olga", "pat", "fred", "sam", "ana")

    await desk.reader().read([record(fact) for fact in story])

    told = await desk.told()
    for purpose in ("event-changed", "event-cancelled"):
        assert [person for person, what in told if what == purpose] == ["ana", "olga", "pat"]
