"""The vocabulary and the contracts say the same words."""

from typing import get_args

from shared.contracts.events import Sector, Visibility
from shared.contracts.pledges import Kind, Limit
from shared.vocabulary import terms


def test_there_are_69_wards_that_know_their_neighbours() -> None:
    """Slugs differ, neighbours are wards and know it."""
    wards = {ward.slug: ward for ward in terms.wards()}

    assert len(wards) == 69
    assert terms.ward_slugs() == wards.keys()
    assert sum(ward.population for ward in wards.values()) == 1_183_618
    for ward in wards.values():
        assert all(ward.slug in wards[name].neighbours for name in ward.neighbours)
        assert -2.1 < ward.lon < -1.7
        assert 52.3 < ward.lat < 52.7


def test_closed_lists_are_those_of_the_contracts() -> None:
    """A word that a message cannot hold is no choice."""
    known = terms.terms()

    assert {term.slug for term in known.sectors} == set(get_args(Sector))
    assert {term.slug for term in known.need_kinds} == set(get_args(Kind))
    assert {term.slug for term in known.limits} == set(get_args(Limit))
    assert {term.slug for term in known.visibilities} == set(get_args(Visibility))
    assert [principle.id for principle in known.principles] == list(range(1, 9))
    assert [term.slug for term in known.languages] == ["en", "ur", "pa", "bn", "ar", "pl", "so", "ro"]


def test_every_word_has_labels_and_a_source() -> None:
    """English at least, no language that the platform does not write in, and no empty text."""
    known = terms.terms()
    languages = {term.slug for term in known.languages}
    lists = (
        known.principles,
        known.priorities,
        known.sectors,
        known.need_kinds,
        known.limits,
        known.visibilities,
        known.event_categories,
        known.access,
        known.languages,
    )

    assert len(known.principles) == 8
    assert len(known.priorities) == 6
    for term in (term for listed in lists for term in listed):
        assert term.name
        assert term.source
        assert "en" in term.labels
        assert term.labels.keys() <= languages
        assert all(term.labels.values())
    for term in (*known.need_kinds, *known.event_categories):
        assert term.labels.keys() == languages
    assert known.reviewed == ("en",)
