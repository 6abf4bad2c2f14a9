import re

import pytest

from tests.bench.figures import BY_NAME, GOALS, Findings, Table, bound, column, median_ratio, middle, verdict, written
from tests.bench.report import BEGIN, END, PAGE, page, placed


def test_a_figure_is_the_median_of_the_ratios_and_not_the_ratio_of_medians() -> None:
    """A round in which the whole machine was slow counts as any other."""
    ours, theirs = [100.0, 50.0, 330.0], [10.0, 5.0, 30.0]

    assert median_ratio(ours, theirs) == 10.0


def test_a_side_that_lacks_a_round_is_an_error() -> None:
    """Ratios are taken within a round."""
    with pytest.raises(ValueError, match="argument"):
        median_ratio([1.0, 2.0], [1.0])


def test_measurements_are_found_by_their_path() -> None:
    """As they lie in the raw results."""
    rounds = [{"ours": {"64": {"p50_ms": value}}} for value in (3, 1, 2)]

    assert column(rounds, "ours", "64", "p50_ms") == [3.0, 1.0, 2.0]
    assert middle(rounds, "ours", "64", "p50_ms") == 2.0


@pytest.mark.parametrize(
    ("goal", "measured", "said"),
    [
        ("G1", 120.0, "very good"),
        ("G1", 119.9, "must"),
        ("G1", 59.9, "**missed**"),
        ("G2", 44.6, "must"),
        ("G2", 44.4, "**missed**"),
        ("G3", 100.0, "very good"),
        ("G3", 54.9, "**missed**"),
        ("G6", 4.0, "must"),
        ("G7", 1.0, "very good"),
        ("G7", 1.6, "must"),
        ("G7", 1.61, "**missed**"),
        ("G15", 2.51, "**missed**"),
    ],
)
def test_verdicts(goal: str, measured: float, said: str) -> None:
    """At the bound it is reached; where less is better, below; by the digits that are shown."""
    assert verdict(BY_NAME[goal], measured) == said


@pytest.mark.parametrize(
    ("goal", "measured", "shown", "must"),
    [
        ("G1", 62.345, "62.3x", "≥ 60x"),
        ("G2", 81.5, "82 %", "≥ 45 %"),
        ("G3", 112.04, "1/112", "≤ 1/55"),
        ("G7", 0.704, "0.7x", "≤ 1.6x"),
    ],
)
def test_figures_are_written_as_the_goals_are(goal: str, measured: float, shown: str, must: str) -> None:
    """So that a row can be read without arithmetic."""
    known = BY_NAME[goal]

    assert (written(known, measured), bound(known, known.must)) == (shown, must)


def test_very_good_is_never_easier_than_must() -> None:
    """For every goal, in its direction; and no name is there twice."""
    for goal in GOALS:
        assert (goal.very_good < goal.must) if goal.at_most else (goal.very_good > goal.must), goal.name
    assert len(BY_NAME) == len(GOALS)


def test_the_page_takes_what_was_measured_and_keeps_the_rest() -> None:
    """Written anew, it is the same page."""
    found = [Findings({"G1": 70.0}, [Table("Backlog", ("side", "a second"), [("ours", "9")])])]
    measured = page({"Date": "today"}, found, rounds=5, minutes=1)

    once = placed(f"Before.\n\n{BEGIN}\nold\n{END}\n\nAfter.\n", measured)

    assert placed(once, measured) == once
    assert once.startswith("Before.")
    assert once.endswith("After.\n")
    assert "old" not in once
    assert "| G1 |" in once
    assert "| ours | 9 |" in once


def test_a_page_without_marks_is_left_alone() -> None:
    """An error, and no guess."""
    with pytest.raises(ValueError, match="measured: begin"):
        placed("no marks", "anything")


def test_the_page_tells_every_goal() -> None:
    """The committed page is of a whole run, and its verdicts are those of its figures."""
    rows = re.findall(r"^\| (G\d+[a-z]?) \|.*\| (.+?) \| (.+?) \|$", PAGE.read_text(), re.MULTILINE)

    assert [name for name, _, _ in rows] == [goal.name for goal in GOALS]
    for name, measured, said in rows:
        assert verdict(BY_NAME[name], float(measured.removeprefix("1/").rstrip("x %"))) == said, name
