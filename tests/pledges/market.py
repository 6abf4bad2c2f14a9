"""The pledges service over a log in memory: the real processor and rules, killed wherever a test wants."""

import time
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from services.pledges import rules
from services.pledges.ledger import Candidate, Need
from services.pledges.offer import Offer, matched
from services.pledges.policy import CampaignCopy
from services.pledges.rules import State
from shared import instants
from shared.contracts import outcomes, pledges, topics
from shared.contracts.message import Command, open_envelope
from shared.ports import Ask, Outgoing
from shared.processor import Processor
from tests.pledges.given import CAMPAIGN
from tests.simulation.log import Log
from tests.simulation.service import MemoryStore, Quiet, Replica
from tests.simulation.world import World


class Documents:
    """Needs with all their pledges, and offers, each as one value."""

    def __init__(self, campaign: CampaignCopy) -> None:
        """Begin with none."""
        self.campaign = campaign
        self.states: dict[str, State] = {}

    def load(self, asks: Sequence[Ask]) -> dict[str, Any]:
        """State of the streams that the commands name."""
        found = {ask.stream: self.states.get(ask.stream) or self._fresh(ask) for ask in asks}
        for ask in asks:
            state = found[ask.stream]
            if isinstance(ask.command, pledges.AskAround | pledges.NextWave) and isinstance(state, Need):
                found[ask.stream] = replace(state, candidates=self._fitting(state))
        return found

    def _fitting(self, asking: Need) -> tuple[Candidate, ...]:
        """What the real store finds."""
        offers = [one.state for one in self.states.values() if isinstance(one, Offer) and one.state]
        asked: dict[str, str] = {}
        for one in offers:
            asked[one.donor] = max(one.asked_at, asked.get(one.donor, ""))
        known = {pledge.offer_id for pledge in asking.pledges.values()}
        return tuple(
            Candidate(one.id, one.donor, one.left, asked[one.donor])
            for one in sorted(offers, key=lambda one: (one.asked_at, one.id))
            if one.status == "offered" and one.id not in known
        )

    def _fresh(self, ask: Ask) -> State:
        kind = Offer if isinstance(ask.command, pledges.OfOffer) else Need
        return kind(ask.stream, campaign=self.campaign)

    def clash(self, before: dict[str, Any], after: dict[str, Any]) -> bool:
        """Whether a changed stream has moved."""
        moved = [stream for stream, state in after.items() if state is not before[stream]]
        known = {stream: self.states.get(stream, Need(stream)) for stream in moved}
        return any(rules.version(known[stream]) != rules.version(before[stream]) for stream in moved)

    def keep(self, after: dict[str, Any]) -> None:
        """Take the new ones."""
        plain = {name: replace(one, candidates=()) if isinstance(one, Need) else one for name, one in after.items()}
        self.states.update(plain)


class Market:
    """One replica of the service, its log, and who asks."""

    def __init__(self, seed: int = 0, campaign: CampaignCopy = CAMPAIGN) -> None:
        """Begin with an empty log and no faults but deaths."""
        self.world = World(seed)
        self.world.faults = False
        self.log = Log(partitions=3, owner=dict.fromkeys(range(3), 0))
        self.documents = Documents(campaign)
        self.store = MemoryStore(self.world, self.documents)
        self.quiet = Quiet()
        self._asked = 0
        self._fired: set[str] = set()
        self.start()

    def start(self) -> None:
        """A new process, in the place of the old one if there was one."""
        processor: Processor[State] = Processor(
            "pledges", pledges.COMMANDS, pledges.FACTS, rules, self.store, self.quiet, clock=time.perf_counter
        )
        self.world.start("replica", Replica(0, self.world, self.log, processor).run())

    def ask(self, person: str, command: Command, *, name: str = "", roles: str = "resident") -> str:
        """Append a command; return its id."""
        self._asked += 1
        name = name or f"c{self._asked}"
        value = pledges.COMMANDS.wrap(
            command,
            id=name,
            subject=command.stream,
            time="2026-01-01T00:00:00.000Z",
            principal=f"{person} {roles}",
            fingerprint="f",
            correlationid=name,
        )
        headers = ((outcomes.WAKE, b"replica"), (outcomes.REQUEST, name.encode()))
        self.log.append(Outgoing(topics.commands("pledges"), None, command.stream.encode(), value, headers))
        return name

    def run(self, dies_at: Sequence[int] = ()) -> int:
        """Let it work until all is done, killed at these steps; return how many there were."""
        for step in range(1, 100_000):
            if self.quiescent():
                return step
            if step in dies_at:
                self.start()
            self.world.step()
        raise AssertionError("never quiet")

    def quiescent(self) -> bool:
        """Whether everything that was asked is decided and told."""
        return self.world.at("replica") == "idle" and not self.log.behind(topics.commands("pledges"))

    def did(self, person: str, command: Command, **fields: Any) -> outcomes.Outcome:  # noqa: ANN401 -- as `ask`
        """Ask, work, and read the answer."""
        name = self.ask(person, command, **fields)
        self.run()
        return self.answer(name)

    def answer(self, name: str) -> outcomes.Outcome:
        """How a command ended: every time it was told, the same."""
        told = {record.value for record in self.log.all(topics.facts("pledges")) if _answers(record.value, name)}
        [value] = told
        assert value == self.store.inbox[name].outcome
        outcome = outcomes.OUTCOMES["pledges"].decode(open_envelope(value))
        assert isinstance(outcome, outcomes.CommandSucceeded | outcomes.CommandRefused | outcomes.CommandFailed)
        return outcome

    def wait(self, minutes: int) -> None:
        """Let time pass, and append what falls due, some of it twice."""
        self.log.clock_ms += minutes * 60_000
        now = instants.from_ms(self.log.clock_ms)
        due = [plan for entry in self.store.inbox.values() for plan in entry.due if plan.at <= now]
        for plan in due:
            if plan.id not in self._fired:
                for _ in range(self.world.chance.choice([1, 1, 2])):
                    self.log.append(Outgoing(topics.commands("pledges"), None, plan.stream.encode(), plan.value))
                self._fired.add(plan.id)
        for state in list(self.documents.states.values()):
            for until, pledge in state.holds if isinstance(state, Need) else ():
                if until <= now:
                    self.ask("pledges", pledges.ExpireHold(state.id, pledge, until), roles="system")

    def need(self, name: str = "need_n") -> Need:
        """A need as it stands."""
        found = self.documents.states[name]
        assert isinstance(found, Need)
        return found

    def offer(self, name: str = "offer_o") -> pledges.OfferState:
        """An offer as it stands."""
        found = self.documents.states[name]
        assert isinstance(found, Offer)
        assert found.state is not None
        return found.state

    def check(self) -> None:
        """What always holds, when all is quiet: nothing lost, nothing doubled, nobody waits for an answer."""
        for state in self.documents.states.values():
            match state:
                case Need(state=after) if after is not None:
                    assert after.quantity + after.over == after.uncommitted + after.held + after.pledged
                    assert after.delivered <= after.pledged
                case Offer(state=offer) if offer is not None:
                    assert offer.quantity == offer.left + offer.withdrawn + matched(offer)
                    assert offer.left >= 0
                    assert all(match.settled for match in offer.matched)
                case _:
                    pass
        assert all(entry.outcome for entry in self.store.inbox.values())
        assert self.quiet.dead == []


def _answers(value: bytes | None, name: str) -> bool:
    envelope = open_envelope(value)
    return envelope.causationid == name and envelope.type in outcomes.OUTCOME_TYPES
