from itertools import count

import pytest
from msgspec import json

from services.notifications.follower import Follower, Rules
from services.notifications.store import FollowerStore
from shared import instants
from shared.contracts import notifications
from shared.contracts.message import open_envelope
from shared.contracts.notifications import Follow, Followed, PersonCommand, ReadNotification, Unfollow
from shared.mongo import Inbox, Lost
from shared.ports import Outgoing, Record
from shared.processor import Processor
from shared.service import Measured
from tests.notifications.given import AT, Desk, pledged, record

NEED = Followed("need", "need_soup")
EVENT = Followed("event", "event_sweep")

_ids = count(1)


def processor(desk: Desk) -> Processor[Follower]:
    """Give the service's processor on the real store."""
    return Processor(
        "notifications",
        notifications.COMMANDS,
        notifications.FACTS,
        Rules(),
        desk.store,
        Measured("notifications"),
        clock=lambda: 0.0,
    )


def asked(command: PersonCommand, person: str | None = None) -> Record:
    """Give the record of a command, sent by the person it names unless by another."""
    number = next(_ids)
    value = notifications.COMMANDS.wrap(
        command,
        id=f"c{number}",
        subject=command.stream,
        time=AT,
        principal=f"{person or command.person} resident",
        fingerprint=f"f{number}",
    )
    return Record("notifications.commands", 3, number, command.stream.encode(), value, (), instants.to_ms(AT) + number)


def kinds(out: list[Outgoing]) -> list[str]:
    """List the kinds of the records that answer."""
    return [open_envelope(one.value).type.split(".")[2] for one in out]


def answer(out: list[Outgoing]) -> tuple[int, object]:
    """Give status and body (or problem) of the last outcome."""
    data = json.decode(open_envelope(out[-1].value).data)
    return data["status"], data.get("body") or data["problem"]


async def followed(desk: Desk) -> list[tuple[str, str]]:
    """List (person, thing) of what is followed."""
    return sorted([(row["person"], row["id"]) async for row in desk.database.follows.find({})])


async def test_a_batch_of_follows_is_kept(desk: Desk) -> None:
    """Several people and changes of mind in one transaction; the stored stream goes on where it was."""
    first = [
        asked(Follow("ana", NEED)),
        asked(Follow("bo", NEED)),
        asked(Follow("ana", EVENT)),
        asked(Unfollow("ana", NEED)),
        asked(Follow("ana", NEED)),
        asked(Follow("bo", EVENT), person="ana"),
    ]
    out = await processor(desk).process(first)
    again = await processor(desk).process([asked(Unfollow("ana", EVENT)), asked(Follow("ana", NEED))])

    assert kinds(out).count("CommandRefused") == 1
    assert await followed(desk) == [("ana", "need_soup"), ("bo", "need_soup")]
    assert kinds(again) == ["FollowEnded", "CommandSucceeded", "CommandSucceeded"]
    assert open_envelope(again[0].value).streamversion == 5
    assert answer(again) == (200, {"kind": "need", "id": "need_soup"})


async def test_a_redelivered_command_is_answered_with_the_same_bytes(desk: Desk) -> None:
    """Nothing happens twice."""
    batch = [asked(Follow("ana", NEED)), asked(Unfollow("ana", EVENT))]

    assert await processor(desk).process(batch) == await processor(desk).process(batch)
    assert await followed(desk) == [("ana", "need_soup")]
    facts = await Inbox(desk.database).facts("ana")
    assert [open_envelope(fact).streamversion for fact in facts] == [1]


async def test_a_notification_is_read_by_its_owner(desk: Desk) -> None:
    """Marked once; another's notification does not exist."""
    await desk.reader().read([record(pledged(1))])
    [item] = [item async for item in desk.database.notifications.find({})]
    name = item["_id"]

    stranger = await processor(desk).process([asked(ReadNotification("bo", name))])
    read = asked(ReadNotification("ana", name))
    owner = await processor(desk).process([read])
    later = await processor(desk).process([asked(ReadNotification("ana", name))])

    at = instants.from_ms(read.timestamp)
    assert answer(stranger) == (404, "not-found")
    assert kinds(owner) == ["NotificationRead", "CommandSucceeded"]
    assert answer(owner) == answer(later) == (200, {"id": name, "read_at": at})
    [item] = [item async for item in desk.database.notifications.find({})]
    assert (item["read_at"], item["seen_at"]) == (at, at)


async def test_two_processes_never_both_change_a_person(desk: Desk) -> None:
    """The guard finds that another was faster; nothing of the slower one is kept."""
    await processor(desk).process([asked(Follow("ana", NEED))])
    rival = processor(desk)

    class Slow(FollowerStore):
        async def load(self, asks: object, *, doubted: bool = False) -> dict[str, Follower]:
            loaded = await super().load(asks, doubted=doubted)  # type: ignore[arg-type]
            await rival.process([asked(Follow("ana", EVENT))])
            return loaded

    slow = processor(desk)
    slow.store = Slow(desk.client, desk.database)
    with pytest.raises(Lost):
        await slow.process([asked(Unfollow("ana", NEED))])

    assert await followed(desk) == [("ana", "event_sweep"), ("ana", "need_soup")]
