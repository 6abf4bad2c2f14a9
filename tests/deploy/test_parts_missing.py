"""A part that cannot be had is said in one sentence that names the remedy."""

import socket
from pathlib import Path

import pytest

from deploy.embedded import mongo, redis
from deploy.embedded.mongo import MongoPart
from deploy.ports import LOOPBACK, Ports
from deploy.trouble import TroubleError
from shared.config import Platform


def _program(folder: Path, name: str, script: str) -> Path:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


async def test_a_mongod_without_its_library_names_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loader's own message tells no newcomer what to install."""
    loader = "error while loading shared libraries: libcurl.so.4: cannot open shared object file"
    _program(tmp_path, "mongod", f'echo "mongod: {loader}" >&2; exit 127')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    with pytest.raises(TroubleError, match=r"needs libcurl\.so\.4: install curl"):
        await MongoPart(tmp_path, Ports(tmp_path), Platform(embedded="auto")).command()


async def test_a_mongod_for_another_machine_names_the_variable(tmp_path: Path) -> None:
    """An ARM machine meets the x86 program of the package."""
    alien = tmp_path / "mongod"
    alien.write_bytes(b"\x7fELF of somewhere else")
    alien.chmod(0o755)

    with pytest.raises(TroubleError, match=r"cannot run on this machine .* or set BRUM_MONGO"):
        await mongo.must_run(str(alien))


def test_a_program_on_path_comes_first_unless_the_package_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BRUM_EMBEDDED=package makes every machine run the same programs."""
    found = {name: str(_program(tmp_path, name, "exit 0")) for name in ("mongod", "redis-server")}
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    either, package = Platform(embedded="auto"), Platform(embedded="package")

    assert mongo.server(tmp_path, either) == found["mongod"]
    assert redis.server(either) == found["redis-server"]
    assert mongo.server(tmp_path, package).endswith("fiftyone/db/bin/mongod")
    assert redis.server(package).endswith("valkey-server")


def test_ports_are_remembered_and_chosen_anew_when_taken(tmp_path: Path) -> None:
    """Clients find a restarted part where it was, and a stranger on its port stops nobody."""
    first = Ports(tmp_path).take("kafka")
    again = Ports(tmp_path).take("kafka")
    with socket.create_server((LOOPBACK, first)):
        moved = Ports(tmp_path).take("kafka")

    assert again == first
    assert moved != first
    assert Ports(tmp_path).take("kafka") == moved


def test_no_port_is_given_to_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that is spoken for is free as long as nobody listens there yet."""
    monkeypatch.setattr("deploy.ports._RANGE", range(20_000, 20_040))
    ports = Ports(tmp_path)

    taken = [ports.take(str(number)) for number in range(20)]

    assert len(set(taken)) == 20
