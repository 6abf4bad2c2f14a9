"""What a campaign brought about, as figures that each say where they come from. Pure.

Every number has an id, its unit, its source, its instant and its method. What several sources tell stands side by
side: figures of events are never added to deliveries.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Final
from urllib.parse import urlencode

from msgspec import Struct

from shared.contracts.figures import unit_code

NOWHERE: Final = "-"
SUMMED: Final = "Sum of confirmed deliveries, with their corrections."
SPREAD: Final = "Sum of confirmed deliveries on needs that serve this principle; one delivery may serve several."
NOTED: Final = "Sum of what organisers wrote down when events were over, with their corrections."
COUNTED: Final = "Count of different people, by pseudonym, who have ever promised something."
JOINED: Final = "Count of organisations that joined."


class Figure(Struct, frozen=True):
    """One number. `source` is an address that opens it; `deliveries` and `corrections` count what lies behind."""

    figure: str
    value: int
    unit: str
    source: str
    as_of: str
    method: str
    kind: str | None = None
    ward: str | None = None
    principle: int | None = None
    month: str | None = None
    name: str | None = None
    deliveries: int | None = None
    corrections: int | None = None


Figures = tuple[Figure, ...]


class Impact(Struct, frozen=True):
    """All figures of a campaign.

    `known`: as it was known at `as_of` (`then`), or as it is known `now` of what had happened by then.
    """

    campaign: str
    as_of: str
    known: str
    kinds: tuple[Figure, ...]
    wards: tuple[Figure, ...]
    principles: tuple[Figure, ...]
    months: tuple[Figure, ...]
    outcomes: tuple[Figure, ...]
    partners: Figure | None = None
    volunteers: Figure | None = None


class Cell(Struct, frozen=True):
    """A sum of deliveries at one place, as its owner keeps it."""

    kind: str
    unit: str
    ward: str | None
    principles: tuple[int, ...]
    month: str
    value: int
    deliveries: int
    corrections: int


class Correction(Struct, frozen=True):
    """A figure of an event that was put right."""

    before: int
    at: str


class Outcome(Struct, frozen=True):
    """What an event brought about."""

    figure: str
    quantity: int
    unit: str
    at: str
    occurred_at: str = ""
    corrections: tuple[Correction, ...] = ()


class Attendance(Struct, frozen=True):
    """How many people came."""

    headcount: int | None = None
    attended: int = 0
    at: str = ""
    occurred_at: str = ""
    corrections: tuple[Correction, ...] = ()


class Happened(Struct, frozen=True):
    """An event, as far as it matters here."""

    attendance: Attendance | None = None
    outcomes: tuple[Outcome, ...] = ()


class Moment(Struct, frozen=True):
    """When the figures are of: `asked` is the instant that was asked for, if one was."""

    as_of: str
    asked: str | None = None
    known: str = "then"

    @property
    def query(self) -> str:
        """What addresses of sources add, to open the same figure."""
        return f"?{urlencode({'as_of': self.asked, 'known': self.known})}" if self.asked else ""


def delivered(campaign: str, cells: Sequence[Cell], moment: Moment) -> tuple[Figures, Figures, Figures, Figures]:
    """Sums of deliveries by kind, and by kind and ward, principle and month."""
    return (
        _by(campaign, cells, moment, lambda _: [""], "", SUMMED),
        _by(campaign, cells, moment, lambda cell: [cell.ward or NOWHERE], "ward", SUMMED),
        _by(campaign, cells, moment, lambda cell: map(str, cell.principles), "principle", SPREAD),
        _by(campaign, cells, moment, lambda cell: [cell.month], "month", SUMMED),
    )


def _by(
    campaign: str,
    cells: Sequence[Cell],
    moment: Moment,
    values: Callable[[Cell], Iterable[str]],
    dimension: str,
    method: str,
) -> tuple[Figure, ...]:
    sums: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for cell in cells:
        for value in values(cell):
            known = sums[value, cell.kind, cell.unit]
            known[0] += cell.value
            known[1] += cell.deliveries
            known[2] += cell.corrections
    return tuple(_figure(campaign, key, dimension, amounts, moment, method) for key, amounts in sorted(sums.items()))


def _figure(
    campaign: str, key: tuple[str, str, str], dimension: str, amounts: Sequence[int], moment: Moment, method: str
) -> Figure:
    value, kind, unit = key
    name = ".".join([campaign, kind, unit_code(unit), *([dimension, value] if dimension else [])])
    return Figure(
        name,
        amounts[0],
        unit,
        f"/v1/impact/{name}/deliveries{moment.query}",
        moment.as_of,
        method,
        kind=kind,
        ward=value if dimension == "ward" and value != NOWHERE else None,
        principle=int(value) if dimension == "principle" else None,
        month=value if dimension == "month" else None,
        deliveries=amounts[1],
        corrections=amounts[2],
    )


def happened(campaign: str, events: Iterable[Happened], moment: Moment) -> tuple[Figure, ...]:
    """What events brought about, by figure and unit, each on its own; and how many people came."""
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])

    def add(key: tuple[str, str], quantity: int | None, corrections: int) -> None:
        if quantity is not None:
            for place, amount in enumerate((quantity, 1, corrections)):
                sums[key][place] += amount

    for event in events:
        for outcome in event.outcomes:
            add((outcome.figure, outcome.unit), *_known(outcome, outcome.quantity, moment))
        came = event.attendance
        if came is not None:
            people = came.headcount if came.headcount is not None else came.attended or None
            add(("headcount", "people"), *_known(came, people, moment))
    return tuple(
        Figure(
            f"{campaign}.events.{figure}.{unit_code(unit)}",
            amounts[0],
            unit,
            f"/v1/events?campaign={campaign}",
            moment.as_of,
            NOTED,
            name=figure,
            corrections=amounts[2],
        )
        for (figure, unit), amounts in sorted(sums.items())
    )


def _known(told: Outcome | Attendance, now: int | None, moment: Moment) -> tuple[int | None, int]:
    """A figure with the number of its corrections, at a moment."""
    if moment.asked is None or moment.known == "now":
        past = moment.asked is None or (told.occurred_at or told.at) <= moment.asked
        return (now if past else None), len(told.corrections)
    if told.at > moment.asked:
        return None, 0
    later = [each for each in told.corrections if each.at > moment.asked]
    return (later[0].before if later else now), len(told.corrections) - len(later)


def counted(campaign: str, name: str, value: int, unit: str, moment: Moment, method: str) -> Figure:
    """A count out of the views."""
    return Figure(f"{campaign}.{name}", value, unit, f"/v1/campaigns/{campaign}", moment.as_of, method)
