from services.events.app import build
from shared.config import Events


async def test_the_process_reads_its_commands_and_keeps_time() -> None:
    """A group named after it, one for its history, and loops for what falls due; nothing is dialled before it runs."""
    settings = Events(
        kafka="127.0.0.1:1", mongo="mongodb://127.0.0.1:1", secret="made-up-secret-of-more-than-32-letters"
    )
    service = build(settings)

    assert [consumer.group.group for consumer in service.consumers] == ["events", "events.history"]
    assert {"due", "overdue"} <= service._backgrounds.keys()
    assert service.database.name == "brum_events"
    service.mongo.close()
