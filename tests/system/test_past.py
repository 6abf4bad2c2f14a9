"""A campaign as it was, by HTTP: what was read at an instant is what is told of it later."""

import asyncio
import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from shared import instants
from tests.system.platform import Person, Platform, a_campaign, a_need, an_event

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

Read = tuple[str, dict[str, Any], dict[str, Any]]


async def test_what_was_read_at_an_instant_is_what_is_told_of_it_later(tmp_path: Path) -> None:
    """After every write, also after services were killed while their histories were being written."""
    platform = Platform(tmp_path / "data").start()
    try:
        await _lived_through(platform)
    finally:
        platform.stop()


async def _lived_through(platform: Platform) -> None:
    async with Person(platform, "ana", "organiser") as ana, Person(platform, "bo") as bo:
        campaign = await a_campaign(ana, f"Past {uuid4().hex}")
        need, event = await a_need(ana, campaign, 50), await an_event(ana, campaign, capacity=5)
        weekly = await an_event(ana, campaign, recurrence={"rrule": "FREQ=WEEKLY"})
        hours = {"title": "Hands", "kind": "time", "quantity": 9, "unit": "hours", "by": "2030-01-01"}
        pledge = (await bo.post("/v1/pledges", {"need_id": need, "quantity": 5}))["id"]
        steps: list[tuple[Person, str, dict[str, Any]]] = [
            (bo, f"/v1/events/{event}/registrations", {"party_size": 2}),
            (ana, f"/v1/pledges/{pledge}/deliver", {"quantity": 3}),
            (ana, f"/v1/campaigns/{campaign}/partners", {"name": "Kitchen", "sector": "community"}),
            (ana, "/v1/needs", hours | {"campaign_id": campaign}),
            (ana, f"/v1/events/{event}/cancel", {"reason": "Storm"}),
            (ana, "/v1/pledges", {"need_id": need, "quantity": 7}),
            (ana, f"/v1/needs/{need}/pause", {}),
            (ana, f"/v1/events/{weekly}/cancel", {"reason": "No key"}),
            (ana, f"/v1/campaigns/{campaign}/pause", {}),
        ]
        seen = [await _read(ana, campaign)]
        for number, (person, path, body) in enumerate(steps):
            if number == len(steps) // 2:
                platform.kill("events")
                platform.kill("pledges")
            answered = await person.insist("POST", path, body, f"step-{number}")
            assert answered.is_success, answered.text
            seen.append(await _read(ana, campaign))

        assert len({json.dumps([whole, board]) for _, whole, board in seen}) == len(seen), "every step is seen"
        for at, whole, board in random.sample(seen, len(seen)):
            then = await ana.insist("GET", f"/v1/campaigns/{campaign}?as_of={at}", None, "then")
            assert then.json() == {**whole, "as_of": at}
            assert await ana.get(f"/v1/needs?campaign={campaign}&as_of={at}") == board
        assert (await ana.ask("GET", f"/v1/campaigns/{campaign}?as_of=2020-01-01T00:00:00Z")).status_code == 404


async def _read(person: Person, campaign: str) -> Read:
    """What is read when all that follows from a step has come; and when that was."""
    found: list[dict[str, Any]] = []
    while True:
        before, found = (
            found,
            [
                await person.get(f"/v1/campaigns/{campaign}"),
                await person.get(f"/v1/needs?campaign={campaign}"),
            ],
        )
        if found == before:
            return instants.text(datetime.now(UTC)), found[0], found[1]
        await asyncio.sleep(0.3)
