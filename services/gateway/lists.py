"""The public lists: their filters, their order, their cursors. Pure.

Campaigns and needs come newest first, events by their start. A cursor holds the sort text of the last item, so
inserts before it and after it neither repeat nor hide an item.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Final, get_args
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from services.gateway import parameters, venue_shapes, views
from services.gateway.moments import AS_OF
from services.gateway.problems import ProblemError
from services.gateway.table import Parameter
from services.gateway.versions import MIN_VERSION
from services.gateway.view_store import Ask
from shared.contracts.commitments import CommitmentState, CommitmentStatus
from shared.contracts.events import CampaignState, CampaignStatus, Occurrence
from shared.contracts.pledges import Kind, NeedState, NeedStatus, Urgency
from shared.contracts.venue_states import VenueStatus
from shared.vocabulary import terms

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_MEMBER: Final = re.compile(r"[0-9A-Za-z|:._-]{1,200}")
_POLE: Final = 90
_FARTHEST_M: Final = 50_000
_PRINCIPLES: Final = frozenset("12345678")

Read = Callable[[str], bool]
"""Whether a value of a filter is well-formed."""


class Filter(Struct, frozen=True):
    """A query parameter that keeps only the things which have a value."""

    name: str
    description: str
    well_formed: Read


Shape = Callable[[bytes, str, Mapping[str, str]], tuple[bytes | None, str]]
"""Makes of a view what is read at an instant, and says until when that holds: (body, now, what was chosen) -> both.

The body is None if the thing, as it stands then, does not fit what was chosen."""


class Collection(Struct, frozen=True):
    """A list of all public things of a kind. `dates`: also filtered by `from` and `to`.

    `past`: of one campaign it can also be read as it was.
    `when_read` are filters that the `shape` looks at; a page with them may come out short and still go on.
    """

    kind: views.Kind
    path: str
    item: type[Struct]
    filters: Sequence[Filter]
    down: bool = True
    dates: bool = False
    past: bool = False
    when_read: Sequence[Filter] = ()
    shape: Shape | None = None

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """All query parameters but `min_version`."""
        named = [Parameter(known.name, known.description) for known in (*self.filters, *self.when_read)]
        if self.dates:
            named += [
                Parameter("from", "First local date of the start, `YYYY-MM-DD`."),
                Parameter("to", "Last local date of the start, itself included."),
            ]
        if self.past:
            named.append(AS_OF)
        return (
            *named,
            Parameter("cursor", "Where to go on: from `next` of the page before."),
            Parameter("limit", "How many items, 1 to 100; 20 if not said.", integer=True),
        )


def _one_of(words: Sequence[str]) -> Read:
    return frozenset(words).__contains__


def _ward(value: str) -> bool:
    return value in terms.ward_slugs()


def _name(value: str) -> bool:
    return _NAME.fullmatch(value) is not None


def _point(value: str) -> bool:
    found = venue_shapes.NEAR.fullmatch(value)
    return found is not None and abs(float(found[1])) <= _POLE and abs(float(found[2])) <= 2 * _POLE


def _radius(value: str) -> bool:
    return value.isascii() and value.isdecimal() and len(value) <= len("50000") and 1 <= int(value) <= _FARTHEST_M


_CAMPAIGN: Final = Filter("campaign", "Id of the campaign.", _name)
_WARD: Final = Filter("ward", "Slug of a ward.", _ward)

CAMPAIGNS: Final = Collection(
    "campaign",
    "/v1/campaigns",
    CampaignState,
    (Filter("status", "Where it stands.", _one_of(get_args(CampaignStatus))), _WARD),
)
EVENTS: Final = Collection(
    "event",
    "/v1/events",
    Occurrence,
    (
        _CAMPAIGN,
        _WARD,
        Filter("category", "What kind of event.", _name),
        Filter("parent", "Id of the event that they are parts of.", _name),
        Filter("principle", "One of the eight principles, by number.", _PRINCIPLES.__contains__),
        Filter("language", "A language that is spoken (BCP 47).", _name),
        Filter("accessible", "`true`: only where `access` tells of something.", _one_of(("true",))),
    ),
    down=False,
    dates=True,
)
NEEDS: Final = Collection(
    "need",
    "/v1/needs",
    NeedState,
    (
        _CAMPAIGN,
        _WARD,
        Filter("kind", "What is needed.", _one_of(get_args(Kind))),
        Filter("subkind", "What is needed, by a kind of a campaign's own.", _name),
        Filter("status", "Where it stands.", _one_of(get_args(NeedStatus))),
        Filter("urgency", "How near its day is while something is uncommitted.", _one_of(get_args(Urgency))),
    ),
    past=True,
)

COMMITMENTS: Final = Collection(
    "commitment",
    "/v1/commitments",
    CommitmentState,
    (
        _CAMPAIGN,
        Filter("principle", "One of the eight principles, by number.", _PRINCIPLES.__contains__),
        Filter("status", "Where it stands.", _one_of(get_args(CommitmentStatus))),
    ),
)


VENUES: Final = Collection(
    "venue",
    "/v1/venues",
    venue_shapes.PlaceOfWelcome,
    (
        _CAMPAIGN,
        _WARD,
        Filter("language", "A language that is spoken (BCP 47).", _name),
        Filter("accessible", "`true`: only where `access` tells of something.", _one_of(("true",))),
        Filter("status", "Where it stands.", _one_of(get_args(VenueStatus))),
    ),
    when_read=(
        Filter("open", "`now`: only what is open by its hours.", _one_of(("now",))),
        Filter("near", "`lat,lon` (WGS 84); comes with `radius_m`.", _point),
        Filter("radius_m", "Metres around `near`, 1 to 50,000.", _radius),
    ),
    shape=venue_shapes.shown,
)


class Wanted(Struct, frozen=True):
    """A page that was asked for: `target` names it, whatever the order in which its parameters came."""

    target: str
    ask: Ask
    chosen: Mapping[str, str]
    versions: Sequence[str]


def wanted(collection: Collection, raw: bytes) -> Wanted:
    """Read a query; 400 for what is unknown or malformed. Without a filter all that is public is listed."""
    names = [known.name for known in collection.parameters]
    query = parameters.query(raw, names, (MIN_VERSION.name,))
    chosen = {name: value for name in names if (value := query.one(name)) is not None}
    sets = []
    for known in collection.filters:
        value = chosen.get(known.name)
        if value is None:
            continue
        if not known.well_formed(value):
            raise _invalid(known.name)
        sets.append(views.facet(collection.kind, known.name, value.lower() if known.name == "language" else value))
    for known in collection.when_read:
        if known.name in chosen and not known.well_formed(chosen[known.name]):
            raise _invalid(known.name)
    if ("near" in chosen) != ("radius_m" in chosen):
        raise ProblemError("invalid-parameter", "near and radius_m come together.", parameter="radius_m")
    if "as_of" in chosen and "campaign" not in chosen:
        raise ProblemError("invalid-parameter", "as_of comes with a campaign.", parameter="as_of")
    ask = Ask(
        sets or [views.everything(collection.kind)],
        query.limit(),
        collection.down,
        _after(chosen.get("cursor")),
        date_of(chosen, "from"),
        date_of(chosen, "to"),
    )
    target = f"{collection.path}?{urlencode(sorted(chosen.items()))}" if chosen else collection.path
    return Wanted(target, ask, chosen, query.all(MIN_VERSION.name))


def page(collection: Collection, asked: Wanted, bodies: Sequence[bytes], after: str) -> bytes:
    """The page as it is sent."""
    address: str | None = None
    if after:
        chosen = {**asked.chosen, "cursor": urlsafe_b64encode(after.encode()).decode().rstrip("=")}
        address = f"{collection.path}?{urlencode(chosen)}"
    return b'{"items":[' + b",".join(bodies) + b'],"next":' + msgspec.json.encode(address) + b"}"


def _after(cursor: str | None) -> str:
    """The member that a cursor holds; it is compared with members and names no key."""
    if cursor is None:
        return ""
    try:
        member = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)).decode("ascii")
    except ValueError:
        raise _invalid("cursor") from None
    if not _MEMBER.fullmatch(member):
        raise _invalid("cursor")
    return member


def date_of(chosen: Mapping[str, str], name: str) -> str:
    """A date that a query names; empty if it does not, 400 if it is none."""
    given = chosen.get(name)
    if given is None:
        return ""
    try:
        if date.fromisoformat(given).isoformat() == given:
            return given
    except ValueError:
        pass
    raise _invalid(name)


def _invalid(name: str) -> ProblemError:
    return ProblemError("invalid-parameter", f"{name} is malformed or names nothing that exists.", parameter=name)
