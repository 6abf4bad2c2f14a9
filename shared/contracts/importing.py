"""Registering many people at once, from a list that somebody keeps elsewhere."""

from msgspec import Struct

from shared.contracts.event_states import OfEvent


class ImportedRow(Struct, frozen=True):
    """A party of a list, by the number of its row; `person` is a pseudonym made of event and reference.

    `occurred_at` is when it signed up, on paper; `occurrence` is the date of a series that it comes to, by its original
    local start. `single` is what the registration is called if the event does not recur after all.
    """

    row: int
    registration_id: str
    person: str
    party_size: int = 1
    occurred_at: str | None = None
    ages: tuple[int, ...] = ()
    guardian_consent: bool = False
    occurrence: str | None = None
    single: str = ""


class ImportRegistrations(OfEvent, frozen=True):
    """Register a step of a list (at most 200 rows); without rows it asks only whether that may be done."""

    rows: tuple[ImportedRow, ...] = ()


class RefusedRow(Struct, frozen=True):
    """A row that was not taken, and the slug of why."""

    row: int
    reason: str


class ImportedRows(Struct, frozen=True):
    """What became of a step: parties registered and waiting, rows refused."""

    registered: int
    waiting: int
    refused: tuple[RefusedRow, ...]
