"""What a run has to be blamed for: every criterion over what was collected, and what its faults should have shown."""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from shared.contracts import topics
from tests.chaos.checker import commands, expected, ledger, life, order, reading
from tests.chaos.history import Collected

SHOWN: Final = 10
"""Violations that a verdict prints."""


class Verdict(Struct, frozen=True):
    """One criterion: how much it has looked at, and what it found.

    A criterion that had nothing to look at has not been met: that is a violation, too.
    """

    criterion: str
    looked_at: int
    violations: list[str]

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.violations

    def __str__(self) -> str:
        """One line, and the first violations."""
        if self.holds:
            return f"{self.criterion}: holds ({self.looked_at} looked at)"
        more = [f"… and {len(self.violations) - SHOWN} more"] if len(self.violations) > SHOWN else []
        return "\n    ".join([f"{self.criterion}: {len(self.violations)} violations", *self.violations[:SHOWN], *more])


class Seen:
    """What was collected, read once for all criteria."""

    def __init__(self, collected: Collected) -> None:
        """Read it."""
        self.collected = collected
        self.history = collected.history
        self.attempts = reading.attempts(collected.history)
        facts = [record for service in topics.SERVICES for record in collected.of_topic(topics.facts(service))]
        asked = [record for service in topics.SERVICES for record in collected.of_topic(topics.commands(service))]
        self.facts, self.outcomes, self.asked = reading.told(facts), reading.heard(facts), reading.asked(asked)
        self.entries = reading.by_command(collected.inbox)
        self.inbox = {command_id: found[0] for command_id, found in self.entries.items() if found[0].outcome}
        self.public = {
            topic.removeprefix("public."): ledger.public_items(collected.of_topic(topic)) for topic in topics.PUBLIC
        }
        self.documents: dict[str, commands.Document] = {
            document.id: document
            for kind in (collected.needs, collected.pledges, collected.events, collected.registrations)
            for document in kind
        }

    def count(self, kind: str) -> int:
        """How many lines of a kind the history has."""
        return sum(line["kind"] == kind for line in self.history)


def judge(collected: Collected) -> list[Verdict]:
    """Every criterion, in order; C8 (what reached a sink) waits for a sink."""
    seen = Seen(collected)
    return [
        _verdict("C1", sum(one.is_decided for one in seen.attempts), _c1(seen)),
        _verdict("C2", len(seen.facts), _c2(seen)),
        _verdict("C3", len(collected.needs), _c3(seen)),
        _verdict("C4", len(seen.facts), _c4(seen)),
        _verdict("C5", len(seen.facts), _c5(seen)),
        _verdict("C6", seen.count("view") + seen.count("sse"), _c6(seen)),
        _verdict("C7", seen.count("read"), order.c7_own_writes_are_read(seen.history, seen.attempts, seen.inbox)),
        _verdict("C9", seen.count("probe"), _c9(seen)),
        _verdict("C10", len(collected.processes), _c10(seen)),
        _verdict("C11", len(seen.attempts), _c11(seen)),
        _verdict("C12", sum(bool(process.log) for process in collected.processes), _c12(seen)),
    ]


def judge_fault(name: str, collected: Collected) -> Verdict:
    """What the fault of that name should have shown besides; a run of one fault."""
    seen = Seen(collected)
    return _verdict(name, sum(line["kind"] == "fault" for line in seen.history), _expected(name, seen))


def _verdict(criterion: str, looked_at: int, violations: Iterable[str]) -> Verdict:
    found = list(violations)
    return Verdict(criterion, looked_at, found if looked_at else [*found, "there was nothing to look at"])


def _c1(seen: Seen) -> list[str]:
    return [
        *commands.c1_stored_as_answered(seen.attempts, seen.inbox),
        *commands.c1_effects_stand(seen.facts, seen.documents),
        *commands.c1_follow_ups_are_asked(seen.inbox, seen.asked),
        *commands.c1_nothing_is_passed_over(seen.inbox, seen.asked),
        *commands.c1_no_answer_is_owed(seen.entries),
    ]


def _c2(seen: Seen) -> list[str]:
    return [
        *commands.c2_decided_once(seen.entries),
        *commands.c2_facts_are_those_of_the_inbox(seen.facts, seen.inbox),
    ]


def _c3(seen: Seen) -> list[str]:
    collected = seen.collected
    return [
        *ledger.c3_ledger_balances(collected.needs, collected.pledges),
        *ledger.c3_ledger_balances(collected.needs, ledger.pledges_in(seen.facts)),
        *ledger.c3_places_balance(collected.events, collected.registrations),
        *ledger.c3_views_agree([*collected.needs, *collected.events], collected.views),
        *ledger.c3_public_agrees(collected.needs, seen.public["pledges"]),
        *ledger.c3_followers_agree(collected.needs, seen.history),
    ]


def _c4(seen: Seen) -> list[str]:
    collected = seen.collected
    return [
        *ledger.c4_never_too_much(seen.facts),
        *ledger.c4_none_turned_away_in_vain(seen.inbox, seen.asked, seen.facts),
        *ledger.c4_full_means_full(seen.inbox, seen.asked, seen.facts),
        *ledger.c4_nobody_waits_in_vain(collected.events, collected.registrations),
    ]


def _c5(seen: Seen) -> list[str]:
    return [*order.c5_versions_in_order(seen.facts), *order.c5_real_time_order(seen.attempts, seen.inbox)]


def _c6(seen: Seen) -> list[str]:
    return [
        *order.c6_views_never_go_back(seen.history),
        *order.c6_followers_miss_nothing(seen.history),
        *order.c6_followers_saw_the_log(seen.history, seen.public),
        *(found for log in seen.public.values() for found in order.c6_public_log_only_rises(log)),
    ]


def _c9(seen: Seen) -> list[str]:
    return [
        *life.c9_fresh_commands_get_through(seen.history),
        *life.c9_no_partition_stands_still(seen.history),
        *life.c9_all_caught_up(seen.collected.lags),
        *life.c9_nothing_died_by_itself(seen.collected.processes),
        *life.c9_all_well_in_the_end(seen.history),
    ]


def _c10(seen: Seen) -> list[str]:
    processes = seen.collected.processes
    return [
        *life.c10_nothing_grew(processes),
        *life.c10_nobody_is_left_waiting(processes),
        *life.c10_inbox_holds_each_command_once(seen.collected.inbox, seen.asked),
    ]


def _c11(seen: Seen) -> list[str]:
    return [
        *commands.c11_answers_agree(seen.outcomes, seen.inbox),
        *commands.c11_no_means_no(seen.attempts, seen.inbox),
        *commands.c11_accepted_means_appended(seen.attempts, seen.asked),
        *commands.c11_operations_agree(commands.operations(seen.history), seen.inbox),
    ]


def _c12(seen: Seen) -> list[str]:
    return life.c12_logs_are_clean({process.name: process.log for process in seen.collected.processes})


def _expected(name: str, seen: Seen) -> list[str]:
    processes = seen.collected.processes
    match name:
        case "F1":
            return [
                *expected.only_503(seen.attempts),
                *expected.answered_in_time(seen.attempts),
                *life.c9_illness_shows(seen.history, ("kafka", "mongo", "redis")),
            ]
        case "F2" | "F12":
            return [*expected.only_503(seen.attempts), *expected.answered_in_time(seen.attempts)]
        case "F6":
            return [
                *expected.no_client_noticed(seen.attempts),
                *expected.nothing_was_redelivered(seen.facts, seen.outcomes),
                *expected.ended_in_peace(processes, seen.history),
            ]
        case "F10":
            return _poison(seen)
        case _:
            return expected.only_503(seen.attempts)


def _poison(seen: Seen) -> list[str]:
    begins = [line["t"] for line in seen.history if line["kind"] == "fault" and line["phase"] == "begin"]
    poisoned = [(line["topic"], line["partition"], line["offset"]) for line in seen.history if line["kind"] == "poison"]
    letters = [record for record in seen.collected.records if record.topic.endswith(".dead-letters")]
    none = [] if poisoned else ["no record was poisoned"]
    held_up = expected.neighbours_were_not_held_up(seen.attempts, min(begins)) if begins else []
    return [*none, *expected.only_503(seen.attempts), *expected.one_letter_each(letters, poisoned), *held_up]
