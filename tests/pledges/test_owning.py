"""A need of several partners."""

from msgspec import structs

from services.pledges import need, owning
from services.pledges.ledger import Need
from shared.contracts.pledges import (
    AddOwner,
    CloseNeed,
    DeliverPledge,
    HideNeed,
    NeedClosed,
    OwnerAdded,
    OwnerRemoved,
    RemoveOwner,
)
from shared.decider import FORBIDDEN, NOT_FOUND, refused
from tests.pledges.given import (
    ANA,
    BOXES,
    CAMPAIGN,
    OLGA,
    PAT,
    Step,
    ask,
    follow,
    fresh,
    need_of,
    only,
    pledged,
    refusal,
)

SUE = "sue"
"""Acts for another partner of the campaign."""
PARTNERS = {"campaign_c.p": (PAT,), "campaign_c.q": (SUE,)}
BOTH = structs.replace(CAMPAIGN, partners=PARTNERS)
ADD, REMOVE = AddOwner("need_n", "campaign_c.q"), RemoveOwner("need_n", "campaign_c.q")


def owned(*steps: Step) -> Need:
    """A need that Pat opened for her partner, after some steps."""
    after, _ = follow(fresh(BOTH), [(PAT, BOXES), *steps])
    return after


def test_a_partner_shares_its_need_with_another() -> None:
    """MISSION row 7: members of any owner manage it; the one that it was opened for comes first."""
    decision = ask(owned(), (PAT, ADD))
    after = owned((PAT, ADD))

    assert only(decision, OwnerAdded).partner_id == "campaign_c.q"
    assert need_of(decision).owners == ("campaign_c.p", "campaign_c.q")
    assert refusal(ask(owned(), (SUE, CloseNeed("need_n")))) == FORBIDDEN
    for person in (SUE, PAT, OLGA):
        assert only(ask(after, (person, CloseNeed("need_n"))), NeedClosed).need.status == "closed"
    assert ask(after, (SUE, ADD)).facts == ()


def test_an_owner_sees_and_settles_the_pledges() -> None:
    """As the first one does; once it owns the need no longer, the pledges are none of its business."""
    before = owned(pledged(5), (PAT, ADD))
    settled = ask(before, (SUE, DeliverPledge("need_n", "need_n.1", 5)))
    removed = ask(owned(pledged(5), (PAT, ADD), (PAT, REMOVE)), (SUE, DeliverPledge("need_n", "need_n.1", 5)))

    assert settled.facts[0].streamversion == 4
    assert refusal(removed) == NOT_FOUND


def test_an_owner_leaves_but_not_the_first() -> None:
    """It was opened for that one."""
    before = owned((PAT, ADD))
    decision = ask(before, (SUE, REMOVE))

    assert only(decision, OwnerRemoved).need.owners == ("campaign_c.p",)
    assert refusal(ask(before, (OLGA, RemoveOwner("need_n", "campaign_c.p")))) == refused("owner-stays")
    assert ask(owned(), (PAT, REMOVE)).facts == ()


def test_only_partners_of_the_campaign_own_its_needs() -> None:
    """And who does not manage the need has no say in it; of a hidden one they know nothing."""
    assert refusal(ask(owned(), (PAT, AddOwner("need_n", "campaign_x.p")))) == refused("not-partner")
    assert refusal(ask(owned(), (ANA, ADD))) == FORBIDDEN
    assert refusal(ask(owned((PAT, HideNeed("need_n"))), (SUE, REMOVE))) == NOT_FOUND


def test_a_need_has_so_many_owners_at_the_most() -> None:
    """Each travels in every fact."""
    many = {f"campaign_c.{n}": (f"m{n}",) for n in range(30)}
    before = structs.replace(owned(), campaign=structs.replace(CAMPAIGN, partners=PARTNERS | many))
    for n in range(30):
        for fact in ask(before, (PAT, AddOwner("need_n", f"campaign_c.{n}"))).facts:
            before = need.evolve(before, fact)

    assert before.state is not None
    assert len(before.state.owners) == owning.MOST_OWNERS
    assert refusal(ask(before, (PAT, AddOwner("need_n", "campaign_c.29")))) == refused(
        "too-many-owners", most=owning.MOST_OWNERS
    )


def test_a_need_from_before_there_were_owners_is_the_partner_s_all_the_same() -> None:
    """Its state tells of the partner alone."""
    before = owned()
    assert before.state is not None
    old = structs.replace(before, opened_by="gone", state=structs.replace(before.state, owners=()))

    assert need_of(ask(old, (PAT, ADD))).owners == ("campaign_c.p", "campaign_c.q")
    assert refusal(ask(old, (SUE, ADD))) == FORBIDDEN


def test_a_need_of_the_organisers_gets_its_first_owner() -> None:
    """Which may be removed again: it was opened for nobody."""
    after, decisions = follow(fresh(BOTH), [(OLGA, BOXES), (OLGA, ADD), (OLGA, REMOVE)])

    assert need_of(decisions[0]).owners == ()
    assert need_of(decisions[1]).owners == ("campaign_c.q",)
    assert after.state is not None
    assert after.state.owners == ()
