"""Figures with their sources, and the one-page statement."""

import re
from typing import Any

import msgspec
import pytest

from services.gateway import impact_figures as figures
from services.gateway import statement
from services.gateway.front import Front
from services.gateway.impact import ImpactRoutes
from services.gateway.impact_figures import Attendance, Cell, Correction, Figure, Happened, Impact, Moment, Outcome
from services.gateway.table import Table
from services.gateway.view_store import Ask, Page, Totals, Whole
from shared.contracts.figures import unit_code
from shared.internal_client import Reply, Unavailable
from tests.gateway.asgi import ask as asgi
from tests.gateway.given import CAMPAIGN, a_campaign

NOW = Moment("2026-06-01T10:00:00.000Z")
THEN = Moment("2026-05-01T10:00:00.000Z", "2026-05-01T10:00:00.000Z")
CELLS = [
    Cell("meal", "meals", "aston", (1, 4), "2026-03", 120, 3, 1),
    Cell("meal", "meals", None, (4,), "2026-04", 30, 1, 0),
    Cell("money", "pence", "aston", (), "2026-04", 12_345, 2, 0),
]
OUTCOME = Outcome(
    "bags",
    38,
    "bags",
    "2026-04-02T10:00:00.000Z",
    "2026-04-01T10:00:00.000Z",
    (Correction(40, "2026-05-10T10:00:00.000Z"),),
)


def shown(found: tuple[Figure, ...]) -> list[tuple[str | None, int | None, str | None, str, int]]:
    """What tells figures apart."""
    return [(one.ward, one.principle, one.month, one.unit, one.value) for one in found]


def test_deliveries_add_up_by_kind_ward_principle_and_month() -> None:
    """A delivery that serves two principles stands in the figures of both; units are never mixed."""
    kinds, wards, principles, months = figures.delivered(CAMPAIGN, CELLS, NOW)

    assert shown(kinds) == [(None, None, None, "meals", 150), (None, None, None, "pence", 12_345)]
    assert shown(wards) == [
        (None, None, None, "meals", 30),
        ("aston", None, None, "meals", 120),
        ("aston", None, None, "pence", 12_345),
    ]
    assert shown(principles) == [(None, 1, None, "meals", 120), (None, 4, None, "meals", 150)]
    assert shown(months)[0] == (None, None, "2026-03", "meals", 120)
    assert (kinds[0].deliveries, kinds[0].corrections) == (4, 1)


def test_every_figure_says_where_it_comes_from() -> None:
    """Id, unit, source, instant and method; the source of a figure of the past opens that of then."""
    for moment in (NOW, THEN):
        found = [one for some in figures.delivered(CAMPAIGN, CELLS, moment) for one in some]
        for figure in found:
            assert figure.source.startswith(f"/v1/impact/{figure.figure}/deliveries")
            assert (figure.as_of, bool(figure.method)) == (moment.as_of, True)
            assert ("as_of=2026-05-01" in figure.source) == (moment is THEN)
        assert len({figure.figure for figure in found}) == len(found)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (NOW, (38, 1)),
        (THEN, (40, 0)),
        (Moment(THEN.as_of, "2026-04-01T12:00:00.000Z"), None),
        (Moment(THEN.as_of, "2026-04-01T12:00:00.000Z", "now"), (38, 1)),
    ],
)
def test_what_events_brought_about_stands_on_its_own(moment: Moment, expected: tuple[int, int] | None) -> None:
    """Written down late, corrected later: known then and known now."""
    found = figures.happened(CAMPAIGN, [Happened(outcomes=(OUTCOME,)), Happened()], moment)

    assert [(one.value, one.corrections) for one in found] == ([expected] if expected else [])


def test_people_who_came_are_counted_once() -> None:
    """A headcount says it all; without one, the parties that came do."""
    came = [Happened(Attendance(headcount=40, attended=12)), Happened(Attendance(attended=5)), Happened(Attendance())]
    [figure] = figures.happened(CAMPAIGN, came, NOW)

    assert (figure.name, figure.value) == ("headcount", 45)


def impact(**fields: Any) -> Impact:  # noqa: ANN401 -- fields of Impact
    """Figures of all sorts."""
    made = Impact(
        CAMPAIGN,
        NOW.as_of,
        "then",
        *figures.delivered(CAMPAIGN, CELLS, NOW),
        outcomes=figures.happened(CAMPAIGN, [Happened(outcomes=(OUTCOME,))], NOW),
        partners=figures.counted(CAMPAIGN, "partners", 9, "partners", NOW, figures.JOINED),
        volunteers=figures.counted(CAMPAIGN, "volunteers", 845, "people", NOW, figures.COUNTED),
    )
    return msgspec.structs.replace(made, **fields)


def test_every_number_of_the_statement_links_to_its_source() -> None:
    """All figures of the answer are on the page, each as a link; money in pounds; nothing of a person's is markup."""
    page = statement.page(a_campaign(name="<b>As One</b>"), impact())
    links = {
        address.replace("&amp;", "&"): text for address, text in re.findall(r'<a href="([^"]+)"[^>]*>([^<]+)</a>', page)
    }

    for part in (impact().kinds, impact().wards, impact().months, impact().principles, impact().outcomes):
        for figure in part:
            expected = f"£{figure.value / 100:,.2f}" if figure.unit == "pence" else f"{figure.value:,}"
            assert links[figure.source] == expected
    assert "&lt;b&gt;As One" in page
    assert "<b>As One" not in page
    assert 'lang="en-GB"' in page
    assert page.count("<h1") == 1
    assert "£123.45" in page


def test_a_statement_without_deliveries_says_so() -> None:
    """And shows no empty table."""
    page = statement.page(a_campaign(), Impact(CAMPAIGN, NOW.as_of, "then", (), (), (), (), ()))

    assert "Nothing was delivered yet" in page
    assert "<table" not in page


class Ledger:
    """The pledges service as it is asked, or away."""

    def __init__(self) -> None:
        """Be there."""
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.away = False
        self.status = 200

    async def get(self, path: str, params: dict[str, str], *, traceparent: str) -> Reply:  # noqa: ARG002 -- as Internal
        """Answer."""
        if self.away:
            raise Unavailable
        self.asked.append((path, params))
        body: object = {"cells": CELLS} if path == "/impact" else {"items": [], "next": "c1"}
        return Reply(self.status, msgspec.json.encode(body))


class Views:
    """The views."""

    async def page(self, ask: Ask) -> Page:  # noqa: ARG002 -- as ViewStore
        """One event."""
        return Page({}, "", [msgspec.json.encode({"outcomes": [OUTCOME]})])

    async def aggregate(self, by: str, name: str, now: str) -> Whole:  # noqa: ARG002 -- as ViewStore
        """Two partners."""
        return Whole(None, [b"{}", b"{}"], [], [], Totals(0, 0, 0, 7, {}, {}), "", "")  # type: ignore[arg-type]


@pytest.fixture
def ledger() -> Ledger:
    """A ledger that is there."""
    return Ledger()


async def ask(ledger: Ledger, target: str, accept: str = "*/*") -> tuple[int, bytes, dict[str, str]]:
    """Ask the routes."""

    async def seen(_: object, name: str) -> bytes:
        return msgspec.json.encode(a_campaign(id=name))

    async def nothing(*_: object) -> None:
        raise AssertionError

    routes = ImpactRoutes(seen, Views(), ledger).routes()  # type: ignore[arg-type]
    answered = await asgi(Front(Table(routes), nothing), "GET", target, None, {"accept": accept})
    return answered.status, answered.body, answered.headers


async def test_the_impact_of_a_campaign(ledger: Ledger) -> None:
    """Deliveries from their owner, counts from the views."""
    status, body, _ = await ask(ledger, f"/v1/impact?campaign={CAMPAIGN}")
    found = msgspec.json.decode(body, type=Impact)

    assert status == 200
    assert [one.value for one in found.kinds] == [150, 12_345]
    assert found.partners is not None
    assert found.volunteers is not None
    assert (found.partners.value, found.volunteers.value, found.outcomes[0].value) == (2, 7, 38)
    assert ledger.asked == [("/impact", {"campaign": CAMPAIGN, "known": "then"})]


async def test_the_impact_of_a_moment(ledger: Ledger) -> None:
    """What was not counted in time is left out, not guessed."""
    status, body, _ = await ask(ledger, f"/v1/impact?campaign={CAMPAIGN}&as_of=2026-06-01T10:00:00Z&known=now")
    found = msgspec.json.decode(body, type=Impact)

    assert (status, found.partners, found.known, found.as_of) == (200, None, "now", "2026-06-01T10:00:00.000Z")
    assert ledger.asked[0][1]["as_of"] == "2026-06-01T10:00:00.000Z"
    assert (await ask(ledger, f"/v1/impact?campaign={CAMPAIGN}&as_of=2020-01-01T00:00:00Z"))[0] == 404


async def test_the_deliveries_behind_a_figure(ledger: Ledger) -> None:
    """Page by page, of the moment that was asked for."""
    figure = f"{CAMPAIGN}.meal.{unit_code('meals')}"
    status, body, _ = await ask(ledger, f"/v1/impact/{figure}/deliveries?as_of=2026-06-01T10:00:00Z&limit=5")

    assert status == 200
    assert msgspec.json.decode(body)["next"] == (
        f"/v1/impact/{figure}/deliveries?as_of=2026-06-01T10%3A00%3A00Z&cursor=c1&limit=5"
    )
    ledger.status = 404
    assert (await ask(ledger, f"/v1/impact/{figure}/deliveries"))[0] == 404


async def test_the_statement_is_a_page_for_a_browser(ledger: Ledger) -> None:
    """And JSON for everybody else."""
    _, page, _ = await ask(ledger, f"/v1/impact/statement?campaign={CAMPAIGN}", "text/html,*/*")
    _, body, headers = await ask(ledger, f"/v1/impact/statement?campaign={CAMPAIGN}")

    assert page.startswith(b"<!doctype html>")
    assert msgspec.json.decode(body)["campaign"]["name"] == "As One"
    assert headers["content-type"].startswith("application/json")


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/v1/impact", 404),
        ("/v1/impact?campaign=soup", 404),
        (f"/v1/impact?campaign={CAMPAIGN}&as_of=yesterday", 400),
        (f"/v1/impact?campaign={CAMPAIGN}&known=now", 400),
        (f"/v1/impact?campaign={CAMPAIGN}&as_of=2026-06-01T10:00:00Z&known=maybe", 400),
        ("/v1/impact/soup/deliveries", 404),
    ],
)
async def test_what_makes_no_sense_is_said(ledger: Ledger, target: str, status: int) -> None:
    """By its status."""
    assert (await ask(ledger, target))[0] == status


async def test_without_its_owner_there_is_no_figure(ledger: Ledger) -> None:
    """503, never a zero."""
    ledger.away = True

    assert (await ask(ledger, f"/v1/impact?campaign={CAMPAIGN}"))[0] == 503
