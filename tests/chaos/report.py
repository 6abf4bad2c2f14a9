"""What a run has shown, as Markdown for people and as JSON for machines, beside the raw history."""

import platform
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from tests.chaos.barrage import Window

CRITERIA: Final = {
    "C1": "nothing acknowledged is lost",
    "C2": "nothing is applied twice",
    "C3": "counters are sums",
    "C4": "nothing is oversubscribed, no place is lost",
    "C5": "order within a stream",
    "C6": "no view goes back, no stream has a gap",
    "C7": "one's own writes are read",
    "C9": "it goes on after every heal",
    "C10": "nothing grows without bound",
    "C11": "answers are honest",
    "C12": "clean logs",
}
_SHOWN: Final = 25


class Step(Struct):
    """A part of the run that is no window of a fault: pre-test, scenario, crash point, mutant, simulation."""

    name: str
    holds: bool
    seconds: float
    detail: str = ""


class Report(Struct):
    """Everything that a run has shown."""

    seed: int
    folder: str
    began: str
    broker: str = ""
    seconds: float = 0.0
    steps: list[Step] = []
    windows: list[Window] = []

    @property
    def holds(self) -> bool:
        """Whether something was tried, and nothing is to be blamed."""
        tried = [*(step.holds for step in self.steps), *(window.holds for window in self.windows)]
        return bool(tried) and all(tried)

    def save(self) -> Path:
        """Write `report.json` and `report.md` into the folder; the latter's path."""
        folder = Path(self.folder)
        (folder / "report.json").write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=1))
        page = folder / "report.md"
        page.write_text(self.text(), encoding="utf-8")
        return page

    def text(self) -> str:
        """The page."""
        title = "all promises held" if self.holds else "PROMISES WERE BROKEN"
        run = f"Seed {self.seed}, {self.broker or 'no broker'}, {self.began}, {self.seconds / 60:.1f} minutes, on"
        lines = [f"# Under fire: {title}", "", f"{run} {platform.platform()}. Raw history: `{self.folder}`.", ""]
        if self.windows:
            lines += [*self._table(), *self._broken(), *self._expected()]
        if self.steps:
            lines += ["## Besides", "", "| what | | s | |", "|---|---|---|---|"]
            lines += [
                f"| {step.name} | {_mark(step.holds)} | {step.seconds:.1f} | {step.detail} |" for step in self.steps
            ]
        return "\n".join([*lines, ""])

    def _table(self) -> list[str]:
        """Fault by criterion: a tick, or how many violations came to light after it."""
        head = " | ".join(CRITERIA)
        lines = [f"| fault | {head} | own | s |", "|---|" + "---|" * (len(CRITERIA) + 2)]
        for window in self.windows:
            cells = [_cell(window.violations.get(name)) for name in CRITERIA]
            own = len(window.violations.get(window.fault, [])) + sum(not one.held for one in window.expectations)
            cells += ["✓" if not own else f"**{own}**", f"{window.seconds:.0f}"]
            lines.append(f"| {window.fault} {window.title} | {' | '.join(cells)} |")
        legend = "; ".join(f"{name} {meaning}" for name, meaning in CRITERIA.items())
        return [*lines, "", f"{legend}; own: what is expected of this fault besides.", ""]

    def _broken(self) -> list[str]:
        lines = []
        for window in self.windows:
            for name, found in window.violations.items():
                if found:
                    lines += [f"### {window.fault}, {name}: {len(found)} violations", ""]
                    lines += [f"- {one}" for one in found[:_SHOWN]]
                    lines += [f"- and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
                    lines.append("")
        return ["## Violations", "", *lines] if lines else []

    def _expected(self) -> list[str]:
        lines = ["## Expected besides", ""]
        for window in self.windows:
            lines += [f"### {window.fault} {window.title}", ""]
            lines += [f"- {_mark(one.held)} {one.what}: {one.detail}" for one in window.expectations]
            lines.append("")
        return lines


def _mark(held: bool) -> str:  # noqa: FBT001 -- what is marked
    return "✓" if held else "**✗**"


def _cell(violations: list[str] | None) -> str:
    if violations is None:
        return "not judged"
    return f"**{len(violations)}**" if violations else "✓"
