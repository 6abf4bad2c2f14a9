"""The front page in a real browser, if there is one: `make test` promises to need none.

What the page consists of is tested everywhere, in tests/gateway/test_home.py. Here it has to live.
"""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page, async_playwright, expect

from tests.system.platform import Person, Platform, a_campaign, a_need, an_event

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no browser: put chromium on the PATH (apt-get install chromium)"),
]


@asynccontextmanager
async def a_page(width: int) -> AsyncIterator[tuple[Page, list[str]]]:
    """Open a page of so many pixels, and listen to what it complains of."""
    complaints: list[str] = []
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": width, "height": 844})
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        try:
            yield page, complaints
        finally:
            await browser.close()


@pytest.mark.parametrize("width", [390, 1280])
async def test_the_totals_tick_without_a_reload(platform: Platform, width: int) -> None:
    """What happens elsewhere shows in the totals, the needs and the news, and fits the screen."""
    async with Person(platform, "org", "organiser") as org, Person(platform, "bo") as bo, a_page(width) as (page, said):
        campaign = await a_campaign(org, f"Seen at {width}")
        need = await a_need(org, campaign, 20, title=f"Soup at {width}", ward="aston", by="2030-01-01")
        event = await an_event(org, campaign, title=f"Clean-up at {width}", venue={"ward": "aston"}, capacity=5)
        await page.goto(platform.url)
        await expect(page.locator("#live")).to_have_text("Live")
        await expect(page.locator("#needs")).to_contain_text("20 meals still needed · by 1 Jan · Aston")
        taken = page.locator("[data-total=registrations]")
        before = int((await taken.inner_text()).replace(",", ""))

        await bo.post("/v1/pledges", {"need_id": need, "quantity": 12})
        await bo.post(f"/v1/events/{event}/registrations", {"party_size": 2})

        await expect(page.locator("#now")).to_contain_text(f"12 meals pledged: Soup at {width}")
        await expect(page.locator("#needs")).to_contain_text("8 meals still needed")
        await expect(page.locator("#events")).to_contain_text("3 places left")
        await expect(taken).to_have_text(f"{before + 2:,}")
        overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert overflow == 0
    assert said == []


async def test_the_page_speaks_without_javascript(platform: Platform) -> None:
    """A browser that runs no scripts is shown where the figures are."""
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await (await browser.new_context(java_script_enabled=False)).new_page()
        await page.goto(platform.url)

        await expect(page.locator("noscript a").first).to_have_attribute("href", "/v1/campaigns?status=live")
        await browser.close()


async def test_the_guide_lists_the_routes(platform: Platform) -> None:
    """All of openapi.json, each to be opened."""
    async with a_page(1280) as (page, said):
        await page.goto(f"{platform.url}/docs")
        route = page.locator("details", has_text="Promise something").first
        await route.locator("summary").click()

        await expect(route.locator("table").last).to_contain_text("201")
        assert await page.locator("details").count() > 30
    assert said == []
