"""What a replica has ready, and below which versions it serves nothing."""

import random

from services.gateway import ready
from services.gateway.memory import Memory
from services.gateway.ready import Entry
from services.gateway.view_store import Moved

PLACE = "pledges.facts:3"


class Clock:
    """Seconds that pass when told to."""

    now = 100.0

    def __call__(self) -> float:
        """What time it is."""
        return self.now


def _memory(**bounds: int) -> tuple[Memory, Clock]:
    clock = Clock()
    memory = Memory(clock=clock, **bounds)
    memory.regained()
    return memory, clock


def _entry(tag: str, body: bytes = b"{}", expires: float | None = None) -> Entry:
    return ready.entry(tag, "/route", body, (), expires=expires)


def _moved(version: int = 1, name: str = "need_a", campaign: str = "campaign_a") -> Moved:
    return Moved(name, "need", version, campaign, PLACE)


def test_an_answer_is_there_until_its_thing_moves() -> None:
    """Its campaign and the lists of its kind are dropped with it, nothing else."""
    memory, _ = _memory()
    for tag in ("need_a", "campaign_a", "need", "need_b", "event", "campaign"):
        memory.keep(f"/{tag}", _entry(tag), memory.floor(tag))

    memory.moved([_moved()], {PLACE: 5})

    left = [tag for tag in ("need_a", "campaign_a", "need", "need_b", "event", "campaign") if memory.get(f"/{tag}")]
    assert left == ["need_b", "event", "campaign"]


def test_what_was_read_before_a_move_is_not_kept_after_it() -> None:
    """The slow read that races with an invalidation loses."""
    memory, _ = _memory()
    for tag in ("need_a", "campaign_a", "need"):
        since = memory.floor(tag)
        memory.moved([_moved()], {PLACE: 5})

        memory.keep("/x", _entry(tag), since)

        assert memory.get("/x") is None
        assert memory.last("/x") is None


def test_a_floor_asks_for_the_version_and_the_place_of_the_log() -> None:
    """A thing by its version, its campaign and its kind by how far the log was told."""
    memory, _ = _memory()
    memory.moved([_moved(7)], {PLACE: 5})

    assert memory.floor("need_a").above({}, 6)
    assert not memory.floor("need_a").above({}, 7)
    for tag in ("campaign_a", "need"):
        assert memory.floor(tag).above({PLACE: 4})
        assert memory.floor(tag).above({})
        assert not memory.floor(tag).above({PLACE: 5})
    assert not memory.floor("event").above({})


def test_floors_never_sink() -> None:
    """Messages may come late."""
    memory, _ = _memory()
    memory.moved([_moved(7)], {PLACE: 5})
    memory.moved([_moved(3)], {PLACE: 2})
    memory.learn("need_a", 4, "campaign_a")

    assert memory.version("need_a") == 7
    assert memory.floor("need").above({PLACE: 4})


def test_reading_teaches_without_dropping_lists() -> None:
    """What was read is not read older again; only what was told counts as shown everywhere."""
    memory, _ = _memory()
    memory.keep("/needs", _entry("need"), memory.floor("need"))

    memory.learn("need_a", 4, "campaign_a")

    assert memory.get("/needs") is not None
    assert (memory.version("need_a"), memory.told("need_a")) == (4, 0)
    assert memory.floor("need_a").above({}, 3)


def test_raising_a_floor_drops_lists_and_aggregate() -> None:
    """Who has seen a version elsewhere must not meet a list without it here."""
    memory, _ = _memory()
    for tag in ("need_a", "campaign_a", "need"):
        memory.keep(f"/{tag}", _entry(tag), memory.floor(tag))

    memory.raise_floor("need_a", 4, "campaign_a", "need")

    assert not [tag for tag in ("need_a", "campaign_a", "need") if memory.last(f"/{tag}")]
    assert memory.told("need_a") == 4


def test_while_nothing_tells_what_moves_nothing_is_served_unseen() -> None:
    """But the last answer is at hand, for when Redis is away altogether."""
    memory, _ = _memory()
    memory.keep("/x", _entry("need_a"), memory.floor("need_a"))

    memory.lost()
    assert memory.get("/x") is None
    assert memory.last("/x") is not None

    memory.regained()
    assert memory.get("/x") is None
    assert memory.last("/x") is not None


def test_a_campaign_is_looked_at_again_when_its_time_is_up() -> None:
    """An aggregate holds what is next, so it ages by itself."""
    memory, clock = _memory()
    memory.keep("/x", _entry("campaign_a", expires=clock() + 30), memory.floor("campaign_a"))
    assert memory.get("/x") is not None

    clock.now += 30

    assert memory.get("/x") is None
    assert memory.last("/x") is not None


def test_memory_is_bounded_and_keeps_what_is_asked_for() -> None:
    """The answer longest unused goes first."""
    memory, _ = _memory(most_bytes=3 * 2_500)
    for n in range(3):
        memory.keep(f"/{n}", _entry(f"need_{n}", b"x" * 1_000), memory.floor(f"need_{n}"))
    memory.get("/0")

    memory.keep("/3", _entry("need_3", b"x" * 1_000), memory.floor("need_3"))

    assert [bool(memory.last(f"/{n}")) for n in range(4)] == [True, False, True, True]


def test_floors_are_bounded_and_a_forgotten_one_lets_no_old_answer_in() -> None:
    """A reading that began before the floor was forgotten is not kept."""
    memory, _ = _memory(most_tags=10)
    since = memory.floor("need_a")
    memory.moved([_moved()], {PLACE: 5})
    for n in range(20):
        memory.learn(f"need_{n}", 1, "campaign_b")

    memory.keep("/x", _entry("need_a"), since)

    assert memory.last("/x") is None


def test_what_a_caller_may_have_seen_of_a_need() -> None:
    """Its campaign, in the version known here."""
    memory, _ = _memory()
    assert memory.seen_for("need_a") == ""

    memory.learn("need_a", 1, "campaign_a")
    assert memory.seen_for("need_a") == ""
    memory.learn("campaign_a", 3, "campaign_a")

    assert memory.seen_for("need_a") == "campaign_a:3"


def test_a_newcomer_serves_nothing_that_stops_short_of_the_log() -> None:
    """For a bounded time: a reader of the log that is stuck must not take all reads with it."""
    memory, clock = _memory()
    memory.need({PLACE: 9})

    assert memory.floor("need_a").above({PLACE: 8}, 1)
    assert not memory.floor("need_a").above({PLACE: 9}, 1)
    memory.reached({PLACE: 8})
    assert memory.floor("event").above({})
    clock.now += 61
    assert not memory.floor("event").above({})

    memory.need({PLACE: 9})
    memory.reached({PLACE: 9})
    assert not memory.floor("event").above({})


def test_nothing_old_is_ever_served_whatever_the_interleaving() -> None:
    """Readers that begin and end at any time around any moves, checked against a plain version number."""
    for seed in range(300):
        chance = random.Random(seed)
        memory, _ = _memory()
        stored, told = 0, 0
        reading: list[tuple[object, int]] = []
        for _ in range(60):
            match chance.randrange(5):
                case 0:
                    stored += 1
                case 1 if told < stored:
                    told += 1
                    memory.moved([_moved(told)], {PLACE: told})
                case 2:
                    reading.append((memory.floor("need"), stored))
                case 3 if reading:
                    since, body = reading.pop(chance.randrange(len(reading)))
                    memory.keep("/needs", _entry("need", str(body).encode()), since)  # type: ignore[arg-type]
                case _:
                    entry = memory.get("/needs")
                    assert entry is None or int(entry.body) >= told
