"""Requests to an ASGI application without a socket."""

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.types import ASGIApp, Message


class Answered:
    """A whole answer; names of header fields in lower case, the last of each name."""

    def __init__(self, messages: list[Message]) -> None:
        """Take what was sent."""
        start, *bodies = messages
        self.status: int = start["status"]
        self.headers = {name.decode(): value.decode() for name, value in start["headers"]}
        self.body = b"".join(message.get("body", b"") for message in bodies)

    def json(self) -> Any:  # noqa: ANN401 -- JSON
        """The body, read."""
        return msgspec.json.decode(self.body)


async def ask(
    app: ASGIApp,
    method: str,
    target: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
) -> Answered:
    """Send a request; a body that is no bytes is sent as JSON."""
    path, _, query = target.partition("?")
    raw = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
    fields = {name.lower(): value for name, value in (headers or {}).items()}
    if body is not None:
        fields = {"content-type": "application/json", "content-length": str(len(raw)), **fields}
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in fields.items()],
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": raw, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return Answered(sent)
