import asyncio
import json
import time
from pathlib import Path

import aiohttp
import pytest

from tests.chaos.rig import Rig

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]


async def test_the_rig_runs_two_of_each_and_sees_what_became_of_them(tmp_path: Path) -> None:
    """Started, used through both gateways, hurt on one road and in one process, well again, collected."""
    async with Rig(tmp_path) as rig:
        await rig.plateau()
        assert await rig.health() == dict.fromkeys(rig.processes, True)
        assert len(rig.processes) == 8

        campaign = await opened(rig, rig.gateways[0])
        rig.proxy("gateway-2", "kafka").mode("cut")
        await rig.processes["events-1"].kill()
        await asyncio.sleep(1)
        rig.proxy("gateway-2", "kafka").mode("pass")
        await rig.ready()
        assert campaign != await opened(rig, rig.gateways[1])
        await rig.quiescent()
        found = await rig.collect()

    assert {name: len(each) for name, each in found.inbox.items()} == {"events": 2, "pledges": 0, "notifications": 0}
    assert len(found.of_topic("events.commands")) == 2
    assert set(found.lags.values()) == {0}
    assert {process.name: process.restarts for process in found.processes if process.restarts} == {"events-1": 1}
    assert all(death.wanted for process in found.processes for death in process.deaths)
    assert all(process.before["rss"] and process.after["sockets"] for process in found.processes)
    assert found.lines("lag")


async def opened(rig: Rig, gateway: str) -> str:
    """Open a campaign, insisting with a key, and give its id."""
    headers = {
        "Authorization": f"Bearer {rig.token('ana', 'organiser')}",
        "Prefer": "wait=10",
        "Idempotency-Key": gateway[-5:],
    }
    body = {"name": f"Our street, seen from {gateway[-5:]}", "summary": "Neighbours help neighbours."}
    deadline = time.monotonic() + 60
    async with aiohttp.ClientSession(headers=headers) as client:
        while True:
            async with client.post(f"{gateway}/v1/campaigns", json=body) as answer:
                told = await answer.text()
            if answer.status == 201:
                return str(json.loads(told)["id"])
            assert time.monotonic() < deadline, told
            await asyncio.sleep(0.2)
