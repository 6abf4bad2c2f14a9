"""One seeded run: clients, two replicas and a reader of the facts, until all is quiet; then the checker."""

import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec

from services.pledges import need as rules
from services.pledges.ledger import Need
from services.pledges.policy import CampaignCopy
from shared.contracts import outcomes, pledges, topics
from shared.contracts.message import Command
from shared.ports import Ask, Outgoing, Record
from shared.processor import Processor
from tests.chaos.checker import commands, ledger, order, reading
from tests.simulation.log import Log
from tests.simulation.service import MemoryStore, Quiet, Replica, command_record
from tests.simulation.world import World, pause

Mutant = Literal["none", "inbox off", "publish before commit", "version guard off", "commit first", "unguarded counter"]

NEEDS: Final = ("need_soup", "need_bikes", "need_parcels")
CAMPAIGN: Final = CampaignCopy("campaign_a", 3, "live", ("org",))
MOST_STEPS: Final = 40_000


class PledgeDocuments:
    """Needs with all their pledges, as one value each."""

    def __init__(self) -> None:
        """Begin with none."""
        self.needs: dict[str, Need] = {}

    def load(self, asks: Sequence[Ask]) -> dict[str, Any]:
        """State of the needs that the commands name."""
        return {ask.stream: self.needs.get(ask.stream, Need(ask.stream, campaign=CAMPAIGN)) for ask in asks}

    def clash(self, before: dict[str, Any], after: dict[str, Any]) -> bool:
        """Whether a changed need is not at the version it was loaded with."""
        return any(
            rules.version(self.needs.get(stream, Need(stream))) != rules.version(before[stream])
            for stream, need in after.items()
            if need is not before[stream]
        )

    def keep(self, after: dict[str, Any]) -> None:
        """Replace the needs."""
        self.needs.update(after)


class Publishing(Replica):
    """The mutant that tells before it has stored: it decides, publishes, and decides again to store."""

    async def _take(self, batch: list[Record]) -> None:
        store = self.processor.store
        loaded = await store.load([self.processor._read(record) for record in batch])
        state = dict(loaded)
        for record in batch:
            ask = self.processor._read(record)
            entry, state[ask.stream] = self.processor._fold(state[ask.stream], ask)
            for fact in entry.facts:
                self.log.append(Outgoing(topics.facts("pledges"), record.partition, record.key, fact))
                await pause("between_facts")
        await super()._take(batch)


class Client:
    """A person who asks, retries with the same key, and remembers what was answered."""

    def __init__(self, number: int, run: "Run") -> None:
        """Wire it."""
        self.person = f"person{number}"
        self.run = run
        self.pledges: list[tuple[str, str]] = []

    async def act(self, many: int) -> None:
        """Do a number of things, one after the other."""
        for turn in range(many):
            command_id = f"{self.person}-{turn}"
            command, person = self._choose(command_id)
            await self.ask(command_id, command, person)

    async def ask(self, command_id: str, command: Command, person: str) -> None:
        """Send a command until its outcome is known."""
        world, run = self.run.world, self.run
        value = self._value(command_id, command, person, "f")
        run.asked.add(command_id)
        run.append(command, value, command_id)
        if world.strikes("duplicate_append", 0.1):
            run.append(command, value, command_id)
        if world.chance.random() < 0.03:  # same key, other body
            run.append(command, self._value(command_id, command, person, "other"), command_id)
        waited = 0
        while command_id not in run.heard:
            await pause("waits")
            waited += 1
            if waited % 60 == 0 or world.strikes("late_ack", 0.002):
                run.append(command, value, command_id)
        run.answers[command_id] = run.heard[command_id]

    def _value(self, command_id: str, command: Command, person: str, fingerprint: str) -> bytes:
        return pledges.COMMANDS.wrap(
            command,
            id=command_id,
            subject=command.stream,
            time="2026-01-01T00:00:00.000Z",
            principal=f"{person} resident",
            fingerprint=fingerprint,
        )

    def _choose(self, command_id: str) -> tuple[Command, str]:
        chance = self.run.world.chance
        need = chance.choice(NEEDS)
        if not self.pledges or chance.random() < 0.45:
            pledge = f"{need}.{command_id}"
            self.pledges.append((need, pledge))
            hold = chance.choice([None, None, 1])
            return pledges.MakePledge(need, pledge, chance.randint(1, 4), hold), self.person
        need, pledge = chance.choice(self.pledges)
        return chance.choice(
            [
                (pledges.ConfirmPledge(need, pledge), self.person),
                (pledges.ChangePledge(need, pledge, chance.randint(1, 5)), self.person),
                (pledges.WithdrawPledge(need, pledge), self.person),
                (pledges.DeliverPledge(need, pledge, chance.randint(1, 2)), "org"),
                (pledges.DeliverPledge(need, pledge, 1), self.person),
                (pledges.AcceptDelivery(need, pledge, 1), "org"),
                (pledges.CorrectDelivery(need, pledge, 1, chance.randint(1, 2), "counted twice"), "org"),
                (pledges.ReleasePledge(need, pledge, "no longer needed"), "org"),
            ]
        )


class Run:
    """A world with a log, a service of two replicas, and clients."""

    def __init__(self, seed: int, mutant: Mutant = "none") -> None:
        """Set the stage; nothing moves yet."""
        self.world = World(seed)
        self.log = Log(partitions=2, owner={0: 0, 1: 1})
        self.documents = PledgeDocuments()
        self.store = MemoryStore(self.world, self.documents, inbox=mutant != "inbox off")
        self.mutant = mutant
        self.asked: set[str] = set()
        self.answers: dict[str, bytes] = {}
        self.heard: dict[str, bytes] = {}
        self.watched = 0

    def append(self, command: Command, value: bytes, request: str) -> None:
        """Append a command."""
        self.log.append(command_record(value, "pledges", command.stream, request))

    def replica(self, number: int) -> Replica:
        """A fresh process of the service."""
        processor: Processor[Need] = Processor(
            "pledges",
            pledges.COMMANDS,
            pledges.FACTS,
            rules,
            self.store,
            Quiet(),
            clock=time.perf_counter,
        )
        kind = Publishing if self.mutant == "publish before commit" else Replica
        return kind(number, self.world, self.log, processor, commit_first=self.mutant == "commit first")

    def play(self) -> list[str]:
        """Run to the end and return the violations."""
        world = self.world
        world.start("opener", self._open())
        for number in (0, 1):
            world.start(f"replica{number}", self.replica(number).run())
        for number in range(3):
            world.start(f"client{number}", Client(number, self).act(6))
        for _ in range(MOST_STEPS):
            self._nemesis()
            world.step()
            self._listen()
            if not self._busy():
                break
            if len(self.answers) > 16:
                world.faults = False
        else:
            return ["never quiet"]
        return self.violations()

    def _busy(self) -> bool:
        talking = any(self.world.alive(name) for name in ("opener", "client0", "client1", "client2"))
        working = any(self.world.at(f"replica{number}") != "idle" for number in (0, 1))
        return talking or working or self.log.behind(topics.commands("pledges")) > 0

    async def _open(self) -> None:
        opener = Client(9, self)
        for number, need in enumerate(NEEDS):
            limit: pledges.Limit = "soft" if number == 2 else "hard"
            command = pledges.OpenNeed(need, CAMPAIGN.id, "Help", "meal", 5 + number, "meals", limit=limit)
            await opener.ask(f"open-{number}", command, "org")

    def _nemesis(self) -> None:
        """Kill, and move partitions, with or without waiting for the batch at hand; let holds run out."""
        world = self.world
        if not world.faults:
            return
        if world.chance.random() < 0.004:
            self.log.clock_ms += 61_000
        number = world.chance.randint(0, 1)
        name = f"replica{number}"
        point = world.at(name)
        if point not in {"idle", "start"} and world.chance.random() < 0.01:
            world.struck[point] += 1
            world.start(name, self.replica(number).run())
        if world.chance.random() < 0.01:
            busy = world.at(name) not in {"idle", "start"}
            if busy:
                world.struck["revoke_in_handler"] += 1
            for partition in self.log.owner:
                self.log.owner[partition] = world.chance.randint(0, 1)

    def _listen(self) -> None:
        """Hear outcomes as the gateway does: the first one of a command is its answer."""
        for part in self.log.topics.get(topics.facts("pledges"), []):
            for record in part[-3:]:
                if b"Command" not in (record.value or b""):
                    continue
                headers = dict(record.headers)
                request = (headers.get("request") or b"").decode()
                if record.value and outcomes.MISMATCH not in headers and request:
                    self.heard.setdefault(request, record.value)

    def violations(self) -> list[str]:
        """Everything the checker has to say."""
        records = self.log.all(topics.facts("pledges"))
        facts, asked = reading.told(records), reading.asked(self.log.all(topics.commands("pledges")))
        needs = [need.state for need in self.documents.needs.values() if need.state]
        made = [pledge for need in self.documents.needs.values() for pledge in need.pledges.values()]
        documents: dict[str, commands.Document] = {need.id: need for need in needs}
        documents |= {pledge.id: pledge for pledge in made}
        inbox = self.store.inbox
        found = [
            *commands.c1_stored_as_heard(self.answers, inbox),
            *commands.c1_effects_stand(facts, documents),
            *commands.c1_nothing_is_passed_over(inbox, asked),
            *commands.c2_facts_are_those_of_the_inbox(facts, inbox),
            *ledger.c3_ledger_balances(needs, made),
            *ledger.c4_never_too_much(facts),
            *ledger.c4_none_turned_away_in_vain(inbox, asked, facts),
            *order.c5_versions_in_order(facts),
            *commands.c11_answers_agree(reading.heard(records), inbox),
            *self._views_differ(facts, needs),
        ]
        if self.store.applied != len(self.store.inbox):
            found.append(f"{self.store.applied} effects for {len(self.store.inbox)} commands")
        return found

    def _views_differ(self, facts: Sequence[reading.Told], needs: Sequence[pledges.NeedState]) -> list[str]:
        """C3, C6: a reader that keeps the highest version ends where the store is, whatever comes doubly or late."""
        views: dict[str, pledges.NeedState] = {}
        counted: Counter[str] = Counter()
        late = [*facts, *self.world.chance.sample(facts, len(facts) // 10)]
        self.world.chance.shuffle(late)
        for _, _, fact in late:
            if not isinstance(fact, pledges.OnNeed):
                continue
            view = views.get(fact.need.id)
            if self.mutant == "version guard off" or view is None or fact.need.version > view.version:
                views[fact.need.id] = fact.need
            if isinstance(fact, pledges.PledgeDelivered):
                counted[fact.need.id] += fact.delivery.quantity
            elif isinstance(fact, pledges.DeliveryCorrected) and fact.delivery.status == "confirmed":
                counted[fact.need.id] += fact.delivery.quantity - fact.delivery.corrections[-1].before
        if self.mutant == "unguarded counter":
            views = {name: msgspec.structs.replace(view, delivered=counted[name]) for name, view in views.items()}
        return [f"{need.id}: the view differs" for need in needs if views.get(need.id) != need]
