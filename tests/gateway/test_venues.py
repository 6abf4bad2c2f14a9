"""Venues over HTTP: how they stand at the instant of reading, and never longer than that."""

from typing import Any

import msgspec
import pytest

from services.gateway import me, venues, views
from services.gateway.campaigns import Nothing
from services.gateway.front import Front
from services.gateway.memory import Memory
from services.gateway.problems import ProblemError
from services.gateway.reads import Reads
from services.gateway.ready import Ready
from services.gateway.table import PATTERNS, Table
from services.gateway.venue_shapes import metres
from services.gateway.venues import NewVenue, VenueChange
from shared import instants, openings
from shared.contracts.notifications import Follow, Followed
from shared.contracts.recurrence import Hours
from shared.contracts.venue_states import Closure, Confirmation, FivePs, Missed, OneOfFive, VenueState
from shared.contracts.venues import ChangeVenue, ConfirmOpening, CreateVenue, FivePsChange, OneOfFiveChange, ReopenDay
from tests.gateway.asgi import Answered, ask
from tests.gateway.given import AT, CAMPAIGN, a_campaign, name
from tests.gateway.replica import Nowhere, Replica, until
from tests.gateway.wishes import ANA, flaws, read, wish

VENUE = name("venue")
TARGET = f"/v1/venues/{VENUE}"
MONDAYS = (Hours("MO", "10:00", "12:00"),)
WRITES = {f"{write.method} {write.path}": write for write in venues.WRITES}


def a_venue(n: int = 0, **fields: Any) -> VenueState:  # noqa: ANN401 -- any field of the struct
    """A venue that opens on Mondays at ten."""
    hours = fields.get("hours", MONDAYS)
    made: dict[str, Any] = {
        "id": name("venue", n),
        "version": 1,
        "revision": 1,
        "created_at": AT,
        "updated_at": AT,
        "campaign_id": CAMPAIGN,
        "name": "Lantern Hall",
        "description": None,
        "address": None,
        "ward": "aston",
        "lat": 52.5,
        "lon": -1.9,
        "access": ("step-free",),
        "languages": ("en", "UR"),
        "five_ps": FivePs(),
        "timezone": "Europe/London",
        "hours": hours,
        "since": "2026-03-01",
        "rules": openings.rules(hours),
        "hosts": ("hal",),
    }
    return VenueState(**{**made, **fields})


class Clocked:
    """A replica whose clock stands until it is set; monotonic and wall clock go together."""

    def __init__(self, replica: Replica, now: str) -> None:
        """Serve the replica's views."""
        self.now = now
        self.replica = replica
        self.memory = Memory(clock=self.seconds)
        self.memory.regained()
        self.reads = Reads(replica.store, self.memory, replica.reads._identity, {}, clock=self.seconds)
        self.app = Ready(self.memory, Front(Table(self.reads.routes()), Nowhere()))

    def seconds(self) -> float:
        """What the clock says."""
        return instants.to_ms(self.now) / 1000

    async def get(self, target: str = TARGET, **headers: str) -> Answered:
        """Ask as a client would."""
        return await ask(
            self.app, "GET", target, headers={key.replace("_", "-"): each for key, each in headers.items()}
        )


async def test_how_it_stands_is_computed_when_it_is_read(replica: Replica) -> None:
    """Before, while it is open, and after, with the next opening in local time and in UTC over the clock change."""
    await replica.applied(a_campaign(), a_venue())
    clocked = Clocked(replica, "2026-03-23T09:59:59.999Z")
    before = (await clocked.get()).json()
    clocked.now = "2026-03-23T10:00:00.000Z"
    during = (await clocked.get()).json()
    clocked.now = "2026-03-23T12:00:00.000Z"
    after = (await clocked.get()).json()

    assert [stand["open_now"] for stand in (before, during, after)] == [False, True, False]
    assert during["opening"] == before["next_open"]
    assert after["next_open"] == {
        "occurrence": "2026-03-30T10:00",
        "starts_at": "2026-03-30T10:00",
        "ends_at": "2026-03-30T12:00",
        "starts_at_utc": "2026-03-30T09:00:00.000Z",
        "ends_at_utc": "2026-03-30T11:00:00.000Z",
        "status": "expected",
    }
    assert "hosts" not in before


async def test_a_kept_answer_never_outlives_the_hour(replica: Replica) -> None:
    """Served from memory with the same tag until the door opens, then another body under another tag."""
    await replica.applied(a_campaign(), a_venue())
    clocked = Clocked(replica, "2026-03-23T09:00:00.000Z")
    first = await clocked.get()
    clocked.now = "2026-03-23T09:59:59.999Z"
    assert clocked.memory.get(TARGET) is not None
    again = await clocked.get(if_none_match=first.headers["etag"])
    clocked.now = "2026-03-23T10:00:00.000Z"
    assert clocked.memory.get(TARGET) is None
    opened = await clocked.get(if_none_match=first.headers["etag"])

    assert (again.status, opened.status) == (304, 200)
    assert opened.json()["open_now"]
    assert opened.headers["cache-control"] == "no-cache"


async def test_without_redis_nobody_is_sent_to_a_closed_door(replica: Replica) -> None:
    """What time has made wrong is 503; what still holds is served."""
    await replica.applied(a_campaign(), a_venue())
    clocked = Clocked(replica, "2026-03-23T11:00:00.000Z")
    assert (await clocked.get()).json()["open_now"]
    await replica.redis.call("DEL", replica.store.pointer)
    clocked.memory.lost()
    assert (await clocked.get()).json()["open_now"]
    clocked.now = "2026-03-23T12:00:00.000Z"
    assert (await clocked.get()).status == 503


async def test_closed_today_and_the_heartbeat_are_told(replica: Replica) -> None:
    """Each change of the venue shows at once."""
    monday = ("2026-03-23T10:00", "2026-03-23T12:00:00.000Z", AT)
    clocked = Clocked(replica, "2026-03-23T10:20:00.000Z")
    for state, status in (
        (a_venue(), "expected"),
        (a_venue(version=2, missed=Missed(*monday)), "unconfirmed"),
        (a_venue(version=3, confirmed=(Confirmation(*monday),)), "confirmed"),
    ):
        await replica.applied(state)
        clocked.memory.raise_floor(VENUE, state.version, CAMPAIGN, "venue")
        assert (await clocked.get()).json()["opening"]["status"] == status
        [item] = (await clocked.get("/v1/venues")).json()["items"]
        assert item["opening"]["status"] == status
    closed = a_venue(version=4, closures=(Closure("2026-03-23", "Burst pipe"),))
    await replica.applied(closed)
    clocked.memory.raise_floor(VENUE, 4, CAMPAIGN, "venue")
    shown = (await clocked.get()).json()

    assert (shown["open_now"], shown["opening"]) == (False, None)
    assert shown["closed_today"] == {"date": "2026-03-23", "reason": "Burst pipe"}
    assert shown["next_open"]["occurrence"] == "2026-03-30T10:00"
    clocked.now = "2026-03-24T00:00:00.000Z"
    assert (await clocked.get()).json()["closed_today"] is None


async def test_the_list_finds_what_is_open_now(replica: Replica) -> None:
    """And what is near, in a ward, in a language; a list that is kept ends with the next change of any of them."""
    tuesday = (Hours("TU", "10:00", "12:00"),)
    places = [
        a_venue(0, created_at="2026-01-03T00:00:00.000Z"),
        a_venue(1, created_at="2026-01-02T00:00:00.000Z", hours=tuesday, ward="sparkhill", lat=52.45, languages=()),
        a_venue(2, created_at="2026-01-01T00:00:00.000Z", hours=(), access=(), lat=None, lon=None),
        a_venue(3, hidden=True),
    ]
    await replica.applied(*places)
    clocked = Clocked(replica, "2026-03-23T10:20:00.000Z")

    async def found(query: str) -> list[str]:
        return [item["id"] for item in (await clocked.get(f"/v1/venues{query}")).json()["items"]]

    first, second, third, hidden = (place.id for place in places)
    assert await found("") == [first, second, third]
    assert await found("?open=now") == [first]
    assert await found(f"?campaign={CAMPAIGN}&ward=sparkhill") == [second]
    assert await found("?language=ur") == [first, third]
    assert await found("?accessible=true") == [first, second]
    assert await found("?near=52.5,-1.9&radius_m=1000") == [first]
    assert await found("?near=52.5,-1.9&radius_m=10000&open=now") == [first]
    clocked.now = "2026-03-24T10:00:00.000Z"
    assert await found("?open=now") == [second]
    assert (await clocked.get(f"/v1/venues/{hidden}")).status == 404


async def test_a_kept_list_ends_when_what_was_left_out_opens(replica: Replica) -> None:
    """Nothing is open, and a minute later something is."""
    await replica.applied(a_venue())
    clocked = Clocked(replica, "2026-03-23T09:59:00.000Z")
    assert (await clocked.get("/v1/venues?open=now")).json()["items"] == []
    clocked.now = "2026-03-23T10:00:00.000Z"
    assert len((await clocked.get("/v1/venues?open=now")).json()["items"]) == 1


async def test_a_page_of_what_is_open_goes_on_where_it_stopped(replica: Replica) -> None:
    """Nothing is hidden or repeated between two pages."""
    tuesday = (Hours("TU", "10:00", "12:00"),)
    every = [
        a_venue(n, created_at=f"2026-01-{n + 1:02d}T00:00:00.000Z", hours=(MONDAYS, tuesday)[n % 2]) for n in range(9)
    ]
    await replica.applied(*every)
    clocked = Clocked(replica, "2026-03-23T10:20:00.000Z")
    seen: list[str] = []
    target = "/v1/venues?open=now&limit=2"
    while target:
        page = (await clocked.get(target)).json()
        assert len(page["items"]) <= 2
        seen += [item["id"] for item in page["items"]]
        target = page["next"]

    assert seen == [place.id for place in reversed(every) if place.hours == MONDAYS]


@pytest.mark.parametrize(
    "query",
    [
        "open=later",
        "near=52.5,-1.9",
        "radius_m=100",
        "near=95,0&radius_m=9",
        "near=x&radius_m=9",
        "near=1,1&radius_m=0",
    ],
)
async def test_what_makes_no_sense_is_400(replica: Replica, query: str) -> None:
    """A point without a radius among it."""
    assert (await Clocked(replica, AT).get(f"/v1/venues?{query}")).status == 400


async def test_a_replica_hears_of_a_venue_from_the_log_of_facts(replica: Replica) -> None:
    """The floor is raised for its list, too."""
    await replica.applied(a_venue())
    assert (await replica.get("/v1/venues")).json["items"][0]["id"] == VENUE
    await replica.applied(a_venue(version=2, name="Lantern Rooms"))
    await until(lambda: replica.memory.get("/v1/venues") is None)
    assert (await replica.get("/v1/venues")).json["items"][0]["name"] == "Lantern Rooms"


def test_no_view_names_a_host() -> None:
    """Hosts are pseudonyms for those who tend the venue."""
    assert '"hal"' not in views.view_of(a_venue()).body
    assert views.view_of(a_venue(hidden=True)).entries == ()


def test_distance() -> None:
    """Birmingham New Street to Aston Hall is about three and a half kilometres."""
    assert metres(52.4778, -1.8990, 52.5066, -1.8847) == pytest.approx(3_350, rel=0.02)


def test_a_venue_needs_a_campaign_and_a_name_only() -> None:
    """All else can come later."""
    command = venues.create(wish(read(NewVenue, campaign_id=CAMPAIGN, name="Lantern Hall")))

    assert command == CreateVenue(command.venue_id, CAMPAIGN, "Lantern Hall")
    assert command.venue_id.startswith("venue_")


def test_a_venue_holds_all_that_is_said_of_a_place_of_welcome() -> None:
    """The five Ps as a checklist, simple hours, access and languages."""
    hours = [{"day": "MO", "opens": "10:00", "closes": "12:00"}]
    five = {"place": {"met": True, "text": "Ramp"}, "provision": None}
    fields = {"campaign_id": CAMPAIGN, "name": "Lantern Hall", "hours": hours, "five_ps": five, "ward": "aston"}
    command = venues.create(wish(read(NewVenue, **fields, access=["step-free"], languages=["en", "so"])))

    assert command.hours == MONDAYS
    assert command.five_ps == FivePs(place=OneOfFive(met=True, text="Ramp"))
    assert (command.ward, command.access, command.languages) == ("aston", ("step-free",), ("en", "so"))


def test_a_change_names_what_it_changes() -> None:
    """And nothing else."""
    body = read(VenueChange, five_ps={"people": {"text": "Ali"}, "place": None}, address=None)
    change = WRITES["PATCH /v1/venues/{venue_id}"].build(wish(body, VENUE, revision=3))

    people = OneOfFiveChange(text="Ali")
    assert change == ChangeVenue(VENUE, 3, address=None, five_ps=FivePsChange(people=people, place=None))
    assert msgspec.json.encode(change).count(b":") == 7


@pytest.mark.parametrize(
    ("field", "value", "pointer"),
    [
        ("hours", [{"day": "Monday", "opens": "10:00", "closes": "12:00"}], "/hours/0/day"),
        ("hours", [{"day": "MO", "opens": "10", "closes": "12:00"}], "/hours/0/opens"),
        ("hours", [{"day": "MO", "opens": "10:00", "closes": "24:00"}], "/hours/0/closes"),
        ("timezone", "Europe/Brum", "/timezone"),
        ("five_ps", {"sixth": {}}, "/five_ps/sixth"),
        ("hosts", ["x"], "/hosts"),
        ("lat", 91, "/lat"),
        ("name", "", "/name"),
    ],
)
def test_a_flaw_is_pointed_at(field: str, value: object, pointer: str) -> None:
    """Wherever it is."""
    assert list(flaws(NewVenue, {"campaign_id": CAMPAIGN, "name": "Hall", field: value})) == [pointer]


def test_a_venue_is_followed_like_a_campaign() -> None:
    """By kind and id, which belong together."""
    follow = next(write for write in me.WRITES if write.method == "PUT")

    assert PATTERNS["target_id"].fullmatch(VENUE)
    assert follow.build(wish(read(Nothing), "venue", VENUE)) == Follow(ANA, Followed("venue", VENUE))
    with pytest.raises(ProblemError):
        follow.build(wish(read(Nothing), "event", VENUE))


def test_paths_name_days_and_openings() -> None:
    """In local time."""
    nothing = read(Nothing)
    confirm = WRITES["POST /v1/venues/{venue_id}/openings/{occurrence}/confirm"]
    reopen = WRITES["DELETE /v1/venues/{venue_id}/closures/{date}"]

    assert confirm.build(wish(nothing, VENUE, "2026-03-23T10:00")) == ConfirmOpening(VENUE, "2026-03-23T10:00")
    assert reopen.build(wish(nothing, VENUE, "2026-03-23")) == ReopenDay(VENUE, "2026-03-23")
