from services.pledges.app import build
from shared.config import Pledges


async def test_the_process_decides_follows_and_keeps_time() -> None:
    """Three subscriptions in groups of their own, and a loop for what falls due; nothing is dialled yet."""
    settings = Pledges(kafka="127.0.0.1:1", mongo="mongodb://127.0.0.1:1", secret="s" * 32)
    service = build(settings)
    read = {consumer.group.group: consumer.group.topics for consumer in service.consumers}
    service.mongo.close()

    assert read == {
        "pledges": ("pledges.commands",),
        "pledges.copies": ("events.facts",),
        "pledges.history": ("pledges.facts",),
    }
    assert {"due", "overdue"} <= service._backgrounds.keys()
