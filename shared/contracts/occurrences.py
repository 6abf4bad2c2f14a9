"""One occurrence of a series: changing it, calling it off, and a party that changes its size.

An occurrence is named by its original local start, wherever it is moved.
"""

from typing import Final, get_args

from msgspec import UNSET, UnsetType

from shared.contracts.event_states import OccurrenceState, OfEvent, OnEvent, RegistrationState, VenueChange
from shared.contracts.message import Command, Fact


class ChangeOccurrence(OfEvent, frozen=True, omit_defaults=True):
    """Let one occurrence be otherwise; null is as the series says again. `revision` is the event's."""

    occurrence: str
    revision: int | None = None
    starts_at: str | UnsetType | None = UNSET
    ends_at: str | UnsetType | None = UNSET
    venue: VenueChange | UnsetType | None = UNSET
    online_url: str | UnsetType | None = UNSET
    capacity: int | UnsetType | None = UNSET


class CancelOccurrence(OfEvent, frozen=True):
    """Call one occurrence off; who is registered for it reads as cancelled from then on."""

    occurrence: str
    reason: str


class ChangeRegistration(OfEvent, frozen=True):
    """Come with more or fewer people; ids as of `Register`."""

    registration_id: str
    party_size: int
    occurrence: str | None = None
    single: str = ""


class ReviewOccurrences(OfEvent, frozen=True):
    """The service's own: see what a change of the series means to the occurrences named after `after`.

    What no longer takes place is called off, and who fits now is promoted (a step of at most 200 occurrences).
    """

    after: str = ""


class OccurrenceChanged(OnEvent, frozen=True):
    """An occurrence is otherwise than the series, in what `changed` names, or again as the series."""

    occurrence: OccurrenceState
    changed: tuple[str, ...]


class OccurrenceCancelled(OnEvent, frozen=True):
    """An occurrence is called off, by somebody or because the series was changed."""

    occurrence: OccurrenceState


class RegistrationChanged(OnEvent, frozen=True):
    """A party has another size; where it stands is the same."""

    registration: RegistrationState
    occurrence: OccurrenceState | None = None


OccurrenceCommand = ChangeOccurrence | CancelOccurrence | ChangeRegistration | ReviewOccurrences
OccurrenceFact = OccurrenceChanged | OccurrenceCancelled

COMMANDS: Final[tuple[type[Command], ...]] = get_args(OccurrenceCommand)
FACTS: Final[tuple[type[Fact], ...]] = (*get_args(OccurrenceFact), RegistrationChanged)
