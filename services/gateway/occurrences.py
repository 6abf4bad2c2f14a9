"""Writes on one occurrence of a series, on it and all that follow, and on one's own registration."""

from typing import Annotated, Final

from pydantic import Field

from services.gateway.bodies import Body
from services.gateway.commands import Wish, Write
from services.gateway.events import (
    Cancelling,
    Capacity,
    EventChange,
    PartySize,
    PlaceChange,
    changes,
    ids_of,
)
from services.gateway.fields import LocalTime, WebAddress, sent
from shared.contracts.events import (
    CancelOccurrence,
    ChangeEvent,
    ChangeOccurrence,
    ChangeRegistration,
    EventState,
    Occurrence,
    RegistrationAnswer,
    VenueChange,
)

_EVENT: Final = "/v1/events/{event_id}"
_PLACE: Final = f"{_EVENT}/occurrences/{{occurrence}}"


class OccurrenceChange(Body):
    """What is to be otherwise at this occurrence; null is as the series says again.

    A `starts_at` alone takes the end along.
    """

    starts_at: LocalTime | None = None
    ends_at: LocalTime | None = None
    venue: PlaceChange | None = None
    online_url: WebAddress | None = None
    capacity: Capacity | None = None


class PartyChange(Body):
    """How many come now, the caller included; `occurrence` is required when the event recurs."""

    party_size: PartySize
    occurrence: Annotated[LocalTime | None, Field(description="Its original local start.")] = None


def change(wish: Wish[OccurrenceChange]) -> ChangeOccurrence:
    """Make the command of a change."""
    fields = sent(wish.body)
    if isinstance(fields.get("venue"), dict):
        fields["venue"] = VenueChange(**fields["venue"])
    event, occurrence = wish.ids
    return ChangeOccurrence(event, occurrence, revision=wish.revision, **fields)


def follow(wish: Wish[EventChange]) -> ChangeEvent:
    """Make the command of a change of this and all that follow."""
    event, occurrence = wish.ids
    return ChangeEvent(event, revision=wish.revision, following=occurrence, **changes(wish.body))


def _cancel(wish: Wish[Cancelling]) -> CancelOccurrence:
    event, occurrence = wish.ids
    return CancelOccurrence(event, occurrence, wish.body.reason)


def _resize(wish: Wish[PartyChange]) -> ChangeRegistration:
    name, single = ids_of(wish, wish.body.occurrence)
    return ChangeRegistration(wish.id, name, wish.body.party_size, wish.body.occurrence, single)


WRITES: Final = (
    Write(
        method="PATCH",
        path=_PLACE,
        summary="Let one occurrence be at another time or place, or for more or fewer people",
        service="events",
        body=OccurrenceChange,
        command=ChangeOccurrence,
        build=change,
        answers={200: Occurrence},
        tag="events",
        problems=("event-not-open", "event-wrong-state", "less-than-committed", "revision-mismatch"),
    ),
    Write(
        method="POST",
        path=f"{_PLACE}/cancel",
        summary="Call one occurrence off",
        service="events",
        body=Cancelling,
        command=CancelOccurrence,
        build=_cancel,
        answers={200: Occurrence},
        tag="events",
        problems=("event-not-open", "event-wrong-state"),
    ),
    Write(
        method="POST",
        path=f"{_PLACE}/following",
        summary="Change a series from this occurrence on; what comes before stays as it is",
        service="events",
        body=EventChange,
        command=ChangeEvent,
        build=follow,
        answers={200: EventState},
        tag="events",
        problems=(
            "event-not-open",
            "event-wrong-state",
            "less-than-committed",
            "revision-mismatch",
            "series-changed-too-often",
        ),
    ),
    Write(
        method="PATCH",
        path=f"{_EVENT}/registrations/me",
        summary="Come with more or fewer people",
        service="events",
        body=PartyChange,
        command=ChangeRegistration,
        build=_resize,
        answers={200: RegistrationAnswer},
        tag="registrations",
        problems=("event-full", "event-not-open", "registration-wrong-state"),
    ),
)
