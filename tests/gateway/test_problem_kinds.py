import ast
from collections.abc import Iterator
from pathlib import Path

from services.gateway.problem_kinds import KINDS

_ROOT = Path(__file__).parents[2]
_SAYING_NO = {"refused", "Refused", "ProblemError", "document"}


def test_every_refusal_in_the_code_is_in_the_table() -> None:
    """So that each has a title, a status and a page."""
    used = {slug for folder in ("services", "shared") for slug in _refusals(_ROOT / folder)}

    assert "not-enough-left" in used
    assert used <= set(KINDS)


def _refusals(folder: Path) -> Iterator[str]:
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[ast.Constant(str(slug)), *_]):
                    if name in _SAYING_NO:
                        yield slug
                case _:
                    pass
