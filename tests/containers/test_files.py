"""The containers' files hold to the code: what one says the other says, too."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.cli import app
from deploy.embedded.kafka import KafkaPart
from deploy.embedded.mongo import MongoPart
from deploy.embedded.redis import RedisPart
from deploy.ports import Ports
from shared import config
from tests.containers.compose import DEVELOPMENT, PRODUCTION, ROOT, resolved

_FILE = resolved(*PRODUCTION)
_SERVICES: dict[str, dict[str, Any]] = _FILE["services"]
_OURS = {name: service for name, service in _SERVICES.items() if "build" in service}
_ONCE = {"topics", "replica-set"}
_DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
_KAFKA_PLACES = (
    "advertised.listeners",
    "controller.quorum.voters",
    "listener.security.protocol.map",
    "listeners",
    "log.dirs",
)
_EACH = pytest.mark.parametrize("name", _SERVICES)


def _variables(kind: type[config.Settings]) -> Iterator[str]:
    for name, field in kind.model_fields.items():
        yield config.name_of(name, field)


def test_every_process_has_its_container_and_no_other_is_there() -> None:
    """A new process is run by operators, too."""
    commands = {name: service["command"] for name, service in _OURS.items() if name not in _ONCE}

    assert commands == {name: ["serve", name] for name in config.PROCESSES}


@pytest.mark.parametrize("name", config.PROCESSES)
def test_every_setting_that_a_container_is_given_is_one_that_its_process_reads(name: str) -> None:
    """A misspelt or renamed variable would be passed over in silence; one that is needed would be missed at start."""
    kind = config.PROCESSES[name]
    given = {variable.removesuffix("_FILE") for variable in _SERVICES[name]["environment"]}
    needed = {config.name_of(field, info) for field, info in kind.model_fields.items() if info.is_required()}

    assert given <= set(_variables(kind))
    assert needed <= given
    # Where others are has to be said in each container; what may be left as it is may be left out.
    assert {variable for variable in _variables(kind) if variable.endswith("_URL")} <= given


@pytest.mark.parametrize("name", [*config.PROCESSES, "topics"])
def test_all_containers_agree_on_what_they_share(name: str) -> None:
    """Partitions and addresses of parts are the same everywhere."""
    for variable in ("BRUM_PARTITIONS", "BRUM_KAFKA"):
        assert _SERVICES[name]["environment"][variable] == _SERVICES["gateway"]["environment"][variable]


def test_containers_run_in_production_with_the_secret_in_a_file() -> None:
    """Nobody's `.env` makes a deployment trust made-up people, and no secret stands in an environment."""
    for name in config.PROCESSES:
        assert _SERVICES[name]["environment"]["BRUM_ENV"] == "production"
        assert _SERVICES[name]["environment"]["BRUM_SECRET_FILE"] == "/run/secrets/secret"
        assert "BRUM_SECRET" not in _SERVICES[name]["environment"]


def test_the_development_file_changes_the_gateway_alone() -> None:
    """What else it changed would be tried in development and be otherwise in production."""
    changed = resolved(*DEVELOPMENT)["services"]
    gateway = changed.pop("gateway")
    environment = _SERVICES["gateway"]["environment"]

    assert changed == {name: service for name, service in _SERVICES.items() if name != "gateway"}
    assert gateway["environment"] == environment | {"BRUM_ENV": "development", "BRUM_DATA": "/tmp/brum"}  # noqa: S108 -- inside the container
    assert gateway | {"environment": environment} == _SERVICES["gateway"]


@_EACH
def test_no_container_may_do_more_than_it_must(name: str) -> None:
    """sec_48: without root, capabilities and new privileges; read-only; with limits and a bounded log."""
    service = _SERVICES[name]
    limits = service["deploy"]["resources"]["limits"]

    assert int(service["user"].split(":")[0]) > 0
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert service.get("read_only", False) is (name != "kafka")  # its image's start-up script writes beside itself
    assert limits["memory"]
    assert limits["pids"]
    assert float(limits["cpus"]) <= 1  # a machine with fewer processors would refuse it
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}


@_EACH
def test_a_container_can_be_scaled_and_is_reached_by_whom_it_concerns(name: str) -> None:
    """No fixed names or ports but the gateway's, and that on this machine alone."""
    service = _SERVICES[name]
    networks = _FILE["networks"]

    assert "container_name" not in service
    assert [port["host_ip"] for port in service.get("ports", ())] == (["127.0.0.1"] if name == "gateway" else [])
    assert all(networks[network].get("internal") for network in service["networks"]) is (name != "gateway")


def test_each_store_is_in_a_network_with_its_users_alone() -> None:
    """The documents are the services', the views the gateway's."""
    in_network = {
        network: {name for name, service in _SERVICES.items() if network in service["networks"]}
        for network in ("documents", "views")
    }

    assert in_network["documents"] == {"events", "pledges", "notifications", "mongo", "replica-set"}
    assert in_network["views"] == {"gateway", "redis"}


@_EACH
def test_up_wait_can_tell_when_all_is_well(name: str) -> None:
    """What runs on has a health check without a shell of ours; what ends is waited for by something that runs on.

    Compose takes the end of a one-shot for a failure unless somebody depends on it.
    """
    service = _SERVICES[name]
    conditions = {
        needed["condition"]
        for other in _SERVICES.values()
        for needs, needed in other.get("depends_on", {}).items()
        if needs == name
    }

    if name in _ONCE:
        assert service["restart"] == "no"
        assert conditions == {"service_completed_successfully"}
        assert service["healthcheck"] == {"disable": True}
    else:
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"][0] == "CMD"
        assert "start_interval" not in service["healthcheck"]  # Docker 20.10 refuses it
        assert conditions <= {"service_healthy"}


@pytest.mark.parametrize("name", _OURS)
def test_our_containers_have_time_to_end_and_use_one_image(name: str) -> None:
    """sec_49: 20 s are promised, and Docker waits for longer."""
    assert _OURS[name]["image"] == _SERVICES["gateway"]["image"]
    assert _OURS[name]["build"] == _SERVICES["gateway"]["build"]
    if name not in _ONCE:
        assert _OURS[name]["stop_grace_period"] == "30s"


@pytest.mark.parametrize("name", _OURS)
def test_every_command_of_a_container_is_one_of_brum(name: str) -> None:
    """A renamed command would be found when a container starts."""
    import typer  # noqa: PLC0415 -- for its type alone

    command: Any = typer.main.get_command(app)
    for word in _OURS[name]["command"]:
        command = getattr(command, "commands", {}).get(word, command)

    assert not hasattr(command, "commands")


def test_kafka_is_set_as_the_embedded_one(tmp_path: Path) -> None:
    """But for where it is and where its log lies, one Kafka is like the other."""
    environment = _SERVICES["kafka"]["environment"]
    given = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in environment.items()
        if name.startswith("KAFKA_") and name != "KAFKA_HEAP_OPTS"
    }
    embedded = {name: str(value) for name, value in KafkaPart(tmp_path, Ports(tmp_path), tmp_path)._settings().items()}
    for place in _KAFKA_PLACES:
        del given[place], embedded[place]

    assert given == embedded


async def test_mongod_is_set_as_the_embedded_one(tmp_path: Path) -> None:
    """All of the embedded one's options, and what only makes sense in a network of its own."""
    embedded = (await MongoPart(tmp_path, Ports(tmp_path), config.Platform(embedded="package")).command()).argv
    words = [word for option in _SERVICES["mongo"]["command"] for word in option.split("=", 1)]
    own = {"--dbpath", "--port", "--bind_ip"}
    wanted = [word for before, word in itertools.pairwise(embedded) if not {before, word} & own]

    assert set(wanted) <= set(words)
    assert set(words) - set(wanted) == {"mongod", "--bind_ip_all", "--noscripting"}


async def test_redis_is_set_as_the_embedded_one(tmp_path: Path) -> None:
    """What it keeps and what it drops is the same."""
    embedded = (await RedisPart(tmp_path, Ports(tmp_path), config.Platform(embedded="package")).command()).argv
    wanted = dict(zip(embedded[1::2], embedded[2::2], strict=True))
    words = _SERVICES["redis"]["command"]
    given = dict(zip(words[1::2], words[2::2], strict=True))

    for option in ("--appendonly", "--appendfsync", "--save", "--maxmemory-policy"):
        assert given[option] == wanted[option]


def test_the_replica_set_is_one_that_clients_find() -> None:
    """The name that mongod is given is the one in the address, and so is where it is."""
    address = _SERVICES["events"]["environment"]["BRUM_MONGO"]

    assert address == "mongodb://mongo:27017/?replicaSet=brum"
    assert "--replSet=brum" in _SERVICES["mongo"]["command"]


def test_the_image_runs_without_root_or_shell() -> None:
    """sec_48, and PID 1 is the process itself, which gets every signal."""
    final = _DOCKERFILE.rpartition("FROM ")[2]

    assert "USER 10001:10001" in final
    assert 'ENTRYPOINT ["brum"]' in final
    assert re.search(r'^HEALTHCHECK .* CMD \["python", "-m", "deploy.health"\]$', final, re.MULTILINE)
    assert "# syntax" not in _DOCKERFILE  # it would be fetched


def test_the_image_gets_locked_packages_and_nothing_but_what_runs() -> None:
    """No embedded parts, no tests, no secrets, nothing of Git."""
    allowed = [
        line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")
    ]
    copied = re.findall(r"^COPY (?!--from)(\S+)", _DOCKERFILE, re.MULTILINE)

    assert sorted(copied) == sorted(allowed) == ["deploy", "requirements.txt", "services", "shared"]
    assert "--require-hashes" in _DOCKERFILE
