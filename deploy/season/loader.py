"""Brings the season in through the front door: looks what is there, and asks for what is missing.

What happened once (partners, needs, pledges, all of 2020) is there when the campaign of 2020 is closed, which is
the last step. What lies ahead (events, places and their weekly openings) is looked at on every start. Each wish has a
key made of what it is about, so that a loader that was killed, or two at once, do nothing twice.
"""

from collections.abc import Coroutine, Iterable, Mapping
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from deploy.front_door import FrontDoor, Who, together
from deploy.season.content import Chapter, Event, Need, Openings, Place, on_weekday
from deploy.season.invented import organisation
from shared.vocabulary import terms

ZONE: Final = ZoneInfo("Europe/London")
_PAGE: Final = 100
_OF_AGE: Final = 18

Body = dict[str, Any]
Work = Coroutine[Any, Any, object]


class Watcher(Protocol):
    """Is told how the work gets on."""

    def expect(self, wishes: int) -> None:
        """So many more wishes were found missing."""
        ...

    def done(self) -> None:
        """One of them has been granted."""
        ...


async def load(door: FrontDoor, chapters: Iterable[Chapter], watcher: Watcher, now: datetime) -> None:
    """Load what is missing as of an instant; raises RefusedError where the platform will not have it."""
    chapters = tuple(chapters)
    loaders = [_Loader(door, chapter, watcher, now.astimezone(ZONE)) for chapter in chapters]
    known: dict[str, str] = {}
    for loader in loaders:  # one may follow another
        known[loader.slug] = await loader.open(known)
    is_new = any(loader.is_unfinished for loader in loaders)
    await together(loader.fill(is_new=is_new) for loader in loaders)
    await together(loader.finish() for loader in loaders)


class _Loader:
    """One campaign with all that belongs to it."""

    def __init__(self, door: FrontDoor, chapter: Chapter, watcher: Watcher, now: datetime) -> None:
        self._door = door
        self._chapter = chapter
        self._watcher = watcher
        self._now = now
        self._organiser = Who(chapter.campaign.organiser, ("resident", "organiser"))
        self._campaign: Body = {}
        self.slug = chapter.campaign.slug

    @property
    def is_unfinished(self) -> bool:
        """Whether this is a campaign to close that is not closed."""
        return self._chapter.campaign.closes and self._campaign["status"] != "closed"

    async def open(self, known: Mapping[str, str]) -> str:
        """Find or open the campaign, and launch it; give its id."""
        wanted = self._chapter.campaign
        found = await self._door.read(f"/v1/campaigns/{wanted.slug}", self._organiser)
        if found:
            self._campaign = found["campaign"]
            self._partners = {partner["name"] for partner in found["partners"]}
        else:
            self._partners = set()
            body = {
                "name": wanted.name,
                "slug": wanted.slug,
                "summary": wanted.summary,
                "principles": wanted.principles,
                "languages": wanted.languages,
                "starts_on": wanted.starts_on,
                "ends_on": wanted.ends_on,
                "successor_of": known[wanted.successor_of] if wanted.successor_of else None,
            }
            self._campaign = await self._wish(self._organiser, "/v1/campaigns", _given(body), "campaign")
        if self._campaign["status"] == "draft":
            self._campaign = await self._wish(self._organiser, f"{self._path}/launch", {}, "launch")
        return self._id

    async def fill(self, *, is_new: bool) -> None:
        """Bring in what is missing; what happened once only while the season `is_new`."""
        if self._campaign["status"] != "live":
            return
        work: list[Work] = [self._plan_events()]
        if is_new:
            work += [self._join(), self._ask_for_help()]
        await together(work)

    async def finish(self) -> None:
        """Close what is over."""
        if self.is_unfinished:
            await self._wish(self._organiser, f"{self._path}/close", {}, "close")

    @property
    def _id(self) -> str:
        return str(self._campaign["id"])

    @property
    def _path(self) -> str:
        return f"/v1/campaigns/{self._id}"

    async def _join(self) -> None:
        named = [(name, sector) for sector, names in self._chapter.partners.items() for name in names]
        named += [organisation(number) for number in range(self._chapter.campaign.invented_partners)]
        await together(
            self._wish(
                Who(f"partner-{_digest(name)}", ("partner",)),
                f"{self._path}/partners",
                {"name": name, "sector": sector},
                "partner",
                name,
            )
            for name, sector in named
            if name not in self._partners
        )

    async def _plan_events(self) -> None:
        """Every event that is not there yet; one that was called off is there."""
        today = self._now.date()
        # Without dates a series is listed once; from a day on it would be listed for ever.
        path = f"/v1/events?campaign={self._id}&limit={_PAGE}"
        listed = [item async for item in self._door.items(path)]
        ahead = "" if self._chapter.campaign.closes else str(today)
        titles = {item["title"]: item for item in listed if item["starts_at"] >= ahead or item.get("recurrence")}
        work: list[Work] = [
            self._plan(event, titles.get(event.title), event.day(today)) for event in self._chapter.events
        ]
        openings = self._chapter.openings
        if openings:
            venues = {item["name"] async for item in self._door.items(f"/v1/venues?campaign={self._id}&limit={_PAGE}")}
            for place in openings.places:
                series, venue = self._series(openings, place, today), self._place(place)
                if series["title"] not in titles:
                    work.append(self._wish(self._organiser, "/v1/events", series, "series", series["title"]))
                if venue["name"] not in venues:
                    work.append(self._wish(self._organiser, "/v1/venues", venue, "venue", venue["name"]))
        await together(work)

    async def _plan(self, event: Event, found: Body | None, day: date) -> None:
        """An event, and the parties that are to come."""
        if found is None:
            body = self._event(event, day)
            found = await self._wish(self._organiser, "/v1/events", body, "event", event.title, str(day))
        if event.on or found["status"] != "published" or found["registered"] + found["waiting"] >= sum(event.parties):
            return
        await together(
            self._wish(
                Who(f"{self._chapter.campaign.crowd}-{number:03}"),
                f"/v1/events/{found['id']}/registrations",
                {"party_size": size, **_minors(event, size)},
                "registration",
                found["id"],
            )
            for number, size in enumerate(event.parties, 1)
        )

    def _event(self, event: Event, day: date) -> Body:
        return _given(
            {
                "campaign_id": self._id,
                "title": event.title,
                "category": event.category,
                "description": event.description,
                "starts_at": f"{day}T{event.starts}",
                "ends_at": f"{day}T{event.ends}",
                "venue": _venue(event.venue, event.ward, event.access),
                "online_url": event.online_url,
                "visibility": event.visibility,
                "capacity": event.capacity,
                "principles": event.principles,
                "languages": event.languages,
                "age_min": event.age_min,
                "age_max": event.age_max,
                "publish": True,
            }
        )

    def _series(self, openings: Openings, place: Place, today: date) -> Body:
        """What is on there every week, for calendars."""
        first = on_weekday(place.weekday, today)
        return _given(
            {
                "campaign_id": self._id,
                "title": f"Open door: {place.name}",
                "category": openings.category,
                "description": openings.description,
                "starts_at": f"{first}T{place.starts}",
                "ends_at": f"{first}T{place.ends}",
                "recurrence": {"rrule": "FREQ=WEEKLY"},
                "venue": _venue(_named(place), place.ward, place.access),
                "principles": openings.principles,
                "languages": place.languages,
                "publish": True,
            }
        )

    def _place(self, place: Place) -> Body:
        """The place itself, with its hours, for who wants to know where a door is open now."""
        where = _venue(_named(place), place.ward, place.access) or {}
        day = place.weekday[:2].upper()
        hours = [{"day": day, "opens": place.starts, "closes": place.ends}]
        return _given({"campaign_id": self._id, **where, "languages": place.languages, "hours": hours})

    async def _ask_for_help(self) -> None:
        path = f"/v1/needs?campaign={self._id}&limit={_PAGE}"
        listed = {item["title"]: item async for item in self._door.items(path)}
        work: list[Work] = []
        first = 1
        for need in self._chapter.needs:
            work.append(self._meet(need, listed.get(need.title), first))
            first += need.helpers + need.holds
        await together(work)

    async def _meet(self, need: Need, found: Body | None, first: int) -> None:
        """A need, and what people pledged and brought; they are numbered from `first`."""
        shares = need.shares()
        is_new = found is None
        if found is None:
            found = await self._wish(self._organiser, "/v1/needs", self._need(need), "need", need.title)
        elif found["pledged"] >= sum(share for share, _ in shares) and found["delivered"] >= sum(a for _, a in shares):
            return
        given = [*((share, arrived, None) for share, arrived in shares), *((1, 0, 24 * 60) for _ in range(need.holds))]
        await together(
            self._give(found["id"], Who(f"{self._chapter.campaign.crowd}-{number:03}"), *gift, is_new=is_new)
            for number, gift in enumerate(given, first)
        )

    def _need(self, need: Need) -> Body:
        return _given(
            {
                "campaign_id": self._id,
                "title": need.title,
                "kind": need.kind,
                "quantity": need.quantity,
                "unit": need.unit,
                "currency": need.currency,
                "limit": need.limit,
                "by": need.until(self._now.date()),
                "ward": need.ward,
                "description": need.description,
                "principles": need.principles,
                "languages": need.languages,
            }
        )

    async def _give(
        self, need_id: str, who: Who, quantity: int, arrived: int, hold_minutes: int | None, *, is_new: bool
    ) -> None:
        """One person's pledge and what came of it; on a need that `is_new` nobody has pledged yet."""
        mine = [] if is_new else [item async for item in self._door.items(f"/v1/me/pledges?limit={_PAGE}", who)]
        pledge = next((item for item in mine if item["need_id"] == need_id), None)
        if pledge is None:
            body = _given({"need_id": need_id, "quantity": quantity, "hold_minutes": hold_minutes})
            pledge = await self._wish(who, "/v1/pledges", body, "pledge", need_id)
        if arrived and not pledge["deliveries"]:
            path = f"/v1/pledges/{pledge['id']}/deliver"
            await self._wish(self._organiser, path, {"quantity": arrived}, "deliver")

    async def _wish(self, who: Who, path: str, body: Body, *about: str) -> Body:
        """One write, under a key of its own."""
        self._watcher.expect(1)
        key = _digest("season", self.slug, *about, path, who.sub)
        reply: Body = (await self._door.write(who, path, body, key)).json()
        self._watcher.done()
        return reply


def _named(place: Place) -> str:
    return f"{place.name} (made up)"


def _venue(name: str | None, ward: str | None, access: tuple[str, ...]) -> Body | None:
    """A place somewhere in a ward, which is as exact as a made-up place can be."""
    if ward is None:
        return None
    where = next(each for each in terms.wards() if each.slug == ward)
    return _given({"name": name, "ward": ward, "lat": where.lat, "lon": where.lon, "access": access})


def _minors(event: Event, size: int) -> Body:
    """What is asked about a party where an event is for the young alone: all of the oldest age, somebody agrees."""
    if event.age_max is None or event.age_max >= _OF_AGE:
        return {}
    return {"ages": [event.age_max] * size, "guardian_consent": True}


def _given(body: Body) -> Body:
    """A body without what was not said."""
    return {name: value for name, value in body.items() if value not in (None, ())}


def _digest(*about: str) -> str:
    """A short text for what a wish is about, the same on every start."""
    return sha256("\n".join(about).encode()).hexdigest()[:32]
