"""What all messages have in common: the CloudEvents envelope, the kinds, and their codec.

CloudEvents 1.0 in structured JSON mode. Extension attributes are in lower case without separators.
"""

from typing import Annotated, Any, ClassVar, Final, Generic, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

CONTENT_TYPE: Final = "application/cloudevents+json"

Name = Annotated[str, Meta(max_length=256)]
"""An id: it is told several times in what answers, which must not outgrow a record by it."""

M = TypeVar("M", bound="Message")


class Malformed(ValueError):  # noqa: N818 -- it is a finding, of which a dead letter is made
    """A record that is no message we know; the text says what is wrong, without the content."""


class Message(Struct, frozen=True):
    """A command, a fact or an outcome; the class name and `major` make its type on the wire."""

    major: ClassVar[int] = 1


class Command(Message, frozen=True):
    """Asks for a change, in the imperative; `stream` is the stream whose rules decide."""

    @property
    def stream(self) -> str:
        """Id of the deciding stream: key of the record and subject of the event."""
        raise NotImplementedError


class Fact(Message, frozen=True):
    """Tells what happened, in the past tense, with the whole public state after it."""

    @property
    def stream(self) -> str:
        """Id of the stream it belongs to."""
        raise NotImplementedError

    @property
    def streamversion(self) -> int:
        """Position in its stream: 1, 2, 3 … without a gap."""
        raise NotImplementedError


class Envelope(Struct, frozen=True, omit_defaults=True):
    """A CloudEvent. Commands alone carry `principal`, `fingerprint`, `seen` and `root`.

    `principal` is `<person> <role>,<role>…`; `seen` is `<stream>:<version>` of what the caller had seen elsewhere;
    `root` is the command that waits for this one's answer (`outcomes.Root`, in JSON).
    """

    specversion: str
    id: Name
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: str
    dataschema: str
    data: Raw
    correlationid: str = ""
    causationid: str = ""
    streamversion: int = 0
    traceparent: str = ""
    principal: str = ""
    fingerprint: str = ""
    seen: str = ""
    root: str = ""


class _Named(Struct):
    id: Name


_encoder = msgspec.json.Encoder()
_envelopes = msgspec.json.Decoder(Envelope)
_names = msgspec.json.Decoder(_Named)

encode = _encoder.encode
"""Any struct to its JSON bytes."""


class Family(Generic[M]):
    """The kinds of message that one service owns in one role, with their decoders.

    Types on the wire read `brumtogether.<owner>.<Name>.v<major>`.
    """

    def __init__(self, owner: str, *kinds: type[M]) -> None:
        """Declare the kinds; their class names are unique within the owner."""
        self.owner = owner
        self.source = f"/brumtogether/{owner}"
        self.kinds: dict[str, type[M]] = {self.type_of(kind): kind for kind in kinds}
        self._decoders: dict[str, msgspec.json.Decoder[Any]] = {
            name: msgspec.json.Decoder(kind) for name, kind in self.kinds.items()
        }

    def type_of(self, kind: type[M]) -> str:
        """Type of the kind on the wire."""
        return f"brumtogether.{self.owner}.{kind.__name__}.v{kind.major}"

    def decode(self, envelope: Envelope) -> M:
        """Read the data of an envelope; raise `Malformed` for an unknown type or a wrong shape."""
        decoder = self._decoders.get(envelope.type)
        if decoder is None:
            raise Malformed("unknown type")
        try:
            message: M = decoder.decode(envelope.data)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise Malformed("data does not fit its type") from error
        return message

    def wrap(self, message: M, *, id: str, subject: str, time: str, **extensions: Any) -> bytes:  # noqa: A002, ANN401 -- CloudEvents names
        """Put a message of this family into an envelope and encode it."""
        kind = self.type_of(type(message))
        return encode(
            Envelope(
                specversion="1.0",
                id=id,
                source=self.source,
                type=kind,
                subject=subject,
                time=time,
                datacontenttype="application/json",
                dataschema=f"/schemas/{kind}.json",
                data=Raw(encode(message)),
                **extensions,
            )
        )


def open_envelope(value: bytes | None) -> Envelope:
    """Read the envelope of a record; raise `Malformed` if it is none."""
    if value is None:
        raise Malformed("no value")
    try:
        return _envelopes.decode(value)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Malformed("not a CloudEvent") from error


def readable_id(value: bytes | None) -> str | None:
    """Id of a record that is malformed otherwise, if it can be read at all."""
    try:
        return _names.decode(value or b"").id
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
