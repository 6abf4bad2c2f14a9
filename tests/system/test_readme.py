"""The tours of the documents, run as they stand."""

import pytest

from tests.system.platform import ROOT, Platform
from tests.system.tours import blocks, follow

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]


def test_the_tour_of_the_readme_runs_as_it_stands(platform: Platform) -> None:
    """Ana's soup is delivered, and a key that comes again changes nothing."""
    document = ROOT / "README.md"
    said = follow(document, platform, within=90)

    assert '"meal": 12' in said
    assert "idempotency-replayed: true" in said.lower()
    assert len(blocks(document)) >= 6


def test_the_tour_of_a_season_runs_as_it_stands(platform: Platform) -> None:
    """Every command succeeds; what they compare is compared in the document, before the reader's eyes."""
    document = ROOT / "docs" / "tour.md"
    follow(document, platform, within=150)

    assert len(blocks(document)) >= 15
