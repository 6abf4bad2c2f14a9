"""MongoDB: the only file that knows the driver (motor, behind what `pymongo.AsyncMongoClient` offers too).

Reads and writes are majority, journalled. Driver errors that say "not now" become `Trouble`.
"""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Final

from bson.binary import Binary
from bson.codec_options import CodecOptions
from motor.motor_asyncio import (
    AsyncIOMotorClient,
    AsyncIOMotorClientSession,
    AsyncIOMotorCollection,
    AsyncIOMotorDatabase,
)
from pymongo import ASCENDING, IndexModel, ReplaceOne, UpdateOne
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
)
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from shared.contracts import topics
from shared.ports import Entry, TooLarge, TooSlow, Trouble

Document = dict[str, Any]
Database = AsyncIOMotorDatabase[Document]
Collection = AsyncIOMotorCollection[Document]
Session = AsyncIOMotorClientSession

QUERY_MS: Final = 2_000
"""`maxTimeMS` of every query."""
TRANSACTION_S: Final = 2.0
"""A transaction that takes longer is halved."""
LOCKS_KEPT_S: Final = 5
"""`transactionLifetimeLimitSeconds` required of the server: so long a killed owner's locks hold up its successor."""

_TOO_LARGE: Final = frozenset({388, 10334})
_TRANSIENT: Final = frozenset({24, 112, 225, 239, 251, 290})
_DUPLICATE: Final = 11000
_STEP: Final = 1_000
_MAJORITY: Final = WriteConcern(w="majority", j=True)


class Client:
    """A connection to a deployment; `database(service)` is a service's own."""

    def __init__(self, uri: str) -> None:
        """Connect lazily. A server that does not answer within 3 s is `Trouble`."""
        self._motor: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
            uri,
            serverSelectionTimeoutMS=3_000,
            connectTimeoutMS=3_000,
            socketTimeoutMS=10_000,
            retryWrites=True,
            appname="brumtogether",
        )

    def database(self, service: str) -> Database:
        """The database that the service owns."""
        return self._motor.get_database(
            f"brum_{service}",
            codec_options=CodecOptions(tz_aware=True),
            read_concern=ReadConcern("majority"),
            write_concern=_MAJORITY,
        )

    async def ping(self) -> None:
        """Raise `Trouble` unless the server answers."""
        with translated():
            await self._motor.admin.command("ping")

    async def transaction_lifetime(self) -> int:
        """`transactionLifetimeLimitSeconds` of the server."""
        with translated():
            answer = await self._motor.admin.command({"getParameter": 1, "transactionLifetimeLimitSeconds": 1})
        return int(answer["transactionLifetimeLimitSeconds"])

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        """One snapshot transaction, committed at the end of the block.

        The commit is not cut short by a cancellation. Raises `Trouble` for what may pass (an unknown commit too:
        the inbox tells the next attempt), `TooLarge` for a budget overrun, anything else for a culprit.
        """
        with translated():
            async with await self._motor.start_session() as session:
                session.start_transaction(ReadConcern("snapshot"), _MAJORITY)
                try:
                    async with asyncio.timeout(TRANSACTION_S):
                        yield session
                except TimeoutError as error:
                    await _abort(session)
                    raise TooSlow from error
                except BaseException:
                    await _abort(session)
                    raise
                await asyncio.shield(asyncio.ensure_future(session.commit_transaction()))

    def close(self) -> None:
        """Drop the connections."""
        self._motor.close()


async def _abort(session: Session) -> None:
    with suppress(PyMongoError):
        await asyncio.shield(asyncio.ensure_future(session.abort_transaction()))


class translated:  # noqa: N801 -- used as a statement
    """Turn driver errors into the processor's: `with translated(): …`."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Raise what the error means, if it is the driver's."""
        if isinstance(error, PyMongoError):
            raise _meaning(error) from error


def _meaning(error: PyMongoError) -> Exception:
    """What a driver error asks of us: wait, halve, or look for the culprit."""
    if isinstance(error, ConnectionFailure | ExecutionTimeout) or any(
        error.has_error_label(label)
        for label in ("TransientTransactionError", "UnknownTransactionCommitResult", "RetryableWriteError")
    ):
        return Trouble(type(error).__name__)
    codes = {getattr(error, "code", None)}
    if isinstance(error, BulkWriteError):
        codes |= {item.get("code") for item in (error.details or {}).get("writeErrors", ())}
    if codes & _TOO_LARGE:
        return TooLarge()
    if codes & _TRANSIENT or _DUPLICATE in codes or isinstance(error, DuplicateKeyError):
        return Trouble("conflict")
    if isinstance(error, OperationFailure) and error.code in {13, 18, 13435, 10107, 11600, 11602, 189, 91}:
        return Trouble("not primary or not authorised")
    return error


class Lost(Trouble):
    """A guarded write found another version: someone else owns the stream now, or did in between."""


async def replace_guarded(
    collection: Collection, session: Session, documents: Iterable[Document], *, field: str = "version"
) -> None:
    """Replace documents whose stored `field` is lower than the new one's `_was`; raise `Lost` if one is not there.

    Each document carries `_was`, the version it was loaded with, which is not stored.
    """
    writes = []
    for document in documents:
        was = document.pop("_was")
        writes.append(ReplaceOne({"_id": document["_id"], field: was}, document))
    if not writes:
        return
    result = await collection.bulk_write(writes, ordered=False, session=session)
    if result.matched_count != len(writes):
        raise Lost


async def add_up(collection: Collection, session: Session, sums: Iterable[tuple[Document, Mapping[str, int]]]) -> None:
    """Add amounts to documents within a transaction; one that is not there begins with its given fields."""
    writes = [
        UpdateOne({"_id": document["_id"]}, {"$inc": amounts, "$setOnInsert": document}, upsert=True)
        for document, amounts in sums
    ]
    if writes:
        await collection.bulk_write(writes, ordered=False, session=session)


async def insert_missing(collection: Collection, documents: Sequence[Document]) -> None:
    """Insert documents, in steps of 1,000, and leave those alone whose `_id` is there already."""
    for start in range(0, len(documents), _STEP):
        step = documents[start : start + _STEP]
        with translated(), _duplicates_are_fine():
            await collection.insert_many(step, ordered=False)


async def keep_latest(collection: Collection, documents: Iterable[Document], *, field: str = "version") -> None:
    """Write documents where none is stored or one with a lower `field`: their order does not matter."""
    writes = [
        UpdateOne({"_id": document["_id"], field: {"$lt": document[field]}}, {"$set": document}, upsert=True)
        for document in documents
    ]
    if writes:
        with translated(), _duplicates_are_fine():
            await collection.bulk_write(writes, ordered=False)


@contextmanager
def _duplicates_are_fine() -> Iterator[None]:
    """Pass over an unordered bulk write whose only failures are ids that exist."""
    try:
        yield
    except BulkWriteError as error:
        details = error.details or {}
        codes = {item.get("code") for item in details.get("writeErrors", ())}
        if codes != {_DUPLICATE} or details.get("writeConcernErrors"):
            raise


class Inbox:
    """What was decided: one document a command, kept for 30 days, written in the transaction of its effects.

    Fields are short because there is one for every command: `f` fingerprint, `p`/`o` partition and offset of the
    first record, `s` streams, `x` facts, `r` outcome record, `t` follow-up commands, `d` reason if parked, `at`.
    """

    def __init__(self, database: Database) -> None:
        """Use the `inbox` collection of a service's database."""
        self._collection = database.inbox

    async def prepare(self) -> None:
        """Make the indexes: expiry, and facts by stream for readers that met a gap."""
        with translated():
            await self._collection.create_indexes(
                [
                    IndexModel([("at", ASCENDING)], name="expiry", expireAfterSeconds=topics.INBOX_KEPT_MS // 1000),
                    IndexModel([("s", ASCENDING)], name="stream"),
                ]
            )

    async def answered(self, command_ids: Sequence[str]) -> dict[str, Entry]:
        """Entries of the commands that were decided before."""
        with translated():
            found = self._collection.find({"_id": {"$in": list(command_ids)}}, max_time_ms=QUERY_MS)
            return {document["_id"]: _entry(document) async for document in found}

    async def add(self, session: Session, entries: Sequence[Entry]) -> None:
        """Insert entries within a transaction; one that is there already is `Trouble` (read again, answer it)."""
        now = dt.datetime.now(dt.UTC)
        await self._collection.insert_many([_document(entry, now) for entry in entries], session=session)

    async def outcome(self, command_id: str) -> bytes | None:
        """Outcome record of a command, if it was decided."""
        with translated():
            found = await self._collection.find_one({"_id": command_id}, {"r": 1}, max_time_ms=QUERY_MS)
        return bytes(found["r"]) if found else None

    async def facts(self, stream: str) -> list[bytes]:
        """All stored fact records of a stream, in no particular order (at most the last 30 days)."""
        with translated():
            found = self._collection.find({"s": stream}, {"x": 1}, max_time_ms=QUERY_MS)
            return [bytes(fact) async for document in found for fact in document["x"]]


def _document(entry: Entry, now: dt.datetime) -> Document:
    document: Document = {
        "_id": entry.command_id,
        "f": entry.fingerprint,
        "p": entry.partition,
        "o": entry.offset,
        "s": entry.streams,
        "x": [Binary(fact) for fact in entry.facts],
        "r": Binary(entry.outcome),
        "at": now,
    }
    if entry.then:
        document["t"] = [[stream, Binary(value)] for stream, value in entry.then]
    if entry.parked:
        document["d"] = entry.parked
    return document


def _entry(document: Mapping[str, Any]) -> Entry:
    return Entry(
        command_id=document["_id"],
        fingerprint=document["f"],
        partition=document["p"],
        offset=document["o"],
        streams=tuple(document["s"]),
        facts=tuple(bytes(fact) for fact in document["x"]),
        outcome=bytes(document["r"]),
        then=tuple((stream, bytes(value)) for stream, value in document.get("t", ())),
        parked=document.get("d", ""),
    )
