import asyncio

import pytest

from services.gateway import pace
from services.gateway.pace import Pace, TooSlow


class Wire(asyncio.Transport):
    """A transport whose buffer empties as the test says."""

    def __init__(self) -> None:
        """Hold much."""
        super().__init__()
        self.left = 1_000
        self.aborted = False

    def get_write_buffer_size(self) -> int:
        """What is still to be written."""
        return self.left

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Take note."""
        self.limits = (low, high)

    def abort(self) -> None:
        """Take note."""
        self.aborted = True


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "STALL_S", 0.1)
    monkeypatch.setattr(pace, "RATE_S", 0.5)


async def test_a_slow_client_that_takes_something_is_waited_for() -> None:
    """However long it takes, as long as bytes flow."""
    wire = Wire()

    async def sending() -> None:
        while wire.left:
            await asyncio.sleep(0.05)
            wire.left -= 100

    await Pace(wire).through(sending())

    assert wire.left == 0
    assert wire.limits == pace.BUFFER


async def test_s7_a_client_that_takes_nothing_is_stalled() -> None:
    """It is given up, and what was being sent is abandoned."""
    wire = Wire()
    ended = asyncio.Event()

    async def sending() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    with pytest.raises(TooSlow) as slow:
        await Pace(wire).through(sending())
    Pace(wire).cut_off()

    assert slow.value.stalled
    assert ended.is_set()
    assert wire.aborted


async def test_s7_a_reader_of_old_events_has_to_get_on() -> None:
    """Below the least rate for the whole time of waiting it is too slow, but can still be told so."""
    watched = Pace(None)

    with pytest.raises(TooSlow) as slow:
        await wait_for(watched, events=0)

    assert not slow.value.stalled


async def test_a_reader_of_old_events_that_gets_on_is_left_alone() -> None:
    """Five events a second are enough."""
    await wait_for(Pace(None), events=10)


async def wait_for(watched: Pace, events: int) -> None:
    """Wait ten times for a client that takes so many events each time."""
    for _ in range(10):
        await watched.through(asyncio.sleep(0.06))
        watched.took(events)
