"""A record of a public topic as bytes that are ready to be sent, with what filters look at. Pure."""

from typing import Final

import msgspec
from msgspec import Struct

from services.gateway import cursors
from services.gateway.cursors import Cursor
from services.gateway.public_forms import LOGS, Epoch
from shared.ports import Record

EPOCH: Final = "epoch"
"""Header of every record of a public topic: which log it belongs to."""
EPOCH_TYPE: Final = LOGS.type_of(Epoch)


class Item(Struct, frozen=True, gc=False):
    """A record of a public topic; `frame` is its SSE frame without the comment that names its predecessor."""

    offset: int
    mark: str
    cursor: str
    type: str
    subject: str
    campaigns: tuple[str, ...]
    wards: tuple[str, ...]
    told: bool
    gone: bool
    frame: bytes
    begin: int

    @property
    def value(self) -> bytes:
        """The CloudEvent, byte for byte as in the log."""
        return self.frame[self.begin : -2]

    @property
    def place(self) -> cursors.Place:
        """Where it stands, for cursors."""
        return cursors.Place(self.offset, self.mark)


class _Venue(Struct):
    ward: str | None = None


class _Thing(Struct):
    id: str
    campaign_id: str = ""
    ward: str | None = None
    wards: tuple[str, ...] = ()
    venue: _Venue | None = None
    status: str = ""


class _Data(Struct):
    campaign: _Thing | None = None
    event: _Thing | None = None
    need: _Thing | None = None
    commitment: _Thing | None = None


class _Event(Struct):
    id: str
    type: str
    subject: str
    data: _Data


_events = msgspec.json.Decoder(_Event)


def item_of(record: Record) -> Item | None:
    """A record as an item; None for what the projector did not write."""
    epoch = next((value for name, value in record.headers if name == EPOCH and value), None)
    value = record.value
    if epoch is None or value is None or b"\n" in value or b"\r" in value:
        return None
    try:
        event = _events.decode(value)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    mark = cursors.mark(event.id)
    cursor = cursors.text(Cursor(epoch.decode("ascii", "replace"), cursors.Place(record.offset, mark)))
    head = f"id: {cursor}\nevent: {event.type}\ndata: ".encode()
    data = event.data
    thing = data.event or data.need or data.commitment or data.campaign
    return Item(
        offset=record.offset,
        mark=mark,
        cursor=cursor,
        type=event.type,
        subject=event.subject,
        campaigns=() if thing is None else (thing.id if thing is data.campaign else thing.campaign_id,),
        wards=() if thing is None else _wards(thing),
        told=event.type != EPOCH_TYPE,
        gone=thing is not None and thing is not data.campaign and not thing.campaign_id,
        frame=head + value + b"\n\n",
        begin=len(head),
    )


def _wards(thing: _Thing) -> tuple[str, ...]:
    ward = thing.venue.ward if thing.venue else thing.ward
    return (*thing.wards, ward) if ward else thing.wards
