"""The plan of a replay, whatever its seed and size."""

from collections import Counter
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.simulation.plan import LEAST_SCALE, PARTNERS, TOTALS, VOLUNTEERS, Plan, plan, scaled
from shared.vocabulary.terms import ward_slugs, wards

PLANS = st.builds(
    lambda seed, scale: (plan(seed, scale, wards()), scale),
    st.integers(0, 2**32),
    st.floats(LEAST_SCALE, 0.1),
)


def test_the_season_of_2020_is_planned_as_it_was() -> None:
    """80 partners, 845 volunteers, 62,000 parcels and 22,000 meals in 84,000 deliveries, 8,400 of them sent twice."""
    season = plan(2020, 1.0, wards())
    deliveries = season.deliveries()

    assert len({partner.name for partner in season.partners}) == PARTNERS == 80
    assert season.volunteers == VOLUNTEERS == 845
    assert season.totals() == {"food_parcel": 62_000, "meal": 22_000}
    assert len(deliveries) == 84_000
    assert sum(each.is_doubled for each in deliveries) == 8_400
    assert sum(each.is_corrected for each in deliveries) == 840


@settings(max_examples=25, deadline=None)
@given(PLANS)
def test_totals_doubles_and_corrections_are_exact_at_any_scale(made: tuple[Plan, float]) -> None:
    """One delivery a parcel or meal, a tenth of them doubled, a hundredth corrected."""
    season, scale = made
    deliveries = season.deliveries()
    number = sum(scaled(total, scale) for total in TOTALS.values())

    assert season.totals() == {kind: scaled(total, scale) for kind, total in TOTALS.items()}
    assert len(deliveries) == number
    assert sum(each.is_doubled for each in deliveries) == round(number / 10)
    assert sum(each.is_corrected for each in deliveries) == round(number / 100)


@settings(max_examples=25, deadline=None)
@given(PLANS)
def test_everybody_and_every_ward_has_a_part(made: tuple[Plan, float]) -> None:
    """Each volunteer pledges, each partner asks, each ward gets parcels; invented partners say that they are."""
    season, _ = made
    donors = Counter(pledge.volunteer for need in season.needs for pledge in need.pledges)

    assert set(donors) == set(range(season.volunteers))
    assert {need.partner for need in season.needs} == set(range(len(season.partners)))
    assert {need.ward for need in season.needs if need.kind == "food_parcel"} == ward_slugs()
    assert all(partner.name.endswith("(made up)") for partner in season.partners)


@settings(max_examples=25, deadline=None)
@given(PLANS)
def test_nothing_in_the_plan_can_be_refused(made: tuple[Plan, float]) -> None:
    """Also with an error on record, no more is delivered than pledged, nor is a pledge full too early."""
    season, _ = made
    for need in season.needs:
        for pledge in need.pledges:
            delivered = 0
            for delivery in pledge.deliveries:
                assert delivered + delivery.recorded <= pledge.quantity <= 1000
                delivered += 1
            times = [need.at, pledge.at, *(delivery.at for delivery in pledge.deliveries)]

            assert all(before <= after for before, after in pairwise(times))
            assert delivered == pledge.quantity


def test_a_seed_tells_the_plan() -> None:
    """The same twice; another for another seed."""
    assert plan(1, 0.02, wards()) == plan(1, 0.02, wards()) != plan(2, 0.02, wards())
