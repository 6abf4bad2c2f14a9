"""What a campaign adds to the vocabularies that everybody shares; it redefines nothing of them."""

from msgspec import Struct

from shared.contracts.pledge_states import Kind


class AddedCategory(Struct, frozen=True):
    """A category of events; `labels` by language."""

    slug: str
    labels: dict[str, str]


class AddedNeedKind(Struct, frozen=True):
    """A finer kind of need, which everybody else may read as the `kind` that it is one of."""

    slug: str
    kind: Kind
    labels: dict[str, str]
