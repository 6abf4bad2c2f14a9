"""Who waits for an outcome hears of it once."""

import asyncio

from services.gateway.waiters import Waiters, Woken

WOKEN = Woken("t", b"{}", replayed=False, mismatch=False)


async def test_an_outcome_reaches_who_waits() -> None:
    """And only them; a second one changes nothing."""
    waiters = Waiters()
    one, other = waiters.expect("1"), waiters.expect("2")

    waiters.wake("1", WOKEN)
    waiters.wake("1", Woken("other", b"", replayed=True, mismatch=False))

    assert one.result() == WOKEN
    assert not other.done()


async def test_an_outcome_that_nobody_waits_for_is_dropped() -> None:
    """A waiter that gave up leaves nothing behind."""
    waiters = Waiters()
    waiters.expect("1")
    waiters.forget("1")

    waiters.wake("1", WOKEN)

    assert len(waiters) == 0


async def test_a_waiter_that_was_cancelled_is_left_alone() -> None:
    """The client has gone; the outcome comes all the same."""
    waiters = Waiters()
    waiters.expect("1").cancel()

    waiters.wake("1", WOKEN)


async def test_nobody_waits_beyond_the_end() -> None:
    """At shutdown everybody is let go, those too who come afterwards."""
    waiters = Waiters()
    waiting = waiters.expect("1")

    waiters.fail_all()

    for future in (waiting, waiters.expect("2")):
        assert await asyncio.wait_for(future, 1) is None
    assert len(waiters) == 0


def test_every_replica_has_a_channel_of_its_own() -> None:
    """Below the deployment's root."""
    assert Waiters("x:").channel != Waiters("x:").channel
    assert Waiters("x:").channel.startswith("x:wake:")
