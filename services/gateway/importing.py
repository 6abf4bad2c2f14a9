"""Registering many people by one upload of CSV (RFC 4180), which is read and decided as it comes.

Rows go to the log in steps under ids that derive from the Idempotency-Key, so a repeat is answered as the first time.
People without accounts become pseudonyms made of the event and a reference; names are not taken.
"""

import asyncio
import codecs
import csv
from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec
from msgspec import Struct
from pydantic import Field, ValidationError

from services.gateway import bodies, idempotency, outcome, parameters
from services.gateway.bodies import Body
from services.gateway.commands import Commands
from services.gateway.events import registration_id
from services.gateway.fields import Age, Instant, Line, LocalTime
from services.gateway.identity import Identity, Principal
from services.gateway.outcome import Decided
from services.gateway.personal import OK, private
from services.gateway.problems import Answer, Flaw, ProblemError
from services.gateway.table import Exchange, Route
from shared.contracts.importing import ImportedRow, ImportedRows, ImportRegistrations, RefusedRow
from shared.contracts.outcomes import CommandSucceeded
from shared.ports import Trouble

STEP: Final = 200
MOST_ROWS: Final = 12_000
LONGEST_LINE: Final = 2_000
_PATH: Final = "/v1/events/{event_id}/registrations/import"
_COLUMNS: Final = frozenset({"reference", "occurrence", "party_size", "occurred_at", "ages", "guardian_consent"})
_YES: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False, "": False}


class Report(Struct, frozen=True):
    """What became of the rows; `report` has a line for every one that was refused. The heading is row 1."""

    rows: int
    registered: int
    waiting: int
    refused: int
    report: tuple[RefusedRow, ...]


class _Row(Body):
    reference: Line
    party_size: int = Field(1, ge=1, le=10)
    occurrence: LocalTime | None = None
    occurred_at: Instant | None = None
    ages: tuple[Age, ...] = Field((), max_length=10)
    guardian_consent: bool = False


class Importing:
    """Answers the upload."""

    def __init__(self, identity: Identity, commands: Commands) -> None:
        """Ask on behalf of who is signed in, by the way that all commands go."""
        self._identity = identity
        self._commands = commands

    def route(self) -> Route:
        """The upload as a route."""
        return Route(
            method="POST",
            path=_PATH,
            summary="Register up to 12,000 parties by a list (text/csv), for those who manage the event",
            handle=self._handle,
            tag="registrations",
            answers={OK: Report},
            problems=(
                "not-found",
                "invalid-header",
                "unsupported-media-type",
                "body-too-large",
                "body-timeout",
                "invalid-body",
                "key-reused",
                "event-not-open",
                "unavailable",
            ),
            upload="text/csv",
        )

    async def _handle(self, exchange: Exchange) -> Answer | None:
        caller = await self._identity.require(exchange.headers)
        key = parameters.idempotency_key(exchange.headers)
        parameters.query(exchange.scope["query_string"])
        root = idempotency.command_id(caller.issuer, caller.subject, "POST", exchange.scope["path"], key)
        upload = _Upload(self._commands, exchange, caller, root)
        try:
            return await upload.answer()
        except bodies.Disconnected:
            return None


class _Upload:
    """One upload on its way."""

    def __init__(self, commands: Commands, exchange: Exchange, caller: Principal, root: str) -> None:
        self._commands = commands
        self._exchange = exchange
        self._caller = caller
        self._root = root
        self._event = exchange.ids[0]
        self._steps = 0
        self._registered = 0
        self._waiting = 0
        self._refused: list[RefusedRow] = []

    async def answer(self) -> Answer:
        """Ask first whether the caller may; then read, a step at a time."""
        try:
            if (refusal := await self._step([])) is not None:
                return refusal
            rows, good = 0, list[ImportedRow]()
            async for number, fields in _rows(self._exchange):
                rows += 1
                if rows > MOST_ROWS:
                    self._refused.append(RefusedRow(number, "too-many-rows"))
                    break
                row = self._row(number, fields)
                if row is not None:
                    good.append(row)
                if len(good) == STEP:
                    if (refusal := await self._step(good)) is not None:
                        return refusal
                    good = []
            if good and (refusal := await self._step(good)) is not None:
                return refusal
        except Trouble:
            raise _unavailable() from None
        report = tuple(sorted(self._refused, key=lambda one: one.row))
        made = Report(rows, self._registered, self._waiting, len(report), report)
        return private(msgspec.json.encode(made))

    async def _step(self, rows: Sequence[ImportedRow]) -> Answer | None:
        """Have some rows decided; the answer of a refusal that is not about single rows."""
        command = ImportRegistrations(self._event, tuple(rows))
        command_id = f"{self._root}.{self._steps}"
        self._steps += 1
        said = msgspec.json.encode(command)
        decided = await self._commands.ask("events", command, command_id, self._caller, self._exchange, said)
        if decided is None:
            raise _unavailable()
        return self._took(decided)

    def _took(self, decided: Decided) -> Answer | None:
        if not isinstance(decided.outcome, CommandSucceeded):
            return outcome.answer(decided, lambda: "")
        body = msgspec.json.decode(decided.outcome.body, type=ImportedRows)
        self._registered += body.registered
        self._waiting += body.waiting
        self._refused += body.refused
        return None

    def _row(self, number: int, fields: dict[str, str] | None) -> ImportedRow | None:
        """A row as it is asked for; one that is malformed is refused here."""
        try:
            row = _Row.model_validate(_typed(fields or {}))
        except (ValidationError, ValueError, KeyError):
            self._refused.append(RefusedRow(number, "malformed"))
            return None
        person = idempotency.person(self._event, row.reference)
        single = registration_id(self._event, person)
        return ImportedRow(
            number,
            registration_id(self._event, person, row.occurrence),
            person,
            row.party_size,
            row.occurred_at,
            row.ages,
            row.guardian_consent,
            row.occurrence,
            single if row.occurrence is not None else "",
        )


def _typed(fields: dict[str, str]) -> dict[str, object]:
    """Texts of a row as their columns mean them; an empty one says nothing."""
    made: dict[str, object] = {name: text.strip() for name, text in fields.items() if text.strip()}
    if "party_size" in made:
        made["party_size"] = int(str(made["party_size"]))
    if "ages" in made:
        made["ages"] = tuple(int(age) for age in str(made["ages"]).replace(";", " ").split())
    if "guardian_consent" in made:
        made["guardian_consent"] = _YES[str(made["guardian_consent"]).lower()]
    return made


async def _rows(exchange: Exchange) -> AsyncIterator[tuple[int, dict[str, str] | None]]:
    """Rows by number; None for one that has not as many fields as the heading. A row is a line."""
    heading: list[str] | None = None
    number = 0
    async for line in _lines(exchange):
        number += 1
        fields = next(csv.reader([line]), [])
        if heading is None:
            heading = [field.strip().lower() for field in fields]
            _check(heading)
        elif fields:
            yield number, dict(zip(heading, fields, strict=True)) if len(fields) == len(heading) else None
    if heading is None:
        raise _flawed("has no heading")


async def _lines(exchange: Exchange) -> AsyncIterator[str]:
    """Lines of the upload as they come, in bounded memory."""
    _check_type(exchange)
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    left, more = "", True
    while more:
        async with asyncio.timeout(bodies.SECONDS):
            message = await exchange.receive()
        if message["type"] == "http.disconnect":
            raise bodies.Disconnected
        more = message.get("more_body", False)
        try:
            left += decoder.decode(message.get("body", b""), final=not more)
        except UnicodeDecodeError:
            raise _flawed("is not UTF-8") from None
        *whole, left = left.split("\n")
        for line in whole:
            yield _short(line)
        _short(left)
    if left:
        yield left


def _short(line: str) -> str:
    if len(line) > LONGEST_LINE:
        raise ProblemError("body-too-large", f"A row may have {LONGEST_LINE} characters.")
    return line.removesuffix("\r")


def _check(heading: list[str]) -> None:
    """Columns that are not known are refused, so that nobody sends names in the belief that they are kept."""
    unknown = [name for name in heading if name not in _COLUMNS]
    if unknown or "reference" not in heading or len(set(heading)) < len(heading):
        raise _flawed(f"has other columns than {', '.join(sorted(_COLUMNS))}, or no reference; names are not taken")


def _check_type(exchange: Exchange) -> None:
    given = (parameters.header(exchange.headers, b"content-type") or b"").lower().partition(b";")
    if given[0].strip() != b"text/csv" or given[2].replace(b'"', b"").strip() not in {b"", b"charset=utf-8"}:
        raise ProblemError("unsupported-media-type", "Send `Content-Type: text/csv; charset=utf-8`.")


def _flawed(detail: str) -> ProblemError:
    return ProblemError("invalid-body", errors=[Flaw("", f"The list {detail}.")])


def _unavailable() -> ProblemError:
    return ProblemError(
        "unavailable", "Some rows may have been taken. Send the list again with the same Idempotency-Key."
    )
