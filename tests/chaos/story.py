"""A short run in which all promises held: the good example that every bad one is made of.

Pledges are decided by the product's own processor over a store in memory; an event is told by hand.
"""

from collections.abc import Coroutine
from typing import Any, Final, TypeVar

import msgspec

from services.gateway import outcome, public
from services.gateway.idempotency import fingerprint
from services.pledges import need as rules
from shared.contracts import events, outcomes, pledges, topics
from shared.contracts.message import Command, Fact, encode, open_envelope
from shared.contracts.outcomes import CommandSucceeded, Resource, Touched
from shared.ports import Entry, Record
from shared.processor import Processor
from tests.chaos.history import Collected, Death, Line, Process
from tests.simulation.log import Log
from tests.simulation.run import CAMPAIGN, PledgeDocuments
from tests.simulation.service import MemoryStore, Quiet, command_record
from tests.simulation.world import World

T = TypeVar("T")

GATEWAYS: Final = ("http://one", "http://two")
NEED: Final = "need_soup"
PLEDGE: Final = f"{NEED}.p1"
EVENT: Final = "event_fair"
AT: Final = "2030-01-01T00:00:00.000Z"
MAC: Final = "mac"


def now(work: Coroutine[Any, Any, T]) -> T:
    """Let a coroutine of the simulated world run to its end."""
    while True:
        try:
            work.send(None)
        except StopIteration as end:
            value: T = end.value
            return value


class Telling:
    """Writes the history and the log of a run as it goes on."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.log = Log(partitions=1)
        self.documents = PledgeDocuments()
        self.store = MemoryStore(World(0), self.documents)
        self.store.world.faults = False
        self.history: list[Line] = []
        self.entries: dict[str, list[Entry]] = {service: [] for service in topics.SERVICES}
        self.registrations: list[events.RegistrationState] = []
        self.happenings: list[events.EventState] = []
        self._clock = 0.0
        self._public: dict[str, list[str]] = {"events": [], "pledges": []}
        self._processor = Processor(
            "pledges", pledges.COMMANDS, pledges.FACTS, rules, self.store, Quiet(), clock=lambda: 0.0
        )

    def line(self, kind: str, **fields: Any) -> None:  # noqa: ANN401 -- JSON
        """A line of the history, a second after the last."""
        self._clock += 1.0
        self.history.append({"t": self._clock, "wall": 1.8e9 + self._clock, "kind": kind, **fields})

    def ask(
        self, session: str, command_id: str, command: Command, body: dict[str, Any], *, again: bool = False
    ) -> None:
        """A write that is answered at once; `again` repeats an earlier one with its key."""
        op = f"op{len(self.history)}"
        path, sent = "/v1/pledges", encode(body)
        self.line(
            "invoke",
            op=op,
            session=session,
            gateway=GATEWAYS[0],
            key=command_id,
            command=command_id,
            method="POST",
            path=path,
            verb="pledge",
            target=NEED,
            body=body,
        )
        value = pledges.COMMANDS.wrap(
            command,
            id=command_id,
            subject=command.stream,
            time=AT,
            principal=f"{session} resident",
            fingerprint=fingerprint("POST", path, "", sent),
        )
        record = self.log.append(command_record(value, "pledges", command.stream, op))
        answers = now(self._processor.process([record]))
        for each in answers:
            self._tell(self.log.append(each), "pledges")
        self._answer(op, answers[-1].value, again=again)

    def _answer(self, op: str, value: bytes, *, again: bool) -> None:
        decided = outcome.read(value)
        mismatch = getattr(decided.outcome, "problem", "") == "key-reused"
        operation = f"pledges.{decided.outcome.command_id}.{MAC}"
        said = outcome.answer(msgspec.structs.replace(decided, mismatch=mismatch), lambda: operation)
        body = msgspec.json.decode(said.body)
        self.line(
            "answer",
            op=op,
            status=said.status,
            outcome="ok" if said.status < 300 else "fail",
            operation=operation if said.status >= 300 and not mismatch else None,
            problem=body["type"].rpartition("/")[2] if said.status >= 300 else None,
            replayed=again,
            body=body,
        )
        how = outcome.described(decided, operation)
        if not mismatch:
            problem = (how.problem or {}).get("type", "").rpartition("/")[2] or None
            resource = how.resource.id if how.resource else None
            self.line("operation", op=op, operation=operation, status=how.status, problem=problem, resource=resource)

    def happen(self, command_id: str, command: Command, fact: Fact, resource: Resource) -> None:
        """Something of the events service, told by hand."""
        asked = events.COMMANDS.wrap(
            command, id=command_id, subject=fact.stream, time=AT, principal="olu organiser", fingerprint="f"
        )
        record = self.log.append(command_record(asked, "events", fact.stream, "none"))
        done = CommandSucceeded(
            command_id,
            "olu",
            201,
            resource,
            msgspec.Raw(b"{}"),
            (Touched(fact.stream, fact.streamversion),),
            AT,
            AT,
        )
        told = events.FACTS.wrap(
            fact,
            id=f"{command_id}.1",
            subject=fact.stream,
            time=AT,
            causationid=command_id,
            streamversion=fact.streamversion,
        )
        answer = outcomes.OUTCOMES["events"].wrap(
            done, id=f"{command_id}.outcome", subject=fact.stream, time=AT, causationid=command_id
        )
        self.entries["events"].append(
            Entry(command_id, "f", record.partition, record.offset, (fact.stream,), (told,), answer)
        )
        for value in (told, answer):
            self._tell(self.log.append(_of(topics.facts("events"), fact.stream, value)), "events")

    def _tell(self, record: Record, owner: str) -> None:
        """What the public hear of a record, and see at both gateways."""
        envelope = open_envelope(record.value)
        if record.topic != topics.facts(owner) or envelope.type in outcomes.OUTCOME_TYPES:
            return
        event = public.told(envelope, owner)
        if event is None:
            return
        self.log.append(_of(f"public.{owner}", event.stream, event.value))
        seen = self._public[owner]
        seen.append(f"epoch-{len(seen)}-mark")
        data = msgspec.json.decode(open_envelope(event.value).data)
        for client in ("stays", "wanders"):
            self.line(
                "sse",
                client=f"{client}-{owner}",
                name=owner,
                cursor=seen[-1],
                prev=seen[-2] if len(seen) > 1 else None,
                subject=event.stream,
                version=event.version,
                body=next(value for value in data.values() if isinstance(value, dict)),
            )
        for gateway in GATEWAYS:
            kind = event.stream.partition("_")[0]
            where = {"gateway": gateway, "path": f"/v1/{kind}s/{event.stream}", "stream": event.stream}
            self.line("view", **where, status=200, version=event.version)
            named = None if gateway == GATEWAYS[0] else f"{event.stream}:{event.version}"
            told = {"op": "op0", "same": named is None, "min_version": named, "wanted": event.version}
            self.line("read", **where, **told, status=200, version=event.version)


def _of(topic: str, key: str, value: bytes) -> Any:  # noqa: ANN401 -- what a log takes
    record = command_record(value, "pledges", key, "none")
    return msgspec.structs.replace(record, topic=topic, headers=())


def story() -> Collected:
    """Three people pledge, one in vain; somebody repeats a key, somebody reuses one; a party comes to a fair."""
    telling = Telling()
    for name in ("stays", "wanders"):
        for owner in ("events", "pledges"):
            telling.line("sse_state", client=f"{name}-{owner}", gateway=GATEWAYS[0], name=owner, state="connect")
    _pledge(telling)
    _meet(telling)
    telling.line("fault", name="F2", phase="begin", target="pledges-1")
    telling.line("fault", name="F2", phase="heal", target="pledges-1")
    telling.line("probe", gateway=GATEWAYS[0], service="pledges", seconds=1.5, after="F2")
    telling.line("health", process="pledges-1", ready=False)
    telling.line("health", process="pledges-1", ready=True)
    telling.line("lag", group="pledges", places={"pledges.commands/0": [5, 7]})
    telling.line("lag", group="pledges", places={"pledges.commands/0": [7, 7]})
    needs = [need.state for need in telling.documents.needs.values() if need.state]
    things: list[pledges.NeedState | events.EventState] = [*needs, *telling.happenings]
    shown = {each.id: msgspec.to_builtins(each) for each in things}
    return Collected(
        seed=1,
        broker="none",
        history=telling.history,
        records=[record for topic in sorted(telling.log.topics) for record in telling.log.all(topic)],
        inbox={**telling.entries, "pledges": list(telling.store.inbox.values())},
        needs=needs,
        pledges=[pledge for need in telling.documents.needs.values() for pledge in need.pledges.values()],
        events=telling.happenings,
        registrations=telling.registrations,
        deliveries=[],
        notifications=[],
        views={gateway: dict(shown) for gateway in GATEWAYS},
        lags={"pledges": 0},
        processes=[_process("pledges-1", Death(1.0, -9, wanted=True)), _process("gateway-1")],
    )


def _pledge(telling: Telling) -> None:
    opened = pledges.OpenNeed(NEED, CAMPAIGN.id, "Help", "meal", 10, "meals")
    telling.ask("org", "open", opened, {"quantity": 10})
    first = pledges.MakePledge(NEED, PLEDGE, 4)
    telling.ask("ana", "p1", first, {"need_id": NEED, "quantity": 4})
    telling.ask("ana", "p1", first, {"need_id": NEED, "quantity": 4}, again=True)
    telling.ask("bo", "p2", pledges.MakePledge(NEED, f"{NEED}.p2", 5), {"need_id": NEED, "quantity": 5})
    telling.ask("bo", "p2", pledges.MakePledge(NEED, f"{NEED}.p2", 6), {"need_id": NEED, "quantity": 6})
    telling.ask("cy", "p3", pledges.MakePledge(NEED, f"{NEED}.p3", 7), {"need_id": NEED, "quantity": 7})
    telling.ask("ana", "c1", pledges.ChangePledge(NEED, PLEDGE, 3), {"quantity": 3})
    telling.ask("org", "d1", pledges.DeliverPledge(NEED, PLEDGE, 1), {"quantity": 1})


def _meet(telling: Telling) -> None:
    fair = events.EventState(
        id=EVENT,
        version=1,
        revision=1,
        created_at=AT,
        updated_at=AT,
        campaign_id=CAMPAIGN.id,
        title="Fair",
        description=None,
        category="fair",
        starts_at="2035-05-01T10:00",
        ends_at="2035-05-01T12:00",
        timezone="Europe/London",
        starts_at_utc="2035-05-01T09:00:00.000Z",
        ends_at_utc="2035-05-01T11:00:00.000Z",
        venue=None,
        online_url=None,
        visibility="public",
        capacity=5,
        waiting_list=True,
        principles=(),
        languages=(),
        age_min=None,
        age_max=None,
        status="published",
        left=5,
        published_at=AT,
    )
    full = msgspec.structs.replace(fair, version=2, registered=5, left=0)
    waits = msgspec.structs.replace(full, version=3, waiting=2)
    came = events.RegistrationState(f"{EVENT}.r1", 1, AT, AT, EVENT, None, "ana", 5, "registered")
    late = events.RegistrationState(f"{EVENT}.r2", 1, AT, AT, EVENT, None, "bo", 2, "waiting")
    publish = events.PublishEvent(EVENT)
    telling.happen("e1", publish, events.EventPublished(fair), Resource("event", EVENT))
    register = events.Register(EVENT, came.id, 5)
    telling.happen("r1", register, events.RegistrationMade(full, came), Resource("registration", came.id))
    register = events.Register(EVENT, late.id, 2)
    telling.happen("r2", register, events.RegistrationWaitlisted(waits, late), Resource("registration", late.id))
    telling.happenings, telling.registrations = [waits], [came, late]


def _process(name: str, *deaths: Death) -> Process:
    vitals = {"rss": 100e6, "sockets": 20.0, "outcome_waiters": 0.0, "open_streams": 0.0}
    log = '{"event": "ready", "level": "info", "logger": "shared.service"}\n'
    return Process(name, name.partition("-")[0], len(deaths), list(deaths), vitals, dict(vitals), log)
