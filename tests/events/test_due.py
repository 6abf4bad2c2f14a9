import pytest

from services.events.store import EventsStore
from shared import instants
from shared.contracts import topics
from shared.contracts.events import COMMANDS, PromoteWaiting
from shared.contracts.message import open_envelope
from shared.due import Clockwork, due
from shared.ports import Entry, Outgoing, Repeated
from tests.events.given import AT, EVENT, a_plan
from tests.events.log import Log, told


def an_entry(command_id: str = "c9") -> Entry:
    """What a command brought about that planned another one."""
    plan = due(COMMANDS, PromoteWaiting(EVENT), EVENT, AT)
    return Entry(command_id, "f", 0, 9, (EVENT,), (), b"{}", due=(plan,))


async def test_a_plan_is_there_with_the_decision_that_made_it(store: EventsStore) -> None:
    """Both are written in one transaction, or neither."""
    await store.save({}, {}, [an_entry()])
    with pytest.raises(Repeated):
        await store.save({}, {}, [an_entry()])
    claimed = await store.calendar.claim(AT)

    assert claimed is not None
    assert (claimed["at"], claimed["stream"]) == (AT, EVENT)
    assert await store.calendar.claim(AT) is None
    assert (await store.answered(["c9"])).keys() == {"c9"}


async def test_a_plan_becomes_a_command_that_the_service_decides(store: EventsStore) -> None:
    """Not before its time, and by one of two replicas."""
    log = Log(store)
    await log.ask((a_plan(), "ana", "organiser"))
    await store.save({}, {}, [an_entry()])
    appended: list[Outgoing] = []

    async def append(records: list[Outgoing]) -> None:
        appended.extend(records)

    before = instants.later(AT, milliseconds=-1)
    assert await Clockwork("events", store.calendar, append, now=lambda: before).turn() == 0
    replicas = [Clockwork("events", store.calendar, append, now=lambda: AT) for _ in range(2)]
    assert [await replica.turn() for replica in replicas] == [1, 0]
    [record] = appended
    log.offset += 1
    answers = await log.process([log.appended(record.key or b"", record.value)])

    assert record.topic == topics.commands("events")
    assert told(open_envelope(answers[-1].value)) == (404, "not-found")  # the campaign of the event is not there
