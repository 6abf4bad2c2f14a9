"""Writes on the vocabularies: what a campaign's organisers add to them."""

from typing import Final

from services.gateway.bodies import Body
from services.gateway.commands import Wish, Write
from services.gateway.fields import Category, Labels
from shared.contracts.events import CampaignState
from shared.contracts.pledges import Kind
from shared.contracts.vocabularies import AddCategory, AddNeedKind

_PLACE: Final = "/v1/campaigns/{campaign_id}"
_PROBLEMS: Final = ("word-taken", "too-many-words")


class NewCategory(Body):
    """A category of events of the campaign's own."""

    slug: Category
    labels: Labels


class NewNeedKind(Body):
    """A finer kind of need of the campaign's own: dignity packs, which are `goods`."""

    slug: Category
    kind: Kind
    labels: Labels


def _category(wish: Wish[NewCategory]) -> AddCategory:
    return AddCategory(wish.id, wish.body.slug, _labels(wish.body))


def _need_kind(wish: Wish[NewNeedKind]) -> AddNeedKind:
    return AddNeedKind(wish.id, wish.body.slug, wish.body.kind, _labels(wish.body))


def _labels(body: NewCategory | NewNeedKind) -> dict[str, str]:
    return {str(language): label for language, label in body.labels.items()}


WRITES: Final = (
    Write(
        method="POST",
        path=f"{_PLACE}/categories",
        summary="Add a category of events to those that everybody has",
        service="events",
        body=NewCategory,
        command=AddCategory,
        build=_category,
        answers={200: CampaignState},
        tag="taxonomies",
        problems=_PROBLEMS,
    ),
    Write(
        method="POST",
        path=f"{_PLACE}/need-kinds",
        summary="Add a finer kind of need to those that everybody has",
        service="events",
        body=NewNeedKind,
        command=AddNeedKind,
        build=_need_kind,
        answers={200: CampaignState},
        tag="taxonomies",
        problems=_PROBLEMS,
    ),
)
