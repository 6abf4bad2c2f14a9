"""A data directory belongs to one platform, and its secrets to its owner."""

import stat
from pathlib import Path

import pytest

from deploy.instance import Instance
from deploy.trouble import TroubleError


def test_a_second_one_on_the_same_data_is_refused(tmp_path: Path) -> None:
    """The sentence says how to have two side by side."""
    with (
        Instance(tmp_path).locked(),
        pytest.raises(TroubleError, match=r"already runs on .* its own PORT and BRUM_DATA"),
        Instance(tmp_path).locked(),
    ):
        pass


def test_the_lock_opens_when_its_holder_is_gone(tmp_path: Path) -> None:
    """What runs is told by the lock, not by a file that a crash leaves behind."""
    instance = Instance(tmp_path)
    with instance.locked():
        instance.tell({"programs": [{"name": "kafka", "address": "here:1"}]})
        assert Instance(tmp_path).is_running()
        assert Instance(tmp_path).address_of("kafka") == "here:1"

    assert not Instance(tmp_path).is_running()
    assert Instance(tmp_path).told() is None


def test_the_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    """A secret that changed between two starts would make every operation id void."""
    instance = Instance(tmp_path)
    instance.prepare()
    first = instance.secret_file.read_text()
    instance.prepare()

    assert instance.secret_file.read_text() == first
    assert len(first.strip()) >= 32
    assert stat.S_IMODE(instance.secret_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(instance.secret_file.parent.stat().st_mode) == 0o700


def test_only_a_directory_of_ours_is_erased(tmp_path: Path) -> None:
    """BRUM_DATA=~ must not cost anybody their home."""
    (tmp_path / "letters.txt").write_text("dear ana")

    with pytest.raises(TroubleError, match="left alone"):
        Instance(tmp_path).erase()
    assert (tmp_path / "letters.txt").exists()


def test_erasing_leaves_nothing_but_the_lock(tmp_path: Path) -> None:
    """Afterwards the next start is the first one again."""
    instance = Instance(tmp_path)
    with instance.locked():
        instance.prepare()
    instance.erase()

    assert [entry.name for entry in tmp_path.iterdir()] == ["brum.lock"]


def test_nothing_is_erased_under_a_running_platform(tmp_path: Path) -> None:
    """The lock protects from that too."""
    instance = Instance(tmp_path)
    with instance.locked():
        instance.prepare()
        with pytest.raises(TroubleError, match=r"already runs"):
            Instance(tmp_path).erase()

    assert instance.secret_file.exists()
