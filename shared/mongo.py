"""MongoDB: the only file that knows the driver (motor, behind what `pymongo.AsyncMongoClient` offers too).

Reads and writes are majority, journalled. Driver errors that say "not now" become `Trouble`.

motor does each operation in a thread, and the way there and back costs more than the operation. What belongs
together (a transaction, a whole find) is therefore done in one go in one thread, with the client below motor.
"""

import asyncio
import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeVar

from bson.binary import Binary
from bson.codec_options import CodecOptions
from motor.motor_asyncio import (
    AsyncIOMotorClient,
    AsyncIOMotorCollection,
    AsyncIOMotorDatabase,
)
from pymongo import ASCENDING, IndexModel, MongoClient, ReplaceOne, UpdateMany, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.collection import Collection as SyncCollection
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
)
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from shared.contracts import topics
from shared.ports import Entry, Repeated, TooLarge, TooSlow, Trouble

Document = dict[str, Any]
Database = AsyncIOMotorDatabase[Document]
Collection = AsyncIOMotorCollection[Document]
Session = ClientSession
_Sync = SyncCollection[Document]
_SyncClient = MongoClient[Document]

T = TypeVar("T")

QUERY_MS: Final = 2_000
"""`maxTimeMS` of every query."""
TRANSACTION_S: Final = 2.0
"""A transaction that takes longer is halved."""
CONNECTIONS: Final = 10
"""Of one process: as many as it has threads for, since a pool keeps what a busy moment dialled."""
LOCKS_KEPT_S: Final = 5
"""`transactionLifetimeLimitSeconds` required of the server: so long a killed owner's locks hold up its successor."""

_TOO_LARGE: Final = frozenset({388, 10334})
_TRANSIENT: Final = frozenset({24, 112, 225, 239, 251, 290})
_DUPLICATE: Final = 11000
_CONFLICT: Final = 112
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
            maxPoolSize=CONNECTIONS,
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

    async def transact(self, write: Callable[[Session], None]) -> None:
        """Have the writes done in one snapshot transaction and commit it; `write` runs in a thread.

        It is not cut short by a cancellation, which leaves it unknown. Raises `Trouble` for what may pass (an
        unknown commit too: the inbox tells the next attempt), `Repeated` if something is there already, `TooLarge`
        for a budget overrun, anything else for a culprit.
        """
        await _in_thread(_transact, self._motor.delegate, write)

    def close(self) -> None:
        """Drop the connections."""
        self._motor.close()


async def _in_thread(work: Callable[..., T], *arguments: object) -> T:
    """Do it in a thread, whole: who is cancelled meanwhile does not learn how it ended."""
    with translated():
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, work, *arguments))


async def find(
    collection: Collection,
    query: Document,
    projection: Document | None = None,
    *,
    sort: Sequence[tuple[str, int]] = (),
    limit: int = 0,
) -> list[Document]:
    """Read what fits, all at once; 2 s at most. Raises `Trouble`."""

    def read() -> list[Document]:
        return list(collection.delegate.find(query, projection, sort=sort or None, limit=limit, max_time_ms=QUERY_MS))

    return await _in_thread(read)


async def aggregate(collection: Collection, pipeline: Sequence[Mapping[str, Any]]) -> list[Document]:
    """Read what a pipeline gives, all at once; 2 s at most. Raises `Trouble`."""

    def read() -> list[Document]:
        return list(collection.delegate.aggregate(pipeline, batchSize=_STEP, maxTimeMS=QUERY_MS))

    return await _in_thread(read)


async def by_id(collection: Collection, names: Iterable[str]) -> dict[str, Document]:
    """Documents by `_id`, as far as they are there; nothing is asked where none is wanted. Raises `Trouble`."""
    wanted = list(names)
    return {found["_id"]: found for found in await find(collection, {"_id": {"$in": wanted}})} if wanted else {}


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
    codes = _codes(error)
    if codes & _TOO_LARGE:
        return TooLarge()
    if codes & _TRANSIENT:
        return Trouble("conflict")
    if _DUPLICATE in codes:
        return Repeated()
    if isinstance(error, OperationFailure) and error.code in {13, 18, 13435, 10107, 11600, 11602, 189, 91}:
        return Trouble("not primary or not authorised")
    return error


class Lost(Trouble):
    """A guarded write found another version: someone else owns the stream now, or did in between."""


def insert(collection: Collection, session: Session, documents: Sequence[Document]) -> None:
    """Insert documents within a transaction; one that is there already is `Repeated`."""
    if documents:
        collection.delegate.insert_many(documents, session=session)


def remove(collection: Collection, session: Session, query: Document) -> None:
    """Delete what a query finds, within a transaction."""
    collection.delegate.delete_many(query, session=session)


def find_within(collection: Collection, session: Session, query: Document) -> list[Document]:
    """Read what fits, as the transaction sees it."""
    return list(collection.delegate.find(query, session=session))


def change(collection: Collection, session: Session, query: Document, fields: Document) -> None:
    """Set fields of what a query finds, within a transaction."""
    collection.delegate.update_many(query, {"$set": fields}, session=session)


def replace_guarded(
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
    result = collection.delegate.bulk_write(writes, ordered=False, session=session)
    if result.matched_count != len(writes):
        raise Lost


def add_up(collection: Collection, session: Session, sums: Iterable[tuple[Document, Mapping[str, int]]]) -> None:
    """Add amounts to documents within a transaction; one that is not there begins with its given fields."""
    writes = [
        UpdateOne({"_id": document["_id"]}, {"$inc": amounts, "$setOnInsert": document}, upsert=True)
        for document, amounts in sums
    ]
    if writes:
        collection.delegate.bulk_write(writes, ordered=False, session=session)


async def insert_missing(*inserts: tuple[Collection, Sequence[Document]]) -> None:
    """Insert documents, in steps of 1,000 of each collection, and leave those alone whose `_id` is there already.

    What is in one step is there together; if somebody was there before, in the order given.
    """
    for start in range(0, max(len(documents) for _, documents in inserts), _STEP):
        step = [(collection.delegate, documents[start : start + _STEP]) for collection, documents in inserts]
        await _in_thread(_insert_missing, [(collection, some) for collection, some in step if some])


def _insert_missing(inserts: Sequence[tuple[_Sync, Sequence[Document]]]) -> None:
    def whole(session: Session) -> None:
        for collection, documents in inserts:
            collection.insert_many(documents, session=session)

    def each() -> None:
        for collection, documents in inserts:
            with _duplicates_are_fine():
                collection.insert_many(documents, ordered=False)

    _together(inserts[0][0], whole, each)


async def keep_latest(collection: Collection, documents: Iterable[Document], *, field: str = "version") -> None:
    """Write documents where none is stored or one with a lower `field`: their order does not matter."""
    writes = [
        UpdateOne({"_id": document["_id"], field: {"$lt": document[field]}}, {"$set": document}, upsert=True)
        for document in documents
    ]
    if writes:
        await _in_thread(_write_latest, collection.delegate, writes)


async def keep_least(collection: Collection, documents: Sequence[Document], *, field: str) -> None:
    """Write documents, each with the least `field` that it was ever given: their order does not matter.

    Those that are new cost a plain insert, if all of them are.
    """
    if documents:
        await _in_thread(_write_least, collection.delegate, documents, field)


def _write_least(collection: _Sync, documents: Sequence[Document], field: str) -> None:
    def write_each() -> None:
        writes = [
            UpdateOne(
                {"_id": document["_id"]},
                {
                    "$min": {field: document[field]},
                    "$setOnInsert": {name: value for name, value in document.items() if name not in {"_id", field}},
                },
                upsert=True,
            )
            for document in documents
        ]
        collection.bulk_write(writes, ordered=False)

    _together(collection, lambda session: collection.insert_many(documents, session=session), write_each)


def _write_latest(collection: _Sync, writes: Sequence[UpdateOne]) -> None:
    _together(
        collection,
        lambda session: collection.bulk_write(writes, ordered=False, session=session),
        lambda: collection.bulk_write(writes, ordered=False),
    )


async def update_all(collection: Collection, query: Document, changes: Document) -> None:
    """Update what a query finds."""
    await _in_thread(_update_all, collection.delegate, query, changes)


def _update_all(collection: _Sync, query: Document, changes: Document) -> None:
    _together(
        collection,
        lambda session: collection.update_many(query, changes, session=session),
        lambda: collection.update_many(query, changes),
    )


def _together(collection: _Sync, whole: Callable[[Session], object], each: Callable[[], object]) -> None:
    """Write in one transaction, which costs a fraction of the same without; if somebody was there before, without."""
    try:
        _transact(collection.database.client, whole)
    except OperationFailure as error:
        if not _codes(error) & {_DUPLICATE, _CONFLICT}:
            raise
        with _duplicates_are_fine():
            each()


def _transact(client: _SyncClient, write: Callable[[Session], object]) -> None:
    """One snapshot transaction, in the thread of the caller."""
    with client.start_session() as session:
        began = time.monotonic()
        session.start_transaction(ReadConcern("snapshot"), _MAJORITY)
        try:
            write(session)
            _in_time(began)
        except BaseException:
            with suppress(PyMongoError):
                session.abort_transaction()
            raise
        session.commit_transaction()


def _in_time(began: float) -> None:
    if time.monotonic() - began > TRANSACTION_S:
        raise TooSlow


@contextmanager
def _duplicates_are_fine() -> Iterator[None]:
    """Pass over an unordered bulk write whose only failures are ids that exist."""
    try:
        yield
    except BulkWriteError as error:
        if _codes(error) != {_DUPLICATE} or (error.details or {}).get("writeConcernErrors"):
            raise


def _codes(error: PyMongoError) -> set[int | None]:
    """Codes of what went wrong: of each write if there were several, else of the operation."""
    if isinstance(error, BulkWriteError):
        return {item.get("code") for item in (error.details or {}).get("writeErrors", ())}
    return {getattr(error, "code", None)}


class Inbox:
    """What was decided: one document a command, kept for 30 days, written in the transaction of its effects.

    Fields are short because there is one for every command: `f` fingerprint, `p`/`o` partition and offset of the
    first record, `s` streams, `x` facts, `r` outcome record, `t` follow-up commands, `d` reason if parked, `at`.
    `r` is empty while what follows has not answered yet; then `q` is the partition that the outcome went to.
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
        found = await find(self._collection, {"_id": {"$in": list(command_ids)}})
        return {document["_id"]: _entry(document) for document in found}

    def add(self, session: Session, entries: Sequence[Entry]) -> None:
        """Insert entries within a transaction, and settle others by them.

        One that is there already is `Repeated` (read it, answer it).
        """
        now = dt.datetime.now(dt.UTC)
        insert(self._collection, session, [_document(entry, now) for entry in entries])
        settled = [_settlement(entry) for entry in entries if entry.settles]
        if settled:
            self._collection.delegate.bulk_write(settled, session=session)

    async def outcome(self, command_id: str) -> bytes | None:
        """Outcome record of a command, if it was decided and does not wait for what follows."""
        with translated():
            found = await self._collection.find_one({"_id": command_id}, {"r": 1}, max_time_ms=QUERY_MS)
        return bytes(found["r"]) or None if found else None

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


def _settlement(entry: Entry) -> UpdateMany:
    """Give the entries that still wait for this one its outcome."""
    answer = {"r": Binary(entry.outcome), "q": entry.partition}
    return UpdateMany({"_id": {"$in": list(entry.settles)}, "r": Binary(b"")}, {"$set": answer})


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
        settled=document.get("q"),
    )
