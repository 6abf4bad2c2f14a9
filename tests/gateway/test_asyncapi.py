"""`asyncapi.json` and the schemas of messages."""

from typing import Any

import msgspec
import pytest

from services.gateway import asyncapi, public_forms
from shared.contracts.catalogue import COMMANDS, FACTS
from shared.contracts.message import Family
from shared.contracts.outcomes import OUTCOMES
from shared.contracts.topics import TOPICS
from tests.gateway.references import references

DOCUMENT = asyncapi.document("1.0")
SCHEMAS = asyncapi.schemas()


def test_every_topic_is_a_channel_with_its_writer_and_readers() -> None:
    """One sends, the others receive."""
    actions = [(entry["channel"]["$ref"], entry["action"]) for entry in DOCUMENT["operations"].values()]

    assert set(DOCUMENT["channels"]) == {topic.name for topic in TOPICS}
    for topic in TOPICS:
        channel = f"#/channels/{topic.name}"
        assert actions.count((channel, "send")) == 1
        assert actions.count((channel, "receive")) == len(topic.readers)


@pytest.mark.parametrize("owner", ["events", "pledges", "notifications"])
def test_every_message_is_told_where_it_travels(owner: str) -> None:
    """Commands in one topic, facts and outcomes in the other."""

    def listed(topic: str) -> set[str]:
        return {entry["$ref"].rpartition("/")[2] for entry in DOCUMENT["channels"][topic]["messages"].values()}

    assert listed(f"{owner}.commands") == set(COMMANDS[owner].kinds)
    assert listed(f"{owner}.facts") == set(FACTS[owner].kinds) | set(OUTCOMES[owner].kinds)


def test_public_messages_are_documented_in_their_public_form() -> None:
    """Never with a field that only the inside knows."""
    schemas = {name: entry for name, entry in DOCUMENT["components"]["schemas"].items() if name.startswith("Public")}
    fields = {field for schema in schemas.values() for field in schema.get("properties", ())}

    for topic, family in public_forms.FAMILIES.items():
        told = {message.rpartition(".v")[0] for message in family.kinds}
        assert {name.rpartition(".")[2] for name in told} <= DOCUMENT["channels"][topic]["messages"].keys()
    assert {"title", "quantity", "status"} <= fields
    assert not fields & {"organisers", "donor", "members", "person", "registration", "note", "opened_by"}


def test_every_reference_leads_somewhere() -> None:
    """Into channels or components."""
    for reference in set(references(DOCUMENT)):
        found: Any = DOCUMENT
        head, _, rest = reference.removeprefix("#/").partition("/")
        section, _, name = rest.partition("/")
        found = found[head][section] if not name else found[head][section][name]

        assert found


def test_every_dataschema_is_served() -> None:
    """Each message names its own; a public form stands for the inner one of the same type."""
    inside: list[Family[Any]] = [*COMMANDS.values(), *FACTS.values(), *OUTCOMES.values()]
    families = [*inside, *public_forms.FAMILIES.values(), public_forms.LOGS]

    assert set(SCHEMAS) == {name for family in families for name in family.kinds}
    for family in public_forms.FAMILIES.values():
        for name, kind in family.kinds.items():
            assert SCHEMAS[name]["$defs"] == msgspec.json.schema(kind)["$defs"]
