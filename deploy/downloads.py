"""Shows how the download of Kafka gets on: one living line on a terminal, a line now and then elsewhere.

`python -m deploy.downloads` fetches it ahead of time, if it is not there yet.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from deploy.embedded.jars import KAFKA, Progress, cache_of, class_path, read_lock
from deploy.settings import read
from shared.config import Platform

_LINE_EVERY = 10


@contextmanager
def shown_on(console: Console) -> Iterator[Progress]:
    """Give what is told of each file; nothing is shown if nothing is fetched."""
    wanted = len(read_lock())
    jars: set[str] = set()
    begun = False
    living = console.status("")

    def follow(name: str) -> None:
        nonlocal begun
        if not begun:
            begun = True
            console.print(f"  kafka           fetching Apache Kafka {KAFKA}, about 44 MB; this happens once")
            if console.is_terminal:
                living.start()
        if not name.endswith(".jar") or name in jars:
            return
        jars.add(name)
        if console.is_terminal:
            living.update(f"  kafka           {len(jars)} of {wanted} jars: {name}")
        elif len(jars) % _LINE_EVERY == 0:
            console.print(f"  kafka           {len(jars)} of {wanted} jars")

    try:
        yield follow
    finally:
        living.stop()


def main() -> None:
    """Fetch what is missing; `make test` does, so that no test has to wait for a download."""
    with shown_on(Console(highlight=False, soft_wrap=True)) as progress:
        class_path(cache_of(read(Platform)), progress)


if __name__ == "__main__":
    main()
