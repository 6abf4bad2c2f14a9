"""`.env.example` and the settings classes say the same."""

import re
from pathlib import Path

import pytest

from shared import config

_ROOT = Path(__file__).parents[2]
_CLASSES: list[type[config.Settings]] = [*config.PROCESSES.values(), config.Platform]


def _from_classes() -> dict[str, str]:
    return {
        config.name_of(name, field): "" if field.is_required() or field.default is None else str(field.default)
        for kind in _CLASSES
        for name, field in kind.model_fields.items()
    }


def _from_example() -> dict[str, str]:
    text = (_ROOT / ".env.example").read_text(encoding="utf-8")
    return dict(re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE))


def test_every_setting_stands_in_the_example_with_its_default() -> None:
    """A setting that is added, renamed or given another default is told to people."""
    assert _from_example() == _from_classes()


@pytest.mark.parametrize("kind", _CLASSES)
def test_every_setting_says_what_it_means(kind: type[config.Settings]) -> None:
    """The docstring below each field is what a reader of the class has."""
    silent = [name for name, field in kind.model_fields.items() if not field.description]

    assert silent == []


def test_the_example_is_loaded_as_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Copied to `.env` without a change it alters nothing."""
    monkeypatch.chdir(tmp_path)
    bare = config.Platform()
    (tmp_path / ".env").write_text((_ROOT / ".env.example").read_text(encoding="utf-8"), encoding="utf-8")

    assert config.Platform() == bare
