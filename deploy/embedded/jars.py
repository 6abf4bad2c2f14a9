"""Kafka's jars: fetched once by their Maven coordinates, and checked against kafka-jars.lock at every start.

The resolver does not check what it fetched, hence the list: one line a jar, `<sha-256>  <file name>`, in the
format of sha256sum. `python -m deploy.embedded.jars` writes it anew when the version of Kafka moves.
"""

import fcntl
import hashlib
import os
import shutil
import ssl
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from deploy.trouble import TroubleError
from shared.config import Platform

KAFKA = "4.4.0"

# One coordinate a call: two in one call can mediate kafka-clients down to a version the server cannot use.
# The second one binds slf4j to log4j2; without it Kafka says nothing at all.
_COORDINATES = (
    f"org.apache.kafka:kafka_2.13:{KAFKA}@kafka.Kafka",
    "org.apache.logging.log4j:log4j-slf4j-impl:2.25.5",
)
LOCK = Path(__file__).with_name("kafka-jars.lock")

Progress = Callable[[str], None]
"""Told the name of each file (jars, and the POMs that lead to them) when its download begins."""


def class_path(cache: Path, progress: Progress | None = None, lock: Path = LOCK) -> list[Path]:
    """Answer the locked jars, fetched if need be; raises TroubleError unless all are genuine."""
    wanted = read_lock(lock)
    home = folder_of(cache, lock)
    try:
        with _one_at_a_time(cache / "kafka.lock"):
            if not home.exists():
                _fetch_into(home, wanted, cache, progress)
            _check(home, wanted)
    except OSError as error:
        raise TroubleError(
            f"Kafka's jars cannot be kept in {cache} ({error.strerror}): set BRUM_CACHE to a directory of yours."
        ) from error
    return [home / name for name in wanted]


def is_fetched(cache: Path, lock: Path = LOCK) -> bool:
    """Tell whether a start would have nothing to fetch."""
    return folder_of(cache, lock).exists()


def folder_of(cache: Path, lock: Path = LOCK) -> Path:
    """Folder of the jars that one state of the lock names."""
    return cache / f"kafka-{KAFKA}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"


def read_lock(lock: Path = LOCK) -> dict[str, str]:
    """Read the SHA-256 of each file name."""
    lines = (line.split() for line in lock.read_text().splitlines() if line and not line.startswith("#"))
    return {name: digest for digest, name in lines}


def _check(home: Path, wanted: dict[str, str]) -> None:
    wrong = [name for name, digest in wanted.items() if _digest(home / name) != digest]
    if wrong:
        raise TroubleError(
            f"Kafka is not started: {', '.join(wrong)} in {home} is not the file that kafka-jars.lock names. "
            f"Delete that folder to fetch it again; if it stays wrong, do not trust the network you are on."
        )


def _digest(file: Path) -> str:
    if not file.exists():
        return "missing"
    with file.open("rb") as jar:
        return hashlib.file_digest(jar, "sha256").hexdigest()


def _fetch_into(home: Path, wanted: dict[str, str], cache: Path, progress: Progress | None) -> None:
    """Fetch beside it, check, and only then give it its name: a broken download leaves nothing."""
    for abandoned in cache.glob("fetch-*"):
        shutil.rmtree(abandoned)
    with tempfile.TemporaryDirectory(dir=cache, prefix="fetch-") as folder:
        fetched = {jar.name: jar for jar in _resolve(Path(folder), progress)}
        flat = Path(folder) / "flat"
        flat.mkdir()
        for name in wanted:
            if name in fetched:
                shutil.copyfile(fetched[name], flat / name)
        _check(flat, wanted)
        flat.rename(home)


def _resolve(folder: Path, progress: Progress | None) -> Iterator[Path]:
    try:
        from jgo.env import EnvironmentBuilder, LinkStrategy  # noqa: PLC0415 - an optional dependency
        from jgo.maven import MavenContext, PythonResolver  # noqa: PLC0415
    except ImportError as error:
        raise TroubleError(
            "Kafka cannot be fetched without the embedded parts: pip install -r requirements-embedded.txt, "
            "or set BRUM_KAFKA to a broker that runs."
        ) from error

    def follow(name: str, _size: int) -> AbstractContextManager[Callable[[int], None]]:
        if progress:
            progress(name)
        return nullcontext(lambda _bytes: None)

    resolver = PythonResolver(progress_callback=follow)
    _trust_what_the_machine_trusts()
    for coordinate in _COORDINATES:
        context = MavenContext(resolver=resolver, repo_cache=folder / "repository", local_repos=[])
        builder = EnvironmentBuilder(context, cache_dir=folder / "built", link_strategy=LinkStrategy.HARD)
        try:
            built = builder.from_endpoint(coordinate)
        except Exception as error:
            raise TroubleError(
                f"Kafka {KAFKA} could not be fetched ({type(error).__name__}: {error}). It is needed once, "
                "about 44 MB: check the connection to the Maven registry and try again, or set BRUM_KAFKA "
                "to a broker that runs."
            ) from error
        # jgo sorts them into jars/ and modules/; both belong on the class path.
        yield from Path(built.path).glob("*/*.jar")


def _trust_what_the_machine_trusts() -> None:
    """Let the resolver use the machine's certificates, as pip does; its own list knows no company's proxy."""
    paths = ssl.get_default_verify_paths()
    if paths.cafile:
        os.environ.setdefault("REQUESTS_CA_BUNDLE", paths.cafile)
    elif paths.capath and any(Path(paths.capath).iterdir()):
        os.environ.setdefault("REQUESTS_CA_BUNDLE", paths.capath)


@contextmanager
def _one_at_a_time(lock: Path) -> Iterator[None]:
    """Let checkouts that share the cache fetch one after the other."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def cache_of(settings: Platform) -> Path:
    """Answer the folder that all checkouts of one user share, unless BRUM_CACHE names another."""
    return settings.cache or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "brumtogether"


def write_lock(lock: Path = LOCK) -> None:
    """Fetch what the coordinates name today and write it down."""
    with tempfile.TemporaryDirectory() as folder:
        digests = {jar.name: _digest(jar) for jar in _resolve(Path(folder), None)}
    coordinates = "".join(f"# {coordinate}\n" for coordinate in _COORDINATES)
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
    lock.write_text(coordinates + lines)


if __name__ == "__main__":
    write_lock()
