"""Commitments to the shared vision: made, shown, reviewed, renewed, ended."""

from collections.abc import Sequence

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from msgspec import structs

from services.pledges import commitment
from services.pledges.commitment import MOST_EVIDENCE, Commitment
from services.pledges.policy import CampaignCopy
from shared.contracts.commitments import (
    AttachEvidence,
    ChangeCommitment,
    CommitmentState,
    EndCommitment,
    Evidence,
    MakeCommitment,
    RenewCommitment,
    ReviewCommitment,
    ShowEvidence,
    TakeBackEvidence,
)
from shared.contracts.message import Command
from shared.decider import FORBIDDEN, NOT_FOUND, SYSTEM, Asked, Decision, Done, Later, refused
from tests.pledges.given import ANA, CAMPAIGN, OLGA, PAT, START, at

ID = "commitment_v"
MAKE = MakeCommitment(ID, "campaign_c", "Box makers", (1, 4), ("Pay a living wage",), "2026-06-30")
SERVICE = "pledges"

Step = tuple[str, Command] | tuple[str, Command, int]


def ask(before: Commitment, step: Step) -> Decision:
    """Decide one step; the service asks as itself."""
    person, command, *later = step
    roles = {SYSTEM} if person == SERVICE else {"resident"}
    return commitment.decide(before, command, Asked("c", person, frozenset(roles), at(later[0] if later else 0)))


def follow(steps: Sequence[Step], campaign: CampaignCopy | None = CAMPAIGN) -> tuple[Commitment, list[Decision]]:
    """Let things happen from the beginning."""
    state, decisions = Commitment(ID, campaign=campaign), []
    for step in steps:
        decision = ask(state, step)
        decisions.append(decision)
        for fact in decision.facts:
            state = commitment.evolve(state, fact)
    return state, decisions


def made(*steps: Step) -> CommitmentState:
    """The commitment after some steps."""
    state, _ = follow([(PAT, MAKE), *steps])
    assert state.state is not None
    return state.state


def last(*steps: Step) -> Decision:
    """What the last step was answered."""
    return follow([(PAT, MAKE), *steps])[1][-1]


REVIEW = (SERVICE, ReviewCommitment(ID, "2026-06-30"), 200_000)
DELIVERED = (SERVICE, AttachEvidence(ID, "delivery", "need_n.1", at(60)), 61)


def test_a_member_commits_a_partner() -> None:
    """It is reviewed when the day is over in Birmingham, which is an hour earlier in UTC in summer."""
    state, [decision] = follow([(PAT, MAKE)])

    assert decision.answer == Done("commitment", ID, state.state, 201)
    assert decision.later == (Later("2026-06-30T23:00:00.000Z", ReviewCommitment(ID, "2026-06-30")),)
    assert state.state is not None
    assert (state.state.partner_id, state.state.status, state.state.version) == ("campaign_c.p", "current", 1)
    assert (state.made_by, state.state.renewed_at) == (PAT, START)
    assert commitment.over_at("2026-01-05") == "2026-01-06T00:00:00.000Z"


def test_an_organiser_commits_the_campaign_or_a_partner_of_it() -> None:
    """For whom is said by `partner_id`."""
    campaign, _ = follow([(OLGA, MAKE)])
    partner, _ = follow([(OLGA, structs.replace(MAKE, partner_id="campaign_c.p"))])

    assert campaign.state is not None
    assert partner.state is not None
    assert (campaign.state.partner_id, partner.state.partner_id) == (None, "campaign_c.p")


@pytest.mark.parametrize(
    ("person", "command", "campaign", "expected"),
    [
        (ANA, MAKE, CAMPAIGN, FORBIDDEN),
        (OLGA, MAKE, None, NOT_FOUND),
        (PAT, MAKE, structs.replace(CAMPAIGN, status="closed"), refused("campaign-not-live", status="closed")),
    ],
)
def test_not_everybody_commits_everybody(
    person: str, command: MakeCommitment, campaign: CampaignCopy | None, expected: object
) -> None:
    """Who acts for nobody there is refused; so is a campaign that takes nothing new."""
    assert follow([(person, command)], campaign)[1][0].answer == expected


def test_a_partner_that_is_not_there_cannot_be_committed() -> None:
    """The flaw is named."""
    answer = follow([(OLGA, structs.replace(MAKE, partner_id="campaign_c.q"))])[1][0].answer

    assert getattr(answer, "status", 0) == 404


@pytest.mark.parametrize(
    "command",
    [
        ChangeCommitment(ID, organisation="Mine"),
        ShowEvidence(ID, "reference", "My word"),
        RenewCommitment(ID, "2027-01-01"),
        EndCommitment(ID),
    ],
)
def test_only_its_makers_touch_it(command: Command) -> None:
    """Everybody else may look; the service's own commands are nobody's."""
    assert last((ANA, command)).answer == FORBIDDEN
    assert last((OLGA, AttachEvidence(ID, "delivery", "need_n.1", START))).answer == FORBIDDEN
    assert commitment.decide(Commitment(ID), command, Asked("c", PAT, frozenset(), START)).answer == NOT_FOUND


def test_without_evidence_it_goes_stale_when_the_day_is_over() -> None:
    """The review is a fact, and comes once."""
    state = made(REVIEW)

    assert (state.status, state.review_passed, state.version) == ("stale", True, 2)
    assert last(REVIEW, REVIEW).facts == ()


def test_evidence_keeps_it_current_and_brings_it_back() -> None:
    """Before the review or after it: late evidence counts as well."""
    assert made(DELIVERED, REVIEW).status == "current"
    assert made(REVIEW, DELIVERED).status == "current"
    assert made(REVIEW, (PAT, ShowEvidence(ID, "link", "https://box.example/report"), 9)).status == "current"


def test_evidence_that_is_taken_back_leaves_it_stale() -> None:
    """Once attached and once taken back, however often it is said."""
    gone = (SERVICE, TakeBackEvidence(ID, "delivery", "need_n.1"), 300_000)

    assert made(DELIVERED, DELIVERED, REVIEW).evidence == (Evidence("delivery", "need_n.1", at(60)),)
    assert made(DELIVERED, REVIEW, gone).status == "stale"
    assert last(DELIVERED, gone, gone).facts == ()


def test_what_was_shown_before_a_renewal_counts_no_more() -> None:
    """It stays to be read."""
    state = made(DELIVERED, (PAT, RenewCommitment(ID, "2026-12-31"), 100))
    reviewed = made(
        DELIVERED,
        (PAT, RenewCommitment(ID, "2026-12-31"), 100),
        (SERVICE, ReviewCommitment(ID, "2026-12-31"), 500_000),
    )

    assert (state.status, len(state.evidence), state.review_on) == ("current", 1, "2026-12-31")
    assert reviewed.status == "stale"


def test_a_review_for_a_day_that_was_given_up_is_none() -> None:
    """The plan of the first day comes all the same."""
    assert last((PAT, RenewCommitment(ID, "2026-12-31"), 100), REVIEW).facts == ()
    assert made(REVIEW, (PAT, RenewCommitment(ID, "2026-12-31"), 300_000)).status == "current"


def test_a_renewal_plans_the_next_review() -> None:
    """Said twice, it is once."""
    renewal = (PAT, RenewCommitment(ID, "2026-12-31"), 100)

    assert last(renewal).later == (Later("2027-01-01T00:00:00.000Z", ReviewCommitment(ID, "2026-12-31")),)
    assert last(renewal, renewal).facts == ()


def test_fields_change_by_revision() -> None:
    """Evidence does not move the revision."""
    change = (PAT, ChangeCommitment(ID, revision=1, actions=("Open on Mondays",)), 5)
    state = made(DELIVERED, change)

    assert (state.actions, state.revision) == (("Open on Mondays",), 2)
    assert getattr(last(change, change).answer, "status", 0) == 412
    assert last((PAT, ChangeCommitment(ID, organisation="Box makers"))).facts == ()


def test_what_has_ended_stays_as_it_is() -> None:
    """But what did not happen is taken back there, too."""
    end = (PAT, EndCommitment(ID), 100)

    assert made(DELIVERED, end, REVIEW).status == "ended"
    assert last(end, end).facts == ()
    assert last(end, (PAT, RenewCommitment(ID, "2027-01-01"))).answer == refused("commitment-ended")
    assert last(end, DELIVERED).facts == ()
    without = made(DELIVERED, end, (SERVICE, TakeBackEvidence(ID, "delivery", "need_n.1"), 101))
    assert (without.status, without.evidence) == ("ended", ())


def test_it_keeps_the_newest_pieces() -> None:
    """Its document does not grow without bound; what is older than all that it keeps is not taken."""
    steps = [(SERVICE, AttachEvidence(ID, "event", f"e{n}", at(n)), n) for n in range(1, MOST_EVIDENCE + 2)]
    state = made(*steps)

    assert [piece.ref for piece in state.evidence] == [f"e{n}" for n in range(2, MOST_EVIDENCE + 2)]
    assert last(*steps, steps[0]).facts == ()


def test_the_same_id_is_not_made_twice() -> None:
    """By its maker: as before. By another: no."""
    assert last((PAT, MAKE)).facts == ()
    assert last((OLGA, MAKE)).answer == FORBIDDEN


STEPS = st.one_of(
    st.builds(
        lambda n, minutes: (SERVICE, AttachEvidence(ID, "delivery", f"need_n.{n}", at(minutes)), minutes),
        st.integers(1, 4),
        st.integers(0, 50),
    ),
    st.builds(lambda n: (SERVICE, TakeBackEvidence(ID, "delivery", f"need_n.{n}"), 60), st.integers(1, 4)),
    st.builds(lambda day: (SERVICE, ReviewCommitment(ID, f"2026-06-{day}"), 70), st.integers(28, 30)),
    st.builds(
        lambda day, minutes: (PAT, RenewCommitment(ID, f"2026-06-{day}"), minutes),
        st.integers(28, 30),
        st.integers(0, 60),
    ),
    st.just((PAT, EndCommitment(ID), 80)),
    st.just((PAT, ShowEvidence(ID, "reference", "Minutes of May"), 40)),
)


@for_all(st.lists(STEPS, max_size=25))
def test_in_every_history_it_is_stale_when_reviewed_and_not_shown(steps: list[Step]) -> None:
    """Versions without a gap; each step repeated at once changes nothing; the status follows from what is stored."""
    state = Commitment(ID, campaign=CAMPAIGN)
    for step in [(PAT, MAKE), *steps]:
        for fact in ask(state, step).facts:
            assert fact.streamversion == (state.state.version if state.state else 0) + 1
            state = commitment.evolve(state, fact)
        assert (
            not isinstance(step[1], TakeBackEvidence | AttachEvidence | ReviewCommitment) or not ask(state, step).facts
        )
        known = state.state
        assert known is not None
        shown = any(piece.at >= known.renewed_at for piece in known.evidence)
        assert known.status == "ended" or (known.status == "stale") == (known.review_passed and not shown)
        assert len({(piece.kind, piece.ref) for piece in known.evidence}) == len(known.evidence) <= MOST_EVIDENCE
