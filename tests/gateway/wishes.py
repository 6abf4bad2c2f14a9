"""Making commands of bodies, and what is said where they are flawed."""

from typing import Any, TypeVar

import msgspec

from services.gateway.bodies import Body, parse
from services.gateway.commands import Wish
from services.gateway.problems import ProblemError

B = TypeVar("B", bound=Body)

COMMAND = "0d9d1d6c-5e27-4f11-9f43-2f6f0a8f4f11"
ANA = "11111111-1111-5111-8111-111111111111"
CAMPAIGN = "campaign_" + "c" * 26
EVENT = "event_" + "e" * 26
NEED = "need_" + "n" * 26
PLEDGE = f"{NEED}.{'p' * 26}"


def wish(body: B, *ids: str, revision: int | None = None) -> Wish[B]:
    """What Ana asks for."""
    return Wish(COMMAND, ANA, ids, body, revision)


def read(model: type[B], **fields: Any) -> B:  # noqa: ANN401 -- JSON
    """Read a body."""
    return parse(msgspec.json.encode(fields), model)


def flaws(model: type[Body], fields: dict[str, Any]) -> dict[str, str]:
    """What is wrong with a body, by pointer; nothing if it is taken."""
    try:
        parse(msgspec.json.encode(fields), model)
    except ProblemError as problem:
        return dict(problem.errors) or {problem.slug: "no body at all"}
    return {}
