"""Who may come (MISSION rows 15, 17 and 49): ages, the consent of a guardian, drop-ins."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.events.attached import Admission
from services.events.document import Event
from shared.contracts.events import Register
from shared.contracts.message import encode
from shared.decider import Decision, Refused
from tests.events.given import AT, EVENT, an_event, asked, decided, kinds, problem

BO = f"{EVENT}.bo"


def party(*ages: int, consent: bool = False, size: int | None = None) -> Register:
    """A party that tells its ages."""
    return Register(EVENT, BO, size or len(ages) or 1, ages=ages, guardian_consent=consent)


def registered(event: Event, command: Register) -> tuple[Event, Decision]:
    """What Bo is answered."""
    return decided(event, command, asked("bo"))


def test_a_party_outside_the_ages_is_refused() -> None:
    """With the figures; both ends belong to the range."""
    event = an_event(age_min=11, age_max=20)

    for age in (10, 21):
        assert problem(registered(event, party(15, age, consent=True))[1]) == (
            "outside-age-range",
            409,
            {"age_min": 11, "age_max": 20},
        )
    for age in (11, 20):
        assert kinds(registered(event, party(age, consent=True))[1]) == ["RegistrationMade"]


@pytest.mark.parametrize("fields", [{}, {"age_min": 16}, {"age_max": 16}])
def test_under_18_a_guardian_agrees(fields: dict[str, Any]) -> None:
    """Whatever the range; adults need nobody."""
    event = an_event(**fields)

    assert problem(registered(event, party(16))[1]) == ("guardian-consent-required", 409, {"under_18": 1})
    assert kinds(registered(event, party(16, consent=True))[1]) == ["RegistrationMade"]
    if "age_max" not in fields:
        assert kinds(registered(event, party(18))[1]) == ["RegistrationMade"]


def test_what_is_kept_is_how_many_and_when() -> None:
    """No age is in a fact, an answer or a document: neither of a minor nor of anybody else."""
    event, decision = registered(an_event(), party(41, 13, 7, consent=True))

    assert event.attached == {BO: Admission(BO, EVENT, 3, 2, AT)}
    told = encode([decision.facts, decision.answer])
    assert b"under_18" not in told.replace(b'"under_18":null', b"")
    assert b"consent" not in told.replace(b'"guardian_consent_at":null', b"")
    assert b'"ages"' not in told
    assert registered(an_event(), party(41, 30))[0].attached == {}


def test_ages_are_needed_where_all_are_minors() -> None:
    """MISSION row 49: an event for 11 to 16 knows who comes; elsewhere nobody has to say."""
    _, youth = registered(an_event(age_min=11, age_max=16), party(size=2))
    _, family = registered(an_event(age_min=8), party(size=2))
    _, short = registered(an_event(), party(30, size=2))

    for refused in (youth, short):
        assert isinstance(refused.answer, Refused)
        assert (refused.answer.status, refused.answer.errors[0][0]) == (422, "/ages")
    assert kinds(family) == ["RegistrationMade"]


def test_a_drop_in_takes_no_bookings() -> None:
    """Row 17: one just comes; who came is counted."""
    assert problem(registered(an_event(type="drop_in"), party())[1]) == ("no-booking-needed", 409, {})


@given(
    st.none() | st.integers(0, 30),
    st.none() | st.integers(0, 30),
    st.lists(st.integers(0, 40), max_size=5),
    st.booleans(),
)
def test_no_party_is_in_that_may_not_be(
    lowest: int | None,
    highest: int | None,
    ages: list[int],
    consent: bool,  # noqa: FBT001 -- drawn
) -> None:
    """Whoever is registered is within the range, and no minor is there without consent."""
    if lowest is not None and highest is not None and highest < lowest:
        lowest, highest = highest, lowest
    event = an_event(age_min=lowest, age_max=highest)
    event, decision = registered(event, party(*ages, consent=consent))
    if not decision.facts:
        return
    assert all((lowest or 0) <= age <= (999 if highest is None else highest) for age in ages)
    assert consent or all(age >= 18 for age in ages)
    assert (BO in event.attached) == any(age < 18 for age in ages)
