"""One running platform for the tests that break nothing."""

from collections.abc import Iterator

import pytest

from tests.system.platform import Platform


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform without the season; kill nothing in it."""
    running = Platform(tmp_path_factory.mktemp("platform") / "data").start()
    try:
        yield running
    finally:
        running.stop()
