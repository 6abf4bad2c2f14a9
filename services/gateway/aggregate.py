"""A campaign with all that hangs on it, as one answer. Pure."""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from services.gateway.view_store import Whole
from shared.contracts.events import CampaignState, Occurrence, PartnerAnswer
from shared.contracts.message import encode
from shared.contracts.pledges import NeedState


class Totals(Struct, frozen=True):
    """Figures of a campaign: public events that were not called off, people registered for them, quantities by kind.

    `volunteers` are different people who have ever pledged; what is held is not pledged.
    """

    partners: int
    volunteers: int
    events: int
    registrations: int
    needs_open: int
    pledged: dict[str, int]
    delivered: dict[str, int]


class Aggregate(Struct, frozen=True):
    """`events` are the next ten, `needs` the ten most urgent open ones; `as_of` is when the newest part changed."""

    campaign: CampaignState
    partners: tuple[PartnerAnswer, ...]
    events: tuple[Occurrence, ...]
    needs: tuple[NeedState, ...]
    totals: Totals
    as_of: str


class _Joined(Struct):
    created_at: str
    id: str


_joined: Final = msgspec.json.Decoder(_Joined)


def assemble(whole: Whole, campaign: bytes) -> bytes:
    """The aggregate as it is sent, `campaign` as its body says."""
    totals = Totals(
        len(whole.partners),
        whole.totals.volunteers,
        whole.totals.events,
        whole.totals.registrations,
        whole.totals.needs_open,
        whole.totals.pledged,
        whole.totals.delivered,
    )
    parts = (
        (b"campaign", campaign),
        (b"partners", _array(sorted(whole.partners, key=_age))),
        (b"events", _array(whole.events)),
        (b"needs", _array(whole.needs)),
        (b"totals", encode(totals)),
        (b"as_of", encode(whole.at)),
    )
    return b"{" + b",".join(b'"%s":%s' % part for part in parts) + b"}"


def _array(bodies: Sequence[bytes]) -> bytes:
    return b"[" + b",".join(bodies) + b"]"


def _age(partner: bytes) -> tuple[str, str]:
    joined = _joined.decode(partner)
    return joined.created_at, joined.id
