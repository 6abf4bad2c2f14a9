"""How a command ended, as its caller reads it: the answer to the write, and the operation. Pure.

A repeat reads the same as the first answer, byte for byte: all that stands here comes from the outcome record.
"""

from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec
from msgspec import Raw, Struct

from services.gateway import problems
from services.gateway.problems import Answer, Flaw
from services.gateway.ready import etag_of
from shared import tracing
from shared.contracts.message import Envelope, Message, open_envelope
from shared.contracts.outcomes import NO_BODY, OUTCOMES, CommandFailed, CommandRefused, CommandSucceeded, Touched

_VIEWS: Final = frozenset({"event", "need", "commitment"})
"""What everybody reads as the same bytes as the answer to the write."""
_JSON: Final = b"application/json"
_REPLAYED: Final = (b"idempotency-replayed", b"true")
_RETRY_AFTER_S: Final = 1

OperationStatus = Literal["pending", "succeeded", "refused", "failed"]


class Named(Struct, frozen=True):
    """What a command was about, and where to read it."""

    kind: str
    id: str
    url: str


class Operation(Struct, frozen=True):
    """A command on its way, or how it ended; `problem` is what its caller was or would have been answered."""

    id: str
    status: OperationStatus
    resource: Named | None
    problem: dict[str, Any] | None
    submitted_at: str | None
    decided_at: str | None


class Decided(Struct, frozen=True):
    """An outcome record, read.

    `replayed`: an earlier request had brought it about; `mismatch`: the key was used for another body, whose
    operation is none of this request's.
    """

    envelope: Envelope
    outcome: CommandSucceeded | CommandRefused | CommandFailed
    replayed: bool = False
    mismatch: bool = False

    @property
    def touched(self) -> tuple[Touched, ...]:
        """The streams that it changed or looked at, with their versions."""
        return () if isinstance(self.outcome, CommandFailed) else self.outcome.touched


def read(value: bytes, *, replayed: bool = False, mismatch: bool = False) -> Decided:
    """Read an outcome record; raises `Malformed`, which no record of our own services is."""
    envelope = open_envelope(value)
    owner = envelope.source.rpartition("/")[2]
    message: Message = OUTCOMES[owner].decode(envelope)
    if not isinstance(message, CommandSucceeded | CommandRefused | CommandFailed):
        raise TypeError(envelope.type)
    return Decided(envelope, message, replayed, mismatch)


def url_of(kind: str, name: str) -> str:
    """Where to read a thing: a partner below its campaign, one's own in a list, a follow as what it follows."""
    match kind:
        case "partner":
            return f"/v1/campaigns/{name.partition('.')[0]}/partners/{name}"
        case "story":
            return f"/v1/stories/{name}"
        case "shift":
            return f"/v1/events/{name.partition('.')[0]}/shifts/{name}"
        case "assignment":
            return "/v1/me/shifts"
        case "clearance":
            return f"/v1/campaigns/{name.partition('.')[0]}/clearances"
        case "slot" | "booking":
            return f"/v1/events/{name.partition('.')[0]}/slots"
        case "import":
            return f"/v1/events/{name}/registrations"
        case "programme":
            return f"/v1/events/{name}/programme"
        case "registration" | "notification":
            return f"/v1/me/{kind}s"
        case "follow":
            return url_of(*name.split("/", 1))
        case _:
            return f"/v1/{kind}s/{name}"


def operation_url(operation: str) -> str:
    """Where to read an operation."""
    return f"/v1/operations/{operation}"


def answer(
    decided: Decided, operation: Callable[[], str], echo: Callable[[dict[str, Any]], dict[str, Any]] | None = None
) -> Answer:
    """Answer the write. `operation` makes its id, which a success does not tell.

    `echo` is given the answer's members and tells those to add: what the caller sent and no message holds.
    """
    marks = [_REPLAYED] if decided.replayed else []
    match decided.outcome:
        case CommandSucceeded() as done:
            body = _with(done.body, echo)
            if done.resource.kind in _VIEWS and body == bytes(done.body):
                marks.append((b"etag", etag_of(body)))
            head = [
                (b"content-type", _JSON),
                (b"content-length", b"%d" % len(body)),
                (b"cache-control", b"no-store"),
                (b"location", url_of(done.resource.kind, done.resource.id).encode()),
                *marks,
            ]
            return Answer(done.status, head, body)
        case CommandRefused() | CommandFailed():
            return problems.answer(_problem(decided, operation()), marks)


def pending(operation: str, submitted_at: str) -> Answer:
    """202: appended, not decided yet."""
    body = msgspec.json.encode(Operation(operation, "pending", None, None, submitted_at, None))
    head = [
        (b"content-type", _JSON),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"location", operation_url(operation).encode()),
        (b"retry-after", b"%d" % _RETRY_AFTER_S),
    ]
    return Answer(202, head, body)


def unknown(operation: str, trace_id: str) -> Answer:
    """503: the log did not say whether it took the command."""
    return problems.answer(
        problems.document(
            "unavailable",
            "The command may or may not have been taken. Repeat it with the same Idempotency-Key.",
            instance=operation_url(operation),
            trace_id=trace_id,
        )
    )


def described(decided: Decided, operation: str) -> Operation:
    """The operation of a decided command."""
    outcome = decided.outcome
    match outcome:
        case CommandSucceeded(resource=about):
            named = Named(about.kind, about.id, url_of(about.kind, about.id))
            return Operation(operation, "succeeded", named, None, outcome.submitted_at, outcome.decided_at)
        case CommandRefused() | CommandFailed():
            status: OperationStatus = "refused" if isinstance(outcome, CommandRefused) else "failed"
            problem = _problem(decided, operation)
            return Operation(operation, status, None, problem, outcome.submitted_at, outcome.decided_at)


def _problem(decided: Decided, operation: str) -> dict[str, Any]:
    """The problem document of a refusal or failure; its trace is that of the request that was decided."""
    trace_id = tracing.trace_id(decided.envelope.traceparent) if decided.envelope.traceparent else None
    instance = None if decided.mismatch else operation_url(operation)
    match decided.outcome:
        case CommandRefused(problem=slug, status=status, figures=figures, errors=errors):
            flaws = [Flaw(pointer, detail) for pointer, detail in errors]
            return problems.document(
                slug,
                errors=flaws,
                instance=instance,
                trace_id=trace_id,
                members=figures,
                status=status,
            )
        case _:
            return problems.document("command-failed", instance=instance, trace_id=trace_id)


def _with(body: Raw, echo: Callable[[dict[str, Any]], dict[str, Any]] | None) -> bytes:
    if body == NO_BODY:
        return b"{}"
    if echo is None:
        return bytes(body)
    members: dict[str, Any] = msgspec.json.decode(body)
    added = echo(members)
    return msgspec.json.encode(members | added) if added else bytes(body)
