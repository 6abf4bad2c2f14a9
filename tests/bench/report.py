"""The page that tells what was measured: the part of docs/performance.md between two marks. Pure, but for the file."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.bench.figures import GOALS, Findings, Table, bound, verdict, written

PAGE: Final = Path(__file__).parents[2] / "docs" / "performance.md"
BEGIN: Final = "<!-- measured: begin -->"
END: Final = "<!-- measured: end -->"


def goals(findings: Iterable[Findings]) -> str:
    """The table of the goals that were measured."""
    measured = {name: value for found in findings for name, value in found.figures.items()}
    rows = [
        (
            goal.name,
            goal.what,
            goal.against,
            bound(goal, goal.must),
            bound(goal, goal.very_good),
            written(goal, measured[goal.name]),
            verdict(goal, measured[goal.name]),
        )
        for goal in GOALS
        if goal.name in measured
    ]
    return table(("goal", "what", "against", "must", "very good", "measured", "verdict"), rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def page(machine: Mapping[str, str], findings: Sequence[Findings], *, rounds: int, minutes: float) -> str:
    """All that was measured in one run."""
    about = {**machine, "Run": f"{rounds} rounds of everything, after one to warm up, in {minutes:.0f} minutes"}
    details: list[Table] = [each for found in findings for each in found.tables]
    return "\n\n".join(
        [
            *([goals(findings)] if any(found.figures for found in findings) else []),
            *(f"### {each.title}\n\n{table(each.head, each.rows)}" for each in details),
            "### Where and when",
            "\n".join(f"- {name}: {text}" for name, text in about.items()),
        ]
    )


def placed(text: str, measured: str) -> str:
    """The page with another part between the marks; ValueError if it has no marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"no {BEGIN} … {END}")
    return f"{before}{BEGIN}\n\n{measured}\n\n{END}{after}"
