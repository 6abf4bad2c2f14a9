"""The documents of this service: each kind of stream has a shelf, and a batch is written in one transaction."""

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from services.pledges.befriending import Befriending
from services.pledges.bundle import Bundle
from services.pledges.commitments_store import CommitmentShelf
from services.pledges.copies import Copies
from services.pledges.deliveries_store import DeliveryBook
from services.pledges.earlier_days import EarlierDays
from services.pledges.needs_store import NeedShelf
from services.pledges.offers_store import OfferShelf
from services.pledges.rules import State
from services.pledges.sheet_store import SheetShelf
from services.pledges.signal import Signal
from shared.contracts.pledges import BefriendingState, BundleState, OfBefriending, OfBundle, OfSignal, SignalState
from shared.due import Calendar
from shared.mongo import Client, Database, Inbox, Session, translated
from shared.ports import Ask, Entry


class Shelf(Protocol):
    """Where one kind of stream lies: `commands` are what is asked of such streams, `kind` is their state."""

    @property
    def commands(self) -> type:
        """Base of the commands."""
        ...

    @property
    def kind(self) -> type:
        """Class of the state."""
        ...

    async def prepare(self) -> None:
        """Make the indexes."""
        ...

    async def load(self, asks: Sequence[Ask], *, doubted: bool) -> dict[str, Any]:
        """The streams that its commands name, with all that deciding them needs, in a few bulk reads."""
        ...

    def writes(
        self, before: dict[str, Any], after: dict[str, Any], entries: Sequence[Entry]
    ) -> Callable[[Session], None]:
        """What writes the changed ones, guarded by version, within a transaction."""
        ...


class PledgesStore:
    """The Store port of the processor on MongoDB."""

    def __init__(self, client: Client, database: Database, *, now: Callable[[], str]) -> None:
        """Use a service's database; `now` tells the instant, only to bound a wait."""
        self._client = client
        self.inbox = Inbox(database)
        self.calendar = Calendar(database.due)
        self.campaigns = database.campaigns
        self.copies = Copies(database.campaigns, now=now)
        self.vows = CommitmentShelf(database, self.copies)
        self.commitments = self.vows.commitments
        self.book = DeliveryBook(database)
        needs = NeedShelf(database, self.copies, self.calendar, self.vows, self.book)
        self.needs, self.pledges = needs.needs, needs.pledges
        self.words, self.tallies = needs.words, needs.tallies
        self.days = EarlierDays(database, self.calendar)
        self.signals = SheetShelf(database.signals, self.copies, commands=OfSignal, kind=Signal, form=SignalState)
        self.bundles = SheetShelf(database.bundles, self.copies, commands=OfBundle, kind=Bundle, form=BundleState)
        offers = OfferShelf(database, self.copies)
        self.offers = offers.offers
        self.befriendings = SheetShelf(
            database.befriendings,
            self.copies,
            commands=OfBefriending,
            kind=Befriending,
            form=BefriendingState,
            found_by=("guest", "friend", "matcher"),
        )
        self._shelves: Final[tuple[Shelf, ...]] = (
            needs,
            offers,
            self.signals,
            self.bundles,
            self.befriendings,
            self.vows,
        )

    async def prepare(self) -> None:
        """Make the indexes."""
        await self.inbox.prepare()
        await self.calendar.prepare()
        with translated():
            await self.campaigns.create_index([("_id", 1)])
        await self.book.prepare()
        for shelf in self._shelves:
            await shelf.prepare()
        await self.book.catch_up(self._client, self.needs, self.pledges)
        await self.days.catch_up(self._client)

    async def answered(self, command_ids: Sequence[str]) -> dict[str, Entry]:
        """Inbox entries of those commands that were decided before."""
        return await self.inbox.answered(command_ids)

    async def load(self, asks: Sequence[Ask], *, doubted: bool = False) -> dict[str, State]:
        """Every stream that the commands name. Raises `Behind` for a while if a campaign's copy is too old."""
        states: dict[str, State] = {}
        for shelf in self._shelves:
            own = [ask for ask in asks if isinstance(ask.command, shelf.commands)]
            if own:
                states |= await shelf.load(own, doubted=doubted)
        return states

    async def save(self, before: dict[str, State], after: dict[str, State], entries: Sequence[Entry]) -> None:
        """Write what changed; raises `Trouble` if somebody else has moved a stream meanwhile."""
        writes = [
            shelf.writes(before, own, entries)
            for shelf in self._shelves
            if (own := {stream: state for stream, state in after.items() if isinstance(state, shelf.kind)})
        ]

        def write(session: Session) -> None:
            self.inbox.add(session, entries)
            for changed in writes:
                changed(session)
            self.calendar.add(session, [plan for entry in entries for plan in entry.due])

        await self._client.transact(write)
