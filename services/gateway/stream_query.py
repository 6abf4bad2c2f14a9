"""What a client asks of a public stream: which form, which events, from where."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, Literal

from msgspec import Struct

from services.gateway import cursors, parameters
from services.gateway.items import Item
from services.gateway.problems import ProblemError
from shared import instants

Form = Literal["sse", "ndjson", "page"]

FORMS: Final[dict[str, Form]] = {
    "text/event-stream": "sse",
    "application/x-ndjson": "ndjson",
    "application/json": "page",
}
"""Media types, the one that is preferred first."""
SINGLE: Final = ("after", "since", "oldest", "on_gap", "limit", "wait")
FILTERS: Final = ("type", "campaign", "ward", "subject")
MOST_VALUES: Final = 100
LONGEST_WAIT_S: Final = 30

_TYPE: Final = re.compile(r"[A-Za-z0-9]+(\.[A-Za-z0-9]+)*(\.\*)?")
_NAME: Final = re.compile(r"[A-Za-z0-9._~-]{1,128}")
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")


class Filter(Struct, frozen=True):
    """Conditions that an event has to meet, all of them; an empty one is met by every event."""

    types: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()
    campaigns: frozenset[str] = frozenset()
    wards: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()

    def admits(self, item: Item) -> bool:
        """Whether an item is in this view.

        What is not public any more tells no campaign and no ward, and passes: who kept it has to drop it.
        """
        if not item.told:
            return False
        if (self.types or self.prefixes) and item.type not in self.types and not item.type.startswith(self.prefixes):
            return False
        if self.subjects and item.subject not in self.subjects:
            return False
        if item.gone:
            return True
        if self.campaigns and self.campaigns.isdisjoint(item.campaigns):
            return False
        return not self.wards or not self.wards.isdisjoint(item.wards)


class Asked(Struct, frozen=True):
    """A request for a stream. At most one of `after`, `since_ms`, `oldest`; none means from now on."""

    form: Form
    filter: Filter
    after: str | None = None
    since_ms: int | None = None
    oldest: bool = False
    gap_as_problem: bool = False
    limit: int = 20
    wait: int = 0


def read(query: bytes, headers: Iterable[tuple[bytes, bytes]]) -> Asked:
    """Read a request; `ProblemError` 400 for what is unknown or malformed, 406 for a form we do not make."""
    headers = list(headers)
    form = form_of(parameters.header(headers, b"accept"))
    given = parameters.query(query, single=SINGLE, repeatable=FILTERS)
    positions = [name for name in ("after", "since", "oldest") if given.one(name) is not None]
    if len(positions) > 1:
        raise _invalid(positions[1], "after, since and oldest exclude each other.")
    if form != "page" and (name := next((name for name in ("limit", "wait") if given.one(name) is not None), None)):
        raise _invalid(name, f"{name} goes with pages, Accept: application/json.")
    if given.one("oldest") not in {None, "1"}:
        raise _invalid("oldest", "oldest takes the value 1.")
    last = (parameters.header(headers, b"last-event-id") or b"").decode("latin-1")
    resumed = last or given.one("after")
    if resumed is not None and len(resumed) > cursors.LONGEST:
        raise _invalid("after", "after takes a cursor of ours.")
    return Asked(
        form=form,
        filter=_filter(given),
        after=resumed,
        # A browser that reconnects repeats the address it was given at first: where it has come to counts.
        since_ms=None if last else _since(given.one("since")),
        oldest=not last and given.one("oldest") == "1",
        gap_as_problem=_on_gap(given.one("on_gap"), form),
        limit=given.limit(),
        wait=given.integer("wait", 0, 0, LONGEST_WAIT_S),
    )


def form_of(accept: bytes | None) -> Form:
    """The form that an Accept header likes best (RFC 9110, section 12.5.1)."""
    best: tuple[float, Form] | None = None
    for part in (accept or b"*/*").decode("latin-1").lower().split(","):
        media, *rest = (piece.strip() for piece in part.split(";"))
        weight = next((_weight(piece[2:]) for piece in rest if piece.startswith("q=")), 1.0)
        kind = media.removesuffix("*")
        form = next((form for name, form in FORMS.items() if name == media), None)
        if form is None and media.endswith("/*"):
            form = next((form for name, form in FORMS.items() if media == "*/*" or name.startswith(kind)), None)
        if form is not None and weight > 0 and (best is None or weight > best[0]):
            best = weight, form
    if best is None:
        raise ProblemError("not-acceptable")
    return best[1]


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _filter(given: parameters.Query) -> Filter:
    values = {name: given.all(name) for name in FILTERS}
    if sum(map(len, values.values())) > MOST_VALUES:
        raise ProblemError("invalid-parameter", f"Filters may hold {MOST_VALUES} values in all.")
    for name, shape in (("type", _TYPE), ("campaign", _NAME), ("ward", _NAME), ("subject", _NAME)):
        if not all(shape.fullmatch(value) for value in values[name]):
            raise _invalid(name, f"{name} holds a value that cannot be one.")
    return Filter(
        types=frozenset(value for value in values["type"] if not value.endswith(".*")),
        prefixes=tuple(sorted(value[:-1] for value in values["type"] if value.endswith(".*"))),
        campaigns=frozenset(values["campaign"]),
        wards=frozenset(values["ward"]),
        subjects=frozenset(values["subject"]),
    )


def _since(given: str | None) -> int | None:
    if given is None:
        return None
    if not _INSTANT.fullmatch(given):
        raise _invalid("since", "since takes an instant such as 2026-03-01T09:00:00Z.")
    try:
        return max(0, -((instants.EPOCH - datetime.fromisoformat(given.upper())) // timedelta(milliseconds=1)))
    except (ValueError, OverflowError):
        raise _invalid("since", "since takes an instant such as 2026-03-01T09:00:00Z.") from None


def _on_gap(given: str | None, form: Form) -> bool:
    if given not in {None, "event", "problem"}:
        raise _invalid("on_gap", "on_gap is event or problem.")
    return form != "sse" if given is None else given == "problem"


def _invalid(name: str, detail: str) -> ProblemError:
    return ProblemError("invalid-parameter", detail, parameter=name)
