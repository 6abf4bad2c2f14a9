"""The path of a write: who asks, what for, as a command into the log; its outcome, or 202, back.

201 and 202 follow an acknowledged append only. Whether a write behind a 503 took effect is unknown; repeating it
with the same Idempotency-Key finds out.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar

import msgspec
from msgspec import Struct
from pydantic import BaseModel

from services.gateway import bodies, idempotency, outcome, parameters
from services.gateway.identity import Identity, Principal
from services.gateway.operations import Operations
from services.gateway.outcome import Decided
from services.gateway.problems import Answer, ProblemError
from services.gateway.table import Exchange, Parameter, Route
from services.gateway.waiters import Woken
from shared import instants, logs
from shared.contracts import commitments, pledges, topics
from shared.contracts.catalogue import COMMANDS
from shared.contracts.message import Command
from shared.contracts.outcomes import REQUEST, WAKE, Touched
from shared.ports import Outgoing, Trouble

log = logs.logger(__name__)

B = TypeVar("B", bound=BaseModel)

EVERYBODY: Final[frozenset[str]] = frozenset()


class Log(Protocol):
    """Takes commands: `shared.kafka.Appender`."""

    async def append_soon(self, record: Outgoing) -> "asyncio.Future[None]":
        """Take a record; what is returned fails with `Trouble` if its append is not acknowledged. So may this."""
        ...


class Waiting(Protocol):
    """Hands out outcomes: `waiters.Waiters`."""

    @property
    def channel(self) -> str:
        """Where this replica is woken."""
        ...

    def expect(self, request_id: str) -> "asyncio.Future[Woken | None]":
        """Await the outcome of a request; None if this replica is shutting down."""
        ...

    def forget(self, request_id: str) -> None:
        """Await it no longer."""
        ...


class Known(Protocol):
    """What this replica has shown of streams: `memory.Memory`."""

    def version(self, stream: str) -> int:
        """The newest version that may have been seen here; 0 if unknown."""
        ...

    def seen_for(self, stream: str) -> str:
        """`<campaign>:<version>` that who looks at something of a campaign may have seen; empty if unknown."""
        ...


class Served(Protocol):
    """What this replica serves: `versions.Versions`."""

    async def look(self, command_id: str) -> bytes | None:
        """Outcome record of a command, once, if all it tells is served; None if not. Raises `Trouble`."""
        ...

    async def reached(self, touched: Iterable[Touched], wait: float) -> bool:
        """Wait, so many seconds, until what an outcome touched is served; False if it is not by then."""
        ...


class Wish(NamedTuple, Generic[B]):
    """What a request asks for, checked for its form: ids of the path in order, the body, the revision of If-Match."""

    command_id: str
    person: str
    ids: tuple[str, ...]
    body: B
    revision: int | None = None

    @property
    def id(self) -> str:
        """The first id of the path."""
        return self.ids[0]


Build = Callable[[Wish[Any]], Command]
"""Makes the command of a wish; may raise `ProblemError` for what only several fields together show."""
Echo = Callable[[Any, dict[str, Any]], dict[str, Any]]
"""Adds to the answer what the caller wrote and no message tells: (body, answer) -> members to replace."""


class Write(Struct, frozen=True):
    """A write of the API: the command it makes and the service that decides. `answers` as in `Route`."""

    method: str
    path: str
    summary: str
    service: str
    body: type[BaseModel]
    command: type[Command]
    build: Build
    answers: Mapping[int, Any]
    tag: str
    roles: frozenset[str] = EVERYBODY
    problems: tuple[str, ...] = ()
    query: tuple[Parameter, ...] = ()
    echo: Echo | None = None


class _Asked(NamedTuple):
    """A command with all that its record tells."""

    service: str
    command: Command
    command_id: str
    caller: Principal
    traceparent: str
    fingerprint: str
    submitted_at: str


class Commands:
    """Answers writes."""

    def __init__(
        self,
        *,
        identity: Identity,
        operations: Operations,
        log: Log,
        waiting: Waiting,
        known: Known,
        served: Served,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Wire the ports; `clock` (seconds since 1970) stamps commands, and decides nothing."""
        self._identity = identity
        self._operations = operations
        self._log = log
        self._waiting = waiting
        self._known = known
        self._served = served
        self._clock = clock

    def route(self, write: Write) -> Route:
        """The write as a route; where nothing has to be said, a body may be left out."""
        names = [known.name for known in write.query]
        lenient = bool(names) or not any(field.is_required() for field in write.body.model_fields.values())

        async def handle(exchange: Exchange) -> Answer | None:
            try:
                return await self._answer(write, exchange, names, lenient=lenient)
            except bodies.Disconnected:
                return None

        return Route(
            method=write.method,
            path=write.path,
            summary=write.summary,
            handle=handle,
            tag=write.tag,
            answers=write.answers,
            roles=write.roles,
            body=write.body,
            query=write.query,
            problems=write.problems,
            command=write.command.__name__,
        )

    async def _answer(self, write: Write, exchange: Exchange, names: Sequence[str], *, lenient: bool) -> Answer:
        headers, path = exchange.headers, exchange.scope["path"]
        caller = await self._identity.require(headers)
        if write.roles and write.roles.isdisjoint(caller.roles):
            raise ProblemError("forbidden")
        key = parameters.idempotency_key(headers)
        wait = parameters.prefer(headers)
        revision = parameters.if_match(headers)
        query = parameters.query(exchange.scope["query_string"], names)
        if lenient and _is_bodiless(headers):
            raw = msgspec.json.encode({name: said for name in names if (said := query.one(name)) is not None})
        else:
            raw = await bodies.read_body(exchange.scope, exchange.receive)
        body = bodies.parse(raw, write.body)
        command_id = idempotency.command_id(caller.issuer, caller.subject, write.method, path, key)
        command = write.build(Wish(command_id, caller.person, exchange.ids, body, revision))
        submitted_at = self._now()
        fingerprint = idempotency.fingerprint(write.method, path, query.canonical(), raw)
        asked = _Asked(write.service, command, command_id, caller, exchange.traceparent, fingerprint, submitted_at)
        record = self._record(asked)
        operation = partial(self._operations.issue, write.service, command_id, caller.person)
        try:
            decided = await self._decided(record, command_id, submitted_at, wait)
        except Trouble as trouble:
            log.warning("command not appended", reason=str(trouble), command_id=command_id)
            return outcome.unknown(operation(), exchange.trace_id)
        if decided is None:
            return outcome.pending(operation(), submitted_at)
        return outcome.answer(decided, operation, partial(write.echo, body) if write.echo else None)

    async def ask(
        self, service: str, command: Command, command_id: str, caller: Principal, exchange: Exchange, said: bytes
    ) -> Decided | None:
        """Have a command decided that is a part of what a request asks, and in `said` all of that part.

        None if it is not decided in good time; raises `Trouble` if the log does not take it.
        """
        fingerprint = idempotency.fingerprint(exchange.scope["method"], exchange.scope["path"], "", said)
        submitted_at = self._now()
        asked = _Asked(service, command, command_id, caller, exchange.traceparent, fingerprint, submitted_at)
        return await self._decided(self._record(asked), command_id, submitted_at, parameters.LONGEST_WAIT)

    def _now(self) -> str:
        return instants.from_ms(int(self._clock() * 1000))

    def _record(self, asked: _Asked) -> Outgoing:
        command = asked.command
        value = COMMANDS[asked.service].wrap(
            command,
            id=asked.command_id,
            subject=command.stream,
            time=asked.submitted_at,
            correlationid=asked.command_id,
            traceparent=asked.traceparent,
            principal=_principal(asked.caller),
            fingerprint=asked.fingerprint,
            seen=self._seen(command),
        )
        return Outgoing(topics.commands(asked.service), None, command.stream.encode(), value)

    def _seen(self, command: Command) -> str:
        """What the caller may have seen of the campaign, of which the pledges service decides by a copy."""
        match command:
            case (
                pledges.OpenNeed(campaign_id=campaign)
                | pledges.ReportSignal(campaign_id=campaign)
                | pledges.BeginBundle(campaign_id=campaign)
                | pledges.MakeOffer(campaign_id=campaign)
                | commitments.MakeCommitment(campaign_id=campaign)
                | pledges.ProposeBefriending(campaign_id=campaign)
            ):
                version = self._known.version(campaign)
                return f"{campaign}:{version}" if version else ""
            case pledges.OfNeed(need_id=need):
                return self._known.seen_for(need)
            case commitments.OfCommitment(commitment_id=commitment):
                return self._known.seen_for(commitment)
            case _:
                return ""

    async def _decided(self, record: Outgoing, command_id: str, submitted_at: str, wait: float) -> Decided | None:
        """Append, and wait for the outcome; None if there is none in time. Raises `Trouble` of the append."""
        if wait <= 0:
            await (await self._log.append_soon(record))
            return None
        request = secrets.token_hex(8)
        woken = self._waiting.expect(request)
        clock = asyncio.get_running_loop()
        patience = clock.call_later(wait, _settle, woken)
        try:
            wake = self._waiting.channel.encode()
            asked = Outgoing(record.topic, None, record.key, record.value, ((WAKE, wake), (REQUEST, request.encode())))
            acknowledged = await self._log.append_soon(asked)
            # An outcome implies the append, so that is waited for only if it fails, or if there is no outcome.
            acknowledged.add_done_callback(partial(_settle, woken))
            told = await woken
        finally:
            patience.cancel()
            self._waiting.forget(request)
        if told is not None:
            decided = outcome.read(told.value, replayed=told.replayed, mismatch=told.mismatch)
            # It came by one partition; what it tells of streams in others may still be on its way.
            touched = decided.touched
            served = len(touched) <= 1 or await self._served.reached(touched, patience.when() - clock.time())
            return decided if served else None
        await acknowledged
        return await self._looked_up(command_id, submitted_at)

    async def _looked_up(self, command_id: str, submitted_at: str) -> Decided | None:
        """Look at the operation once, in case only the wake-up was lost.

        The outcome of an earlier request under the same key is not taken: ours may have another body, and only
        the service can tell.
        """
        try:
            value = await self._served.look(command_id)
        except Trouble:
            return None
        decided = outcome.read(value) if value else None
        return decided if decided and decided.outcome.submitted_at == submitted_at else None


def _settle(woken: "asyncio.Future[Woken | None]", append: "asyncio.Future[None] | None" = None) -> None:
    """Let go of who waits: when the time is over, or when the append has failed."""
    error = append.exception() if append is not None else None
    if woken.done():
        return
    if error is not None:
        woken.set_exception(error)
    elif append is None:
        woken.set_result(None)


def _is_bodiless(headers: parameters.Headers) -> bool:
    """Whether a request has no body; RFC 9112, section 6: no length and no transfer coding."""
    if parameters.header(headers, b"transfer-encoding") is not None:
        return False
    return parameters.header(headers, b"content-length") in {None, b"0"}


def _principal(caller: Principal) -> str:
    return f"{caller.person} {','.join(sorted(caller.roles))}"
