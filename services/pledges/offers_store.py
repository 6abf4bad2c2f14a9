"""The documents of offers to a campaign."""

from collections.abc import Callable, Mapping, Sequence

from msgspec import structs

from services.pledges import documents
from services.pledges.copies import Copies
from services.pledges.offer import Offer
from shared.contracts.offers import MakeOffer, OfOffer
from shared.mongo import Database, Session, by_id, insert, replace_guarded, translated
from shared.ports import Ask, Entry


class OfferShelf:
    """Offers, and what was said with them."""

    commands = OfOffer
    kind = Offer

    def __init__(self, database: Database, copies: Copies) -> None:
        """Use the service's collections."""
        self._copies = copies
        self._words = database.words
        self.offers = database.offers

    async def prepare(self) -> None:
        """Make the indexes."""
        newest = [("created_at", -1), ("_id", -1)]
        with translated():
            await self.offers.create_index([("donor", 1), *newest], name="of_donor")
            await self.offers.create_index([("campaign_id", 1), *newest], name="of_campaign")
            fitting = [("campaign_id", 1), ("kind", 1), ("status", 1), ("asked_at", 1), ("_id", 1)]
            await self.offers.create_index(fitting, name="to_ask")

    async def load(self, asks: Sequence[Ask], *, doubted: bool) -> dict[str, Offer]:  # noqa: ARG002 -- nothing is left out
        """Every offer with its campaign. Raises `Behind` as the copies do."""
        states = {ask.stream: Offer(ask.stream) for ask in asks}
        found = await by_id(self.offers, states)
        campaigns = {ask.stream: ask.command.campaign_id for ask in asks if isinstance(ask.command, MakeOffer)}
        campaigns |= {stream: document["campaign_id"] for stream, document in found.items()}
        copies = await self._copies.wanted(set(campaigns.values()), asks)
        for stream, campaign in campaigns.items():
            states[stream] = structs.replace(states[stream], campaign=copies.get(campaign))
        for stream, document in found.items():
            states[stream] = structs.replace(states[stream], state=documents.offer_state(document))
        return states

    def writes(
        self,
        before: Mapping[str, Offer],
        after: Mapping[str, Offer],
        entries: Sequence[Entry],  # noqa: ARG002 -- the port
    ) -> Callable[[Session], None]:
        """What writes the changed ones within a transaction."""
        changed = [
            (before[stream].state, offer)
            for stream, offer in after.items()
            if offer.state is not None and offer.state is not before[stream].state
        ]
        new = [documents.of_offer(offer.state) for was, offer in changed if was is None and offer.state]
        known = [
            {**documents.of_offer(offer.state), "_was": was.version} for was, offer in changed if was and offer.state
        ]
        words = [documents.of_words(words) for _, offer in changed for words in offer.words]

        def write(session: Session) -> None:
            insert(self.offers, session, new)
            insert(self._words, session, words)
            replace_guarded(self.offers, session, known)

        return write
