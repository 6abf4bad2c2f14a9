"""A client of the platform that writes down everything it asks and everything it is told."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, Self, cast
from uuid import uuid4

import aiohttp
import msgspec
from msgspec import Struct

from services.gateway.development import ISSUER
from services.gateway.idempotency import command_id
from tests.chaos.history import History

Outcome = Literal["ok", "fail", "info"]
Token = Callable[..., str]

WAIT_S: Final = 5
"""So long a gateway is asked to wait for the outcome, rather than to answer 202."""
DEADLINE_S: Final = 20.0
"""No request lasts longer; a client then knows nothing."""
_LATER: Final = frozenset({429, 503})


class Wish(Struct, frozen=True):
    """A write: `verb` names what it is, `target` the need or event, `role` what an opened need is for."""

    verb: str
    method: str
    path: str
    body: dict[str, Any]
    target: str | None = None
    role: str | None = None


class Told(Struct, frozen=True):
    """What came back, and which op and gateway it came from; `status` None is a broken connection or a time-out."""

    op: str
    gateway: str
    key: str
    outcome: Outcome
    status: int | None = None
    body: Any = None
    operation: str | None = None

    @property
    def id(self) -> str:
        """Id of what was made or changed."""
        return str(self.body["id"])

    @property
    def version(self) -> int:
        """Version of what was made or changed."""
        return int(self.body["version"])


class Asking:
    """Asks gateways on behalf of made-up people: `session` is a person, `roles` beside resident are kept."""

    def __init__(self, gateways: Sequence[str], token: Token, history: History) -> None:
        """Take the addresses, and who signs tokens."""
        self.gateways = gateways
        self.history = history
        self._token = token
        self._headers: dict[str, dict[str, str]] = {}
        self._http: aiohttp.ClientSession | None = None
        self.unsure: dict[str, tuple[str, Wish, str]] = {}
        """Ops without a definite answer: session, wish, key."""
        self.shunned: set[str] | None = None
        """Gateways that are not ready, as a load balancer knows them, which also passes over one that does not listen;
        None: without one."""

    async def __aenter__(self) -> Self:
        """Make the connections' pool."""
        await self.hang_up()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close them."""
        if self._http:
            await self._http.close()

    async def hang_up(self) -> None:
        """Drop idle connections, so that a gateway holds none that is ours."""
        if self._http:
            await self._http.close()
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, limit_per_host=0),
            timeout=aiohttp.ClientTimeout(total=DEADLINE_S, sock_connect=5),
        )

    def sign_in(self, session: str, *roles: str) -> None:
        """Say which roles a person has; without it, resident."""
        self._headers[session] = {"authorization": f"Bearer {self._token(session, 'resident', *roles)}"}

    async def write(
        self,
        session: str,
        wish: Wish,
        gateway: str,
        *,
        key: str | None = None,
        retry_of: str | None = None,
        other_body: bool = False,
    ) -> Told:
        """Send a write once, record both ends; a 202 is followed up by `follow`."""
        op, key = self.history.new_op(), key or uuid4().hex
        said: dict[str, Any] = {"role": wish.role} if wish.role else {}
        if retry_of:
            said |= {"retry_of": retry_of, "other_body": other_body}
        self.history.write(
            "invoke",
            op=op,
            session=session,
            gateway=gateway,
            key=key,
            command=command_id(ISSUER, session, wish.method, wish.path, key),
            method=wish.method,
            path=wish.path,
            verb=wish.verb,
            target=wish.target,
            body=wish.body,
            **said,
        )
        # Until it is answered it may have happened, whatever becomes of this task.
        self.unsure[op] = (session, wish, key)
        began = time.monotonic()
        status, headers, body = await self._send(session, wish, gateway, key)
        if body == "refused" and self.shunned is not None:
            gateway = self.next_to(gateway)
            status, headers, body = await self._send(session, wish, gateway, key)
        error, body = (None, body) if status else (body, None)
        told = Told(op, gateway, key, _outcome(status), status, body, _operation(body))
        if told.outcome != "info":
            self._sure(session, wish, key)
        self.history.write(
            "answer",
            op=op,
            status=status,
            outcome=told.outcome,
            operation=told.operation,
            problem=_problem(body),
            replayed=headers.get("idempotency-replayed") == "true",
            **_made(body if told.outcome == "ok" else {}),
            body=body,
            seconds=round(time.monotonic() - began, 4),
            error=error,
        )
        return told

    def next_to(self, gateway: str) -> str:
        """Another gateway, if there is one."""
        return next((other for other in self.gateways if other != gateway), gateway)

    async def follow(self, session: str, told: Told, seconds: float) -> bool:
        """Ask an operation until it is decided; whether it was in time."""
        deadline = time.monotonic() + seconds
        while told.operation:
            status, body = await self.read(session, told.gateway, f"/v1/operations/{told.operation}")
            if status == 200 and body["status"] != "pending":
                self.record_operation(told.op, body)
                if told.op in self.unsure:
                    self._sure(*self.unsure[told.op])
                return True
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(0.5)
        return False

    def record_operation(self, op: str, body: dict[str, Any]) -> None:
        """Write down how an operation stands."""
        resource = body["resource"]
        self.history.write(
            "operation",
            op=op,
            operation=body["id"],
            status=body["status"],
            problem=_problem(body["problem"]),
            resource=resource["id"] if resource else None,
        )

    async def read(self, session: str | None, gateway: str, path: str) -> tuple[int | None, Any]:
        """GET something, as a stranger without a session: status (None if there was no answer) and JSON."""
        assert self._http is not None
        try:
            async with self._http.get(f"{gateway}{path}", headers=self._of(session) if session else {}) as answer:
                return answer.status, _json(await answer.read())
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None, None

    async def _send(self, session: str, wish: Wish, gateway: str, key: str) -> tuple[int | None, dict[str, str], Any]:
        assert self._http is not None
        headers = {
            **self._of(session),
            "idempotency-key": key,
            "content-type": "application/json",
            "prefer": f"wait={WAIT_S}",
        }
        data = msgspec.json.encode(wish.body) if wish.body or wish.method != "DELETE" else None
        try:
            async with self._http.request(wish.method, f"{gateway}{wish.path}", data=data, headers=headers) as answer:
                raw = await answer.read()
                return answer.status, {name.lower(): value for name, value in answer.headers.items()}, _json(raw)
        except aiohttp.ClientConnectorError:
            return None, {}, "refused"
        except TimeoutError:
            return None, {}, "late"
        except (aiohttp.ClientError, OSError):
            return None, {}, "cut"

    def _sure(self, *known: object) -> None:
        """Forget every op that asked the very same: what one was told, all of them are."""
        for op in [op for op, asked in self.unsure.items() if asked == known]:
            del self.unsure[op]

    def _of(self, session: str) -> dict[str, str]:
        if session not in self._headers:
            self.sign_in(session)
        return self._headers[session]


def _outcome(status: int | None) -> Outcome:
    if status in {200, 201}:
        return "ok"
    if status is None or status == 202 or status in _LATER or status >= 500:
        return "info"
    return "fail"


def _json(raw: bytes) -> Any:  # noqa: ANN401 -- JSON
    try:
        return msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return None


def _operation(body: Any) -> str | None:  # noqa: ANN401 -- JSON
    """The operation that an answer names: 202 by its id, a problem by its instance."""
    if not isinstance(body, dict):
        return None
    if "submitted_at" in body:
        return cast("str", body["id"])
    instance = body.get("instance") or ""
    return instance.rpartition("/")[2] or None


def _problem(body: Any) -> str | None:  # noqa: ANN401 -- JSON
    return body["type"].rpartition("/")[2] if isinstance(body, dict) and "type" in body else None


def _made(body: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON
    """What a success tells. A pledge or registration has its own version only, which is no stream's."""
    whose, version = body.get("id"), body.get("version")
    return {"resource": whose, "versions": {whose: version} if whose and version and "." not in whose else {}}
