"""On what it was measured."""

import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from motor.motor_asyncio import AsyncIOMotorClient
from redis.asyncio import Redis

from deploy.embedded.jars import LOCK
from tests.bench.parts import fresh

LIBRARIES = (
    "aiokafka",
    "faststream",
    "motor",
    "msgspec",
    "uvicorn",
    "uvloop",
    "fastapi",
    "pydantic",
    "aiohttp",
    "httpx2",
)


async def described() -> dict[str, str]:
    """Date, machine, load before we begin, versions: of the parts as they themselves tell."""
    load = os.getloadavg()
    async with fresh() as parts:
        mongo = AsyncIOMotorClient[dict[str, object]](parts.mongo)
        mongod = (await mongo.admin.command("buildInfo"))["version"]
        mongo.close()
        async with Redis.from_url(parts.redis) as redis:
            told = await redis.info("server")
    kept = told.get("valkey_version")
    return {
        "Date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "Machine": f"{_processor()}, {os.cpu_count()} cores, {_memory_gb():.0f} GB",
        "System": f"{platform.system()} {platform.release()}",
        "Load before": f"{load[0]:.2f} (1 minute), {load[1]:.2f} (5 minutes)",
        "Parts": f"Apache Kafka {_kafka()}, MongoDB {mongod}, "
        + (f"Valkey {kept}" if kept else f"Redis {told['redis_version']}"),
        "Python": f"{sys.version.split()[0]}; " + ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
    }


def _kafka() -> str:
    """From the coordinates `group:artifact:version@main` at the head of the lock."""
    return LOCK.read_text().splitlines()[0].split(":")[2].partition("@")[0]


def _processor() -> str:
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return names[0].partition(":")[2].strip() if names else platform.machine()


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
