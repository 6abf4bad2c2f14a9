"""Every side does the work that it is timed for: as many commands as were given are in its counters, once each."""

from pathlib import Path

import pytest

from tests.bench import drain, hot, write_path
from tests.bench.parts import fresh

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


async def test_all_sides_of_a_drain_decide_all_commands(tmp_path: Path) -> None:
    """Each checks its own counters, and says by how much they are off otherwise."""
    async with fresh() as parts:
        ours = drain.OurSide(parts, tmp_path, drain.NEEDS)
        await ours.open()
        await ours.drain(400)
        await drain.template(parts, 100, drain.NEEDS)
        await drain.limit(parts, 400, ours.sample, tmp_path / "sample")

        assert len(ours.sample.records) == 2, "a fact and an outcome"
        assert {"inbox", "pledges"} <= set(ours.sample.each)
        assert "needs" in ours.sample.touched


async def test_all_places_that_everybody_wants_are_given_away(tmp_path: Path) -> None:
    """The events say how many registered, on one of them and on all."""
    async with fresh() as parts:
        places = hot.Places(parts, tmp_path)
        await places.open()
        for many in (1, hot.MANY):
            measured = await places.drain(many, 400)

            assert measured["cpu_us"].keys() == {"python", "mongod", "kafka"}


async def test_classic_services_answer_what_they_have_done() -> None:
    """As many pledges as answers, in both ways to ask; and a key that comes again changes nothing."""
    async with fresh() as parts:
        classic = write_path.Classic(parts)
        for client in ("aiohttp", "httpx"):
            found = await classic.round(client, (4,), 0.5)
            assert found["4"]["requests"] > 0
        await classic.check()


async def test_the_bare_gateway_answers_what_our_service_has_done(tmp_path: Path) -> None:
    """As many pledges as answers of it and of ours together."""
    async with fresh() as parts:
        ours = write_path.OurSide(parts, tmp_path)
        await ours.round((2,), 0.5)
        found = await ours.bare_round((4,), 0.5)
        assert found["4"]["requests"] > 0
        await ours.check()
