"""The kinds of field that bodies are made of: lengths, forms and vocabularies, each said once.

What a rule needs the state for (is this after that? is there room?) is the deciding service's to refuse.
"""

import re
from datetime import UTC, date, datetime
from functools import cache
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, AnyHttpUrl, BaseModel, Field, TypeAdapter, ValidationError

from services.gateway.problems import Flaw, ProblemError
from services.gateway.table import PERSON
from shared import instants
from shared.vocabulary import terms

_LINE = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"
_DIGITS = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){12,18}(?![0-9])")
_WEB_ADDRESS = TypeAdapter(AnyHttpUrl)


def _date(text: str) -> str:
    date.fromisoformat(text)
    return text


def _local_time(text: str) -> str:
    datetime.fromisoformat(text)
    return text


def _instant(text: str) -> str:
    """Take RFC 3339 with `Z`; instants inside compare as they read, so all have three digits of a second."""
    return instants.text(datetime.fromisoformat(text).astimezone(UTC))


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones()) - {"localtime"}


def _zone(text: str) -> str:
    if text not in _zones():
        raise ValueError("No IANA time zone.")
    return text


def _ward(text: str) -> str:
    if text not in terms.ward_slugs():
        raise ValueError("No ward's slug; /v1/taxonomies lists them.")
    return text


def _web_address(text: str) -> str:
    """Check only, and keep what was written: pydantic's own type would normalise it."""
    try:
        _WEB_ADDRESS.validate_python(text)
    except ValidationError:
        raise ValueError("No http or https address.") from None
    return text


def _no_card(text: str) -> str:
    """No payment card is taken here, so that none lies in words either: 13 to 19 digits with a check digit (Luhn)."""
    for found in _DIGITS.finditer(text):
        digits = [int(digit) for digit in found[0] if digit.isdecimal()]
        doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]  # noqa: PLR2004 -- ISO/IEC 7812-1
        if 13 <= len(digits) <= 19 and (sum(doubled) + sum(digits[-1::-2])) % 10 == 0:  # noqa: PLR2004 -- the same
            raise ValueError("This looks like the number of a payment card; do not write it here.")
    return text


def _different(items: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(set(items)) != len(items):
        raise ValueError("Something is listed twice.")
    return items


Line = Annotated[str, Field(min_length=1, max_length=200, pattern=_LINE)]
"""Text without a line break or another control character, and not only blank."""
LongLine = Annotated[str, Field(min_length=1, max_length=500, pattern=_LINE)]
Text = Annotated[str, Field(max_length=10_000), AfterValidator(_no_card)]
"""Text of several lines."""
Note = Annotated[str, Field(max_length=2_000), AfterValidator(_no_card)]
Reason = Annotated[str, Field(min_length=1, max_length=1_000, pattern=r"\S"), AfterValidator(_no_card)]
Id = Annotated[str, Field(min_length=1, max_length=128)]
"""Any text that may be an id; whether there is such a thing is asked later (404)."""
Person = Annotated[str, Field(pattern=f"^{PERSON}$")]
"""A person as the platform knows them: `id` of `GET /v1/me`."""
Slug = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$")]
Category = Annotated[str, Field(min_length=1, max_length=50, pattern=r"^[a-z0-9]+(?:[-_][a-z0-9]+)*$")]
Date = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_date)]
LocalTime = Annotated[
    str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$"), AfterValidator(_local_time)
]
Instant = Annotated[
    str,
    Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z$"),
    AfterValidator(_instant),
]
"""An instant, RFC 3339 with `Z`."""
TimeZone = Annotated[str, Field(max_length=64), AfterValidator(_zone)]
WebAddress = Annotated[str, Field(max_length=2_000), AfterValidator(_web_address)]
Ward = Annotated[str, AfterValidator(_ward)]
Wards = Annotated[tuple[Ward, ...], Field(max_length=69), AfterValidator(_different)]
Principles = Annotated[tuple[Annotated[int, Field(ge=1, le=8)], ...], Field(max_length=8), AfterValidator(_different)]
Priorities = Annotated[tuple[Annotated[int, Field(ge=1, le=6)], ...], Field(max_length=6), AfterValidator(_different)]
Language = Annotated[str, Field(max_length=35, pattern=r"^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*$")]
"""A language tag, well-formed by BCP 47."""
Languages = Annotated[tuple[Language, ...], Field(max_length=20), AfterValidator(_different)]
Access = Annotated[tuple[Category, ...], Field(max_length=20), AfterValidator(_different)]
Labels = Annotated[dict[Literal["en", "ur", "pa", "bn", "ar", "pl", "so", "ro"], Line], Field(min_length=1)]
"""How people call a thing, by the languages that the platform writes in."""
Unit = Annotated[Line, Field(max_length=50)]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]
"""ISO 4217."""
Quantity = Annotated[int, Field(ge=1, le=1_000_000_000)]
Age = Annotated[int, Field(ge=0, le=130)]


def absent() -> Any:  # noqa: ANN401 -- it stands for a value of any type
    """What a field of a PATCH holds that was not sent; nobody reads it (`sent` looks at what was)."""
    return None


def sent(body: BaseModel) -> dict[str, Any]:
    """The fields of a body that the request named, with models as dictionaries."""
    return body.model_dump(exclude_unset=True)


def existing(pattern: "re.Pattern[str]", given: str, pointer: str) -> str:
    """Take an id that a body names; `not-found` (404) at once if nothing can have it."""
    if not pattern.fullmatch(given):
        raise ProblemError("not-found", errors=[Flaw(pointer, "There is nothing of that id.")])
    return given
