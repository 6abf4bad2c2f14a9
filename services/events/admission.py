"""The rules of who may come to an event: its type, its ages, the consent of a guardian. Pure.

Ages are looked at and forgotten: what is kept of a party is how many of it are under 18 and when a guardian agreed,
in the owner's documents alone.
"""

from typing import Final

from services.events.attached import Admission
from services.events.document import Admitted
from shared.contracts.events import EventState, Register
from shared.decider import Asked, Refused, refused

OF_AGE: Final = 18


def refusal(state: EventState, command: Register) -> Refused | None:
    """What stands against a party, if anything."""
    if state.type == "drop_in":
        return refused("no-booking-needed")
    ages = command.ages
    if ages and len(ages) != command.party_size:
        return _flaw(f"has {len(ages)} ages for a party of {command.party_size}")
    if not ages and state.age_max is not None and state.age_max < OF_AGE:
        return _flaw("is needed: the event is for people under 18")
    if not all(_admits(state, age) for age in ages):
        return refused("outside-age-range", age_min=state.age_min, age_max=state.age_max)
    minors = sum(age < OF_AGE for age in ages)
    if minors and not command.guardian_consent:
        return refused("guardian-consent-required", under_18=minors)
    return None


def admitted(state: EventState, command: Register, name: str, asked: Asked) -> tuple[Admitted, ...]:
    """What is kept of the ages of a party, whose registration is called `name`: nothing, unless it has minors."""
    minors = sum(age < OF_AGE for age in command.ages)
    return (Admitted(Admission(name, state.id, state.version + 1, minors, asked.at)),) if minors else ()


def _admits(state: EventState, age: int) -> bool:
    lowest, highest = state.age_min, state.age_max
    return (lowest is None or age >= lowest) and (highest is None or age <= highest)


def _flaw(detail: str) -> Refused:
    return Refused("invalid-body", 422, errors=(("/ages", detail),))
