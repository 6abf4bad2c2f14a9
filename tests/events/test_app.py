from services.events.app import build
from shared.config import Events


async def test_the_process_reads_its_commands_and_nothing_else() -> None:
    """One group, named after the service; nothing is dialled before it runs."""
    settings = Events(
        kafka="127.0.0.1:1", mongo="mongodb://127.0.0.1:1", secret="made-up-secret-of-more-than-32-letters"
    )
    service = build(settings)

    assert [consumer.group.group for consumer in service.consumers] == ["events"]
    assert service.database.name == "brum_events"
    service.mongo.close()
