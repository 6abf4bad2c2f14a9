"""How a campaign adds to the vocabularies: commands that its organisers give, and facts on its stream."""

from typing import Final, get_args

from shared.contracts.event_states import OfCampaign, OnCampaign
from shared.contracts.message import Command, Fact
from shared.contracts.pledge_states import Kind


class AddCategory(OfCampaign, frozen=True):
    """Add a category of events. Nothing may have the slug yet, but the very same category."""

    slug: str
    labels: dict[str, str]


class AddNeedKind(OfCampaign, frozen=True):
    """Add a finer kind of need, one of the fixed kinds. Nothing may have the slug yet, but the very same kind."""

    slug: str
    kind: Kind
    labels: dict[str, str]


class CategoryAdded(OnCampaign, frozen=True):
    """The campaign has a category of its own; it is the last of `campaign.categories`."""


class NeedKindAdded(OnCampaign, frozen=True):
    """The campaign has a kind of need of its own; it is the last of `campaign.need_kinds`."""


VocabularyCommand = AddCategory | AddNeedKind
VocabularyFact = CategoryAdded | NeedKindAdded

COMMANDS: Final[tuple[type[Command], ...]] = get_args(VocabularyCommand)
FACTS: Final[tuple[type[Fact], ...]] = get_args(VocabularyFact)
