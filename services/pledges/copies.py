"""The copies of campaigns that this service decides by, and how long it waits for a newer one."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from services.pledges import documents
from services.pledges.policy import CampaignCopy, campaign_copy
from shared import instants
from shared.contracts.message import Fact
from shared.mongo import Collection, by_id, keep_latest
from shared.ports import Ask, Trouble

PATIENCE_MS: Final = 60_000
"""So long this process waits for the copy of a campaign that a caller had seen: what a caller saw is in the log.

Not counted from the append: after an outage commands are old and copies are late, and nobody is refused for that.
"""
MOST_MET: Final = 1_000
REMEMBERED_MS: Final = 1_000
"""So long a copy is used as it was read; a caller that had seen a newer one has it read again."""


class Behind(Trouble):
    """Our copy of a campaign is older than what the caller had seen: it will be here in a moment."""


class Copies:
    """The `campaigns` collection."""

    def __init__(self, collection: Collection, *, now: Callable[[], str]) -> None:
        """`now` tells the instant, only to bound a wait."""
        self._collection = collection
        self._now = now
        self._met: dict[tuple[str, str], str] = {}
        self._remembered: dict[str, tuple[str, CampaignCopy]] = {}

    async def known(self, campaign_ids: Iterable[str]) -> dict[str, CampaignCopy]:
        """What is known of these campaigns."""
        found = await by_id(self._collection, set(campaign_ids))
        return {campaign_id: documents.campaign(document) for campaign_id, document in found.items()}

    async def wanted(self, campaign_ids: set[str], asks: Sequence[Ask]) -> dict[str, CampaignCopy]:
        """What is known of these campaigns and of those that callers had seen, not older than what they saw.

        Raises `Behind`, for a while, if it is.
        """
        copies = await self._recent(campaign_ids, _seen(asks))
        self._wait_for(copies, asks)
        return copies

    async def follow(self, facts: Sequence[Fact]) -> None:
        """Bring the copies of campaigns up to their facts, in the order given; what is known changes nothing."""
        before = await self.known({fact.stream for fact in facts})
        after = dict(before)
        for fact in facts:
            copy = campaign_copy(after.get(fact.stream), fact)
            if copy is not None:
                after[fact.stream] = copy
        changed = [copy for stream, copy in after.items() if copy is not before.get(stream)]
        await keep_latest(self._collection, [documents.of_campaign(copy) for copy in changed])

    async def _recent(self, campaign_ids: set[str], seen: dict[str, int]) -> dict[str, CampaignCopy]:
        """What is known of these campaigns, as of a second ago at the most, and not before what callers had seen."""
        now = self._now()
        fresh = {
            campaign_id: copy
            for campaign_id in campaign_ids | seen.keys()
            if (known := self._remembered.get(campaign_id))
            and instants.later(known[0], milliseconds=REMEMBERED_MS) > now
            and (copy := known[1]).version >= seen.get(campaign_id, 0)
        }
        missing = (campaign_ids | seen.keys()) - fresh.keys()
        if missing:
            read = await self.known(missing)
            if len(self._remembered) > MOST_MET:
                self._remembered.clear()
            self._remembered.update((campaign_id, (now, copy)) for campaign_id, copy in read.items())
            fresh |= read
        return fresh

    def _wait_for(self, copies: dict[str, CampaignCopy], asks: Sequence[Ask]) -> None:
        for ask in asks:
            campaign_id, _, version = ask.envelope.seen.rpartition(":")
            if not version.isdecimal():
                continue
            copy = copies.get(campaign_id)
            if copy is not None and copy.version >= int(version):
                continue
            met = self._met.setdefault((campaign_id, version), self._now())
            if self._now() < instants.later(met, milliseconds=PATIENCE_MS):
                raise Behind(f"waiting for {campaign_id}")
            if len(self._met) > MOST_MET:
                self._met.clear()


def _seen(asks: Sequence[Ask]) -> dict[str, int]:
    """The newest version of each campaign that a caller had seen."""
    seen: dict[str, int] = {}
    for ask in asks:
        campaign_id, _, version = ask.envelope.seen.rpartition(":")
        if version.isdecimal():
            seen[campaign_id] = max(seen.get(campaign_id, 0), int(version))
    return seen
