"""The documents of streams that are one document each."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from msgspec import convert, structs, to_builtins

from services.pledges.copies import Copies
from services.pledges.documents import Document
from services.pledges.sheets import Sheet
from shared.contracts.sheets import OfSheet
from shared.mongo import Collection, Session, by_id, insert, replace_guarded, translated
from shared.ports import Ask, Entry

T = TypeVar("T", bound=Sheet[Any])


class SheetShelf(Generic[T]):
    """One kind of them; `words` lie within the document and are no part of the state."""

    def __init__(
        self,
        collection: Collection,
        copies: Copies,
        *,
        commands: type[OfSheet],
        kind: type[T],
        form: type,
        found_by: tuple[str, ...] = (),
    ) -> None:
        """`form` is the state of such a stream, `kind` the stream itself; `found_by` are fields asked for."""
        self.collection = collection
        self.commands = commands
        self.kind = kind
        self._form = form
        self._found_by = found_by
        self._copies = copies

    async def prepare(self) -> None:
        """Make the indexes."""
        with translated():
            for field in ("campaign_id", *self._found_by):
                await self.collection.create_index([(field, 1), ("created_at", -1), ("_id", -1)], name=f"of_{field}")

    async def load(self, asks: Sequence[Ask], *, doubted: bool) -> dict[str, T]:  # noqa: ARG002 -- the port
        """Every stream with its campaign and those that are mentioned. Raises `Behind`, as the needs' shelf does."""
        commands = [ask.command for ask in asks if isinstance(ask.command, OfSheet)]
        others = {name for command in commands for name in command.mentions}
        found = await by_id(self.collection, {command.stream for command in commands} | others)
        begun = {
            command.stream: command.within or found[command.mentions[0]]["campaign_id"]
            for command in commands
            if command.within or (command.mentions and command.mentions[0] in found)
        }
        campaigns = {*begun.values(), *(document["campaign_id"] for document in found.values())}
        copies = await self._copies.wanted(campaigns, asks)
        mentioned = {name: self.state(found[name]) for name in others if name in found}
        sheets: dict[str, T] = {}
        for stream in {command.stream for command in commands}:
            document = found.get(stream)
            sheet = self.sheet(document) if document else self.kind(stream)
            campaign = document["campaign_id"] if document else begun.get(stream, "")
            sheets[stream] = structs.replace(sheet, campaign=copies.get(campaign), mentioned=mentioned)
        return sheets

    def writes(
        self,
        before: Mapping[str, T],
        after: Mapping[str, T],
        entries: Sequence[Entry],  # noqa: ARG002 -- the port
    ) -> Callable[[Session], None]:
        """What writes the changed ones within a transaction."""
        new: list[Document] = []
        changed: list[Document] = []
        for stream, sheet in after.items():
            was = before[stream].state
            if sheet.state is None or sheet.state is was:
                continue
            document = {**to_builtins(sheet.state), "words": sheet.words}
            document["_id"] = document.pop("id")
            if was is None:
                new.append(document)
            else:
                changed.append({**document, "_was": was.version})

        def write(session: Session) -> None:
            insert(self.collection, session, new)
            replace_guarded(self.collection, session, changed)

        return write

    def sheet(self, document: Document) -> T:
        """A stream as it lies there."""
        return self.kind(document["_id"], self.state(document), dict(document["words"]))

    def state(self, document: Document) -> Any:  # noqa: ANN401 -- of the form
        """Its state."""
        return convert({**document, "id": document["_id"]}, self._form)
