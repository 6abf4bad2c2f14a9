"""The vocabulary as the program reads it; the words themselves are data beside this file (see ATTRIBUTION.md)."""

from functools import cache
from importlib.resources import files

import msgspec
from msgspec import Struct


class Ward(Struct, frozen=True):
    """One of the city's electoral wards; `lon`, `lat` lie inside it (WGS 84), `population` is that of mid-2024."""

    slug: str
    name: str
    code: str
    population: int
    lon: float
    lat: float
    neighbours: tuple[str, ...]


class Principle(Struct, frozen=True):
    """One of the eight guiding principles, or of the six first priorities; `labels` by language."""

    id: int
    name: str
    labels: dict[str, str] = {}
    source: str = ""


class Term(Struct, frozen=True):
    """A word of the contract and how people call it: `name`, and `labels` by language, English always among them."""

    slug: str
    name: str
    labels: dict[str, str] = {}
    source: str = ""


class Terms(Struct, frozen=True):
    """The lists. `event_categories`, `access` and `languages` are suggestions; the others are closed.

    Labels in the `reviewed` languages were read by people who speak them; the others are translations of ours.
    """

    reviewed: tuple[str, ...]
    principles: tuple[Principle, ...]
    priorities: tuple[Principle, ...]
    sectors: tuple[Term, ...]
    need_kinds: tuple[Term, ...]
    limits: tuple[Term, ...]
    visibilities: tuple[Term, ...]
    event_categories: tuple[Term, ...]
    access: tuple[Term, ...]
    languages: tuple[Term, ...]


ATTRIBUTION = (
    "Source: Office for National Statistics, Open Government Licence v3.0. "
    "Contains OS data © Crown copyright and database right."
)
"""To be shown with the wards."""


@cache
def wards() -> tuple[Ward, ...]:
    """All wards, by slug."""
    return msgspec.json.decode(_read("wards.json"), type=tuple[Ward, ...])


@cache
def ward_slugs() -> frozenset[str]:
    """The slugs that a ward can be named by."""
    return frozenset(ward.slug for ward in wards())


@cache
def terms() -> Terms:
    """All lists but the wards; where the data give no name, it is the English label, and a list has one source."""
    data = msgspec.json.decode(_read("terms.json"))
    lists = {
        name: [{"name": item["labels"]["en"], "source": listed["source"], **item} for item in listed["items"]]
        for name, listed in data.items()
        if name != "reviewed"
    }
    return msgspec.convert({**lists, "reviewed": data["reviewed"]}, Terms)


def _read(name: str) -> bytes:
    return files("shared.vocabulary").joinpath(name).read_bytes()
