"""The rules of what a campaign adds to the vocabularies: its own words beside everybody's. Pure."""

from typing import Final

from msgspec.structs import replace

from shared.contracts.additions import AddedCategory, AddedNeedKind
from shared.contracts.event_states import CampaignState
from shared.contracts.vocabularies import AddCategory, AddNeedKind, CategoryAdded, NeedKindAdded
from shared.decider import Asked, Decision, Done, refused
from shared.vocabulary import terms

MOST_WORDS: Final = 50
"""Categories of a campaign, and kinds of need: they stand in its document."""


def add(state: CampaignState, command: AddCategory | AddNeedKind, asked: Asked) -> Decision:
    """Add a word; what is there already, word for word, is answered again, and nothing is redefined."""
    following = replace(state, version=state.version + 1, updated_at=asked.at)
    words: tuple[AddedCategory | AddedNeedKind, ...]
    word: AddedCategory | AddedNeedKind
    fact: CategoryAdded | NeedKindAdded
    if isinstance(command, AddCategory):
        category = AddedCategory(command.slug, command.labels)
        words, word, fixed = state.categories, category, terms.terms().event_categories
        fact = CategoryAdded(replace(following, categories=(*state.categories, category)))
    else:
        need_kind = AddedNeedKind(command.slug, command.kind, command.labels)
        words, word, fixed = state.need_kinds, need_kind, terms.terms().need_kinds
        fact = NeedKindAdded(replace(following, need_kinds=(*state.need_kinds, need_kind)))
    if word in words:
        return Decision(Done("campaign", state.id, state))
    if word.slug in {one.slug for one in fixed} | {one.slug for one in words}:
        return Decision(refused("word-taken", slug=word.slug))
    if len(words) >= MOST_WORDS:
        return Decision(refused("too-many-words", most=MOST_WORDS))
    return Decision(Done("campaign", state.id, fact.campaign), (fact,))
