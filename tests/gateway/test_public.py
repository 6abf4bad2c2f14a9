from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.gateway import public_forms
from services.gateway.public import told
from shared.contracts import shifts, venues, voices
from shared.contracts.catalogue import FACTS
from shared.contracts.commitments import OnCommitment
from shared.contracts.message import Envelope, Malformed, open_envelope
from shared.contracts.pledges import OnNeed

SAMPLES = Path(__file__).parent.parent / "samples"
KINDS = [(owner, name) for owner in ("events", "pledges") for name in FACTS[owner].kinds]
PRIVATE = {
    "CampaignCreated",
    "OrganiserAdded",
    "OrganiserRemoved",
    "MemberAdded",
    "MemberRemoved",
    "PartnerInvited",
    "PartnerApplied",
    "InvitationDeclined",
    "EventCreated",
    "DeliveryReported",
    "WaveSent",
    "MatchingEnded",
    "AttendanceNoted",
    "ProgrammeChanged",
    "CoHostInvited",
    "SubEventAdded",
    "SlotAdded",
    "SlotBooked",
    "SlotReleased",
    "CategoryAdded",
    "NeedKindAdded",
    *(kind.__name__ for kind in (*shifts.FACTS, *venues.FACTS)),
    *(kind.__name__ for kind in FACTS["pledges"].kinds.values() if not issubclass(kind, OnNeed | OnCommitment)),
    *(kind.__name__ for kind in voices.FACTS),
}
CANARY = "canary-3f9c"


def sample(owner: str, name: str, **data: Any) -> Envelope:  # noqa: ANN401 -- whatever a fact may hold
    """A recorded fact, public unless `data` says otherwise."""
    envelope = open_envelope((SAMPLES / f"brumtogether.{owner}.{name}.v1.json").read_bytes())
    fact = msgspec.json.decode(envelope.data)
    if "event" in fact:
        fact["event"] |= {
            "hidden": False,
            "status": "published",
            "published_at": "2026-03-01T09:00:00.000Z",
            "visibility": "public",
        }
    if "campaign" in fact:
        fact["campaign"] |= {"status": "live"}
    for path, value in data.items():
        thing, _, field = path.partition("__")
        if field:
            fact[thing][field] = value
        else:
            fact[thing] = value
    envelope = msgspec.structs.replace(envelope, data=msgspec.Raw(msgspec.json.encode(fact)))
    made = FACTS[owner].decode(envelope)
    return msgspec.structs.replace(envelope, subject=made.stream, streamversion=made.streamversion)


def public(envelope: Envelope, owner: str) -> Any:  # noqa: ANN401 -- JSON
    """What the public is told, as JSON; None for nothing."""
    event = told(envelope, owner)
    return None if event is None else msgspec.json.decode(event.value)


def poisoned(value: Any) -> Any:  # noqa: ANN401 -- JSON
    """The same, with an unknown field in every object."""
    if isinstance(value, dict):
        return {name: poisoned(each) for name, each in value.items()} | {"email": f"{CANARY}@example.org"}
    if isinstance(value, list):
        return [poisoned(each) for each in value]
    return value


@pytest.mark.parametrize(("owner", "name"), KINDS, ids=[name for _, name in KINDS])
def test_s16_no_person_and_no_unknown_field_is_told(owner: str, name: str) -> None:
    """Canaries in every object, in every list of people and in the envelope are in no public event."""
    kind = name.split(".")[2]
    envelope = sample(owner, kind)
    fact = poisoned(msgspec.json.decode(envelope.data))
    for thing, field, value in [
        ("campaign", "organisers", [CANARY]),
        ("partner", "members", [CANARY]),
        ("partner", "invitees", [CANARY]),
        ("pledge", "donor", CANARY),
        ("registration", "person", CANARY),
    ]:
        if thing in fact:
            fact[thing][field] = value
    for field in ("person", "opened_by", "made_by"):
        if field in fact:
            fact[field] = CANARY
    spoilt = msgspec.structs.replace(
        envelope,
        data=msgspec.Raw(msgspec.json.encode(fact)),
        principal=f"{CANARY} resident",
        fingerprint=CANARY,
        traceparent=CANARY,
        causationid=CANARY,
        correlationid=CANARY,
        seen=CANARY,
    )
    event = told(spoilt, owner)

    assert (event is None) == (kind in PRIVATE)
    assert event is None or CANARY.encode() not in event.value


@pytest.mark.parametrize(("owner", "name"), KINDS, ids=[name for _, name in KINDS])
def test_a_public_event_fits_the_schema_of_its_type(owner: str, name: str) -> None:
    """Every event is of a declared type, names its stream and version, and reads back as that type."""
    envelope = sample(owner, name.split(".")[2])
    event = told(envelope, owner)
    if event is None:
        return
    made = open_envelope(event.value)
    message = public_forms.FAMILIES[f"public.{owner}"].decode(made)

    assert (made.id, made.subject, made.streamversion) == (envelope.id, envelope.subject, envelope.streamversion)
    assert made.dataschema == f"/schemas/{made.type}.json"
    assert msgspec.json.decode(msgspec.json.encode(message)) == msgspec.json.decode(made.data)
    assert b"\n" not in event.value


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        ("CampaignLaunched", {}, ("CampaignLaunched", "launched")),
        ("CampaignReopened", {}, ("CampaignLaunched", "reopened")),
        ("CampaignResumed", {}, ("CampaignLaunched", "resumed")),
        ("CampaignPaused", {"campaign__status": "paused"}, ("CampaignClosed", "paused")),
        ("CampaignClosed", {"campaign__status": "closed"}, ("CampaignClosed", "closed")),
        ("CampaignEvolved", {"campaign__status": "evolved"}, ("CampaignClosed", "evolved")),
        ("CampaignChanged", {}, ("CampaignLaunched", "changed")),
        ("CampaignChanged", {"campaign__status": "paused"}, ("CampaignClosed", "changed")),
        ("CampaignChanged", {"campaign__status": "draft"}, None),
        ("PartnerJoined", {}, ("PartnerJoined", "joined")),
        ("PartnerJoined", {"campaign__status": "draft"}, None),
        ("PartnerChanged", {}, ("PartnerChanged", "changed")),
        ("PartnerChanged", {"partner__status": "pending", "partner__joined_at": None}, None),
        ("PartnerVerified", {}, ("PartnerChanged", "verified")),
        ("PartnerVerified", {"partner__joined_at": None}, None),
        ("PartnerLeft", {}, ("PartnerLeft", "left")),
        ("PartnerLeft", {"partner__joined_at": None}, None),
        ("PartnerRemoved", {}, ("PartnerLeft", "removed")),
        ("PartnerRemoved", {"partner__joined_at": None}, None),
        ("EventPublished", {}, ("EventPublished", "published")),
        ("EventPublished", {"event__visibility": "members"}, None),
        ("EventChanged", {"event__published_at": None, "event__status": "draft"}, None),
        ("EventChanged", {"event__visibility": "members", "changed": ["visibility"]}, ("EventHidden", "hidden")),
        ("EventChanged", {"event__visibility": "members", "changed": ["title"]}, None),
        ("EventHidden", {"event__hidden": True}, ("EventHidden", "hidden")),
        ("EventHidden", {"event__hidden": True, "event__published_at": None}, None),
        ("EventHidden", {"event__hidden": True, "event__visibility": "members"}, None),
        ("EventUnhidden", {}, ("EventPublished", "unhidden")),
        ("EventUnhidden", {"event__visibility": "members"}, None),
        ("EventChanged", {"event__hidden": True, "changed": ["title"]}, None),
        (
            "EventChanged",
            {"event__hidden": True, "event__visibility": "members", "changed": ["visibility"]},
            None,
        ),
        ("EventCancelled", {"event__hidden": True}, None),
        ("RegistrationCancelled", {"event__hidden": True}, None),
        ("EventCompleted", {"event__hidden": True}, None),
        (
            "EventChanged",
            {"event__visibility": "members", "changed": ["visibility"], "event__published_at": None},
            None,
        ),
        ("EventChanged", {"changed": ["visibility"]}, ("EventChanged", "changed")),
        ("EventCancelled", {"event__published_at": None}, None),
        ("EventCancelled", {}, ("EventCancelled", "cancelled")),
        ("EventCompleted", {}, ("EventCompleted", "completed")),
        ("EventCompleted", {"event__visibility": "members"}, None),
        ("OutcomesChanged", {}, ("EventCompleted", "added")),
        ("OutcomesChanged", {"figures": ["a figure"]}, ("EventCompleted", "corrected")),
        ("AttendanceNoted", {"event__status": "completed"}, None),
        ("HeadcountTaken", {"result__completion": None}, None),
        ("HeadcountTaken", {"result__attendance": None}, ("EventCompleted", "added")),
        ("HeadcountTaken", {}, ("EventCompleted", "corrected")),
        ("RegistrationMade", {}, ("RegistrationsChanged", "registered")),
        ("RegistrationMade", {"event__visibility": "members"}, None),
        ("RegistrationCancelled", {}, ("RegistrationsChanged", "left")),
    ],
)
def test_what_events_tell(kind: str, data: dict[str, Any], expected: tuple[str, str] | None) -> None:
    """Drafts and members' events are silent; what stops being public says so; people are counted."""
    event = public(sample("events", kind, **data), "events")

    assert (event and (event["type"].split(".")[2], event["data"]["change"])) == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("NeedOpened", ("NeedOpened", "opened")),
        ("NeedChanged", ("NeedChanged", "changed")),
        ("NeedReopened", ("NeedChanged", "reopened")),
        ("NeedClosed", ("NeedClosed", "closed")),
        ("NeedPaused", ("NeedChanged", "paused")),
        ("NeedResumed", ("NeedChanged", "resumed")),
        ("NeedWrittenOff", ("NeedClosed", "written_off")),
        ("NeedEscalated", ("NeedChanged", "escalated")),
        ("OwnerAdded", ("NeedChanged", "owner_added")),
        ("OwnerRemoved", ("NeedChanged", "owner_removed")),
        ("PledgeMade", ("PledgeMade", "pledged")),
        ("PledgeHeld", ("PledgeMade", "held")),
        ("PledgeConfirmed", ("PledgeChanged", "confirmed")),
        ("PledgeChanged", ("PledgeChanged", "changed")),
        ("PledgeDelivered", ("PledgeDelivered", "delivered")),
        ("DeliveryCorrected", ("PledgeDelivered", "corrected")),
        ("PledgeWithdrawn", ("PledgeWithdrawn", "withdrawn")),
        ("PledgeReleased", ("PledgeWithdrawn", "released")),
        ("PledgeExpired", ("PledgeWithdrawn", "expired")),
        ("PledgeWrittenOff", ("PledgeWithdrawn", "written_off")),
        ("PledgeDeclined", ("PledgeWithdrawn", "declined")),
        ("PledgeCorrected", ("PledgeChanged", "corrected")),
        ("DeliveryReturned", ("PledgeDelivered", "returned")),
    ],
)
def test_what_pledges_tell(kind: str, expected: tuple[str, str]) -> None:
    """The need as it is after it, and of the pledge quantity and kind."""
    envelope = sample("pledges", kind)
    event = public(envelope, "pledges")
    need = msgspec.json.decode(envelope.data)["need"]
    need.pop("hidden", None)  # told by the type of what is told
    need.pop("matching", None)  # between the organisers and those who are asked

    assert (event["type"].split(".")[2], event["data"]["change"]) == expected
    assert {name: event["data"]["need"][name] for name in need} == need
    assert set(event["data"].get("pledge", {"kind", "unit", "quantity"})) == {"kind", "unit", "quantity"}


def test_what_is_hidden_tells_its_id_alone() -> None:
    """The event that is no longer public takes nothing with it into the log."""
    event = public(sample("events", "EventChanged", event__visibility="members", changed=["visibility"]), "events")

    assert event["data"] == {"event": {"id": event["subject"]}, "change": "hidden"}


@pytest.mark.parametrize("kind", ["PledgeMade", "PledgeDelivered", "PledgeWithdrawn", "PledgeWrittenOff"])
def test_of_space_the_totals_alone_are_told(kind: str) -> None:
    """MISSION row 28: not what each one gives of their home."""
    event = public(sample("pledges", kind, need__kind="space"), "pledges")

    assert (event["type"].split(".")[2], event["data"]["change"]) == ("NeedChanged", "totals")
    assert set(event["data"]) == {"need", "change"}
    assert public(sample("pledges", "DeliveryReported", need__kind="space"), "pledges") is None


def test_a_hidden_need_tells_its_id_alone_and_then_nothing() -> None:
    """Until it is shown again, as it is by then."""
    hidden = public(sample("pledges", "NeedHidden", need__hidden=True), "pledges")

    assert hidden["type"] == "brumtogether.pledges.NeedHidden.v1"
    assert hidden["data"] == {"need": {"id": hidden["subject"]}, "change": "hidden"}
    for kind in ("NeedChanged", "NeedClosed", "PledgeMade", "PledgeDelivered", "NeedPaused"):
        assert public(sample("pledges", kind, need__hidden=True), "pledges") is None
    shown = public(sample("pledges", "NeedUnhidden"), "pledges")
    assert (shown["data"]["change"], shown["data"]["need"]["title"]) == ("unhidden", "a title")


def test_of_a_hidden_location_the_ward_is_told_and_nothing_nearer() -> None:
    """Even if the fact said more."""
    venue = {"name": "Refuge", "address": CANARY, "ward": "aston", "lat": 52.5, "lon": -1.9, "access": ["ramp"]}
    event = public(
        sample(
            "events",
            "EventPublished",
            event__visibility="hidden_location",
            event__venue=venue,
            event__online_url=f"https://{CANARY}.example",
        ),
        "events",
    )

    assert event["data"]["event"]["venue"] == {"ward": "aston"}
    assert event["data"]["event"]["online_url"] is None


@pytest.mark.parametrize("change", [{"streamversion": 99}, {"subject": "need_other"}, {"id": ""}, {"type": "x"}])
def test_an_envelope_that_belies_its_fact_is_malformed(change: dict[str, Any]) -> None:
    """Stream and version of a public event are those of the state in it."""
    with pytest.raises(Malformed):
        told(msgspec.structs.replace(sample("pledges", "NeedOpened"), **change), "pledges")
