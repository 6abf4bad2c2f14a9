"""Reads settings for a person: what is missing or wrong is named by its variable."""

from typing import TypeVar

from pydantic import ValidationError

from deploy.trouble import TroubleError
from shared.config import Settings, name_of

S = TypeVar("S", bound=Settings)


def read(kind: type[S]) -> S:
    """Read settings from the environment; raises TroubleError naming every variable that stands in the way."""
    try:
        return kind()
    except ValidationError as error:
        raise TroubleError(
            "\n".join(
                f"{_variable(kind, str(wrong['loc'][0]))}: {wrong['msg']} (.env.example tells what it means)"
                for wrong in error.errors()
            )
        ) from error
    except OSError as error:
        raise TroubleError(f"{error.filename} holds a setting and cannot be read: {error.strerror}") from error


def _variable(kind: type[Settings], at: str) -> str:
    """Name the variable; pydantic speaks of a field by its alias where it has one."""
    field = kind.model_fields.get(at)
    return name_of(at, field) if field else at
