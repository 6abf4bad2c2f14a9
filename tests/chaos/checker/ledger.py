"""C3 and C4: the figures of needs and events, wherever they are told. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from shared.contracts import events, pledges
from shared.contracts.message import Malformed, open_envelope
from shared.contracts.outcomes import CommandRefused
from shared.ports import Entry, Record
from tests.chaos.checker.commands import touched
from tests.chaos.checker.order import LIVE
from tests.chaos.checker.reading import Asked, Line, Told, outcome_of

Views = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""What each gateway answers for each stream: {gateway: {stream: body}}."""
Thing = pledges.NeedState | events.EventState

FIGURES: Final = ("quantity", "uncommitted", "held", "pledged", "delivered", "over", "registered", "waiting", "left")


def c3_ledger_balances(needs: Iterable[pledges.NeedState], made: Iterable[pledges.PledgeState]) -> list[str]:
    """C3: a need's counters are the sums of its pledges, and the ledger's equation holds."""
    sums: Counter[tuple[str, str]] = Counter()
    for pledge in made:
        if pledge.status == "held":
            sums[pledge.need_id, "held"] += pledge.quantity
        elif pledge.status in {"pledged", "delivered"}:
            sums[pledge.need_id, "pledged"] += pledge.quantity
        else:
            sums[pledge.need_id, "pledged"] += pledge.delivered_quantity
        sums[pledge.need_id, "delivered"] += pledge.delivered_quantity
    found = []
    for need in needs:
        said = (need.held, need.pledged, need.delivered)
        counted = tuple(sums[need.id, what] for what in ("held", "pledged", "delivered"))
        if said != counted:
            found.append(f"{need.id}: says {said}, its pledges say {counted}")
        if need.quantity + need.over != need.uncommitted + need.held + need.pledged or need.delivered > need.pledged:
            found.append(f"{need.id}: the ledger does not balance")
    return found


def pledges_in(facts: Iterable[Told]) -> list[pledges.PledgeState]:
    """The pledges as their newest facts tell them."""
    newest: dict[str, pledges.PledgeState] = {}
    for one in facts:
        pledge = getattr(one.fact, "pledge", None)
        if isinstance(pledge, pledges.PledgeState) and pledge.version > getattr(newest.get(pledge.id), "version", 0):
            newest[pledge.id] = pledge
    return list(newest.values())


def c3_places_balance(
    happenings: Iterable[events.EventState], parties: Iterable[events.RegistrationState]
) -> list[str]:
    """C3: an event's counters are the sums of its parties."""
    sums: Counter[tuple[str, str]] = Counter()
    for party in parties:
        sums[party.event_id, party.status] += party.party_size
    return [
        f"{event.id}: says {(event.registered, event.waiting)}, its parties say "
        f"{(sums[event.id, 'registered'], sums[event.id, 'waiting'])}"
        for event in happenings
        if (event.registered, event.waiting) != (sums[event.id, "registered"], sums[event.id, "waiting"])
    ]


def c3_views_agree(things: Iterable[Thing], views: Views) -> list[str]:
    """C3: every gateway shows the version, status and figures of the documents."""
    found = []
    for thing in things:
        expected = {"version": thing.version, "status": thing.status, **figures(msgspec.to_builtins(thing))}
        for gateway, shown in views.items():
            body = shown.get(thing.id)
            if body is None:
                found.append(f"{thing.id}: not shown by {gateway}")
            elif {name: body.get(name) for name in expected} != expected:
                other = {name: body.get(name) for name in expected if body.get(name) != expected[name]}
                found.append(f"{thing.id}: {gateway} shows {other}, not { ({name: expected[name] for name in other}) }")
    return found


def figures(body: Mapping[str, Any]) -> dict[str, Any]:
    """The quantities among the members of a need or an event."""
    return {name: body[name] for name in FIGURES if name in body}


def public_items(records: Iterable[Record]) -> list[tuple[str, int, dict[str, Any]]]:
    """Subject, version and thing of each event of a public topic, in order."""
    found = []
    for record in records:
        try:
            envelope = open_envelope(record.value)
        except Malformed:
            continue
        if envelope.streamversion:
            data = msgspec.json.decode(envelope.data)
            thing = data.get("need") or data.get("event") or data.get("campaign") or {}
            found.append((envelope.subject, envelope.streamversion, thing))
    return found


def c3_public_agrees(needs: Iterable[pledges.NeedState], log: Sequence[tuple[str, int, dict[str, Any]]]) -> list[str]:
    """C3: the last public event of a need tells the figures that the need has (what is told later changes none)."""
    last = {subject: thing for subject, _, thing in log}
    return [
        f"{need.id}: the public were told {figures(last.get(need.id, {}))}"
        for need in needs
        if figures(last.get(need.id, {})) != figures(msgspec.to_builtins(need))
    ]


def c3_followers_agree(needs: Iterable[pledges.NeedState], history: Iterable[Line]) -> list[str]:
    """C3: the figures that a client of the stream was told last of a need, if it still follows, are the need's."""
    states: dict[str, str] = {}
    last: dict[str, dict[str, Mapping[str, Any]]] = {}
    for line in history:
        if line["kind"] == "sse_state":
            states[line["client"]] = line["state"]
        elif line["kind"] == "sse":
            last.setdefault(line["client"], {})[line["subject"]] = line["body"]
    expected = {need.id: figures(msgspec.to_builtins(need)) for need in needs}
    return [
        f"{need}: {client} was told {figures(body)} last"
        for client, told in last.items()
        if states.get(client) in LIVE
        for need, body in told.items()
        if need in expected and figures(body) != expected[need]
    ]


def c4_never_too_much(facts: Iterable[Told]) -> list[str]:
    """C4: at every position of the log a hard need holds, and an event admits, no more than there is."""
    found = []
    for one in facts:
        need, event = getattr(one.fact, "need", None), getattr(one.fact, "event", None)
        if isinstance(need, pledges.NeedState) and need.limit == "hard" and _taken(need) > need.quantity:
            found.append(f"{need.id} v{need.version}: {_taken(need)} of {need.quantity}")
        if isinstance(event, events.EventState) and event.capacity is not None and event.registered > event.capacity:
            found.append(f"{event.id} v{event.version}: {event.registered} of {event.capacity}")
    return found


def c4_none_turned_away_in_vain(inbox: Mapping[str, Entry], asked: Iterable[Asked], facts: Iterable[Told]) -> list[str]:
    """C4: who was refused for lack of room wanted more than there was left at that version of the need."""
    left: dict[tuple[str, int], int] = {}
    sizes: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for _, _, fact in facts:
        if isinstance(fact, pledges.OnNeed):
            left[fact.stream, fact.streamversion] = fact.need.uncommitted
        if isinstance(fact, pledges.OnPledge):
            sizes[fact.pledge.id].append((fact.streamversion, fact.pledge.quantity))
    found = []
    for entry, refusal, command in _turned_away(inbox, asked):
        [(stream, version)] = touched(entry).items()
        had, more = left.get((stream, version)), command.quantity
        if isinstance(command, pledges.ChangePledge):
            more -= max((size for size in sizes[command.pledge_id] if size[0] <= version), default=(0, 0))[1]
        if had != refusal.figures.get("left") or more <= (had or 0):
            found.append(f"{entry.command_id}: refused {more} of {stream} v{version}, which had {had} left")
    return found


def c4_full_means_full(inbox: Mapping[str, Entry], asked: Iterable[Asked], facts: Iterable[Told]) -> list[str]:
    """C4: what one more was refused of, and nothing was ever given back to, is taken exactly."""
    newest: dict[str, pledges.NeedState] = {}
    given_back = set()
    for _, _, fact in facts:
        if isinstance(fact, pledges.OnNeed):
            before = newest.get(fact.stream, fact.need)
            if fact.need.version >= before.version:
                newest[fact.stream] = fact.need
                if _taken(fact.need) < _taken(before):
                    given_back.add(fact.stream)
    return [
        f"{entry.command_id}: refused 1, and {need.id} holds {_taken(need)} of {need.quantity}"
        for entry, _, command in _turned_away(inbox, asked)
        if command.quantity == 1 and isinstance(command, pledges.MakePledge) and command.stream not in given_back
        if (need := newest.get(command.stream)) and _taken(need) != need.quantity
    ]


def _taken(need: pledges.NeedState) -> int:
    return need.held + need.pledged


def _turned_away(
    inbox: Mapping[str, Entry], asked: Iterable[Asked]
) -> Iterator[tuple[Entry, CommandRefused, pledges.MakePledge | pledges.ChangePledge]]:
    """Who was refused a quantity for lack of room."""
    wanted = {one.envelope.id: one.command for one in asked}
    for entry in inbox.values():
        refusal, command = outcome_of(entry), wanted.get(entry.command_id)
        if (
            isinstance(refusal, CommandRefused)
            and refusal.problem == "not-enough-left"
            and isinstance(command, pledges.MakePledge | pledges.ChangePledge)
        ):
            yield entry, refusal, command


def c4_nobody_waits_in_vain(
    happenings: Iterable[events.EventState], parties: Iterable[events.RegistrationState]
) -> list[str]:
    """C4: in the end no party waits that what is left would hold."""
    smallest: dict[str, int] = {}
    for party in parties:
        if party.status == "waiting":
            smallest[party.event_id] = min(party.party_size, smallest.get(party.event_id, party.party_size))
    return [
        f"{event.id}: {event.left} left while a party of {smallest[event.id]} waits"
        for event in happenings
        if event.status == "published" and event.id in smallest and (event.left or 0) >= smallest[event.id]
    ]
