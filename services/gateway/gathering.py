"""A batch of records as one change to the views: the newest state of each thing, outcomes, who is to be woken. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from services.gateway import views
from services.gateway.view_store import Batch, Moved, Wake
from shared.contracts import outcomes, topics
from shared.contracts.catalogue import FACTS
from shared.contracts.events import OccurrenceState, PartnerState
from shared.contracts.message import Envelope, Fact, Malformed, open_envelope
from shared.ports import Outgoing, Record, dead_letter

FACT_TOPICS: Final = tuple(topics.facts(service) for service in topics.SERVICES)
"""What the gateway follows."""
OWNER: Final = "gateway"
"""Whose dead letters they become."""

_FAMILIES: Final = {name: family for family in FACTS.values() for name in family.kinds}
_LARGEST: Final = 2**53
"""Whole numbers up to here survive in Lua."""
_COMMAND_ID: Final = re.compile(r"[0-9A-Za-z_.~:/-]{1,200}")
_OWN: Final = frozenset("~/")
"""Of these one is in the id of what a service asks of itself: `<id>~<n>` follows from a command, `…/…/…` was due."""
_REQUEST: Final = re.compile(rb"[\x21-\x7e]{1,64}")
_CHANNEL: Final = re.compile(rb"wake:[0-9a-f]{16}")

Position = tuple[str, int]


def name_of(place: Position) -> str:
    """A place of the log as the views' positions name it."""
    return f"{place[0]}:{place[1]}"


class Gathered:
    """Collects; of each thing only the newest state counts, whatever the order."""

    def __init__(self, root: str = "") -> None:
        """Wake only channels below `root`."""
        self._root = root.encode()
        self._states: dict[str, tuple[views.State, str]] = {}
        self._partners: dict[str, PartnerState] = {}
        self._occurrences: dict[tuple[str, str], OccurrenceState] = {}
        self._volunteers: dict[views.Volunteer, None] = {}
        self._operations: dict[str, str] = {}
        self._wakes: list[Wake] = []

    def record(self, record: Record) -> None:
        """Take one record of a fact topic; raise `Malformed` without having taken anything of it."""
        envelope = open_envelope(record.value)
        if envelope.type in outcomes.OUTCOME_TYPES:
            self._outcome(envelope, record)
            return
        family = _FAMILIES.get(envelope.type)
        if family is None:
            raise Malformed("unknown type")
        fact = family.decode(envelope)
        if fact.stream != envelope.subject or fact.streamversion != envelope.streamversion:
            raise Malformed("the envelope belies the fact")
        self.fact(fact, name_of((record.topic, record.partition)))

    def fact(self, fact: Fact, place: str) -> None:
        """Take a fact from a place of the log."""
        state = views.state_of(fact)
        if state is None:
            return
        self.state(state, place)
        partner = views.partner_of(fact)
        if partner is not None:
            self.partner(partner)
        occurrence = views.occurrence_of(fact)
        if occurrence is not None:
            self.occurrence(occurrence)
        volunteer = views.volunteer_of(fact)
        if volunteer is not None:
            self.volunteer(volunteer)

    def state(self, state: views.State, place: str = "") -> None:
        """Take the state of a campaign, event or need; raise `Malformed` for numbers beyond all bounds."""
        if not all(0 <= number < _LARGEST for number in views.figures(state)):
            raise Malformed("a number is out of bounds")
        known = self._states.get(state.id)
        if known is None or known[0].version < state.version:
            self._states[state.id] = (state, place)

    def partner(self, state: PartnerState) -> None:
        """Take the state of a partner."""
        if not 0 <= state.version < _LARGEST:
            raise Malformed("a number is out of bounds")
        known = self._partners.get(state.id)
        if known is None or known.version < state.version:
            self._partners[state.id] = state

    def occurrence(self, state: OccurrenceState) -> None:
        """Take the state of an occurrence."""
        if not all(0 <= number < _LARGEST for number in (state.version, state.registered, state.waiting)):
            raise Malformed("a number is out of bounds")
        known = self._occurrences.get((state.event_id, state.occurrence))
        if known is None or known.version < state.version:
            self._occurrences[state.event_id, state.occurrence] = state

    def volunteer(self, volunteer: views.Volunteer) -> None:
        """Take a person who pledged."""
        self._volunteers[volunteer] = None

    def _outcome(self, envelope: Envelope, record: Record) -> None:
        """Outcomes of what services ask of themselves answer nobody and are not kept."""
        command_id = envelope.causationid
        if not _COMMAND_ID.fullmatch(command_id) or record.value is None:
            raise Malformed("an outcome of no command")
        try:
            value = record.value.decode()
        except UnicodeDecodeError:
            raise Malformed("not UTF-8") from None
        headers: dict[str, Any] = dict(record.headers)
        mismatch = headers.get(outcomes.MISMATCH) == b"1"
        if not mismatch and _OWN.isdisjoint(command_id):
            self._operations.setdefault(command_id, value)
        channel, request = headers.get(outcomes.WAKE), headers.get(outcomes.REQUEST)
        if not isinstance(channel, bytes) or not isinstance(request, bytes):
            return
        own = channel.startswith(self._root) and _CHANNEL.fullmatch(channel.removeprefix(self._root))
        if own and _REQUEST.fullmatch(request):
            replayed = headers.get(outcomes.REPLAYED) == b"1"
            self._wakes.append(Wake(channel.decode(), request.decode(), envelope.type, value, replayed, mismatch))

    def __len__(self) -> int:
        """How much there is to write."""
        return len(self._states) + len(self._partners) + len(self._occurrences) + len(self._volunteers)

    def batch(self, positions: Iterable[tuple[str, int, int]]) -> Batch:
        """All of it, with the positions that it covers."""
        states = self._states.values()
        return Batch(
            [views.view_of(state) for state, _ in states],
            [views.partner_view(state) for state in self._partners.values()],
            list(self._volunteers),
            list(self._operations.items()),
            list(positions),
            self._wakes,
            [
                Moved(state.id, views.kind_of(state), state.version, views.campaign_of(state), place)
                for state, place in states
            ],
            [views.touched_view(state) for state in self._occurrences.values()],
        )


def gather(
    records: Sequence[Record], expected: Mapping[Position, int], root: str, group: str
) -> tuple[Batch, list[Outgoing]]:
    """What a batch of records changes, and the dead letters of those that cannot be read.

    `expected` is where Redis stands, as far as the caller knows, for every place in the batch.
    """
    gathered = Gathered(root)
    letters = []
    ends: dict[Position, int] = {}
    for record in records:
        ends[record.topic, record.partition] = record.offset + 1
        try:
            gathered.record(record)
        except Malformed as error:
            letters.append(dead_letter(OWNER, record, str(error), group=group))
    return gathered.batch((name_of(place), expected[place], end) for place, end in ends.items()), letters
