"""Who does what when in a replay of 2020: made by chance, the same for the same seed. Pure.

Every delivery is of one parcel or one meal. One that is to be corrected was recorded as two; never the last of its
pledge, so that there is room for the error. At each moment `delivered <= pledged <= quantity`.
"""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final, Literal, NamedTuple

from msgspec import Struct

from deploy.season.invented import MOST, organisation
from shared.contracts.events import Sector
from shared.vocabulary.terms import Ward

FoodKind = Literal["food_parcel", "meal"]

TOTALS: Final[dict[FoodKind, int]] = {"food_parcel": 62_000, "meal": 22_000}
PARTNERS: Final = 80
VOLUNTEERS: Final = 845
DAYS: Final = 285
"""From 20 March to the end of 2020."""
DOUBLED: Final = 0.10
"""Part of the deliveries that is sent twice."""
WRONG: Final = 0.01
"""Part of the deliveries that is recorded wrongly, and corrected."""
LEAST_SCALE: Final = 0.01
"""Below that not every ward would get a parcel."""

_DAY: Final = 86_400.0
_NEED: Final = (100, 400)
"""Least and most that is asked for at once; the last need of a ward may be smaller."""
_PLEDGE: Final = (6, 30)
"""Least and most that a pledge is of; the last one of a need may be smaller."""


class Partner(Struct, frozen=True):
    """An invented organisation."""

    name: str
    sector: Sector


class Delivery(Struct, frozen=True):
    """One parcel or meal; `is_doubled` says that the request is sent twice."""

    at: float
    recorded: int = 1
    is_doubled: bool = False

    @property
    def is_corrected(self) -> bool:
        """Whether it was recorded wrongly."""
        return self.recorded != 1


class Pledge(Struct, frozen=True):
    """What a volunteer promised a need, and how it comes, in this order; `at` counts seconds of the season."""

    volunteer: int
    at: float
    deliveries: tuple[Delivery, ...]

    @property
    def quantity(self) -> int:
        """All of it comes."""
        return len(self.deliveries)


class Need(Struct, frozen=True):
    """What a partner asks for in a ward."""

    partner: int
    ward: str
    ward_name: str
    kind: FoodKind
    at: float
    pledges: tuple[Pledge, ...]

    @property
    def quantity(self) -> int:
        """All of it is pledged."""
        return sum(pledge.quantity for pledge in self.pledges)


class Plan(Struct, frozen=True):
    """A whole season, and what it was made of."""

    seed: int
    scale: float
    partners: tuple[Partner, ...]
    volunteers: int
    needs: tuple[Need, ...]

    def totals(self) -> dict[FoodKind, int]:
        """What is delivered of each kind in the end."""
        return {kind: sum(need.quantity for need in self.needs if need.kind == kind) for kind in TOTALS}

    def deliveries(self) -> list[Delivery]:
        """All deliveries."""
        return [each for need in self.needs for pledge in need.pledges for each in pledge.deliveries]


def plan(seed: int, scale: float, wards: Sequence[Ward]) -> Plan:
    """Make the season of a seed, `scale` times as large as that of 2020."""
    chance = Random(seed)  # noqa: S311 -- a replay, no secret
    volunteers, partners = scaled(VOLUNTEERS, scale), min(MOST, scaled(PARTNERS, scale))
    asked = list(_asked(chance, scale, wards))
    sizes = [_cut(chance, each.quantity, *_PLEDGE) for each in asked]
    drawn = _drawn(chance, [size for some in sizes for size in some])
    donors = _turns(chance, volunteers, sum(map(len, sizes)))
    askers = _turns(chance, partners, len(asked))
    needs = []
    for each, some in zip(asked, sizes, strict=True):
        at = chance.uniform(0, 0.7) * DAYS * _DAY
        pledges = tuple(_pledge(chance, next(donors), at, [next(drawn) for _ in range(size)]) for size in some)
        needs.append(Need(next(askers), each.ward.slug, each.ward.name, each.kind, at, pledges))
    invented = tuple(Partner(*organisation(number)) for number in range(partners))
    return Plan(seed, scale, invented, volunteers, tuple(needs))


def scaled(number: int, scale: float) -> int:
    """A number of 2020 at another scale; there is always one."""
    return max(1, round(number * scale))


class _Asked(NamedTuple):
    kind: FoodKind
    ward: Ward
    quantity: int


class _Draw(NamedTuple):
    recorded: int
    is_doubled: bool


def _asked(chance: Random, scale: float, wards: Sequence[Ward]) -> Iterator[_Asked]:
    """What is asked for where: shares by population, in needs of a size that people can look through."""
    for kind, total in TOTALS.items():
        for ward, share in zip(wards, _shares(scaled(total, scale), wards), strict=True):
            for quantity in _cut(chance, share, *_NEED):
                yield _Asked(kind, ward, quantity)


def _shares(total: int, wards: Sequence[Ward]) -> list[int]:
    """Parts of a total by population; what rounding leaves goes to the wards that lost most by it."""
    people = sum(ward.population for ward in wards)
    exact = [total * ward.population / people for ward in wards]
    shares = [int(share) for share in exact]
    by_loss = sorted(range(len(wards)), key=lambda at: shares[at] - exact[at])
    for at in by_loss[: total - sum(shares)]:
        shares[at] += 1
    return shares


def _cut(chance: Random, quantity: int, least: int, most: int) -> list[int]:
    """A quantity in parts of a size by chance; the last may be smaller."""
    parts = []
    while quantity:
        parts.append(min(quantity, chance.randint(least, most)))
        quantity -= parts[-1]
    return parts


def _drawn(chance: Random, sizes: Sequence[int]) -> Iterator[_Draw]:
    """For each delivery of pledges of these sizes, what befalls it: every tenth is doubled, every hundredth wrong."""
    number = sum(sizes)
    has_room = [at for at, is_last in enumerate(last for size in sizes for last in _lasts(size)) if not is_last]
    doubled = set(chance.sample(range(number), round(number * DOUBLED)))
    wrong = set(chance.sample(has_room, round(number * WRONG)))
    return (_Draw(2 if at in wrong else 1, at in doubled) for at in range(number))


def _lasts(size: int) -> Iterator[bool]:
    return (at == size - 1 for at in range(size))


def _turns(chance: Random, people: int, turns: int) -> Iterator[int]:
    """Who does something, by chance, but everybody as often as the others or once more."""
    order = [turn % people for turn in range(turns)]
    chance.shuffle(order)
    return iter(order)


def _pledge(chance: Random, volunteer: int, asked_at: float, drawn: Sequence[_Draw]) -> Pledge:
    """A promise within the weeks after it was asked for, kept within the weeks after that."""
    at = asked_at + chance.uniform(0, 0.15) * DAYS * _DAY
    times = sorted(at + chance.uniform(0, 0.15) * DAYS * _DAY for _ in drawn)
    return Pledge(volunteer, at, tuple(Delivery(when, *draw) for when, draw in zip(times, drawn, strict=True)))
