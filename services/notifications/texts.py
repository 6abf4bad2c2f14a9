"""What people are told, as data: for each text its title and body. English for now; a language is one more table.

No text names a person, and none says where something is: what may be told of a place is told by the thing itself.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct


class Text(Struct, frozen=True):
    """A template in `str.format` syntax; what is put in is never read as a template."""

    title: str
    body: str


ENGLISH: Final[dict[str, Text]] = {
    "registered": Text("You are registered", "{title}, {starts_at}. Places: {places}."),
    "waiting": Text(
        "You are on the waiting list", "{title}, {starts_at}. You move up as soon as there is room. Places: {places}."
    ),
    "promoted": Text(
        "You moved up from the waiting list", "You are registered now: {title}, {starts_at}. Places: {places}."
    ),
    "event-published": Text("A new event", "{title}, {starts_at}."),
    "event-cancelled": Text("An event is cancelled", "{title} on {starts_at} does not take place: {reason}"),
    "event-retimed": Text("An event has a new time", "{title} is now from {starts_at} to {ends_at}."),
    "event-moved": Text("An event has a new place", "{title} on {starts_at} is somewhere else now."),
    "event-moved-and-retimed": Text(
        "An event has a new time and place", "{title} is now from {starts_at} to {ends_at}, and somewhere else."
    ),
    "shift-taken": Text("You have a shift", "{role}, {starts_at} to {ends_at}. Thank you!"),
    "shift-proposed": Text("Would you take a shift?", "{role}, {starts_at} to {ends_at}. Please say yes or no."),
    "shift-released": Text("A shift needs you no more", "{role}, {starts_at} to {ends_at}: your place was taken back."),
    "shift-cancelled": Text("A shift is cancelled", "{role}, {starts_at} to {ends_at}: {reason}"),
    "shift-lost": Text(
        "You have lost your place on a shift",
        "{role}, {starts_at} to {ends_at}: it asks for a clearance that is valid until it is over.",
    ),
    "clearance-renewal": Text(
        "A clearance of yours runs out",
        "It ends before your shift does: {role}, {starts_at} to {ends_at}. Please show a new one in time.",
    ),
    "shift-coming": Text("Do you still come?", "{role}, {starts_at} to {ends_at}. Please say so, or leave the place."),
    "cover-offered": Text(
        "Could you stand in for somebody?", "{role}, {starts_at} to {ends_at}. Who says yes first has the place."
    ),
    "cover-found": Text("Somebody stands in for you", "{role}, {starts_at} to {ends_at}. You are free."),
    "cover-not-found": Text(
        "Nobody could stand in for you", "{role}, {starts_at} to {ends_at}: the place is still yours."
    ),
    "shift-place-lost": Text("A place on a shift is free again", "{role}, {starts_at} to {ends_at}."),
    "shift-cover-not-found": Text(
        "Somebody looks for cover in vain", "{role}, {starts_at} to {ends_at}: nobody could stand in."
    ),
    "shift-deserted": Text(
        "Nobody is left on a shift", "{role}, {starts_at} to {ends_at}: all have left, and nobody came for an hour."
    ),
    "pledge-held": Text("Your pledge is held", "{amount} for {title} until {held_until}. Please confirm it by then."),
    "offer-asked": Text(
        "Your offer is wanted",
        "{amount} for {title}. Please confirm or decline it by {held_until}.",
    ),
    "pledge-taken": Text("Your pledge was taken", "{amount} for {title}. Thank you!"),
    "pledge-delivered": Text("Your delivery was counted", "{delivered} of {amount} for {title}. Thank you!"),
    "delivery-corrected": Text("A delivery was corrected", "{title}: {before} became {after}. {reason}"),
    "pledge-corrected": Text("Your pledge was corrected", "{title}: {amount} became {now}. {reason}"),
    "delivery-returned": Text("Something went back", "{amount} of your delivery for {title}. {reason}"),
    "pledge-released": Text("You are released from your pledge", "{amount} for {title} are no longer expected of you."),
    "pledge-written-off": Text(
        "Your pledge was closed", "{amount} for {title} did not come and are no longer awaited."
    ),
    "hold-expired": Text("Your held pledge has ended", "{amount} for {title} were not confirmed in time."),
    "need-pledged": Text("A new pledge", "{amount} for {title}; {left} still wanted."),
    "delivery-reported": Text("A delivery was reported", "{amount} for {title}. Please accept or correct it."),
    "need-opened": Text("Something is needed", "{title}: {amount}."),
    "need-closed": Text("A need is closed", "{title} takes no more pledges."),
    "need-soon": Text("A need comes near", "{title}: {left} still wanted by {by}."),
    "need-urgent": Text("A need is urgent", "{title}: {left} still wanted by {by}."),
    "need-overdue": Text("A need is overdue", "{title}: {left} were wanted by {by} and are not promised."),
    "signal-promoted": Text("What you noticed is a need now", "Others can help with it. Thank you for telling!"),
    "signal-dismissed": Text("What you noticed was looked into", "No need was made of it; the reason stands with it."),
    "signal-merged": Text("Others noticed it too", "What you told was put together with what somebody else told."),
    "befriending-proposed": Text("Would you like to meet somebody?", "You are asked whether you agree to a match."),
    "befriending-started": Text("Your match begins", "You both agreed. Thank you!"),
    "befriending-ended": Text("A match has ended", "Thank you for the time you spent together."),
    "need-paused": Text("A need is paused", "{title} takes no pledges for now."),
    "need-resumed": Text("A need is open again", "{title} takes pledges again."),
    "need-fulfilled": Text("A need is fulfilled", "{title}: all of {amount} was delivered."),
    "campaign-evolved": Text(
        "A campaign goes on as another", "{title} goes on as {successor}. Follow that if you want to hear of it."
    ),
    "voice-published": Text(
        "What you said is shown", "Everybody can read it now. You can withdraw it whenever you want."
    ),
    "partner-invited": Text(
        "You are invited to take part", "{title} would like to have {partner} as a partner. Please accept or decline."
    ),
    "partner-applied": Text("A partner asks to join", "{partner} would like to take part in {title}."),
    "partner-joined": Text("You take part now", "{partner} is a partner of {title}."),
    "partner-removed": Text(
        "You take part no longer", "{partner} is no partner of {title}. Its page tells you the organisers' reason."
    ),
    "opening-missed": Text(
        "Are you open?",
        "{title} should be open since {starts_at}. Please confirm that it is, or say that it is closed today.",
    ),
    "opening-unconfirmed": Text(
        "An opening is unconfirmed", "{title}: nobody there has said that they are open ({starts_at})."
    ),
    "opening-confirmed": Text("It is open", "{title} is open after all ({starts_at})."),
    "venue-closed": Text("Closed for a day", "{title} is closed on {date}: {reason}"),
    "venue-reopened": Text("Not closed after all", "{title} is not closed on {date} after all."),
    "venue-hours": Text("New opening hours", "{title} is open at other times from now on."),
    "venue-paused": Text("A place is paused", "{title} does not open for now."),
    "venue-resumed": Text("A place opens again", "{title} opens again."),
    "opening-not-said": Text("Is a place open?", "{title} should be open since {starts_at}; nobody has said so yet."),
    "partner-declined": Text("An invitation was declined", "{partner} does not take part in {title}."),
    "partner-left": Text("A partner has left", "{partner} takes part in {title} no longer."),
    "partner-verified": Text("You are verified", "{partner} is verified as a partner of {title}."),
    "co-host-invited": Text("Would you host an event together?", "{title}, {starts_at}. Please accept or decline."),
    "co-host-accepted": Text("An event has another host", "{title}, {starts_at}."),
    "delivery-put-right": Text("A delivery was put right", "{title}: {before} became {amount}. {reason}"),
    "pledge-withdrawn": Text("A pledge was taken back", "{amount} for {title}; {left} still wanted."),
    "matching-ended": Text("Nobody is left to be asked", "{title}: {left} still wanted, and no offer fits any more."),
    "offer-released": Text("You are released from your offer", "{amount} of it are no longer expected of you."),
    "commitment-stale": Text(
        "A commitment needs you", "Nothing was shown for {organisation} by {date}. Show something, renew it or end it."
    ),
    "campaign-paused": Text("A campaign is paused", "{title} rests for now."),
    "campaign-resumed": Text("A campaign goes on", "{title} is live again."),
    "campaign-closed": Text("A campaign has ended", "{title} is closed. Thank you for being part of it!"),
}


def render(text: str, values: Mapping[str, str]) -> tuple[str, str]:
    """Title and body of a text; raise KeyError if the text or one of its values is missing."""
    template = ENGLISH[text]
    return template.title.format_map(values), template.body.format_map(values)
