"""The schedule's documents: letters (what is told) and deliveries (to whom, by which road, when, how it went).

A delivery is due from `not_before` on. Who works on it holds a lease until `lease_until`; each lease has a number
of its own (`fence`), and a result counts only if it bears the latest. MongoDB.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from services.notifications.channels import inbox
from services.notifications.delivery import (
    DELIVERED,
    SCHEDULED,
    SENDING,
    Letter,
    Parcel,
    Result,
    delivery_id,
)
from shared.mongo import Database, find, insert_missing, translated, update_all

NO_LEASE: Final = ""
"""Lease of a delivery that nobody works on; before every instant."""


class Claim(Struct, frozen=True):
    """A delivery that is ours until its lease ends."""

    parcel: Parcel
    fence: int


class Status(Struct, frozen=True):
    """Where a delivery stands, as the person may read it."""

    channel: str
    status: str
    at: str


class Deliveries:
    """Collections `letters` and `deliveries`; what goes into the app is written into `notifications` with them."""

    def __init__(self, database: Database) -> None:
        """Use the service's database."""
        self._letters = database.letters
        self._deliveries = database.deliveries
        self._notifications = database.notifications

    async def prepare(self) -> None:
        """Make the indexes: what is due, and whose lease may have ended; finished deliveries are in neither."""
        with translated():
            for state, field in ((SCHEDULED, "not_before"), (SENDING, "lease_until")):
                await self._deliveries.create_index(
                    [("road", 1), (field, 1)], name=state, partialFilterExpression={"state": state}
                )

    async def post(self, letters: Sequence[Letter], to: Iterable[tuple[str, str, str]], *, now: str) -> int:
        """Put deliveries, each (letter id, recipient, road), on the schedule; those that are there stay as they are.

        The road into the app ends where we are: what goes by it has arrived by being written. Returns how many of
        the others are due.
        """
        by_id = {letter.id: letter for letter in letters}
        found, arrived, scheduled = [], [], []
        for name, person, road in to:
            letter = by_id[name]
            row = _row(letter, person, road, now)
            if road == inbox.NAME:
                found.append(inbox.notification(Parcel(row["_id"], person, letter, now)))
                arrived.append({**row, "state": DELIVERED})
            else:
                scheduled.append(row)
        kept = {row["letter"] for row in scheduled}
        await insert_missing(
            (self._notifications, found),
            (self._letters, [{"_id": letter.id, **_without_id(letter)} for letter in letters if letter.id in kept]),
            (self._deliveries, arrived + scheduled),
        )
        return len(scheduled)

    async def claim(self, road: str, holder: str, *, now: str, until: str, most: int) -> list[Claim]:
        """Take deliveries that are due on a road, or whose lease has run out; `holder` is unique to this call."""
        due = {"road": road, "state": SCHEDULED, "not_before": {"$lte": now}}
        lapsed = {"road": road, "state": SENDING, "lease_until": {"$lt": now}}
        names = await self._names(due, "not_before", most)
        if len(names) < most:
            names += await self._names(lapsed, "lease_until", most - len(names))
        if not names:
            return []
        await update_all(
            self._deliveries,
            {"_id": {"$in": names}, "$or": [due, lapsed]},
            {
                "$set": {"state": SENDING, "lease_until": until, "holder": holder, "updated_at": now},
                "$inc": {"fence": 1},
            },
        )
        rows = await find(self._deliveries, {"_id": {"$in": names}, "holder": holder})
        letters = await self._read({row["letter"] for row in rows})
        return [
            Claim(Parcel(row["_id"], row["person"], letters[row["letter"]], row["created_at"]), row["fence"])
            for row in rows
        ]

    async def finish(self, results: Iterable[tuple[Claim, Result]], *, now: str) -> None:
        """Write how deliveries ended, where the lease is still ours."""
        await self._write(
            (claim, {"state": result.state, "updated_at": now, **({"code": result.code} if result.code else {})})
            for claim, result in results
        )

    async def postpone(self, claims: Iterable[Claim], *, until: str, now: str) -> None:
        """Give deliveries back, to be tried again at `until`, where the lease is still ours."""
        again = {"state": SCHEDULED, "not_before": until, "lease_until": NO_LEASE, "updated_at": now}
        await self._write((claim, again) for claim in claims)

    async def statuses(self, names: Sequence[str]) -> dict[str, Status]:
        """Where these deliveries stand."""
        found = await find(self._deliveries, {"_id": {"$in": list(names)}})
        return {row["_id"]: Status(row["road"], row["state"], row["updated_at"]) for row in found}

    async def _write(self, changes: Iterable[tuple[Claim, Mapping[str, str]]]) -> None:
        alike: dict[tuple[int, tuple[tuple[str, str], ...]], list[str]] = defaultdict(list)
        for claim, change in changes:
            alike[claim.fence, tuple(change.items())].append(claim.parcel.id)
        for (fence, fields), names in alike.items():
            still_ours: dict[str, Any] = {"_id": {"$in": names}, "state": SENDING, "fence": fence}
            await update_all(self._deliveries, still_ours, {"$set": dict(fields)})

    async def _names(self, query: Mapping[str, Any], by: str, most: int) -> list[str]:
        return [row["_id"] for row in await find(self._deliveries, dict(query), {"_id": 1}, sort=[(by, 1)], limit=most)]

    async def _read(self, names: Iterable[str]) -> dict[str, Letter]:
        found = await find(self._letters, {"_id": {"$in": list(names)}})
        return {row["_id"]: msgspec.convert({**row, "id": row["_id"]}, Letter) for row in found}


def _without_id(letter: Letter) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(letter)
    del document["id"]
    return document


def _row(letter: Letter, person: str, road: str, now: str) -> dict[str, Any]:
    return {
        "_id": delivery_id(letter.event_id, person, road, letter.purpose),
        "letter": letter.id,
        "person": person,
        "road": road,
        "state": SCHEDULED,
        "not_before": now,
        "lease_until": NO_LEASE,
        "fence": 0,
        "created_at": now,
        "updated_at": now,
    }
