"""C1 to C5 and C11: what each criterion objects to, and what it does not."""

import pytest
from msgspec.structs import replace

from shared.contracts import events
from shared.contracts.pledges import COMMANDS, MakePledge
from shared.ports import Record
from tests.chaos.history import Collected
from tests.chaos.judge import judge
from tests.chaos.spoiling import Spoil, again, answer, entry, extra, fact, line, lines, outcome, record
from tests.chaos.story import AT, NEED, PLEDGE, story


def found(criterion: str, run: Collected) -> list[str]:
    """What a criterion says of a run."""
    return next(verdict.violations for verdict in judge(run) if verdict.criterion == criterion)


def _elsewhere(old: Record) -> Record:
    return replace(old, partition=1)


def _document(**fields: object) -> Spoil:
    return lambda run: replace(run, needs=[replace(need, **fields) for need in run.needs])


def _event(**fields: object) -> Spoil:
    return lambda run: replace(run, events=[replace(event, **fields) for event in run.events])


def _pledge(**fields: object) -> Spoil:
    return lambda run: replace(run, pledges=[replace(run.pledges[0], **fields), *run.pledges[1:]])


def _view(**fields: object) -> Spoil:
    def spoil(run: Collected) -> Collected:
        [gateway, other] = run.views
        shown = {**run.views[gateway], NEED: {**run.views[gateway][NEED], **fields}}
        return replace(run, views={gateway: shown, other: run.views[other]})

    return spoil


def _one_more_need(run: Collected) -> Collected:
    return replace(run, needs=[*run.needs, replace(run.needs[0], id="need_x")])


def _in_both_inboxes(run: Collected) -> Collected:
    return replace(run, inbox={**run.inbox, "notifications": run.inbox["pledges"][:1]})


def _other_title(old: Record) -> Record:
    return fact(lambda told: replace(told, need=replace(told.need, title="Other")))(old)


def _of_less(old: Record) -> Record:
    return fact(lambda told: replace(told, need=replace(told.need, quantity=3)))(old)


def _of_few(old: Record) -> Record:
    return fact(lambda told: replace(told, event=replace(told.event, capacity=4)), events.FACTS)(old)


def _turned_away_one(run: Collected) -> Collected:
    """A need with two left of which one more was refused, although nobody gave anything back."""
    wish = MakePledge(NEED, f"{NEED}.p4", 1)
    command = COMMANDS.wrap(wish, id="p4", subject=NEED, time=AT, principal="zoe resident", fingerprint="f")
    asked = Record("pledges.commands", 0, 90, NEED.encode(), command)
    refused = replace(next(each for each in run.inbox["pledges"] if each.command_id == "p3"), command_id="p4")
    later = (b'"id":"c1.1"', b'"id":"d1.1"')
    kept = [each for each in run.records if not any(name in (each.value or b"") for name in later)]
    return replace(run, records=[*kept, asked], inbox={**run.inbox, "pledges": [*run.inbox["pledges"], refused]})


def _by_another(old: Record) -> Record:
    return replace(old, value=(old.value or b"").replace(b'"causationid":"p1"', b'"causationid":"p9"'))


def _as_another(old: Record) -> Record:
    return replace(old, value=(old.value or b"").replace(b'"id":"p1.1"', b'"id":"p9.1"'))


def _reads_as(**fields: object) -> Spoil:
    return line({"kind": "operation", "operation": "pledges.p1.mac"}, **fields)


def _with_note(each: dict[str, object]) -> dict[str, object]:
    body = each.get("body")
    return {**each, "body": {**body, "note": None}} if each["kind"] == "answer" and isinstance(body, dict) else each


def _soft(old: Record) -> Record:
    return fact(lambda told: replace(told, need=replace(told.need, quantity=3, limit="soft")))(old)


BAD: list[tuple[str, str, Spoil]] = [
    ("C1", "p1: 201, and no entry", entry("p1", lambda _: None)),
    ("C1", "stored is another answer", answer("p1", body={"id": PLEDGE, "quantity": 5})),
    ("C1", "stored is another answer", answer("p1", status=200)),
    ("C1", "stored is another answer", answer("p3", body={"type": "/problems/need-not-open", "status": 409})),
    ("C1", "facts without a document", lambda run: replace(run, needs=[])),
    ("C1", "a document without facts", _one_more_need),
    ("C1", "differs from the newest fact", _document(title="Other")),
    ("C1", "differs from the newest fact", _pledge(updated_at="2031")),
    ("C1", "what follows was never asked", entry("p1", lambda old: replace(old, then=(("need_x", b"{}"),)))),
    ("C1", "p1: never answered", entry("p1", lambda old: replace(old, outcome=b""))),
    ("C1", "p1: appended and never decided", entry("p1", lambda _: None)),
    ("C1", "p1: appended at (0, 1), decided at (0, 9)", entry("p1", lambda old: replace(old, offset=9))),
    ("C1", "d1: decided and not in the log", record("d1", lambda _: None, ".commands")),
    ("C2", "open: 2 entries", _in_both_inboxes),
    ("C2", "p1.1: two versions of one fact", again("p1.1", _other_title)),
    ("C2", "p1: other facts in the log than in the inbox", record("p1.1", _other_title)),
    ("C2", "p9: other facts in the log than in the inbox", again("p1.1", _by_another)),
    ("C2", "p1: facts never told", record("p1.1", lambda _: None)),
    ("C3", "its pledges say", _pledge(quantity=9)),
    ("C3", "its pledges say (0, 3, 1)", record("p2.1", lambda _: None)),
    ("C3", "does not balance", _document(uncommitted=9)),
    ("C3", "does not balance", _document(delivered=11)),
    ("C3", "its parties say (5, 2)", _event(registered=4)),
    ("C3", "its parties say (5, 2)", _event(waiting=0)),
    ("C3", "not shown by", lambda run: replace(run, views={"http://one": {}})),
    ("C3", "shows {'version': 9}", _view(version=9)),
    ("C3", "shows {'pledged': 9}", _view(pledged=9)),
    ("C3", "the public were told", record("d1.1", lambda _: None, "public.pledges")),
    ("C3", "stays-pledges was told", line({"kind": "sse", "client": "stays-pledges"}, body={"pledged": 1})),
    ("C4", "need_soup v2: 4 of 3", record("p1.1", _of_less)),
    ("C4", "event_fair v2: 5 of 4", record("r1.1", _of_few)),
    ("C4", "p3: refused 7 of need_soup v3, which had 1 left", outcome("p3", figures={"left": 0})),
    ("C4", "p4: refused 1, and need_soup holds 9 of 10", _turned_away_one),
    ("C4", "2 left while a party of 2 waits", _event(left=2)),
    ("C5", "need_soup: 3 after 1", record("p1.1", lambda _: None)),
    ("C5", "need_soup: in partitions 0 and 1", again("p2.1", _elsewhere)),
    ("C5", "need_soup: two facts are version 2", again("p1.1", _as_another)),
    ("C5", "ana on need_soup: 1 asked after 2 was known", outcome("c1", touched=[[NEED, 1]])),
    ("C5", "ana on need_soup: 2 asked after 2 was known", outcome("c1", touched=[[NEED, 2]])),
    ("C11", "p1: answered otherwise than was decided", outcome("p1", status=200)),
    ("C11", "told 409, and it took effect", answer("p1", outcome="fail", status=409)),
    ("C11", "told of another body that there was not", answer("p1", outcome="fail", problem="key-reused")),
    ("C11", "told the answer to another body", entry("p1", lambda old: replace(old, fingerprint="other"))),
    ("C11", "201 without a command in the log", record("p1", lambda _: None, ".commands")),
    ("C11", "its operation reads refused", _reads_as(status="refused", problem="not-enough-left", resource=None)),
    ("C11", "its operation reads succeeded need_x", _reads_as(resource="need_x")),
    ("C11", "p8: its operation reads failed", extra(kind="operation", operation="a.p8.mac", status="failed")),
]  # fmt: skip

POISON = Record("pledges.facts", 0, 2_000, None, b'{"id": "\xff')

FINE: dict[str, tuple[str, Spoil]] = {
    "a fact told again, byte for byte": ("C2", again("p1.1")),
    "an older version told again": ("C5", again("p1.1")),
    "an outcome told again": ("C11", again("p1.outcome")),
    "a command appended again": ("C1", again("p1", topic=".commands")),
    "an answer that nobody heard": ("C1", answer("p1", status=None, outcome="info", body=None)),
    "own words in an answer": ("C1", lines(_with_note)),
    "a request turned down at the door": ("C11", answer("p3", operation=None, problem="forbidden", status=403)),
    "an operation that was pending": ("C11", _reads_as(status="pending", resource=None)),
    "a record that nobody can read": ("C5", lambda run: replace(run, records=[*run.records, POISON])),
    "a soft need that overflows": ("C4", record("p1.1", _soft)),
}


@pytest.mark.parametrize(("criterion", "said", "spoil"), BAD, ids=[f"{name} {said}" for name, said, _ in BAD])
def test_a_criterion_objects(criterion: str, said: str, spoil: Spoil) -> None:
    """C1, C2, C3, C4, C5, C11: each has something to say of each example that breaks it."""
    violations = found(criterion, spoil(story()))

    assert any(said in violation for violation in violations), violations


@pytest.mark.parametrize("name", FINE)
def test_a_criterion_lets_pass(name: str) -> None:
    """What is allowed to happen is no violation."""
    criterion, spoil = FINE[name]

    assert found(criterion, spoil(story())) == []


def test_all_criteria_hold_of_a_good_run() -> None:
    """A run without a fault has nothing to be blamed for, and gives every criterion something to look at."""
    verdicts = judge(story())

    assert [str(verdict) for verdict in verdicts if not verdict.holds] == []
    assert all(verdict.looked_at for verdict in verdicts)


def test_a_criterion_without_anything_to_look_at_does_not_hold() -> None:
    """An empty run proves nothing."""
    empty = replace(story(), history=[], records=[], needs=[], processes=[])

    assert all(not verdict.holds for verdict in judge(empty))
