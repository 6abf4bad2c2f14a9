from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from services.events.campaign import Campaign
from services.events.partner import answer, known
from shared.contracts.events import (
    AcceptInvitation,
    AddMember,
    AddPartner,
    ApprovePartner,
    CampaignState,
    CampaignStatus,
    ChangePartner,
    DeclineInvitation,
    InvitePartner,
    LeavePartner,
    OnPartner,
    PartnerState,
    PartnerStatus,
    RemoveMember,
    RemovePartner,
    VerifyPartner,
)
from shared.contracts.message import Command
from shared.decider import Asked, Decision, Done
from tests.events.given import AT, CAMPAIGN, LATER, a_campaign, asked, decided, done, kinds, problem

PARTNER = f"{CAMPAIGN}.p"
JOIN = AddPartner(CAMPAIGN, PARTNER, "Made-up Mosque", "faith")
INVITE = InvitePartner(CAMPAIGN, PARTNER, "Made-up Mosque", "faith", person="pat")
ACCEPT, DECLINE = AcceptInvitation(CAMPAIGN, PARTNER), DeclineInvitation(CAMPAIGN, PARTNER)
APPROVE, LEAVE = ApprovePartner(CAMPAIGN, PARTNER), LeavePartner(CAMPAIGN, PARTNER)
REMOVE, VERIFY = RemovePartner(CAMPAIGN, PARTNER, "Secret"), VerifyPartner(CAMPAIGN, PARTNER)

BY: dict[type[Command], str] = {
    AcceptInvitation: "pat",
    DeclineInvitation: "pat",
    ApprovePartner: "ana",
    LeavePartner: "pat",
    RemovePartner: "ana",
}
"""Who may; ana organises the campaign, pat is the partner's."""
ARROWS: dict[type[Command], dict[PartnerStatus, PartnerStatus]] = {
    AcceptInvitation: {"invited": "active"},
    DeclineInvitation: {"invited": "left"},
    ApprovePartner: {"pending": "active"},
    LeavePartner: {"pending": "left", "active": "left"},
    RemovePartner: {"invited": "removed", "pending": "removed", "active": "removed"},
}
"""The life of a partner as a person would draw it."""
MOVES = [ACCEPT, DECLINE, APPROVE, LEAVE, REMOVE]
STATUSES: list[PartnerStatus] = ["invited", "pending", "active", "left", "removed"]

changes = st.builds(
    ChangePartner,
    st.just(CAMPAIGN),
    st.just(PARTNER),
    name=st.sampled_from(["Mosque", "Made-up Mosque"]),
    url=st.sampled_from([None, "https://mosque.example"]),
)
members = st.sampled_from(
    [kind(CAMPAIGN, PARTNER, person) for kind in (AddMember, RemoveMember) for person in ("pat", "una")]
)
commands = st.one_of(changes, members, st.sampled_from([JOIN, INVITE, VERIFY, *MOVES]))
people = st.sampled_from([asked("ana"), asked("pat", "partner"), asked("una"), asked("bo"), asked("op", "operator")])


def with_partner(status: PartnerStatus = "active", campaign: CampaignStatus = "live", **fields: Any) -> Campaign:  # noqa: ANN401 -- any field of the struct
    """A campaign of ana's with one partner, whose member or invitee pat is."""
    state = a_campaign(campaign, partner_count=int(status == "active"))
    inside: tuple[str, ...] = () if status == "invited" else ("pat",)
    partner = PartnerState(PARTNER, 1, AT, AT, CAMPAIGN, "Made-up Mosque", "faith", None, None, inside)
    invitees: tuple[str, ...] = ("pat",) if status == "invited" else ()
    partner = replace(partner, status=status, invitees=invitees, joined_at=AT if status == "active" else None)
    return Campaign(state, {PARTNER: replace(partner, **fields)})


def state_of(campaign: Campaign) -> CampaignState:
    """The campaign's state; it exists."""
    assert campaign.state is not None
    return campaign.state


def asking(campaign: Campaign, command: Command, who: str = "", *roles: str) -> tuple[Campaign, Decision]:
    """Have somebody ask, later; who may, unless named."""
    return decided(campaign, command, asked(who or BY[type(command)], *roles, at=LATER))


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("command", MOVES, ids=lambda command: type(command).__name__)
def test_a_partner_goes_by_its_arrows(command: Command, status: PartnerStatus) -> None:
    """One fact, one version of partner and campaign; active ones are counted. No arrow: refused with the status."""
    before = with_partner(status)
    after, decision = asking(before, command)
    partner, arrows = after.partners[PARTNER], ARROWS[type(command)]

    if status in arrows:
        assert (partner.status, partner.version, partner.updated_at) == (arrows[status], 2, LATER)
        assert state_of(after).version == state_of(before).version + 1
        assert state_of(after).partner_count == (partner.status == "active")
        assert done(decision).body == answer(partner)
        assert len(decision.facts) == 1
    elif status in arrows.values():
        assert (after, decision.facts, done(decision).status) == (before, (), 200)
    elif status == "invited" and command is LEAVE:
        assert problem(decision) == ("forbidden", 403, {})
    else:
        assert problem(decision) == ("partner-wrong-state", 409, {"status": status})


@pytest.mark.parametrize("command", MOVES, ids=lambda command: type(command).__name__)
def test_sec_10_nobody_else_moves_a_partner(command: Command) -> None:
    """403 to who sees it, 404 to who does not; an organiser does not accept for others, a member removes nobody."""
    status: PartnerStatus = min(ARROWS[type(command)])
    before = with_partner(status)
    wrong = "ana" if BY[type(command)] == "pat" else "pat"
    _, known_to = asking(before, command, wrong, "organiser", "partner", "operator")
    _, stranger = asking(before, command, "bo", "organiser", "partner", "operator")

    assert problem(known_to) == ("forbidden", 403, {})
    assert problem(stranger) == (("forbidden", 403, {}) if status == "active" else ("not-found", 404, {}))


def test_who_accepts_is_the_first_member() -> None:
    """And nobody is an invitee any more; the time is when it joined."""
    before = with_partner("invited", invitees=("pat", "una"))
    after, decision = asking(before, ACCEPT, "una")
    _, late = asking(after, ACCEPT, "pat")

    partner = after.partners[PARTNER]
    assert (partner.members, partner.invitees, partner.joined_at) == (("una",), (), LATER)
    assert kinds(decision) == ["PartnerJoined"]
    assert problem(late) == ("forbidden", 403, {})


def test_a_code_admits_once() -> None:
    """Nobody is named; a second who brings it is told that it is over, the first is answered as before."""
    before = with_partner("invited", invitees=())
    with_code = replace(ACCEPT, with_code=True)
    _, without = asking(before, ACCEPT, "una")
    after, _ = asking(before, with_code, "una")
    again, repeated = asking(after, with_code, "una")
    _, second = asking(after, with_code, "bo")

    assert problem(without) == ("not-found", 404, {})
    assert after.partners[PARTNER].members == ("una",)
    assert (again, repeated.facts, done(repeated).status) == (after, (), 200)
    assert problem(second) == ("partner-wrong-state", 409, {"status": "active"})


def test_where_organisers_approve_a_partner_asks_first() -> None:
    """Unless an organiser brings it in; open campaigns take it at once, as ever."""
    closed_circle = Campaign(a_campaign(partner_approval="approval"))
    after, applied = asking(closed_circle, JOIN, "pat", "partner")
    _, brought = asking(closed_circle, JOIN, "ana")
    _, joined = asking(Campaign(a_campaign()), JOIN, "pat", "partner")

    assert kinds(applied) == ["PartnerApplied"]
    assert (done(applied).status, state_of(after).partner_count) == (201, 0)
    assert (after.partners[PARTNER].status, after.partners[PARTNER].members) == ("pending", ("pat",))
    assert kinds(brought) == kinds(joined) == ["PartnerJoined"]


def test_organisers_alone_invite() -> None:
    """An invited partner has no member yet and counts nowhere; whom it names may accept."""
    after, decision = asking(Campaign(a_campaign()), INVITE, "ana")
    _, stranger = asking(Campaign(a_campaign()), INVITE, "bo", "partner", "organiser")
    _, draft = asking(Campaign(a_campaign("draft")), INVITE, "bo", "partner", "organiser")

    partner = after.partners[PARTNER]
    assert kinds(decision) == ["PartnerInvited"]
    assert (partner.status, partner.members, partner.invitees) == ("invited", (), ("pat",))
    assert state_of(after).partner_count == 0
    assert problem(stranger) == ("forbidden", 403, {})
    assert problem(draft) == ("not-found", 404, {})


@pytest.mark.parametrize("status", ["closed", "evolved"])
@pytest.mark.parametrize("command", [INVITE, ACCEPT, APPROVE], ids=lambda command: type(command).__name__)
def test_nobody_comes_into_what_has_ended(command: Command, status: CampaignStatus) -> None:
    """Going is possible for ever."""
    before = with_partner("pending" if command is APPROVE else "invited", status)
    before = before if command is not INVITE else Campaign(before.state)
    _, coming = asking(before, command, BY.get(type(command), "ana"))
    _, going = asking(with_partner("active", status), LEAVE)

    assert problem(coming) == ("campaign-not-live", 409, {"status": status})
    assert kinds(going) == ["PartnerLeft"]


def test_a_reason_is_in_no_fact() -> None:
    """Private, for the owner's document; the answer does not hold it either."""
    after, decision = asking(with_partner(), REMOVE)

    assert after.reasons == {PARTNER: "Secret"}
    assert "Secret" not in str(decision.facts)
    assert "Secret" not in str(decision.answer)


def test_a_new_partner_is_provisional_until_somebody_vouches_for_it() -> None:
    """An organiser or an operator, not the partner itself; nothing waits for that."""
    before, _ = asking(Campaign(a_campaign()), JOIN, "pat", "partner")
    after, decision = asking(before, VERIFY, "ana")
    _, operator = asking(before, VERIFY, "op", "operator")
    _, itself = asking(before, VERIFY, "pat", "partner")
    again, repeated = asking(after, VERIFY, "ana")

    assert before.partners[PARTNER].verification == "provisional"
    assert before.partners[PARTNER].status == "active"
    assert after.partners[PARTNER].verification == "verified"
    assert kinds(decision) == kinds(operator) == ["PartnerVerified"]
    assert problem(itself) == ("forbidden", 403, {})
    assert (again, repeated.facts) == (after, ())


@pytest.mark.parametrize(
    ("fields", "verification"),
    [
        ({"url": "https://mosque.example"}, "verified"),
        ({"sector": "community"}, "verified"),
        ({"name": "Other"}, "provisional"),
        ({"org_id": "GB-CHC-1234567"}, "provisional"),
    ],
)
def test_members_change_their_partner(fields: dict[str, str], verification: str) -> None:
    """What was vouched for has to be vouched for again once it is another."""
    before = with_partner(verification="verified")
    command = replace(ChangePartner(CAMPAIGN, PARTNER), **fields)
    after, decision = asking(before, command, "pat")
    _, organiser = asking(before, command, "ana")

    partner = after.partners[PARTNER]
    assert (partner.verification, partner.revision, partner.version) == (verification, 2, 2)
    assert {name: getattr(partner, name) for name in fields} == fields
    assert [getattr(fact, "changed", None) for fact in decision.facts] == [tuple(fields)]
    assert problem(organiser) == ("forbidden", 403, {})


def test_a_change_of_another_revision_is_refused() -> None:
    """412 with the current one; nothing new is no fact."""
    _, stale = asking(with_partner(revision=3), ChangePartner(CAMPAIGN, PARTNER, revision=2, name="x"), "pat")
    _, same = asking(with_partner(), ChangePartner(CAMPAIGN, PARTNER, revision=1, name="Made-up Mosque"), "pat")

    assert problem(stale) == ("revision-mismatch", 412, {"revision": 3})
    assert same.facts == ()


@pytest.mark.parametrize("status", ["left", "removed"])
@pytest.mark.parametrize(
    ("command", "who"),
    [
        (VERIFY, "ana"),
        (ChangePartner(CAMPAIGN, PARTNER, name="x"), "pat"),
        (AddMember(CAMPAIGN, PARTNER, "una"), "pat"),
        (RemoveMember(CAMPAIGN, PARTNER, "pat"), "ana"),
    ],
    ids=["verify", "change", "add", "remove"],
)
def test_what_is_over_stays_as_it_is(command: Command, who: str, status: PartnerStatus) -> None:
    """Refused with the status."""
    _, decision = asking(with_partner(status), command, who)

    assert problem(decision) == ("partner-wrong-state", 409, {"status": status})


def test_a_partner_of_before_says_when_it_joined() -> None:
    """It was active from the beginning: that is what a recorded state without these fields means."""
    after, _ = asking(with_partner(joined_at=None), LEAVE)

    assert after.partners[PARTNER].joined_at == AT


@pytest.mark.parametrize("status", STATUSES)
def test_no_partner_sees_another_that_is_not_active(status: PartnerStatus) -> None:
    """Nor does anybody else but the organisers and the partner's own people."""
    campaign = with_partner(status)
    state, partner = state_of(campaign), campaign.partners[PARTNER]

    assert known(state, partner, "ana")
    assert known(state, partner, "pat")
    assert [known(state, partner, who) for who in ("bo", None)] == [status == "active"] * 2
    assert not known(replace(state, status="draft"), partner, "bo")


@given(st.lists(st.tuples(commands, people), max_size=40))
def test_no_history_leaves_the_arrows(history: list[tuple[Command, Asked]]) -> None:
    """Versions without a gap, active partners counted, members where it is active; a repeat is answered as before."""
    campaign = Campaign(a_campaign(partner_approval="approval"))
    for command, who in history:
        was = campaign.partners.get(PARTNER)
        before = state_of(campaign)
        campaign, decision = decided(campaign, command, who)
        state, now = state_of(campaign), campaign.partners.get(PARTNER)
        assert [fact.streamversion for fact in decision.facts] == list(range(before.version + 1, state.version + 1))
        assert state.partner_count == (now is not None and now.status == "active")
        if was is not None and now is not None:
            assert now.version - was.version == len(decision.facts)
            assert was.status == now.status or ARROWS[type(command)][was.status] == now.status
        elif now is not None:
            assert now.status in {"invited", "pending", "active"}
        if now is not None and now.status == "active":
            assert now.members
            assert not now.invitees
            assert now.joined_at is not None
        assert all(isinstance(fact, OnPartner) and fact.partner == now for fact in decision.facts)
        out_by_choice = isinstance(command, RemoveMember) and command.person == who.person  # and may ask nothing now
        if isinstance(decision.answer, Done) and not out_by_choice:
            again, repeated = decided(campaign, command, who)
            assert isinstance(repeated.answer, Done)
            assert (again, repeated.facts) == (campaign, ())
