"""The rules of registering many people at once: each row by the rules of a registration. Pure."""

from typing import Final

from msgspec.structs import replace

from services.events import places
from services.events.document import Event, evolve
from shared.contracts.events import EventState, Register, RegistrationMade, RegistrationWaitlisted
from shared.contracts.importing import ImportedRow, ImportedRows, ImportRegistrations, RefusedRow
from shared.contracts.message import Fact
from shared.decider import Asked, Decision, Done, Refused, refused

STEP: Final = 200
"""Rows of one command."""
Taken = RegistrationMade | RegistrationWaitlisted


def take(event: Event, state: EventState, command: ImportRegistrations, asked: Asked) -> Decision:
    """Register the rows that may be; the others are told one by one. An event that takes nobody refuses them all."""
    if len(command.rows) > STEP:
        return Decision(Refused("invalid-body", 422, errors=(("/rows", f"are more than {STEP}"),)))
    if state.status != "published" or state.hidden:
        return Decision(refused("event-not-open", status=state.status))
    facts: list[Fact] = []
    private: list[Fact] = []
    refusals: list[RefusedRow] = []
    waiting = 0
    for row in command.rows:
        decision = _one(event, row, asked)
        if isinstance(decision.answer, Refused):
            refusals.append(RefusedRow(row.row, decision.answer.problem))
            continue
        for fact in decision.facts:
            if isinstance(fact, Taken):
                told = _as_of(fact, row, asked)
                event = evolve(event, told)
                facts.append(told)
                waiting += isinstance(told, RegistrationWaitlisted)
        private += decision.private
    body = ImportedRows(len(facts) - waiting, waiting, tuple(refusals))
    return Decision(Done("import", state.id, body), tuple(facts), private=tuple(private))


def _one(event: Event, row: ImportedRow, asked: Asked) -> Decision:
    """Decide a row as if its person asked, at the time of signing up; who organises a members' event lets them in."""
    state = event.state
    if state is None or (row.occurred_at is not None and row.occurred_at > asked.at):
        return Decision(refused("not-happened-yet"))
    command = Register(
        state.id,
        row.registration_id,
        row.party_size,
        row.ages,
        row.guardian_consent,
        occurrence=row.occurrence,
        single=row.single,
    )
    known = event.places.get(places.name_of(state, command))
    if known is not None and known.registration.status != "cancelled":
        return Decision(refused("already-registered"))
    let_in = replace(event, acting=event.acting | {row.person: frozenset()})
    by = replace(asked, person=row.person, at=row.occurred_at or asked.at)
    return places.register(let_in, state, command, by)


def _as_of(fact: Taken, row: ImportedRow, asked: Asked) -> Taken:
    """The fact with the time of writing where it holds that of signing up, which stands beside it."""
    if row.occurred_at is None:
        return fact
    registration = replace(fact.registration, created_at=asked.at, updated_at=asked.at, occurred_at=row.occurred_at)
    return replace(fact, event=replace(fact.event, updated_at=asked.at), registration=registration)
