"""Instants that people ask about."""

from datetime import datetime
from typing import Final

from pydantic import TypeAdapter, ValidationError

from services.gateway.fields import Instant
from services.gateway.parameters import Query
from services.gateway.problems import ProblemError
from services.gateway.table import Parameter
from shared import instants

AS_OF: Final = Parameter("as_of", "An instant (RFC 3339 with `Z`): as it was then.")
_INSTANTS: Final[TypeAdapter[str]] = TypeAdapter(Instant)


def as_of(query: Query) -> str | None:
    """The instant that a query names, if it names one; 400 if it is none."""
    asked = query.one(AS_OF.name)
    return None if asked is None else instant(asked)


def instant(asked: str) -> str:
    """An instant as facts spell it; 400 if it is none."""
    try:
        return instants.text(datetime.fromisoformat(_INSTANTS.validate_python(asked)))
    except (ValidationError, OverflowError):
        raise ProblemError("invalid-parameter", "as_of must be an instant (RFC 3339).", parameter="as_of") from None
