"""`asyncapi.json` (AsyncAPI 3.0): every topic, who writes and who reads it, and what its records hold. Pure."""

from typing import Any, Final

import msgspec

from services.gateway import public_forms
from shared.contracts import topics
from shared.contracts.catalogue import COMMANDS, FACTS
from shared.contracts.message import CONTENT_TYPE, Envelope, Family
from shared.contracts.outcomes import OUTCOMES
from shared.contracts.topics import TOPICS, Topic

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_COMPONENTS: Final = "#/components/schemas/"
_DAY: Final = topics.DAY

_DESCRIPTION: Final = """\
Everything that happens is a CloudEvent 1.0 in structured JSON mode. Partners read the public topics, whose records are
the same bytes as the events of `/v1/streams`; the other topics are the inside of the platform.
"""


def schemas() -> dict[str, dict[str, Any]]:
    """JSON Schema of the data of every type, by its name on the wire.

    Where a type is told to the public in a form of its own, the public form is the one that is served.
    """
    found: dict[str, dict[str, Any]] = {}
    families: list[Family[Any]] = [*COMMANDS.values(), *FACTS.values(), *OUTCOMES.values()]
    for family in [*families, *public_forms.FAMILIES.values(), public_forms.LOGS]:
        for name, kind in family.kinds.items():
            found[name] = {"$schema": _DIALECT, "$id": f"/schemas/{name}.json", **msgspec.json.schema(kind)}
    return found


def document(version: str) -> dict[str, Any]:
    """The whole document."""
    messages: dict[str, Any] = {}
    _, components = msgspec.json.schema_components([Envelope], ref_template=f"{_COMPONENTS}{{name}}")
    channels = {topic.name: _channel(topic, messages, components) for topic in TOPICS}
    return {
        "asyncapi": "3.0.0",
        "id": "urn:brumtogether",
        "info": {
            "title": "BrumTogether",
            "version": version,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": channels,
        "operations": _operations(),
        "components": {"messages": messages, "schemas": dict(sorted(components.items()))},
    }


def _families(topic: Topic) -> list[Family[Any]]:
    owner, _, role = topic.name.partition(".")
    match role:
        case "commands":
            return [COMMANDS[owner]]
        case "facts":
            return [FACTS[owner], OUTCOMES[owner]]
        case _:
            family = public_forms.FAMILIES.get(topic.name)
            besides = [public_forms.LOGS] if topic.name in topics.PUBLIC else []
            return [family, *besides] if family else []


def _channel(topic: Topic, messages: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    listed = {}
    for family in _families(topic):
        inside = not topic.name.startswith("public.")
        for name, kind in family.kinds.items():
            key = name if inside else f"public.{name}"
            messages[key] = _message(name, kind, components, prefix="" if inside else "Public")
            listed[key.rpartition(".v")[0].rpartition(".")[2]] = {"$ref": f"#/components/messages/{key}"}
    return {
        "address": topic.name,
        "description": _kept(topic),
        "messages": listed,
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "topicConfiguration": {
                    "cleanup.policy": ["delete"],
                    "retention.ms": topic.retention_ms,
                    "max.message.bytes": topic.max_message_bytes,
                },
                **({"partitions": topic.partitions} if topic.partitions else {}),
                "bindingVersion": "0.5.0",
            }
        },
    }


def _kept(topic: Topic) -> str:
    days = topic.retention_ms / _DAY
    kept = f"{days:.0f} days" if days >= 1 else f"{topic.retention_ms // 60_000} minutes"
    split = "one partition" if topic.partitions == 1 else "as many partitions as the deployment has (24 by default)"
    return f"Written by {topic.writer}, read by {', '.join(topic.readers)}; {split}; kept {kept}."


def _message(name: str, kind: type, components: dict[str, Any], prefix: str) -> dict[str, Any]:
    [data], found = msgspec.json.schema_components([kind], ref_template=f"{_COMPONENTS}{prefix}{{name}}")
    for inner, schema in found.items():
        if components.setdefault(f"{prefix}{inner}", schema) != schema:
            raise ValueError(f"two meanings of {prefix}{inner}")
    return {
        "name": name,
        "title": kind.__name__,
        "summary": (kind.__doc__ or "").partition("\n")[0],
        "contentType": CONTENT_TYPE,
        "payload": {
            "schemaFormat": "application/schema+json;version=2020-12",
            "schema": {
                "allOf": [
                    {"$ref": f"{_COMPONENTS}Envelope"},
                    {"properties": {"type": {"const": name}, "data": data}, "required": ["type", "data"]},
                ]
            },
        },
        "bindings": {"kafka": {"key": {"type": "string"}, "bindingVersion": "0.5.0"}},
    }


def _operations() -> dict[str, Any]:
    return {
        name: operation
        for topic in TOPICS
        for name, operation in [
            _operation(topic, topic.writer, "send"),
            *(_operation(topic, reader, "receive") for reader in topic.readers),
        ]
    }


def _operation(topic: Topic, who: str, action: str) -> tuple[str, dict[str, Any]]:
    verb = "writes" if action == "send" else "reads"
    name = f"{who}-{verb}-{topic.name}".replace(".", "-")
    return name, {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "summary": f"{who} {verb} {topic.name}.",
    }
