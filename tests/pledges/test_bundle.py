"""The needs of a household, held together under a pseudonym."""

import pytest
from msgspec import structs

from services.pledges import bundle, need
from services.pledges.bundle import Bundle
from services.pledges.ledger import Bundled, Need
from services.pledges.sheets import Said
from shared.contracts.pledges import BeginBundle, BundleBegun, BundleState
from shared.decider import FORBIDDEN, NOT_FOUND, Asked, Decision, refused
from tests.pledges.given import ANA, BOXES, CAMPAIGN, OLGA, PAT, START, ask, fresh, only, refusal

SUE = "sue"
"""Acts for another partner of the campaign."""
BOTH = structs.replace(CAMPAIGN, partners={"campaign_c.p": (PAT,), "campaign_c.q": (SUE,)})
BEGIN = BeginBundle("bundle_b", "campaign_c", "Two adults and three children in Witton Road")
PATS = BundleState("bundle_b", 1, START, START, "campaign_c", "campaign_c.p")
INSIDE = structs.replace(BOXES, bundle="bundle_b")


def begun(person: str, before: Bundle | None = None) -> Decision:
    """Somebody begins a bundle."""
    asked = Asked("c", person, frozenset({"partner"}), START)
    return bundle.decide(before or Bundle("bundle_b", campaign=BOTH), BEGIN, asked)


def opening(kept: BundleState | None) -> Need:
    """A need to be opened in a bundle."""
    return structs.replace(fresh(BOTH), bundle=kept)


def test_a_partner_begins_a_bundle_and_no_fact_tells_of_the_household() -> None:
    """MISSION row 9: the bundle's id is the pseudonym."""
    decision = begun(PAT)

    assert only(decision, BundleBegun).bundle == PATS
    assert decision.private == (Said("details", BEGIN.details or ""),)
    assert "Witton" not in repr((decision.facts, decision.answer))


def test_who_does_not_work_in_the_campaign_begins_none() -> None:
    """Nor in one that is unknown or not live; a second time it is the same one, to its keepers."""
    assert refusal(begun(ANA)) == FORBIDDEN
    assert refusal(begun(PAT, Bundle("bundle_b"))) == NOT_FOUND
    closed = Bundle("bundle_b", campaign=structs.replace(BOTH, status="closed"))
    assert refusal(begun(PAT, closed)) == refused("campaign-not-live", status="closed")
    there = Bundle("bundle_b", PATS, campaign=BOTH)
    assert begun(PAT, there).facts == ()
    assert refusal(begun(SUE, there)) == NOT_FOUND


@pytest.mark.parametrize("person", [PAT, OLGA])
def test_a_need_is_opened_in_a_bundle_and_no_fact_tells_which(person: str) -> None:
    """By its partner, or the organisers: what belongs together lies in the owner's documents alone."""
    decision = ask(opening(PATS), (person, INSIDE))
    after = opening(PATS)
    for fact in (*decision.facts, *decision.private):
        after = need.evolve(after, fact)

    assert decision.private == (Bundled("need_n", "bundle_b"),)
    assert "bundle_b" not in repr((decision.facts, decision.answer))
    assert after.bundle_id == "bundle_b"


@pytest.mark.parametrize(
    ("person", "kept"),
    [
        (SUE, PATS),
        (PAT, None),
        (PAT, structs.replace(PATS, campaign_id="campaign_x")),
        (PAT, structs.replace(PATS, partner_id=None)),
    ],
    ids=["another partner's", "unknown", "of another campaign", "the organisers'"],
)
def test_nobody_puts_a_need_into_a_bundle_that_is_not_theirs(person: str, kept: BundleState | None) -> None:
    """MISSION row 7: no partner learns of another's beneficiaries; the bundle does not exist for them."""
    answer = refusal(ask(opening(kept), (person, INSIDE)))

    assert (answer.status, answer.errors[0][0]) == (404, "/bundle")
