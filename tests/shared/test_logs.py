import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from shared import logs


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """As a person's screen does."""
        return True


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Leave the logging of other tests alone."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def test_an_event_is_one_json_line_with_the_service_and_what_is_bound() -> None:
    """`trace_id`, `command_id` and `stream` come along without being passed around."""
    out = io.StringIO()
    logs.setup("pledges", stream=out)

    with logs.context(trace_id="t1", command_id="c1", stream="need_1"):
        logs.logger("shared.processor").info("batch decided", size=12)

    line = _only_line(out)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "batch decided",
        "level": "info",
        "logger": "shared.processor",
        "service": "pledges",
        "trace_id": "t1",
        "command_id": "c1",
        "stream": "need_1",
        "size": 12,
    }


def test_libraries_speak_through_the_same_renderer() -> None:
    """The standard library's logging too, and only once, whatever handlers a library brought."""
    out = io.StringIO()
    logging.getLogger("faststream").addHandler(logging.StreamHandler(out))
    logs.setup("events", stream=out)

    logging.getLogger("faststream").warning("group %s lost", "events")

    assert _only_line(out)["event"] == "group events lost"


def test_warnings_are_log_lines() -> None:
    """Nothing but JSON reaches stderr."""
    out = io.StringIO()
    logs.setup("events", stream=out)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)

    assert "old" in _only_line(out)["event"]


def test_the_level_holds_for_both_kinds_of_loggers() -> None:
    """What is below it costs nothing and says nothing."""
    out = io.StringIO()
    logs.setup("events", "WARNING", stream=out)

    logs.logger("a").info("quiet")
    logging.getLogger("aiokafka").info("quiet")
    logs.logger("a").warning("loud")

    assert _only_line(out)["event"] == "loud"


def test_an_exception_is_one_line_without_local_variables() -> None:
    """A traceback's lines are escaped into one field; locals may hold what nobody should read."""
    out = io.StringIO()
    logs.setup("events", stream=out)

    try:
        _measure("sdrow-etavirp"[::-1])
    except ValueError:
        logs.logger("a").exception("broken")

    line = _only_line(out)
    assert "ValueError: 13" in line["exception"]
    assert "private-words" not in out.getvalue()


@given(st.text(), st.text(), st.text())
def test_sec_27_no_field_breaks_the_line(event: str, value: str, name: str) -> None:
    """CR, LF and their Unicode relatives stay inside their JSON string, in names, values and messages."""
    out = io.StringIO()
    logs.setup("gateway", stream=out)

    logs.logger("a").info(event, value=value + "\r\n" + value, **{f"x{name}": 1})
    logging.getLogger("uvicorn.error").info("%s\r\n%s", event, value)

    lines = out.getvalue().splitlines()
    assert len(lines) == 2
    assert all(json.loads(line)["service"] == "gateway" for line in lines)


def test_sec_27_on_a_terminal_control_characters_are_shown_not_obeyed() -> None:
    """A field can neither fake a second line nor steer the terminal."""
    out = Terminal()
    logs.setup("gateway", stream=out)

    logs.logger("a").info("hello\nFAKE", agent="x\x1b[2Jy\r\nz\u2028")

    assert len(out.getvalue().splitlines()) == 1
    assert "\x1b[2J" not in out.getvalue()


_CANARIES = (
    "Bearer c4n4ry.c4n4ry.c4n4ry",
    "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbmEifQ.c4n4ry",
    "ana.c4n4ry@example.org",
    "whsec_c4n4ryc4n4ry",
    "mongodb://brum:c4n4ry@db/brum_events",
)


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
@pytest.mark.parametrize("canary", _CANARIES)
def test_sec_44_credentials_and_addresses_are_blanked_wherever_they_stand(
    canary: str, stream: type[io.StringIO]
) -> None:
    """In messages, fields, lists, libraries' arguments and tracebacks."""
    out = stream()
    logs.setup("gateway", stream=out)

    logs.logger("a").info(f"got {canary}", seen=[canary], nested={"x": canary})
    logging.getLogger("aiokafka").error("cannot reach %s", canary)
    try:
        _fail(canary)
    except RuntimeError:
        logs.logger("a").exception("broken")

    assert "c4n4ry" not in out.getvalue()
    assert "[removed]" in out.getvalue()


@pytest.mark.parametrize(
    "name", ["Authorization", "cookie", "access_token", "client_secret", "phone", "e_mail", "contacts", "note"]
)
def test_sec_44_fields_named_after_secrets_and_people_are_blanked(name: str) -> None:
    """At any depth, whatever they hold."""
    out = io.StringIO()
    logs.setup("gateway", stream=out)

    logs.logger("a").info("x", **{name: "c4n4ry"}, request={"inner": {name: ["c4n4ry"]}})

    assert "c4n4ry" not in out.getvalue()
    assert _only_line(out)[name] == "[removed]"


def test_what_json_cannot_say_is_logged_all_the_same() -> None:
    """A log line never raises."""
    out = io.StringIO()
    logs.setup("gateway", stream=out)

    logs.logger("a").info("odd", what=object, lone="\ud800", keys={(1, 2): 3}, raw=b"\xff")

    assert _only_line(out)["raw"] == "b'\\xff'"


def _measure(words: str) -> None:
    raise ValueError(len(words))


def _fail(reason: str) -> None:
    raise RuntimeError(reason)


def _only_line(out: io.StringIO) -> dict[str, Any]:
    (line,) = out.getvalue().splitlines()
    found: dict[str, Any] = json.loads(line)
    return found
