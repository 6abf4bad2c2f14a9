"""Crash points: a child process that stops dead, or still, at a named place the n-th time it comes by.

Nothing of this lives in the product: a child that the rig starts wraps the product's functions before it runs them.
A spec reads `<point>:<n>` (SIGKILL to itself) or `<point>:<n>:stop` (SIGSTOP, until somebody lets it go on). Two
points do harm of another kind and live on: `duplicate_append` appends the same records twice, and `late_ack` appends
them and is not told.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, Final

from shared.consumer import Consumer
from shared.kafka.appender import Appender
from shared.kafka.clients import Place
from shared.kafka.groups import Group
from shared.kafka.transactions import Transactions
from shared.mongo import Client, Session
from shared.ports import Outgoing, Record, Trouble
from shared.processor import Processor

HANDED_OVER_S: Final = 60.0
"""So long a batch is held for a revocation that is to find it at hand."""


class Strike:
    """Counts how often its place was passed; the n-th time is marked by a file and acted upon, once for ever."""

    def __init__(self, number: int, mark: Path, how: signal.Signals) -> None:
        """`mark` is touched the moment before the signal, so that a scenario knows."""
        self._left = number
        self._mark = mark
        self._how = how

    def comes(self) -> bool:
        """Count a passing; whether it is the one."""
        self._left -= 1
        return self._left == 0

    def mark(self) -> None:
        """Tell that the place was reached."""
        self._mark.touch()

    def fall(self) -> None:
        """Die here, or stand still until SIGCONT; a signal to the process would let this thread run on for a moment."""
        self.mark()
        signal.pthread_kill(threading.get_ident(), self._how)

    def passing(self) -> None:
        """Fall if this is the time."""
        if self.comes():
            self.fall()


def mark_of(data: Path, process: str, spec: str) -> Path:
    """The file that says that a process has reached its point."""
    return data / f"passed-{process}-{spec.partition(':')[0]}"


def install(spec: str, process: str, data: Path) -> None:
    """Wrap the functions around a point, and take an older mark of it away; ValueError if there is no such point."""
    point, number, how = (*spec.split(":"), "", "")[:3]
    if point not in POINTS or not number.isdecimal() or how not in {"", "stop"}:
        raise ValueError(f"{spec!r} is no crash point: <{'|'.join(POINTS)}>:<n>[:stop]")
    mark = mark_of(data, process, spec)
    mark.unlink(missing_ok=True)
    POINTS[point](Strike(int(number), mark, signal.SIGSTOP if how else signal.SIGKILL))


def _before_txn(strike: Strike) -> None:
    _around_transactions(before=strike.passing)


def _in_txn(strike: Strike) -> None:
    """The writes are done and not committed."""
    _around_transactions(within=strike.passing)


def _commit_unknown(strike: Strike) -> None:
    """The server has committed; who asked for it never learns."""
    _around_transactions(after=strike.passing)


def _nothing() -> None:
    """Pass by."""


def _around_transactions(
    *,
    before: Callable[[], None] = _nothing,
    within: Callable[[], None] = _nothing,
    after: Callable[[], None] = _nothing,
) -> None:
    transact = Client.transact

    @wraps(transact)
    async def watched(self: Client, write: Callable[[Session], None]) -> None:
        def all_of_it(session: Session) -> None:
            write(session)
            within()

        before()
        await transact(self, all_of_it)
        after()

    _replace(Client, "transact", watched)


def _after_txn_before_publish(strike: Strike) -> None:
    process = Processor.process

    @wraps(process)
    async def watched(self: Processor[Any], batch: Sequence[Record]) -> list[Outgoing]:
        outgoing = await process(self, batch)
        strike.passing()
        return outgoing

    _replace(Processor, "process", watched)


def _between_facts(strike: Strike) -> None:
    """A part of the answers is in the log, the others never get there from here; a single answer does not count."""
    append = Appender.append

    @wraps(append)
    async def watched(self: Appender, outgoing: Iterable[Outgoing]) -> None:
        records = list(outgoing)
        if len(records) > 1 and _tells(records) and strike.comes():
            await append(self, records[: len(records) // 2])
            strike.fall()
            records = records[len(records) // 2 :]
        await append(self, records)

    _replace(Appender, "append", watched)


def _after_publish_before_commit(strike: Strike) -> None:
    commit = Group.commit

    @wraps(commit)
    async def watched(self: Group, positions: Mapping[Place, int]) -> None:
        if _decides(self):
            strike.passing()
        await commit(self, positions)

    _replace(Group, "commit", watched)


def _revoke_in_handler(strike: Strike) -> None:
    """A batch that is decided and not yet published is held until its partitions are taken away; then it falls."""
    process, hand_over = Processor.process, Consumer._hand_over
    holds, revoked = asyncio.Event(), asyncio.Event()

    @wraps(process)
    async def watched(self: Processor[Any], batch: Sequence[Record]) -> list[Outgoing]:
        outgoing = await process(self, batch)
        if strike.comes():
            holds.set()
            strike.mark()
            async with asyncio.timeout(HANDED_OVER_S):
                await revoked.wait()
        return outgoing

    @wraps(hand_over)
    async def handing_over(self: Consumer) -> None:
        if holds.is_set() and _decides(self.group) and not revoked.is_set():
            revoked.set()
            strike.fall()
        await hand_over(self)

    _replace(Processor, "process", watched)
    _replace(Consumer, "_hand_over", handing_over)


def _gateway_after_append(strike: Strike) -> None:
    """The command is in the log, and its caller is never answered."""
    append_soon = Appender.append_soon

    @wraps(append_soon)
    async def watched(self: Appender, record: Outgoing) -> asyncio.Future[None]:
        acknowledged = await append_soon(self, record)
        if _tells([record]):
            acknowledged.add_done_callback(lambda _: strike.passing())
        return acknowledged

    _replace(Appender, "append_soon", watched)


def _public_after_produce_before_commit(strike: Strike) -> None:
    """Public records and their source positions are with the broker, and not committed. Bare positions do not count."""
    commit = Transactions.commit

    @wraps(commit)
    async def watched(
        self: Transactions, outgoing: Iterable[Outgoing], group: str = "", positions: Mapping[Place, int] | None = None
    ) -> None:
        records = list(outgoing)
        if records and positions and strike.comes():
            producer = self._producer
            commit_transaction = producer.commit_transaction

            async def late() -> None:
                await producer.flush()
                strike.fall()
                await commit_transaction()

            producer.commit_transaction = late
        await commit(self, records, group, positions)

    _replace(Transactions, "commit", watched)


def _duplicate_append(strike: Strike) -> None:
    """A producer that heard of no acknowledgement sends again what was written."""
    send = Appender._send

    @wraps(send)
    async def watched(self: Appender, place: Place, records: Sequence[Outgoing]) -> tuple[asyncio.Future[Any], int]:
        receipt, count = await send(self, place, records)
        if not _tells(records) or not strike.comes():
            return receipt, count
        strike.mark()
        await receipt
        return await send(self, place, records[:count])

    _replace(Appender, "_send", watched)


def _late_ack(strike: Strike) -> None:
    """What was written is taken for lost."""
    send = Appender._send

    @wraps(send)
    async def watched(self: Appender, place: Place, records: Sequence[Outgoing]) -> tuple[asyncio.Future[Any], int]:
        receipt, count = await send(self, place, records)
        if not _tells(records) or not strike.comes():
            return receipt, count
        strike.mark()
        await receipt
        raise Trouble("late acknowledgement")

    _replace(Appender, "_send", watched)


def _tells(records: Sequence[Outgoing]) -> bool:
    """Whether these are commands or facts, and no dead letters or heartbeats."""
    return records[0].topic.endswith((".commands", ".facts"))


def _decides(group: Group) -> bool:
    """Whether the group takes commands, or is the gateway's own."""
    return group.group == "gateway" or any(topic.endswith(".commands") for topic in group.topics)


def _replace(owner: type, name: str, function: Callable[..., object]) -> None:
    """Put a wrapped function in the place of one that is there."""
    if name not in vars(owner):
        raise LookupError(f"{owner.__name__} has no {name} of its own any more: the crash points need another place")
    setattr(owner, name, function)


POINTS: Final[Mapping[str, Callable[[Strike], None]]] = {
    "before_txn": _before_txn,
    "in_txn": _in_txn,
    "commit_unknown": _commit_unknown,
    "after_txn_before_publish": _after_txn_before_publish,
    "between_facts": _between_facts,
    "after_publish_before_commit": _after_publish_before_commit,
    "revoke_in_handler": _revoke_in_handler,
    "duplicate_append": _duplicate_append,
    "late_ack": _late_ack,
    "gateway_after_append": _gateway_after_append,
    "public_after_produce_before_commit": _public_after_produce_before_commit,
}
"""Every point by name. The last two are the gateway's, the append points anybody's, the others a service's."""
