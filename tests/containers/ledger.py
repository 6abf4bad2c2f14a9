"""Pledging without a pause while containers come and go, and the books afterwards."""

import asyncio
import itertools
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

import httpx2

_AGAIN = frozenset({202, 429, 502, 503, 504})
_PATIENCE_S = 120.0
_SCARCE = 40
_NEEDS = 12
"""So many that their partitions are shared out among all replicas."""


@dataclass
class Books:
    """What the clients were told; `pledged` by need, of acknowledged pledges alone."""

    pledged: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    repeats: int = 0
    """Requests that had to be sent again, with their key."""
    longest: float = 0.0
    """Seconds until a definite answer, in the worst case."""
    reads: Counter[int] = field(default_factory=Counter)
    """Answers to "what did I pledge", which the gateway asks of any pledges replica; by status."""


class Crowd:
    """Made-up people who pledge to the needs of one campaign, the last of them scarce, until told to stop."""

    def __init__(self, url: str, organiser: str, people: Sequence[str]) -> None:
        """`organiser` and `people` are bearer tokens."""
        self._url = url
        self._organiser = organiser
        self._people = people
        self._enough = Event()
        self.books = Books()
        self.needs: list[str] = []

    @contextmanager
    def at_work(self) -> Iterator[Books]:
        """Open the campaign, pledge until the block ends, and return once every pledge has its definite answer."""
        self.needs = asyncio.run(self._open())
        trouble: list[BaseException] = []

        def work() -> None:
            try:
                asyncio.run(self._pledge())
            except BaseException as error:  # noqa: BLE001 -- carried to the one who waits
                trouble.append(error)

        thread = Thread(target=work, daemon=True)
        thread.start()
        try:
            yield self.books
        finally:
            self._enough.set()
            thread.join(_PATIENCE_S + 60)
        assert not thread.is_alive(), "the crowd did not come to an end"
        if trouble:
            raise trouble[0]

    def check(self) -> None:
        """Compare what everybody was told with what everybody reads; AssertionError if a pledge is lost or doubled."""
        *plenty, scarce = self.needs
        read = {need: httpx2.get(f"{self._url}/needs/{need}", verify=False).json() for need in self.needs}
        for need in self.needs:
            told = self.books.pledged[need]
            assert read[need]["pledged"] == told, f"{need}: {told} acknowledged, {read[need]['pledged']} on the books"
        assert self.books.pledged[scarce] == _SCARCE
        assert self.books.refused["not-enough-left"] > 0
        assert set(self.books.refused) == {"not-enough-left"}, self.books.refused
        assert all(self.books.pledged[need] for need in plenty)

    async def _open(self) -> list[str]:
        async with self._client(self._organiser) as client:

            async def made(path: str, body: dict[str, object]) -> str:
                answer = await client.post(path, json=body)
                assert answer.status_code == 201, f"{path}: {answer.status_code} {answer.text}"
                return str(answer.json()["id"])

            campaign = await made("/campaigns", {"name": "Under load", "summary": "Many hands."})
            launched = await client.post(f"/campaigns/{campaign}/launch", json={})
            assert launched.is_success, launched.text
            need: dict[str, object] = {"campaign_id": campaign, "kind": "meal", "unit": "meals"}
            return [
                await made("/needs", need | {"title": title, "quantity": quantity})
                for title, quantity in (*([("Plenty", 1_000_000)] * (_NEEDS - 1)), ("Scarce", _SCARCE))
            ]

    async def _pledge(self) -> None:
        await asyncio.gather(*(self._person(number, token) for number, token in enumerate(self._people)))

    async def _person(self, number: int, token: str) -> None:
        async with self._client(token) as client:
            for turn in itertools.count():
                if self._enough.is_set():
                    return
                # Every other wish is for what is scarce.
                need = self.needs[turn // 2 % (_NEEDS - 1)] if turn % 2 else self.needs[-1]
                quantity = 1 + turn % 3 if turn % 2 else 1
                answer = await self._insist(client, f"load-{number}-{turn}", {"need_id": need, "quantity": quantity})
                if answer.is_success:
                    self.books.pledged[need] += quantity
                else:
                    self.books.refused[str(answer.json().get("type", "")).rpartition("/")[2]] += 1
                if turn % 10 == 0:
                    self.books.reads[(await client.get("/me/pledges?limit=1")).status_code] += 1

    async def _insist(self, client: httpx2.AsyncClient, key: str, body: dict[str, Any]) -> httpx2.Response:
        """Repeat with the key until the answer is definite, as a good client does."""
        began = time.monotonic()
        while True:
            try:
                answer = await client.post(
                    "/pledges", content=json.dumps(body), headers={"idempotency-key": key, "prefer": "wait=10"}
                )
                if answer.status_code not in _AGAIN:
                    self.books.longest = max(self.books.longest, time.monotonic() - began)
                    return answer
            except httpx2.HTTPError:
                pass
            self.books.repeats += 1
            assert time.monotonic() - began < _PATIENCE_S, f"no definite answer to {key}"
            await asyncio.sleep(0.2)

    def _client(self, token: str) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            base_url=self._url,
            headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
            timeout=15,
            trust_env=False,
            verify=False,
        )
