"""Looks whether a Kafka, MongoDB or Redis that is not ours is set as our promises need it."""

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from deploy.embedded.kafka import quiet_client
from deploy.finding import Finding
from shared.config import Platform
from shared.contracts.topics import TOPICS

_LONGEST_TRANSACTION = 5
_WAIT_MS = 3000


async def kafka(settings: Platform) -> list[Finding]:
    """Compare the topics' partitions with what they must be."""
    with quiet_client():
        return await _topics(settings)


async def _topics(settings: Platform) -> list[Finding]:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka, request_timeout_ms=_WAIT_MS)
    try:
        await admin.start()
        described = await admin.describe_topics(await admin.list_topics())
    except (KafkaError, OSError) as error:
        return [
            Finding("kafka", f"no answer ({type(error).__name__})", f"Is BRUM_KAFKA right? It is {settings.kafka}.")
        ]
    finally:
        await admin.close()
    there = {topic["topic"]: len(topic["partitions"]) for topic in described}
    wrong = []
    for topic in TOPICS:
        wanted = topic.partitions or settings.partitions
        if there.get(topic.name, wanted) != wanted:
            said = f"{topic.name} has {there[topic.name]} partitions, not {wanted}"
            wrong.append(Finding("kafka", said, "The count is frozen: set BRUM_PARTITIONS to what the topics have."))
    missing = sum(topic.name not in there for topic in TOPICS)
    if missing:
        wrong.append(Finding("kafka", f"{missing} topics are missing", "Make them: brum topics apply"))
    return wrong or [Finding("kafka", f"{settings.kafka}, {len(TOPICS)} topics as they must be")]


async def mongo(address: str) -> list[Finding]:
    """Ask for transactions, and how long an abandoned one may hold its locks."""
    client = AsyncMongoClient[dict[str, object]](address, serverSelectionTimeoutMS=_WAIT_MS)
    try:
        hello = await client.admin.command("hello")
        if "setName" not in hello and hello.get("msg") != "isdbgrid":
            return [
                Finding(
                    "mongo", "neither a replica set nor mongos", "Transactions need one: start mongod with --replSet."
                )
            ]
        limit = await client.admin.command({"getParameter": 1, "transactionLifetimeLimitSeconds": 1})
    except PyMongoError as error:
        return [
            Finding("mongo", f"cannot be asked ({type(error).__name__})", "Is BRUM_MONGO right, and may its user ask?")
        ]
    finally:
        await client.close()
    seconds = limit["transactionLifetimeLimitSeconds"]
    remedy = (
        ""
        if seconds <= _LONGEST_TRANSACTION
        else "A killed service would block its successor for that long: set transactionLifetimeLimitSeconds to 5."
    )
    return [Finding("mongo", f"transactions end after {seconds} s", remedy)]


async def redis(address: str) -> list[Finding]:
    """Ask whether it keeps what it acknowledged and never evicts."""
    try:
        async with Redis.from_url(address, socket_connect_timeout=3, socket_timeout=3) as client:
            settings = await client.config_get("appendonly", "maxmemory-policy")
    except RedisError as error:
        return [
            Finding("redis", f"cannot be asked ({type(error).__name__})", "Is BRUM_REDIS right, and is CONFIG allowed?")
        ]
    return [
        Finding(
            "redis",
            f"{name} is {settings.get(name)}",
            "" if settings.get(name) == wanted else f"Set {name} to {wanted}: {why}",
        )
        for name, wanted, why in (
            ("appendonly", "yes", "else it forgets acknowledged writes when it dies."),
            ("maxmemory-policy", "noeviction", "else it drops views that readers rely on."),
        )
    ]
