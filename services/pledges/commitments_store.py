"""The documents of commitments, and which of them may be shown by something."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import convert, structs, to_builtins

from services.pledges.commitment import Commitment
from services.pledges.copies import Copies
from services.pledges.documents import Document
from services.pledges.evidence import Vow
from shared.contracts.commitments import CommitmentState, MakeCommitment, OfCommitment
from shared.mongo import Database, Session, by_id, find, insert, replace_guarded, translated
from shared.ports import Ask, Entry

MOST_VOWS: Final = 1_000
"""Commitments that one batch of facts may show."""
_VOW: Final = {"campaign_id": 1, "partner_id": 1, "principles": 1}


class CommitmentShelf:
    """Where commitments lie."""

    commands = OfCommitment
    kind = Commitment

    def __init__(self, database: Database, copies: Copies) -> None:
        """Use the service's collection."""
        self._copies = copies
        self.commitments = database.commitments

    async def prepare(self) -> None:
        """Make the indexes."""
        with translated():
            await self.commitments.create_index([("campaign_id", 1), ("partner_id", 1)], name="of_partner")
            await self.commitments.create_index([("evidence.ref", 1)], name="shown_by")

    async def load(self, asks: Sequence[Ask], *, doubted: bool) -> dict[str, Commitment]:  # noqa: ARG002 -- the port
        """Every commitment with its campaign. Raises `Behind` for a while if a copy is too old."""
        found = await by_id(self.commitments, {ask.stream for ask in asks})
        wanted = {ask.command.campaign_id for ask in asks if isinstance(ask.command, MakeCommitment)}
        wanted |= {document["campaign_id"] for document in found.values()}
        copies = await self._copies.wanted(wanted, asks)
        states = {ask.stream: Commitment(ask.stream) for ask in asks}
        for ask in asks:
            if isinstance(ask.command, MakeCommitment):
                made = states[ask.stream]
                states[ask.stream] = structs.replace(made, campaign=copies.get(ask.command.campaign_id))
        for stream, document in found.items():
            states[stream] = Commitment(
                stream, state_of(document), document["made_by"], copies.get(document["campaign_id"])
            )
        return states

    def writes(
        self, before: Mapping[str, Commitment], after: Mapping[str, Commitment], entries: Sequence[Entry]
    ) -> Callable[[Session], None]:
        """What writes the changed ones within a transaction."""
        del entries
        new: list[Document] = []
        changed: list[Document] = []
        for stream, commitment in after.items():
            was = before[stream].state
            if commitment.state is None or commitment.state is was:
                continue
            document = _document(commitment.state, commitment.made_by)
            if was is None:
                new.append(document)
            else:
                changed.append({**document, "_was": was.version})

        def write(session: Session) -> None:
            insert(self.commitments, session, new)
            replace_guarded(self.commitments, session, changed)

        return write

    async def of_partners(self, partners: Iterable[tuple[str, str | None]]) -> list[Vow]:
        """Commitments that still bind, of partners of campaigns. Raises `Trouble`."""
        places = [{"campaign_id": campaign, "partner_id": partner} for campaign, partner in sorted(partners, key=str)]
        if not places:
            return []
        return await self._vows({"$or": places, "status": {"$ne": "ended"}})

    async def may_be_shown(self, partners: Iterable[tuple[str, str | None]], refs: Iterable[str]) -> list[Vow]:
        """Those of partners of campaigns, and those that are shown by something, ended ones too. Raises `Trouble`."""
        found = {vow.id: vow for vow in await self.of_partners(partners)}
        shown = await self._vows({"evidence.ref": {"$in": sorted(refs)}})
        return list({**found, **{vow.id: vow for vow in shown}}.values())

    async def _vows(self, query: Document) -> list[Vow]:
        found = await find(self.commitments, query, _VOW, sort=[("_id", 1)], limit=MOST_VOWS)
        return [convert({**document, "id": document["_id"]}, Vow) for document in found]


def state_of(document: Mapping[str, Any]) -> CommitmentState:
    """The public part of a commitment."""
    return convert({**document, "id": document["_id"]}, CommitmentState)


def _document(state: CommitmentState, made_by: str) -> Document:
    document: Document = to_builtins(state)
    document["_id"] = document.pop("id")
    return {**document, "made_by": made_by}
