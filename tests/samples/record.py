"""Record a sample of each message kind that has none yet; recorded ones are never touched again.

Run as `python -m tests.samples.record` after a new kind or a new major version.
"""

from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from shared.contracts import catalogue, outcomes
from shared.contracts.message import Family, Message

FOLDER = Path(__file__).parent
AT = "2026-03-23T09:00:00.000Z"
FAMILIES: tuple[Family[Any], ...] = (
    *catalogue.COMMANDS.values(),
    *catalogue.FACTS.values(),
    *outcomes.OUTCOMES.values(),
)


def value_of(kind: inspect.Type, name: str) -> Any:  # noqa: ANN401 -- whatever the kind is
    """Give a value of a field's type; texts tell the field's name."""
    match kind:
        case inspect.StructType():
            return {field.encode_name: value_of(field.type, field.encode_name) for field in kind.fields}
        case inspect.VarTupleType():
            return [value_of(kind.item_type, name)]
        case inspect.TupleType():
            return [value_of(item, name) for item in kind.item_types]
        case inspect.DictType():
            return {"left": value_of(kind.value_type, name)}
        case inspect.UnionType():
            return value_of(next(one for one in kind.types if not isinstance(one, inspect.NoneType)), name)
        case inspect.LiteralType():
            return kind.values[0]
        case inspect.IntType():
            return 3
        case inspect.FloatType():
            return 52.48
        case inspect.BoolType():
            return name != "hidden"  # of which there would be little to tell
        case inspect.RawType():
            return {"id": "need_sample"}
        case _:
            return AT if name.endswith(("_at", "at", "_utc")) else f"a {name}"


def sample_of(family: Family[Any], name: str) -> bytes:
    """Give a whole CloudEvent of a kind."""
    kind: type[Message] = family.kinds[name]
    data = value_of(inspect.type_info(kind), name)
    if kind is outcomes.CommandSucceeded or kind is outcomes.CommandRefused:
        data["touched"] = [["need_sample", 3]]
    message = msgspec.json.decode(msgspec.json.encode(data), type=kind)
    return family.wrap(
        message,
        id="5e5f0b34-8d0b-5d6c-9f2e-0a4f1c9a7d11",
        subject="need_sample",
        time=AT,
        correlationid="5e5f0b34-8d0b-5d6c-9f2e-0a4f1c9a7d11",
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )


def main() -> None:
    """Write what is missing."""
    for family in FAMILIES:
        for name in family.kinds:
            path = FOLDER / f"{name}.json"
            if not path.exists():
                path.write_bytes(sample_of(family, name) + b"\n")
                print(path.name)  # noqa: T201 -- a command


if __name__ == "__main__":
    main()
