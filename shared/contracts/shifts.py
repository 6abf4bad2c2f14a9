"""Shifts of an event, the places of people on them, and their clearances.

A shift is a stream of its own, `<event id>.<suffix>`, whose facts number with `shift.version`. Who stands on it is
told to its organisers and to the person; no fact of it is public. A person's clearances in a campaign are a stream
that tells no fact at all: they are in the owner's documents only.
"""

from typing import Final, Literal

from msgspec import UNSET, Struct, UnsetType

from shared.contracts.event_states import Cancellation
from shared.contracts.message import Command, Fact

ClearanceKind = Literal["dbs", "safeguarding", "first_aid", "food_hygiene"]
ShiftStatus = Literal["open", "cancelled"]
AssignmentStatus = Literal[
    "proposed", "confirmed", "declined", "left", "released", "lost", "cancelled", "asked", "covered", "missed"
]

LEVELS: Final[dict[ClearanceKind, tuple[str, ...]]] = {
    "dbs": ("basic", "standard", "enhanced", "enhanced_barred"),
    "safeguarding": ("level_1", "level_2", "level_3"),
    "first_aid": ("emergency", "full"),
    "food_hygiene": ("level_1", "level_2", "level_3"),
}
"""The levels of each kind of clearance, the lowest first; a higher one includes those below it."""


class Requirement(Struct, frozen=True):
    """A clearance that a role asks for, of this level or a higher one."""

    kind: ClearanceKind
    level: str


class Role(Struct, frozen=True):
    """What is done on a shift, and what it takes."""

    name: str
    requirement: Requirement | None = None


class ShiftState(Struct, frozen=True):
    """A shift after a change; `opened_by` (a pseudonym), `empty_since` and `covers` are in no public representation.

    `starts_at` and `ends_at` are local times in `timezone`, the event's when the shift was opened. `taken` counts
    places that are proposed or confirmed. `empty_since` is when the last one left, if nobody came after that; `covers`
    counts places whose people look for somebody to stand in.
    """

    id: str
    version: int
    revision: int
    created_at: str
    updated_at: str
    event_id: str
    campaign_id: str
    role: Role
    starts_at: str
    ends_at: str
    timezone: str
    starts_at_utc: str
    ends_at_utc: str
    places: int
    opened_by: str
    taken: int = 0
    left: int = 0
    occurrence: str | None = None
    status: ShiftStatus = "open"
    cancellation: Cancellation | None = None
    empty_since: str | None = None
    covers: int = 0


class ShiftAnswer(Struct, frozen=True):
    """A shift as everybody reads it who may know of its event."""

    id: str
    version: int
    revision: int
    created_at: str
    updated_at: str
    event_id: str
    role: Role
    starts_at: str
    ends_at: str
    timezone: str
    starts_at_utc: str
    ends_at_utc: str
    places: int
    taken: int
    left: int
    occurrence: str | None
    status: ShiftStatus
    cancellation: Cancellation | None


class AssignmentState(Struct, frozen=True):
    """One person's place on a shift; `person` is a pseudonym, `id` is `<shift id>.<person>`.

    `asked` is who was asked to stand in for somebody, by `cover_until`, and holds no place; for who holds one that is
    until when cover is sought. `asked_at` is when they were asked whether they still come, `sure_at` when they said so.
    """

    id: str
    version: int
    created_at: str
    updated_at: str
    shift_id: str
    event_id: str
    person: str
    role: str
    starts_at: str
    ends_at: str
    timezone: str
    starts_at_utc: str
    ends_at_utc: str
    status: AssignmentStatus
    occurrence: str | None = None
    cover_until: str | None = None
    asked_at: str | None = None
    sure_at: str | None = None


class AssignmentAnswer(AssignmentState, frozen=True):
    """A place as its person and the organisers read it.

    `note` is the person's; `reason`, which organisers alone read, is why they overrode or took back.
    """

    note: str | None = None
    reason: str | None = None


class Clearance(Struct, frozen=True):
    """What somebody was shown: valid up to and including `expires_on`."""

    level: str
    expires_on: str
    recorded_by: str
    recorded_at: str


class VolunteerState(Struct, frozen=True):
    """What a campaign knows of a person who stands on its shifts, in its owner's documents alone.

    `asked` are the last instants at which they were asked to stand in for somebody, `asked_at` the very last or empty.
    """

    id: str
    version: int
    created_at: str
    updated_at: str
    campaign_id: str
    person: str
    clearances: dict[ClearanceKind, Clearance] = {}
    asked: tuple[str, ...] = ()
    asked_at: str = ""


class VolunteerAnswer(Struct, frozen=True):
    """Whose clearances were changed; which ones, only who sent them and the owner's query API tell."""

    id: str
    version: int
    created_at: str
    updated_at: str
    campaign_id: str
    person: str


class ClearancesAnswer(VolunteerAnswer, frozen=True):
    """A person with what was recorded of them."""

    clearances: dict[ClearanceKind, Clearance]


class OfShift(Command, frozen=True):
    """A command that a shift decides."""

    shift_id: str

    @property
    def stream(self) -> str:
        """The shift."""
        return self.shift_id


class OpenShift(OfShift, frozen=True):
    """Plan a shift of an event."""

    event_id: str
    role: Role
    starts_at: str
    ends_at: str
    places: int
    occurrence: str | None = None


class ChangeShift(OfShift, frozen=True, omit_defaults=True):
    """Change what is set; `revision`, if given, must be the current one. New times ask everybody on it again."""

    revision: int | None = None
    role: Role | UnsetType = UNSET
    starts_at: str | UnsetType = UNSET
    ends_at: str | UnsetType = UNSET
    places: int | UnsetType = UNSET


class CancelShift(OfShift, frozen=True):
    """Call a shift off, with everybody's place on it."""

    reason: str


class TakePlace(OfShift, frozen=True):
    """Take a place; `override` names those of one's own shifts that may overlap."""

    override: tuple[str, ...] = ()
    note: str | None = None


class ProposePlace(OfShift, frozen=True):
    """Give a person a place, which they confirm or decline; `reason` is private and goes with an override."""

    person: str
    override: tuple[str, ...] = ()
    reason: str | None = None


class ConfirmPlace(OfShift, frozen=True):
    """Say yes to a place that was proposed."""

    override: tuple[str, ...] = ()


class ChangePlace(OfShift, frozen=True):
    """Change the private note on one's own place."""

    note: str | None = None


class LeavePlace(OfShift, frozen=True):
    """Give one's place back, or decline the one that was proposed."""


class ReleasePlace(OfShift, frozen=True):
    """Take a person's place back; the reason is private."""

    person: str
    reason: str


class AskCover(OfShift, frozen=True):
    """Look for somebody to stand in; the duty stays with who asks until somebody says yes."""


class EndCover(OfShift, frozen=True):
    """The service's own: nobody may have come forward by then."""

    person: str
    until: str


class PrepareShift(OfShift, frozen=True):
    """The service's own: so many hours before a start, look whether everybody still may and will come."""

    starts_at_utc: str
    hours: int


class RemindRenewal(OfShift, frozen=True):
    """The service's own: a person's clearance runs out before their shift is over, soon."""

    person: str


class AlertDeserted(OfShift, frozen=True):
    """The service's own: nobody may have come since the last one left."""

    since: str


class OfVolunteer(Command, frozen=True):
    """A command on what a campaign knows of a person."""

    campaign_id: str
    person: str

    @property
    def stream(self) -> str:
        """The person in the campaign: `<campaign id>.<person>`."""
        return f"{self.campaign_id}.{self.person}"


class RecordClearance(OfVolunteer, frozen=True):
    """Note what was seen; it replaces what was noted of its kind."""

    kind: ClearanceKind
    level: str
    expires_on: str


class WithdrawClearance(OfVolunteer, frozen=True):
    """Take it back."""

    kind: ClearanceKind


class CancelShifts(Command, frozen=True):
    """The service's own: cancel the shifts of what is called off of an event, after the one named."""

    event_id: str
    after: str = ""

    @property
    def stream(self) -> str:
        """The event."""
        return self.event_id


class OnShift(Fact, frozen=True):
    """A fact on a shift's stream."""

    shift: ShiftState

    @property
    def stream(self) -> str:
        """The shift."""
        return self.shift.id

    @property
    def streamversion(self) -> int:
        """The shift's version."""
        return self.shift.version


class ShiftOpened(OnShift, frozen=True):
    """A shift takes people."""


class ShiftChanged(OnShift, frozen=True):
    """Some of its fields, named in `changed`, are new."""

    changed: tuple[str, ...]


class ShiftCancelled(OnShift, frozen=True):
    """The shift is called off."""


class OnAssignment(OnShift, frozen=True):
    """A fact about one person's place on the shift."""

    assignment: AssignmentState


class PlaceTaken(OnAssignment, frozen=True):
    """A person took a place."""


class PlaceProposed(OnAssignment, frozen=True):
    """A person has a place and is to say whether they come: an organiser gave it, or the shift has new times."""


class PlaceConfirmed(OnAssignment, frozen=True):
    """The person comes."""


class PlaceDeclined(OnAssignment, frozen=True):
    """The person does not; the place is free."""


class PlaceLeft(OnAssignment, frozen=True):
    """A person gave the place back."""


class PlaceReleased(OnAssignment, frozen=True):
    """An organiser took the place back."""


class PlaceCancelled(OnAssignment, frozen=True):
    """The place is gone with its shift."""


class PlaceLost(OnAssignment, frozen=True):
    """A person has no place any more because the clearance that the role asks for has run out or was taken back."""


class RenewalAsked(OnAssignment, frozen=True):
    """The person's clearance runs out before the shift is over: without a new one the place will be lost."""


class ComingAsked(OnAssignment, frozen=True):
    """The person is asked whether they still come."""


class ComingAffirmed(OnAssignment, frozen=True):
    """They do."""


class CoverAsked(OnAssignment, frozen=True):
    """A person looks for somebody to stand in, and keeps the duty until then."""


class CoverOffered(OnAssignment, frozen=True):
    """Another one is asked to."""


class CoverFound(OnAssignment, frozen=True):
    """Somebody has the place now; `covered` is that of who had it before."""

    covered: AssignmentState


class CoverNotFound(OnAssignment, frozen=True):
    """Nobody came forward: the place and the duty stay as they were."""


class ShiftDeserted(OnShift, frozen=True):
    """Everybody has left, and nobody came for an hour."""


TimeCommand = EndCover | PrepareShift | RemindRenewal | AlertDeserted
ShiftCommand = (
    OpenShift
    | ChangeShift
    | CancelShift
    | TakePlace
    | ProposePlace
    | ConfirmPlace
    | ChangePlace
    | LeavePlace
    | ReleasePlace
    | AskCover
    | TimeCommand
)
VolunteerCommand = RecordClearance | WithdrawClearance
ShiftFact = (
    ShiftOpened
    | ShiftChanged
    | ShiftCancelled
    | PlaceTaken
    | PlaceProposed
    | PlaceConfirmed
    | PlaceDeclined
    | PlaceLeft
    | PlaceReleased
    | PlaceCancelled
    | PlaceLost
    | RenewalAsked
    | ComingAsked
    | ComingAffirmed
    | CoverAsked
    | CoverOffered
    | CoverFound
    | CoverNotFound
    | ShiftDeserted
)

COMMANDS: Final[tuple[type[Command], ...]] = (
    OpenShift,
    ChangeShift,
    CancelShift,
    TakePlace,
    ProposePlace,
    ConfirmPlace,
    ChangePlace,
    LeavePlace,
    ReleasePlace,
    RecordClearance,
    WithdrawClearance,
    CancelShifts,
    AskCover,
    EndCover,
    PrepareShift,
    RemindRenewal,
    AlertDeserted,
)
"""All of them, for the family of their service."""
FACTS: Final[tuple[type[Fact], ...]] = (
    ShiftOpened,
    ShiftChanged,
    ShiftCancelled,
    PlaceTaken,
    PlaceProposed,
    PlaceConfirmed,
    PlaceDeclined,
    PlaceLeft,
    PlaceReleased,
    PlaceCancelled,
    PlaceLost,
    RenewalAsked,
    ComingAsked,
    ComingAffirmed,
    CoverAsked,
    CoverOffered,
    CoverFound,
    CoverNotFound,
    ShiftDeserted,
)
"""All of them, for the family of their service."""
