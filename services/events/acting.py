"""For which partners of a campaign people act."""

from collections.abc import Collection as Names
from collections.abc import Iterable
from typing import Final

from shared.mongo import Collection, find

_BEFORE: Final = "active"
"""Status of partners that were written before partners had one."""


class Acting:
    """Membership as it was read: by campaign and person, the partners with their status."""

    def __init__(self, found: Iterable[tuple[str, str, str, str]] = ()) -> None:
        """Take campaign, person, partner and status of each membership."""
        self._partners: dict[tuple[str, str], dict[str, str]] = {}
        for campaign, person, partner, status in found:
            self._partners.setdefault((campaign, person), {})[partner] = status

    def of(self, campaign: str, person: str, opened_by: str | None = None) -> frozenset[str]:
        """Active partners of a person, and `opened_by`, if it is theirs and has left: it keeps what it opened."""
        return frozenset(
            partner
            for partner, status in self._partners.get((campaign, person), {}).items()
            if status == "active" or (status == "left" and partner == opened_by)
        )

    def people(self, campaign: str) -> frozenset[str]:
        """Those who act for an active partner of a campaign."""
        return frozenset(person for name, person in self._partners if name == campaign and self.of(campaign, person))


async def acting(partners: Collection, campaigns: Names[str], people: Names[str]) -> Acting:
    """Look up who of these people acts for whom in these campaigns."""
    found = await find(
        partners,
        {"state.campaign_id": {"$in": list(campaigns)}, "state.members": {"$in": list(people)}},
        {"state.campaign_id": 1, "state.members": 1, "state.status": 1},
    )
    return Acting(
        (state["campaign_id"], person, document["_id"], state.get("status", _BEFORE))
        for document in found
        for state in [document["state"]]
        for person in set(people).intersection(state["members"])
    )
