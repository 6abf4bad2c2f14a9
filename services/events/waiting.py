"""The waiting list of one event: who is next when places come free. Pure.

First come, first served, but a party too large for what is left blocks nobody behind it. The list may be long, so
of each party size only the count and a prefix of the parties (its head) are at hand. The head of a size is exact as
far as it goes; what lies beyond it is known to exist and not guessed.
"""

from msgspec import Struct
from msgspec.structs import replace

from shared.contracts.events import RegistrationState


class Place(Struct, frozen=True):
    """A registration in its owner's document.

    `order` is its place in the line while it waits; `position` what it was told when it joined.
    """

    registration: RegistrationState
    order: int | None = None
    position: int | None = None


class WaitingList(Struct, frozen=True):
    """Parties waiting by size, the heads at hand, and the order number of the next to join."""

    sizes: dict[int, int] = {}
    heads: dict[int, tuple[Place, ...]] = {}
    next_order: int = 1

    @property
    def parties(self) -> int:
        """How many wait."""
        return sum(self.sizes.values())

    def fits(self, left: int | None) -> bool:
        """Whether a waiting party fits the places left (None: there is no limit)."""
        return bool(self._fitting(left))

    def first(self, left: int | None) -> Place | None:
        """The party that has waited longest of those that fit; None if there is none or it is not at hand."""
        heads = [self.heads.get(size, ()) for size in self._fitting(left)]
        if not heads or not all(heads):
            return None
        return min((head[0] for head in heads), key=_order)

    def joined(self, registration: RegistrationState) -> tuple["WaitingList", Place]:
        """The list with one more party at its end, and the party's place."""
        size = registration.party_size
        place = Place(registration, self.next_order, self.parties + 1)
        count, head = self.sizes.get(size, 0), self.heads.get(size, ())
        heads = self.heads | {size: (*head, place)} if len(head) == count else self.heads
        return WaitingList(self.sizes | {size: count + 1}, heads, self.next_order + 1), place

    def without(self, registration: RegistrationState) -> "WaitingList":
        """The list after a party of this size was promoted or gave up.

        A party that is not counted may have been read a moment after the event, whose guard will tell at the save.
        """
        size = registration.party_size
        count = self.sizes.get(size, 0) - 1
        sizes = {one: number for one, number in (self.sizes | {size: count}).items() if number > 0}
        head = tuple(place for place in self.heads.get(size, ()) if place.registration.id != registration.id)
        return replace(self, sizes=sizes, heads=self.heads | {size: head})

    def resized(self, place: Place, registration: RegistrationState) -> tuple["WaitingList", Place]:
        """The list after a waiting party became another size; it keeps its place in the line."""
        after = replace(place, registration=registration)
        rest = self.without(place.registration)
        size = registration.party_size
        count, head = rest.sizes.get(size, 0), rest.heads.get(size, ())
        if len(head) == count or (head and _order(after) < _order(head[-1])):
            head = tuple(sorted((*head, after), key=_order))
        return WaitingList(rest.sizes | {size: count + 1}, rest.heads | {size: head}, rest.next_order), after

    def _fitting(self, left: int | None) -> list[int]:
        return [size for size in self.sizes if left is None or size <= left]


def _order(place: Place) -> int:
    return place.order or 0
