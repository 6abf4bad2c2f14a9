"""Venues: places of welcome with weekly hours, days off, and hosts who say that the door is open."""

from typing import Final, Literal, get_args

from msgspec import UNSET, Struct, UnsetType

from shared.contracts.message import Command, Fact
from shared.contracts.recurrence import Hours
from shared.contracts.venue_states import Closure, ExtraOpening, FivePs, VenueState

Step = Literal["hosts", "followers"]
"""Whom a missed heartbeat is told."""


class OneOfFiveChange(Struct, frozen=True, omit_defaults=True):
    """What is to be another about one of the five."""

    met: bool | UnsetType = UNSET
    text: str | UnsetType = UNSET


class FivePsChange(Struct, frozen=True, omit_defaults=True):
    """Which of the five are to be others (JSON merge patch, RFC 7396); null empties one."""

    place: OneOfFiveChange | UnsetType | None = UNSET
    people: OneOfFiveChange | UnsetType | None = UNSET
    presence: OneOfFiveChange | UnsetType | None = UNSET
    provision: OneOfFiveChange | UnsetType | None = UNSET
    participation: OneOfFiveChange | UnsetType | None = UNSET


class OfVenue(Command, frozen=True):
    """A command that a venue decides."""

    venue_id: str

    @property
    def stream(self) -> str:
        """The venue."""
        return self.venue_id


class CreateVenue(OfVenue, frozen=True):
    """Open a place of welcome; the caller becomes its first host."""

    campaign_id: str
    name: str
    description: str | None = None
    address: str | None = None
    ward: str | None = None
    lat: float | None = None
    lon: float | None = None
    access: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    five_ps: FivePs = FivePs()
    timezone: str = "Europe/London"
    hours: tuple[Hours, ...] = ()


class ChangeVenue(OfVenue, frozen=True, omit_defaults=True):
    """Change what is set; `revision`, if given, must be the current one."""

    revision: int | None = None
    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    address: str | UnsetType | None = UNSET
    ward: str | UnsetType | None = UNSET
    lat: float | UnsetType | None = UNSET
    lon: float | UnsetType | None = UNSET
    access: tuple[str, ...] | UnsetType = UNSET
    languages: tuple[str, ...] | UnsetType = UNSET
    five_ps: FivePsChange | UnsetType = UNSET
    timezone: str | UnsetType = UNSET
    hours: tuple[Hours, ...] | UnsetType = UNSET


class PauseVenue(OfVenue, frozen=True):
    """Open no more for now."""


class ResumeVenue(OfVenue, frozen=True):
    """Undo a pause."""


class HideVenue(OfVenue, frozen=True):
    """Take it out of every list at once."""


class UnhideVenue(OfVenue, frozen=True):
    """Bring it back."""


class AddHost(OfVenue, frozen=True):
    """Let a person say whether it is open."""

    person: str


class RemoveHost(OfVenue, frozen=True):
    """Take that right back."""

    person: str


class CloseDay(OfVenue, frozen=True):
    """Stay closed on a local date."""

    date: str
    reason: str


class ReopenDay(OfVenue, frozen=True):
    """Undo a closure."""

    date: str


class AddOpening(OfVenue, frozen=True):
    """Open once besides the weekly hours."""

    starts_at: str
    ends_at: str


class RemoveOpening(OfVenue, frozen=True):
    """Undo that."""

    starts_at: str


class ConfirmOpening(OfVenue, frozen=True):
    """The heartbeat: we are open, or shall be."""

    occurrence: str


class CheckOpening(OfVenue, frozen=True):
    """The service's own: see whether an opening was confirmed, at the time for which that was planned."""

    occurrence: str
    step: Step
    at: str


class OnVenue(Fact, frozen=True):
    """A fact on a venue's stream."""

    venue: VenueState

    @property
    def stream(self) -> str:
        """The venue."""
        return self.venue.id

    @property
    def streamversion(self) -> int:
        """The venue's version."""
        return self.venue.version


class VenueCreated(OnVenue, frozen=True):
    """A place of welcome exists."""


class VenueChanged(OnVenue, frozen=True):
    """Some of its fields, named in `changed`, are new."""

    changed: tuple[str, ...]


class VenuePaused(OnVenue, frozen=True):
    """It does not open for now."""


class VenueResumed(OnVenue, frozen=True):
    """It opens again."""


class VenueHidden(OnVenue, frozen=True):
    """It is out of sight."""


class VenueUnhidden(OnVenue, frozen=True):
    """It is in sight again."""


class HostAdded(OnVenue, frozen=True):
    """A person may say whether it is open."""

    person: str


class HostRemoved(OnVenue, frozen=True):
    """A person may no longer."""

    person: str


class DayClosed(OnVenue, frozen=True):
    """It stays closed on a date."""

    closure: Closure


class DayReopened(OnVenue, frozen=True):
    """It does not stay closed then after all."""

    date: str


class OpeningAdded(OnVenue, frozen=True):
    """It opens once more."""

    opening: ExtraOpening


class OpeningRemoved(OnVenue, frozen=True):
    """It does not after all."""

    opening: ExtraOpening


class OpeningConfirmed(OnVenue, frozen=True):
    """A host said that they are open; `late` when followers had been told that nobody had said so."""

    occurrence: str
    late: bool


class OpeningMissed(OnVenue, frozen=True):
    """Nobody has said in time that they are open: the hosts are told, and everybody reads it."""

    occurrence: str


class OpeningDoubted(OnVenue, frozen=True):
    """Still nobody has: the followers are told."""

    occurrence: str


VenueCommand = (
    CreateVenue
    | ChangeVenue
    | PauseVenue
    | ResumeVenue
    | HideVenue
    | UnhideVenue
    | AddHost
    | RemoveHost
    | CloseDay
    | ReopenDay
    | AddOpening
    | RemoveOpening
    | ConfirmOpening
    | CheckOpening
)
VenueFact = (
    VenueCreated
    | VenueChanged
    | VenuePaused
    | VenueResumed
    | VenueHidden
    | VenueUnhidden
    | HostAdded
    | HostRemoved
    | DayClosed
    | DayReopened
    | OpeningAdded
    | OpeningRemoved
    | OpeningConfirmed
    | OpeningMissed
    | OpeningDoubted
)

COMMANDS: Final[tuple[type[Command], ...]] = get_args(VenueCommand)
FACTS: Final[tuple[type[Fact], ...]] = get_args(VenueFact)
