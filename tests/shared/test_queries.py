import pytest
from starlette.requests import Request
from starlette.responses import Response

from shared import queries
from shared.contracts.message import encode
from shared.ports import Trouble


def asking(query: str = "", **path: str) -> Request:
    """A request as a route meets it."""
    return Request({"type": "http", "query_string": query.encode(), "path_params": path, "headers": []})


class Past:
    """An inbox that holds large facts, told in disorder."""

    def __init__(self, *versions: int) -> None:
        """Hold a fact of a megabyte for each version."""
        self._facts = [
            encode(
                {
                    "specversion": "1.0",
                    "id": f"c.{version}",
                    "source": "/",
                    "type": "t",
                    "subject": "need_n",
                    "time": "2026-03-02T09:00:00.000Z",
                    "datacontenttype": "application/json",
                    "dataschema": "/",
                    "data": "x" * 1_048_576,
                    "streamversion": version,
                }
            )
            for version in versions
        ]

    async def outcome(self, command_id: str) -> bytes | None:  # noqa: ARG002 -- the port
        """Nothing was decided."""
        return None

    async def facts(self, stream: str) -> list[bytes]:  # noqa: ARG002 -- the port
        """All of them."""
        return self._facts


async def answer(past: Past, query: str) -> list[bytes]:
    """Lines of the answer about facts."""
    [facts] = [route for route in queries.routes(past) if "/facts/" in route.path]
    response: Response = await facts.endpoint(asking(query, stream="need_n"))
    return bytes(response.body).splitlines()


async def test_facts_come_in_pieces_that_a_reader_can_take() -> None:
    """At least one, however large; the rest is asked for again."""
    past = Past(4, 2, 1, 3)

    assert [line.split(b'"id":"')[1][:3] for line in await answer(past, "after=0")] == [b"c.1", b"c.2"]
    assert [line.split(b'"id":"')[1][:3] for line in await answer(past, "after=3")] == [b"c.4"]
    assert await answer(past, "after=4") == []


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [(queries.BadQuery("limit"), 400, b'{"parameter":"limit"}'), (Trouble("no database"), 503, b"{}")],
)
async def test_what_goes_wrong_is_answered(error: Exception, status: int, body: bytes) -> None:
    """A bad parameter by its name, broken infrastructure as such."""

    async def handler(_: Request) -> Response:
        raise error

    response = await queries.answering(handler)(asking())

    assert (response.status_code, bytes(response.body)) == (status, body)


@pytest.mark.parametrize("given", ["0", "101", "1000", "-1", "+1", "1.0", "", "ten", "\u0661"])
def test_a_limit_is_a_number_within_bounds(given: str) -> None:
    """In ASCII digits."""
    with pytest.raises(queries.BadQuery):
        queries.number(asking(f"limit={given}"), "limit", 20)


def test_a_limit_may_be_left_out() -> None:
    """Then it is the default."""
    assert queries.number(asking(), "limit", 20) == 20
    assert queries.number(asking("limit=100"), "limit", 20) == 100
