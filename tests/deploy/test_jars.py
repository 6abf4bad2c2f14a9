"""Only the jars that the lock names are started."""

import hashlib
from pathlib import Path

import pytest

from deploy.embedded import jars
from deploy.embedded.kafka import KafkaPart
from deploy.ports import Ports
from deploy.trouble import TroubleError


def _lock(folder: Path, **content: bytes) -> Path:
    lock = folder / "jars.lock"
    lock.write_text("".join(f"{hashlib.sha256(body).hexdigest()}  {name}.jar\n" for name, body in content.items()))
    return lock


def _fetched(cache: Path, lock: Path, **content: bytes) -> Path:
    home = jars.folder_of(cache, lock)
    home.mkdir(parents=True)
    for name, body in content.items():
        (home / f"{name}.jar").write_bytes(body)
    return home


def test_genuine_jars_make_the_class_path_in_the_order_of_the_lock(tmp_path: Path) -> None:
    """Nothing is fetched, and nothing that merely lies there comes along."""
    lock = _lock(tmp_path, server=b"server", clients=b"clients")
    home = _fetched(tmp_path, lock, clients=b"clients", server=b"server", stranger=b"stranger")

    assert jars.class_path(tmp_path, lock=lock) == [home / "server.jar", home / "clients.jar"]


@pytest.mark.parametrize("found", [{"server": b"changed"}, {}], ids=["changed", "missing"])
def test_a_jar_that_is_not_the_locked_one_is_refused(tmp_path: Path, found: dict[str, bytes]) -> None:
    """The sentence names the file and what to do."""
    lock = _lock(tmp_path, server=b"server")
    _fetched(tmp_path, lock, **found)

    with pytest.raises(TroubleError, match=r"server\.jar .* is not the file that kafka-jars\.lock names\. Delete"):
        jars.class_path(tmp_path, lock=lock)


async def test_kafka_is_not_started_on_a_changed_jar(tmp_path: Path) -> None:
    """The check comes before there is a command to run."""
    lock = _lock(tmp_path, server=b"server")
    _fetched(tmp_path, lock, server=b"changed")

    with pytest.raises(TroubleError, match="Kafka is not started"):
        await KafkaPart(tmp_path / "data", Ports(tmp_path), cache=tmp_path, lock=lock).command()


def test_the_committed_lock_names_one_kafka_and_its_log_binding() -> None:
    """Two versions of one library on a class path fail in ways that take days to find."""
    names = list(jars.read_lock())

    assert f"kafka-clients-{jars.KAFKA}.jar" in names
    assert any(name.startswith("log4j-slf4j-impl-") for name in names)
    libraries = [name.rsplit("-", 1)[0] for name in names]
    assert len(libraries) == len(set(libraries))
