"""What could be wrong with this machine, and how to mend it."""

import os
import resource
import shutil
import sys
from collections.abc import Callable

from deploy import elsewhere
from deploy.embedded import jars, kafka, mongo, redis
from deploy.finding import Finding
from deploy.instance import Instance
from deploy.ports import is_free
from deploy.trouble import TroubleError
from shared.config import Platform

_OLDEST_PYTHON = (3, 11)
_LEAST_DISK = 2 * 1024**3
_LEAST_FILES = 4096


async def examine(settings: Platform) -> list[Finding]:
    """Look at everything, in the order in which one would mend it."""
    findings = [_python(), _environment(), _data(settings), _disk(settings), _files(), _port(settings)]
    findings += await elsewhere.kafka(settings) if settings.kafka else [_kafka(settings)]
    findings += await elsewhere.mongo(settings.mongo) if settings.mongo else [await _mongo(settings)]
    findings += (
        await elsewhere.redis(settings.redis) if settings.redis else [_found("redis", lambda: redis.server(settings))]
    )
    return findings


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    old = sys.version_info < _OLDEST_PYTHON
    return Finding("python", version, "Install Python 3.11 or newer, delete .venv, run make again." if old else "")


def _environment() -> Finding:
    inside = sys.prefix != sys.base_prefix
    return Finding(
        "environment", sys.prefix, "" if inside else "Use the virtual environment: run make, then .venv/bin/brum."
    )


def _data(settings: Platform) -> Finding:
    instance = Instance(settings.data)
    nearest = next(folder for folder in (instance.data, *instance.data.parents) if folder.exists())
    if os.access(nearest, os.W_OK | os.X_OK) and nearest.is_dir():
        return Finding("data", f"{instance.data}{', in use' if instance.is_running() else ''}")
    return Finding(
        "data", f"{instance.data} cannot be written", "Make it yours, or set BRUM_DATA to a directory that is."
    )


def _disk(settings: Platform) -> Finding:
    data = settings.data.resolve()
    free = shutil.disk_usage(next(folder for folder in (data, *data.parents) if folder.exists())).free
    remedy = "" if free >= _LEAST_DISK else "Make room, 2 GB at least, or set BRUM_DATA to another disk."
    return Finding("disk", f"{free / 1024**3:.1f} GB free", remedy)


def _files() -> Finding:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    remedy = "" if soft >= _LEAST_FILES else f"Kafka and open streams need more: ulimit -n {min(hard, 16_384)}"
    return Finding("open files", f"{soft} allowed", remedy)


def _port(settings: Platform) -> Finding:
    if is_free(settings.port, settings.host):
        return Finding("port", f"{settings.port} is free")
    if Instance(settings.data).is_running():
        return Finding("port", f"{settings.port} is served")
    return Finding(
        "port", f"{settings.port} is in use", "Stop what listens there, or choose another: PORT=8001 make run"
    )


def _kafka(settings: Platform) -> Finding:
    """Look at Java and, if they were fetched, at the jars; nothing is fetched here."""
    java = _found("kafka", kafka.java)
    cache = jars.cache_of(settings)
    if not java.well or not jars.is_fetched(cache):
        return java if not java.well else Finding("kafka", f"{java.said}; jars come at the first start")
    return _found("kafka", lambda: f"{len(jars.class_path(cache))} genuine jars, {java.said}")


async def _mongo(settings: Platform) -> Finding:
    found = _found("mongo", lambda: mongo.server(settings.data, settings))
    if found.well:
        try:
            await mongo.must_run(found.said)
        except TroubleError as trouble:
            return Finding("mongo", "does not run", str(trouble))
    return found


def _found(subject: str, find: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, find())
    except TroubleError as trouble:
        return Finding(subject, "not usable", str(trouble))
