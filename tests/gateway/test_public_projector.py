import asyncio
from collections import Counter
from unittest.mock import patch

import msgspec
import pytest

from services.gateway import public_projector
from services.gateway.public_projector import PublicProjector
from shared.contracts.message import Envelope, open_envelope
from shared.kafka.transactions import Transactions
from shared.ports import Trouble
from tests.gateway.public_given import Log, a_log, need, running, until


async def has(log: Log, count: int) -> None:
    """Wait for so many events in the public topic."""

    async def enough() -> bool:
        return len(await log.events()) >= count

    await until(enough)


def versions(events: list[Envelope]) -> dict[str, list[int]]:
    """Versions told of every stream, in the order of the log."""
    found: dict[str, list[int]] = {}
    for event in events:
        found.setdefault(event.subject, []).append(event.streamversion)
    return found


async def test_facts_become_public_events_in_order(kafka: str) -> None:
    """Both partitions are copied; the first record says which log it is, and every record repeats it."""
    async with a_log(kafka) as log, running(log.projector().run()):
        await log.append([need("need_a", version) for version in range(1, 4)])
        await log.append([need("need_b", version) for version in range(1, 3)], partition=1)
        await has(log, 5)

        assert versions(await log.events()) == {"need_a": [1, 2, 3], "need_b": [1, 2]}
        records = await log.public()
        first = msgspec.json.decode(records[0].value or b"")
        assert first["type"] == "brumtogether.public.Epoch.v1"
        assert {dict(record.headers)["epoch"] for record in records} == {first["data"]["epoch"].encode()}
        assert sorted(record.key or b"" for record in records[1:]) == [b"need_a"] * 3 + [b"need_b"] * 2


async def test_a_fact_that_comes_again_is_told_once(kafka: str) -> None:
    """Sources repeat facts and whole stretches of them; old versions are dropped."""
    async with a_log(kafka) as log, running(log.projector().run()):
        stretch = [need("need_a", version) for version in range(1, 6)]
        await log.append([*stretch, *stretch, stretch[2], need("need_a", 6)])
        await has(log, 6)

        assert versions(await log.events()) == {"need_a": [1, 2, 3, 4, 5, 6]}


async def test_of_two_instances_one_writes(kafka: str) -> None:
    """Two stand for the topic; the one that leads is cut down, the other goes on; nothing doubled, nothing lost."""
    async with a_log(kafka) as log:
        one, two = log.projector(), log.projector()
        first, second = asyncio.create_task(one.run()), asyncio.create_task(two.run())
        try:
            await log.append([need("need_a", version) for version in range(1, 50)])
            await has(log, 49)
            assert one.leading != two.leading
            leader, other = (first, second) if one.leading else (second, first)
            leader.cancel()
            await log.append([need("need_a", version) for version in range(50, 100)])
            await has(log, 99)
            assert not other.done()
        finally:
            first.cancel()
            second.cancel()
            await asyncio.gather(first, second, return_exceptions=True)

        assert versions(await log.events()) == {"need_a": list(range(1, 100))}
        assert len({record.value for record in await log.public() if b"Epoch" in (record.value or b"")}) == 1


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("moment", ["commit_transaction", "send_offsets_to_transaction"])
async def test_killed_between_append_and_commit(kafka: str, moment: str) -> None:
    """What was appended in a transaction that its writer did not survive is told once, by the next."""
    async with a_log(kafka) as log:
        await log.append([need("need_a", version) for version in range(1, 10)])
        dying = log.projector()
        with pytest.raises(Killed):
            await die_at(dying, moment)
        async with running(log.projector().run()):
            await log.append([need("need_a", 10)])
            await has(log, 10)

        assert versions(await log.events()) == {"need_a": list(range(1, 11))}


async def die_at(projector: PublicProjector, moment: str) -> None:
    """Run a term up to a moment of its first transaction that holds events, and end it without any farewell."""

    class Dying(Transactions):
        async def __aexit__(self, *_: object) -> None:
            """Leave no word to the broker, as a killed process would."""
            await self._producer._sender.close()
            await self._producer.client.close()

        async def commit(self, outgoing, group="", positions=None):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
            """Fail where the test wants it."""

            async def killed(*_: object) -> None:
                await self._producer.flush()
                raise Killed

            if positions:
                setattr(self._producer, moment, killed)
            await super().commit(outgoing, group, positions)

    with patch.object(public_projector, "Transactions", Dying):
        await projector._term()


async def test_a_predecessor_that_wakes_up_writes_nothing(kafka: str) -> None:
    """Who was shut out learns it at its next transaction, which never takes effect."""
    async with a_log(kafka) as log:
        async with Transactions(kafka, log.topic) as zombie, running(log.projector().run()):
            await log.append([need("need_a", 1)])
            await has(log, 1)
            with pytest.raises(Trouble):
                await zombie.commit([log.projector()._outgoing("need_a", need("need_a", 1))])

        assert versions(await log.events()) == {"need_a": [1]}


async def test_a_gap_is_filled_by_the_owner(kafka: str) -> None:
    """What the source lacks is asked of the owner, in order; what the owner lacks too is skipped."""
    kept = [open_envelope(need("need_a", version)) for version in (2, 4)]
    async with a_log(kafka) as log, running(log.projector(kept).run()):
        await log.append([need("need_a", 1), need("need_a", 5), need("need_b", 3)])
        await has(log, 5)

        assert versions(await log.events()) == {"need_a": [1, 2, 4, 5], "need_b": [3]}


async def test_poison_is_passed_over(kafka: str) -> None:
    """Whatever lies between the facts, they are told."""
    poison = [
        b"",
        b"\xff\xfe",
        b"null",
        b'{"a":' * 2_000,
        b'{"id":"x"}',
        need("need_a", 2).replace(b".PledgeMade.", b".Unheard."),
        need("need_a", 2).replace(b'"streamversion":2', b'"streamversion":7000'),
        need("need_a", 2).replace(b'"meal"', b"7"),
    ]
    async with a_log(kafka) as log, running(log.projector().run()):
        await log.append([need("need_a", 1), *poison, need("need_a", 2), need("need_a", 3)])
        await has(log, 3)

        assert versions(await log.events()) == {"need_a": [1, 2, 3]}


async def test_a_restart_goes_on_where_the_log_ends(kafka: str) -> None:
    """The epoch stays, positions are those of the last transaction, nothing is copied again."""
    async with a_log(kafka) as log:
        for top in (3, 6, 9):
            async with running(log.projector().run()):
                await log.append([need("need_a", version) for version in range(top - 2, top + 1)])
                await has(log, top)

        assert versions(await log.events()) == {"need_a": list(range(1, 10))}
        epochs = Counter(dict(record.headers)["epoch"] for record in await log.public())
        assert len(epochs) == 1
