"""C6, C7, C9, C10, C12 and what single faults are expected to show: what each objects to, and what it does not."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from shared.ports import Record
from tests.chaos.checker import expected, life
from tests.chaos.checker.reading import attempts, heard, told
from tests.chaos.history import Collected, Death, Line
from tests.chaos.judge import judge, judge_fault
from tests.chaos.spoiling import Spoil, again, answer, extra, line, lines, log, process, record, vitals
from tests.chaos.story import GATEWAYS, NEED, story

CLIENT = {"client": "stays-pledges", "name": "pledges"}
SSE = {"kind": "sse", **CLIENT}
READ = {"kind": "read", "stream": NEED}
LAG = {"kind": "lag", "group": "pledges"}
PLACE = "pledges.commands/0"


def found(criterion: str, run: Collected) -> list[str]:
    """What a criterion says of a run."""
    return next(verdict.violations for verdict in judge(run) if verdict.criterion == criterion)


def without(where: dict[str, object]) -> Spoil:
    """No such lines."""
    return lines(lambda each: None if where.items() <= each.items() else each)


def and_then(*spoils: Spoil) -> Spoil:
    """One after the other."""

    def spoil(run: Collected) -> Collected:
        for each in spoils:
            run = each(run)
        return run

    return spoil


def _lag(*points: tuple[float, int]) -> Spoil:
    """A partition with 9 records of which so many were taken at these times."""
    return and_then(*(extra(**LAG, t=at, places={PLACE: [taken, 9]}) for at, taken in points))


MORE = extra(**LAG, t=1040.0, places={PLACE: [9, 13]})


def _state(state: str) -> Spoil:
    """What the client does in the end."""
    return extra(kind="sse_state", **CLIENT, state=state)


BEGIN = extra(kind="fault", name="F1", phase="begin", target="kafka")


def _missed(client: str) -> Spoil:
    """A client that was never told of the second pledge."""
    return without({"kind": "sse", "client": client, "version": 3})


def _told_of_gap(each: Line) -> Line:
    """The same client, told of a gap in the place of what it missed."""
    if each["kind"] == "sse" and each["client"] == CLIENT["client"] and each["version"] == 3:
        return {"t": each["t"], "wall": each["wall"], "kind": "sse_state", "state": "gap", **CLIENT}
    return each


FAILED = '{"logger": "e", "event": "it failed", "exception": "Traceback (most recent call last):\\nValueError"}'
VIEW = {"kind": "view", "gateway": GATEWAYS[0], "path": f"/v1/needs/{NEED}", "stream": NEED, "status": 200}
BAD: list[tuple[str, str, Spoil]] = [
    ("C6", "need_soup at http://one: 4 after 5", extra(**VIEW, version=4)),
    ("C6", "epoch-3-mark follows epoch-2-mark, but epoch-1-mark was seen last", _missed("stays-pledges")),
    ("C6", "need_soup 5 after 5", extra(**SSE, subject=NEED, version=5, cursor="x", prev="epoch-4-mark", body={})),
    ("C6", "need_soup: 1 after 5", again("open.1", topic="public.pledges")),
    ("C6", "saw something else than the log holds", _missed("stays-pledges")),
    ("C6", "('need_soup', 5) last, the log ends with", again("open.1", topic="public.pledges")),
    ("C6", "is not in the log", record("open.1", lambda _: None, "public.pledges")),
    ("C7", "http://one showed need_soup 4, not 5", line({**READ, "gateway": GATEWAYS[0]}, version=4)),
    ("C7", "http://two showed need_soup 4, not 5", line({**READ, "gateway": GATEWAYS[1]}, version=4)),
    ("C7", "showed need_soup 0, not 1", line({**READ, "gateway": GATEWAYS[0]}, wanted=None, op="op4", version=0)),
    ("C9", "after F2 pledges at http://one: never", line({"kind": "probe"}, seconds=None)),
    ("C9", "after F2 pledges at http://one: 25.5", line({"kind": "probe"}, seconds=25.5)),
    ("C9", "pledges at pledges.commands/0: 4 behind", _lag((1000.0, 5), (1020.0, 5), (1031.0, 5))),
    ("C9", "pledges: 3 behind in the end", lambda run: replace(run, lags={"pledges": 3})),
    ("C9", "pledges-1: ended by itself with 1", process("pledges-1", deaths=[Death(1.0, 1, wanted=False)])),
    ("C9", "pledges-1: not ready in the end", line({"kind": "health"}, ready=False)),
    ("C10", "pledges-1: 160 MB, before 100 MB", vitals("pledges-1", rss=160e6)),
    ("C10", "pledges-1: 31 sockets, before 20", vitals("pledges-1", sockets=31.0)),
    ("C10", "gateway-1: outcome_waiters is 1", vitals("gateway-1", outcome_waiters=1.0)),
    ("C10", "gateway-1: open_streams is 2", vitals("gateway-1", open_streams=2.0)),
    ("C10", "9 inbox entries for 8 commands", record("p3", lambda _: None, ".commands")),
    ("C12", "pledges-1.log:1: a traceback", log("Traceback (most recent call last):")),
    ("C12", "e: it failed ValueError", log(FAILED)),
    ("C12", "that nobody took", log("Task exception was never retrieved")),
    ("C12", "a bearer token", log("authorization Bearer abcdefgh.ijk")),
    ("C12", "a JWT", log("token eyJhbGciOiJIUzI1.eyJzdWIiOiJhbmEi.sig")),
    ("C12", "a webhook's secret", log("whsec_abcdef")),
    ("C12", "a password in an address", log("mongodb://brum:hush@localhost")),
    ("C12", "an e-mail address", log("told ana@example.org")),
    ("C12", "a private key", log("-----BEGIN RSA PRIVATE KEY-----")),
]  # fmt: skip

FINE: dict[str, tuple[str, Spoil]] = {
    "a view that cannot be had": ("C6", extra(**{**VIEW, "status": 503}, version=None)),
    "an older view at another gateway": ("C6", extra(**{**VIEW, "gateway": "http://three"}, version=1)),
    "a client that was told of a gap": ("C6", lines(_told_of_gap)),
    "a client that came late": ("C6", without({**SSE, "version": 1})),
    "a client that left early": ("C6", and_then(without({**SSE, "version": 5}), _state("disconnect"))),
    "an older version elsewhere, unnamed": ("C7", line({**READ, "gateway": GATEWAYS[1]}, min_version=None, version=1)),
    "503 for a version that has not come": ("C7", line({**READ, "gateway": GATEWAYS[1]}, status=503, version=None)),
    "lag that goes down": ("C9", _lag((1000.0, 5), (1020.0, 6), (1040.0, 7), (1050.0, 9), (1090.0, 9))),
    "lag after a long calm, of which nothing is written": ("C9", and_then(_lag((1000.0, 9)), MORE)),
    "lag while a fault lasts": ("C9", and_then(BEGIN, _lag((1000.0, 5), (1050.0, 5)))),
    "fewer sockets than before": ("C10", vitals("pledges-1", sockets=5.0)),
    "a process that was not seen": ("C10", process("pledges-1", before={}, after={})),
    "an address without a password": ("C12", log("kafka at mongodb://127.0.0.1:27017/?directConnection=true")),
}  # fmt: skip


@pytest.mark.parametrize(("criterion", "said", "spoil"), BAD, ids=[f"{name} {said}" for name, said, _ in BAD])
def test_a_criterion_objects(criterion: str, said: str, spoil: Spoil) -> None:
    """C6, C7, C9, C10, C12: each has something to say of each example that breaks it."""
    violations = found(criterion, spoil(story()))

    assert any(said in violation for violation in violations), violations


@pytest.mark.parametrize("name", FINE)
def test_a_criterion_lets_pass(name: str) -> None:
    """What is allowed to happen is no violation."""
    criterion, spoil = FINE[name]

    assert found(criterion, spoil(story())) == []


def test_a_canary_in_a_log_is_found() -> None:
    """C12: words that the load wrote into private fields are personal."""
    assert life.c12_logs_are_clean({"gateway-1": "note: canary-1"}, canaries=["canary-1"]) == [
        "gateway-1.log:1: a canary (canary-1)"
    ]


# ---------------------------------------------------------------- what a fault is expected to show


def _letter(topic: str, offset: int, group: str) -> Record:
    told = {"dl-topic": topic, "dl-partition": "0", "dl-offset": str(offset), "dl-group": group}
    return Record("pledges.dead-letters", 0, 0, None, b"", tuple((name, text.encode()) for name, text in told.items()))


def _poisoned(*letters: tuple[str, int, str]) -> Spoil:
    def spoil(run: Collected) -> Collected:
        poison = extra(kind="poison", topic="pledges.commands", partition=0, offset=50)
        return replace(poison(run), records=[*run.records, *(_letter(*letter) for letter in letters)])

    return spoil


def _slow(each: Line) -> Line:
    """Answers come late once the fault has begun, and everything else in time."""
    return {**each, "t": each["t"] + 30} if each["kind"] == "answer" else each


def _away(*meanwhile: Spoil) -> Spoil:
    """Kafka is away for nine seconds."""
    fault = {"kind": "fault", "name": "F1", "target": "kafka for 9 s"}
    return and_then(extra(**fault, phase="begin", t=900.0), *meanwhile, extra(**fault, phase="heal", t=909.0))


GOOD_LETTER = ("pledges.commands", 50, "pledges")
BAD_LETTER = ("pledges.commands", 1, "pledges")
SIGNS: list[tuple[str, str, Spoil]] = [
    ("F1", "op4 pledge: 500", answer("open", status=500, outcome="info")),
    ("F2", "op4 pledge: 502", answer("open", status=502, outcome="info")),
    ("F1", "pledge: 422 after 31.0 s", lines(_slow)),
    ("F1", "kafka for 9 s: nobody was less than ready", _away()),
    ("F6", "op4 pledge at http://one: None", answer("open", status=None, outcome="info")),
    ("F6", "op4 pledge at http://one: 503", answer("open", status=503, outcome="info")),
    ("F6", "p1.1: told 2 times", again("p1.1")),
    ("F6", "p2.outcome: told 2 times", again("p2.outcome")),
    ("F6", "pledges-1: ended with -9", process("gateway-1", restarts=1)),
    ("F6", "pledges-1: 20.5 s, code 0", extra(kind="exit", process="pledges-1", seconds=20.5, code=0)),
    ("F6", "pledges-1: 1.0 s, code 1", extra(kind="exit", process="pledges-1", seconds=1.0, code=1)),
    ("F10", "no record was poisoned", lambda run: run),
    ("F10", "dead letters of {}, not of {'pledges': 1}", _poisoned()),
    ("F10", "dead letters of {'pledges': 2}, not of", _poisoned(GOOD_LETTER, GOOD_LETTER)),
    ("F10", "(pledges) of what was no poison", _poisoned(GOOD_LETTER, BAD_LETTER)),
    ("F10", "op4 pledge: 500", answer("open", status=500, outcome="info")),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "said", "spoil"), SIGNS, ids=[f"{name} {said}" for name, said, _ in SIGNS])
def test_a_fault_that_shows_more_than_it_should_is_found(fault: str, said: str, spoil: Spoil) -> None:
    """F1, F2, F6, F10: what is expected of each besides the criteria."""
    violations = judge_fault(fault, spoil(story())).violations

    assert any(said in violation for violation in violations), violations


@pytest.mark.parametrize(
    ("fault", "spoil"),
    [
        ("F1", answer("open", status=503, outcome="info")),
        ("F1", _away(extra(kind="health", t=904.0, process="gateway-1", ready=False))),
        ("F2", answer("open", status=None, outcome="info")),
        ("F6", process("pledges-1", deaths=[Death(1.0, 0, wanted=True)])),
        ("F10", _poisoned(GOOD_LETTER)),
    ],
)
def test_a_fault_that_shows_what_it_may_passes(fault: str, spoil: Spoil) -> None:
    """A 503, a lost connection, an end in order, one dead letter."""
    assert judge_fault(fault, spoil(story())).violations == []


@pytest.mark.parametrize(
    ("topic", "groups"),
    [
        ("pledges.commands", ("pledges",)),
        ("events.facts", ("gateway", "notifications-facts", "pledges.copies")),
        ("pledges.facts", ("gateway", "notifications-facts")),
        ("notifications.facts", ("gateway",)),
    ],
)
def test_readers_of_a_topic(topic: str, groups: Sequence[str]) -> None:
    """Each group sets aside what it cannot read."""
    assert expected.readers_of(topic) == tuple(groups)


def test_a_neighbour_of_poison_that_waits_is_found() -> None:
    """F10: two seconds more than usual are too much, in what was asked after the poison."""
    usual = attempts(story().history)
    begin = usual[3].asked
    late = [replace(one, told=(one.told or 0.0) + 3.0 * (one.asked >= begin)) for one in usual]

    assert expected.neighbours_were_not_held_up(usual, begin) == []
    assert len(expected.neighbours_were_not_held_up(late, begin)) == 3


def test_who_repeats_a_key_is_no_redelivery() -> None:
    """F6: the story has a repeated key and one that was used for another body."""
    run = story()
    facts = [each for each in run.records if each.topic.endswith(".facts")]

    assert expected.nothing_was_redelivered(told(facts), heard(facts)) == []
