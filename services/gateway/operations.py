"""Operations: ids that name service and command and prove that their creator got them from here; reading them."""

from collections.abc import Mapping
from typing import Final, Protocol

import msgspec

from services.gateway import outcome, parameters
from services.gateway.identity import Identity
from services.gateway.personal import OK, private
from services.gateway.problems import Answer, ProblemError
from services.gateway.table import Exchange, Route
from shared import keys
from shared.internal_client import Internal, Unavailable
from shared.ports import Trouble

_NOT_FOUND: Final = 404


class Operations:
    """Issues and reads operation ids; every replica that knows the root secret understands them."""

    def __init__(self, secret: str) -> None:
        """Derive the key from the root secret."""
        self._key = keys.derive(secret, "operations")

    def issue(self, service: str, command_id: str, person: str) -> str:
        """The id of a command's operation, readable by its creator alone: `<service>.<command id>.<MAC>`."""
        return f"{service}.{command_id}.{keys.mac(self._key, service, command_id, person)}"

    def read(self, operation_id: str, person: str) -> tuple[str, str] | None:
        """Service and command of an id issued to this person, else None: to others it does not exist."""
        service, _, rest = operation_id.partition(".")
        command_id, _, proof = rest.rpartition(".")
        if keys.same(keys.mac(self._key, service, command_id, person), proof):
            return service, command_id
        return None


class Views(Protocol):
    """Where outcomes are found first: `view_store.ViewStore`."""

    async def operation(self, command_id: str) -> bytes | None:
        """Outcome record of a command, None if none is known here; raises `Trouble`."""
        ...


def route(identity: Identity, operations: Operations, views: Views, services: Mapping[str, Internal]) -> Route:
    """`GET /v1/operations/{operation_id}`: from Redis, else from the deciding service, else still pending."""

    async def handle(exchange: Exchange) -> Answer:
        caller = await identity.require(exchange.headers)
        parameters.query(exchange.scope["query_string"])
        [operation] = exchange.ids
        named = operations.read(operation, caller.person)
        if named is None or named[0] not in services:
            raise ProblemError("not-found")
        value = await _outcome(views, services[named[0]], named[1], exchange.traceparent)
        if value is None:
            return private(msgspec.json.encode(outcome.Operation(operation, "pending", None, None, None, None)))
        return private(msgspec.json.encode(outcome.described(outcome.read(value), operation)))

    return Route(
        method="GET",
        path="/v1/operations/{operation_id}",
        summary="How a command stands, to who sent it",
        handle=handle,
        tag="operations",
        answers={OK: outcome.Operation},
    )


async def _outcome(views: Views, service: Internal, command_id: str, traceparent: str) -> bytes | None:
    """The outcome record; `unavailable` (503) if nobody can say whether there is one."""
    redis_away = False
    try:
        value = await views.operation(command_id)
    except Trouble:
        value, redis_away = None, True
    if value is not None:
        return value
    try:
        reply = await service.get(f"/operations/{command_id}", traceparent=traceparent)
    except Unavailable:
        if redis_away:
            raise ProblemError("unavailable") from None
        return None  # a command waits in the log while its service is away
    return None if reply.status == _NOT_FOUND else reply.body
