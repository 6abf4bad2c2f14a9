"""The season, loaded into a running platform by `brum seed`."""

import asyncio
import re
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy.front_door import FrontDoor
from deploy.season.content import chapters
from deploy.season.loader import ZONE, load
from services.gateway import development
from tests.system.platform import ROOT, Person, Platform

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]


class Counted:
    """Counts what the loader found missing."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.missing = 0

    def expect(self, wishes: int) -> None:
        """More is missing."""
        self.missing += wishes

    def done(self) -> None:
        """Nobody looks at the bar."""


def seed(platform: Platform) -> subprocess.Popen[str]:
    """Start `brum seed`."""
    return subprocess.Popen(
        [sys.executable, "-m", "deploy.cli", "seed"],
        cwd=ROOT,
        env=platform.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def seeded(platform: Platform) -> str:
    """Run `brum seed` to its end and give what it said."""
    said, _ = (process := seed(platform)).communicate(timeout=300)
    assert process.returncode == 0, said
    return said


async def pages(person: Person, path: str) -> list[dict[str, Any]]:
    """All items of a list."""
    found: list[dict[str, Any]] = []
    after: str | None = path
    while after:
        page = await person.get(after)
        found += page["items"]
        after = page["next"]
    return found


async def test_a_season_killed_half_way_is_completed_and_then_left_alone(platform: Platform) -> None:
    """Nothing is missing, nothing is there twice, 2020 closes with its figures, and a third start finds no work."""
    process = seed(platform)
    async with Person(platform, "ana") as ana:
        async with asyncio.timeout(120):
            while True:
                answer = await ana.ask("GET", "/v1/campaigns/brumtogether")
                if answer.status_code == 200 and answer.json()["totals"]["volunteers"] > 100:
                    break
                await asyncio.sleep(0.05)
        process.kill()
        process.wait()

        assert re.search(r"season +loaded .* by [0-9,]+ requests", seeded(platform))
        assert "all there" in seeded(platform)

        then = await ana.get("/v1/campaigns/brumtogether")
        now = await ana.get("/v1/campaigns/as-one")
        weekly = await ana.get("/v1/campaigns/places-of-welcome")
        openings = await pages(ana, f"/v1/events?campaign={weekly['campaign']['id']}&limit=100")
        venues = await pages(ana, f"/v1/venues?campaign={weekly['campaign']['id']}&limit=100")
        events = await pages(ana, f"/v1/events?campaign={now['campaign']['id']}&limit=100")
        needs = [
            need
            for campaign in (then, now, weekly)
            for need in await pages(ana, f"/v1/needs?campaign={campaign['campaign']['id']}&limit=100")
        ]

    assert [each["campaign"]["status"] for each in (then, now, weekly)] == ["closed", "live", "live"]
    assert (then["totals"]["partners"], then["totals"]["volunteers"]) == (82, 845)
    assert (then["totals"]["delivered"]["food_parcel"], then["totals"]["delivered"]["meal"]) == (62_000, 22_000)
    assert len({event["title"] for event in openings}) == len(openings) == 50
    assert all(event["recurrence"]["rrule"] == "FREQ=WEEKLY" and event["occurrence"] for event in openings)
    assert len({venue["name"] for venue in venues}) == len(venues) == 50
    assert Counter(event["title"] for event in events) == dict.fromkeys((e.title for e in chapters()[1].events), 1)
    assert Counter(need["title"] for need in needs) == dict.fromkeys((n.title for c in chapters() for n in c.needs), 1)
    clean_up = next(event for event in events if event["category"] == "clean-up")
    assert (clean_up["capacity"], clean_up["registered"], clean_up["left"]) == (100, 64, 36)
    planned = {need.title: sum(share for share, _ in need.shares()) for each in chapters() for need in each.needs}
    assert {need["title"]: need["pledged"] for need in needs} == planned


async def test_openings_go_on_without_being_planned_again(platform: Platform) -> None:
    """A year from now each place is open once a week, at its hour; a loader that comes a week later plans none."""
    await asyncio.to_thread(seeded, platform)
    today, later = Counted(), Counted()
    when = datetime.now(UTC)
    issuer = development.load(platform.data)
    async with FrontDoor(platform.url, issuer) as door:
        await load(door, chapters(), today, when)
        began = time.monotonic()
        await load(door, chapters(), later, when + timedelta(days=7))
        took = time.monotonic() - began
    first = (when + timedelta(days=365)).astimezone(ZONE).date()
    async with Person(platform, "ana") as ana:
        campaign = (await ana.get("/v1/campaigns/places-of-welcome"))["campaign"]["id"]
        path = f"/v1/events?campaign={campaign}&from={first}&to={first + timedelta(days=6)}&limit=100"
        week = await pages(ana, path)
    openings = next(chapter.openings for chapter in chapters() if chapter.openings)

    assert today.missing == 0
    assert later.missing < 50
    assert Counter(event["starts_at"][11:] for event in week) == Counter(place.starts for place in openings.places)
    assert took < 30


def test_without_a_gateway_there_is_one_clear_sentence(platform: Platform) -> None:
    """Exit status 1, and what to do."""
    answer = subprocess.run(
        [sys.executable, "-m", "deploy.cli", "seed", "--url", "http://127.0.0.1:9"],
        cwd=ROOT,
        env=platform.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert answer.returncode == 1
    assert answer.stderr == (
        "brum: No gateway answers at http://127.0.0.1:9: start one with make run, or say with --url where it is.\n"
    )
