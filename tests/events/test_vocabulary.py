from hypothesis import given
from hypothesis import strategies as st

from services.events.campaign import Campaign
from services.events.vocabulary import MOST_WORDS
from shared.contracts.additions import AddedCategory, AddedNeedKind
from shared.contracts.vocabularies import AddCategory, AddNeedKind
from shared.vocabulary import terms
from tests.events.given import CAMPAIGN, a_campaign, asked, decided, done, kinds, problem

PACK = AddNeedKind(CAMPAIGN, "dignity_pack", "goods", {"en": "Dignity packs"})
MELA = AddCategory(CAMPAIGN, "mela", {"en": "Mela", "pa": "ਮੇਲਾ"})


def test_an_organiser_adds_words() -> None:
    """They stand in the campaign; the version counts each."""
    campaign, first = decided(Campaign(a_campaign()), PACK)
    campaign, second = decided(campaign, MELA)

    assert campaign.state is not None
    assert (kinds(first), kinds(second)) == (["NeedKindAdded"], ["CategoryAdded"])
    assert campaign.state.need_kinds == (AddedNeedKind("dignity_pack", "goods", {"en": "Dignity packs"}),)
    assert campaign.state.categories == (AddedCategory("mela", MELA.labels),)
    assert campaign.state.version == a_campaign().version + 2
    assert done(second).body == campaign.state


def test_the_same_word_again_changes_nothing() -> None:
    """200 as before."""
    campaign, _ = decided(Campaign(a_campaign()), PACK)
    again, decision = decided(campaign, PACK)

    assert again is campaign
    assert decision.facts == ()
    assert done(decision).body == campaign.state


def test_what_exists_keeps_its_meaning() -> None:
    """Neither everybody's words nor the campaign's own are redefined; a category may be called like a kind of need."""
    campaign, _ = decided(Campaign(a_campaign()), PACK)

    for word in ("goods", "dignity_pack"):
        again = AddNeedKind(CAMPAIGN, word, "time", {"en": "Another"})
        assert problem(decided(campaign, again)[1]) == ("word-taken", 409, {"slug": word})
    category = AddCategory(CAMPAIGN, "welcome", {"en": "Come in"})
    assert problem(decided(campaign, category)[1]) == ("word-taken", 409, {"slug": "welcome"})
    assert kinds(decided(campaign, AddCategory(CAMPAIGN, "goods", {"en": "Goods"}))[1]) == ["CategoryAdded"]


def test_strangers_add_nothing() -> None:
    """403 for who sees the campaign, 404 for who does not."""
    assert problem(decided(Campaign(a_campaign()), MELA, asked("bo"))[1]) == ("forbidden", 403, {})
    assert problem(decided(Campaign(a_campaign("draft")), PACK, asked("bo"))[1]) == ("not-found", 404, {})


@given(st.lists(st.tuples(st.sampled_from(["goods", "a", "b", "c"]), st.sampled_from(["time", "goods"]))))
def test_no_history_has_a_word_twice_or_gives_it_another_meaning(history: list[tuple[str, str]]) -> None:
    """The first meaning stays; what everybody has is never the campaign's."""
    campaign = Campaign(a_campaign())
    first: dict[str, str] = {}
    for slug, kind in history:
        campaign, _ = decided(campaign, AddNeedKind(CAMPAIGN, slug, kind, {"en": slug}))  # type: ignore[arg-type]
        first.setdefault(slug, kind)
    first.pop("goods", None)

    assert campaign.state is not None
    assert {word.slug: word.kind for word in campaign.state.need_kinds} == first
    assert len(campaign.state.need_kinds) == len(first)


def test_a_campaign_adds_no_more_than_a_document_holds() -> None:
    """409 with the bound."""
    words = tuple(AddedCategory(f"c{n}", {"en": "C"}) for n in range(MOST_WORDS))
    _, decision = decided(Campaign(a_campaign(categories=words)), MELA)

    assert problem(decision) == ("too-many-words", 409, {"most": MOST_WORDS})
    assert len(terms.terms().event_categories) > 1
