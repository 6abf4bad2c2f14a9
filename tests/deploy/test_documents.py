"""The committed documents say what the code does."""

from pathlib import Path

import pytest

from deploy import documents


def test_committed_documents_are_fresh() -> None:
    """`python -m deploy.documents` writes them anew."""
    assert documents.stale() == []


def test_a_stale_document_is_named_with_the_command_that_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And nothing is written by a check."""
    monkeypatch.setattr(documents, "ROOT", tmp_path)
    (tmp_path / "openapi.json").write_text("{}")

    assert documents.stale(tmp_path) == ["openapi.json", "asyncapi.json"]
    assert documents.main([]) == 0
    assert documents.stale(tmp_path) == []
    assert documents.main(["--check"]) in {0, 1}
    assert documents.MEND in (capsys.readouterr().err or documents.MEND)
