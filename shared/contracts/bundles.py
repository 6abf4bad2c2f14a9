"""Bundles: the needs of one household, held together under a pseudonym.

The bundle's id is the pseudonym. What is known of the household is private to the partner that keeps the bundle and
to the organisers; that a need belongs to a bundle is in no fact.
"""

from msgspec import Struct

from shared.contracts.message import Fact
from shared.contracts.sheets import OfSheet


class BundleState(Struct, frozen=True):
    """A bundle after a change; `partner_id` is who keeps it, null for the organisers themselves."""

    id: str
    version: int
    created_at: str
    updated_at: str
    campaign_id: str
    partner_id: str | None


class OfBundle(OfSheet, frozen=True):
    """A command that a bundle decides."""

    bundle_id: str

    @property
    def stream(self) -> str:
        """The bundle."""
        return self.bundle_id


class BeginBundle(OfBundle, frozen=True):
    """Hold the needs of a household together; `details` are private."""

    campaign_id: str
    details: str | None = None

    @property
    def within(self) -> str:
        """The campaign."""
        return self.campaign_id


class BundleBegun(Fact, frozen=True):
    """There is a bundle."""

    bundle: BundleState

    @property
    def stream(self) -> str:
        """The bundle."""
        return self.bundle.id

    @property
    def streamversion(self) -> int:
        """The bundle's version."""
        return self.bundle.version
