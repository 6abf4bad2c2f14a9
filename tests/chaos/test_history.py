"""The history and what is collected keep what they are given."""

from pathlib import Path

import msgspec

from tests.chaos.history import Collected, History, read
from tests.chaos.story import story


def test_lines_are_read_as_written_and_a_torn_one_is_left_out(tmp_path: Path) -> None:
    """What a killed rig wrote last may be half a line."""
    path = tmp_path / "history.jsonl"
    with History(path) as history:
        history.write("invoke", op=history.new_op())
        history.write("answer", op="op1", status=201)
        assert [line["kind"] for line in history.lines()] == ["invoke", "answer"]
    with path.open("ab") as file:
        file.write(b'{"kind": "ans')

    lines = list(read(path))

    assert [(line["kind"], line["op"]) for line in lines] == [("invoke", "op1"), ("answer", "op1")]
    assert lines[0]["t"] <= lines[1]["t"]


def test_what_was_collected_can_be_judged_again(tmp_path: Path) -> None:
    """Records, documents and all come back as they were, the history from its own file."""
    collected = story()
    path = tmp_path / "history.jsonl"
    with History(path) as history:
        for line in collected.history:
            history.write(**line)
    collected.save(tmp_path / "collected.json")

    found = Collected.load(tmp_path / "collected.json", path)

    assert msgspec.json.encode(found) == msgspec.json.encode(collected)
    assert found.records == collected.records
