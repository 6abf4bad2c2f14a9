"""The report says what held and what did not."""

from pathlib import Path

import msgspec

from tests.chaos.barrage import Window
from tests.chaos.nemesis import Expectation
from tests.chaos.report import CRITERIA, Report, Step


def _window(**violations: list[str]) -> Window:
    found = {name: list[str]() for name in CRITERIA} | violations
    expected = [Expectation("F1", "all is quiet", held=True, detail="7.0 s")]
    return Window("F1", "kill -9", 61.0, dict.fromkeys(CRITERIA, 3), found, expected)


def test_a_page_names_the_fault_and_the_criterion_that_broke(tmp_path: Path) -> None:
    """One violation anywhere, and the run has failed."""
    good = Report(
        7, str(tmp_path), "today", "Apache Kafka", windows=[_window()], steps=[Step("gate", holds=True, seconds=1.0)]
    )
    bad = msgspec.structs.replace(good, windows=[_window(C3=["need_a: says 2, its pledges say 3"])])

    page = bad.save()

    assert good.holds
    assert not bad.holds
    text = page.read_text()
    assert "PROMISES WERE BROKEN" in text
    assert "| F1 kill -9 | ✓ | ✓ | **1** |" in text
    assert "need_a: says 2, its pledges say 3" in text
    assert msgspec.json.decode((tmp_path / "report.json").read_bytes(), type=Report) == bad
