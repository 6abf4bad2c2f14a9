import re
from typing import Any

import pytest

from services.gateway import home
from services.gateway.problems import Answer, ProblemError
from services.gateway.table import Exchange, Table

TABLE = Table(home.routes())


async def get(path: str, *headers: tuple[bytes, bytes]) -> Answer:
    """Answer a GET as the front door would."""

    async def unused(*_: Any) -> Any:  # noqa: ANN401 -- nothing is received or sent here
        raise AssertionError

    exchange = Exchange(
        {"type": "http", "method": "GET", "path": path, "headers": list(headers), "query_string": b""}, unused, unused
    )
    assert TABLE.find(exchange)
    assert exchange.route is not None
    answer = await exchange.route.handle(exchange)
    assert answer is not None
    return answer


@pytest.mark.parametrize("path", ["/", "/docs"])
async def test_a_page_brings_nothing_from_elsewhere(path: str) -> None:
    """No address of another host, no inline script or style, and a policy that would stop them."""
    answer = await get(path)
    text = answer.body.decode()

    assert answer.status == 200
    assert dict(answer.headers)[b"content-security-policy"].startswith(b"default-src 'none'; script-src 'self'")
    assert not re.search(r"https?://|src=\"//|<style|style=|\son\w+=", text)
    assert re.findall(r"<script[^>]*>([^<]*)</script>", text) == [""]


@pytest.mark.parametrize("path", ["/", "/docs"])
async def test_every_file_that_a_page_names_is_served(path: str) -> None:
    """Styles, scripts and pictures are there, with their types."""
    text = (await get(path)).body.decode()
    named = set(re.findall(r"/static/[\w.-]+", text))

    assert len(named) >= 3
    for file in named:
        answer = await get(file)
        assert (answer.status, dict(answer.headers)[b"content-type"].split(b";")[0]) in {
            (200, b"text/css"),
            (200, b"text/javascript"),
            (200, b"image/svg+xml"),
        }


async def test_the_front_page_leads_on() -> None:
    """To the tour, the API and the streams; without JavaScript to the figures; and it names the source of the wards."""
    text = (await get("/")).body.decode()

    for link in ("/docs#tour", "/docs", "/v1/streams/pledges", "/v1/streams/events"):
        assert f'href="{link}"' in text
    assert "/v1/campaigns" in text.partition("<noscript>")[2].partition("</noscript>")[0]
    assert "Office for National Statistics, Open Government Licence v3.0" in text
    assert "Contains OS data © Crown copyright and database right" in text


async def test_a_page_that_is_known_is_not_sent_again() -> None:
    """ETag and If-None-Match."""
    first = await get("/")
    again = await get("/", (b"if-none-match", dict(first.headers)[b"etag"]))

    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("name", ["nothing.js", "home.html", "__init__.py", "..", "%2e%2e"])
async def test_nothing_else_is_served(name: str) -> None:
    """Names are looked up, not opened."""
    with pytest.raises(ProblemError, match="not-found"):
        await get(f"/static/{name}")
