import re

import msgspec
import pytest
from starlette.types import Message

from services.gateway import problems
from services.gateway.problem_kinds import KINDS
from services.gateway.problems import Flaw, ProblemError


@pytest.mark.parametrize("slug", KINDS)
def test_every_problem_has_a_page_that_explains_it(slug: str) -> None:
    """For people in HTML, for programs in JSON."""
    kind = KINDS[slug]

    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", slug)
    assert 400 <= kind.status < 600
    assert kind.explanation.endswith(".")
    page = problems.page(slug)
    assert page.status == 200
    assert (b"content-type", b"text/html; charset=utf-8") in page.headers
    assert kind.title.replace("'", "&#x27;") in page.body.decode()
    document = msgspec.json.decode(problems.page(slug, "application/json").body)
    assert document["explanation"] == kind.explanation


def test_an_unknown_page_is_404_and_repeats_nothing() -> None:
    """A slug from a URL is never shown as it came."""
    page = problems.page("<script>")

    assert page.status == 404
    assert b"script" not in page.body


def test_a_document_holds_the_members_of_rfc_9457() -> None:
    """With the figures that a person needs beside them."""
    error = ProblemError("not-enough-left", "Three are left.", left=3)

    answer = error.answer(instance="/v1/operations/pledges.x.y", trace_id="4bf9")

    assert answer.status == 409
    assert msgspec.json.decode(answer.body) == {
        "type": "/problems/not-enough-left",
        "title": "Not enough is left to pledge",
        "status": 409,
        "detail": "Three are left.",
        "instance": "/v1/operations/pledges.x.y",
        "left": 3,
        "trace_id": "4bf9",
    }
    assert (b"content-type", b"application/problem+json") in answer.headers
    assert (b"content-length", b"%d" % len(answer.body)) in answer.headers


def test_errors_are_pointers_with_sentences() -> None:
    """One for every flaw of a body."""
    made = problems.document("invalid-body", errors=[Flaw("/quantity", "Required.")])

    assert made["errors"] == [{"pointer": "/quantity", "detail": "Required."}]


def test_the_state_of_a_thing_is_told_beside_the_http_status() -> None:
    """Rules give it as `status`, now and in what was recorded; RFC 9457 has that name for something else."""
    made = problems.document("pledge-wrong-state", members={"status": "withdrawn", "left": 2})

    assert (made["status"], made["state"], made["left"]) == (409, "withdrawn", 2)


def test_extension_members_do_not_replace_standard_ones() -> None:
    """Figures come from rules; they cannot turn a refusal into something else."""
    made = problems.document("event-full", members={"title": "Fine", "type": "x", "left": 0})

    assert made == {"type": "/problems/event-full", "title": "The event is full", "status": 409, "left": 0}


def test_a_refusal_that_a_newer_service_brought_is_still_a_refusal() -> None:
    """Services and gateways are not replaced at the same moment."""
    assert problems.document("too-windy") == {"type": "/problems/too-windy", "title": "Too windy", "status": 409}
    assert problems.document("too-windy", status=422)["status"] == 422


@pytest.mark.parametrize(
    ("slug", "name"),
    [
        ("rate-limited", b"retry-after"),
        ("too-many-streams", b"retry-after"),
        ("unavailable", b"retry-after"),
        ("unauthenticated", b"www-authenticate"),
        ("body-too-large", b"connection"),
        ("body-timeout", b"connection"),
    ],
)
def test_headers_that_a_status_owes_are_there_once(slug: str, name: bytes) -> None:
    """The caller's own value is kept where there is one."""
    assert [field for field, _ in ProblemError(slug).answer().headers].count(name) == 1
    if name != b"connection":
        given = ProblemError(slug, headers=[(name, b"7")]).answer().headers
        assert [value for field, value in given if field == name] == [b"7"]


def test_sec_52_an_internal_error_tells_nothing_but_a_trace_id() -> None:
    """No stack, no host, no text of a driver."""
    body = msgspec.json.decode(ProblemError("internal-error").answer(trace_id="4bf9").body)

    assert set(body) == {"type", "title", "status", "trace_id"}


async def test_an_answer_is_sent_in_two_messages() -> None:
    """As raw ASGI wants it."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    answer = ProblemError("forbidden").answer()
    await problems.send_answer(send, answer)

    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[0]["status"] == 403
    assert sent[1]["body"] == answer.body
