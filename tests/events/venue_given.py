"""A place of welcome, open on Mondays from ten to twelve, and a clock that makes due what was planned."""

from typing import Any

from msgspec.structs import replace

from services.events import rules
from services.events.venue_document import Welcome
from shared import instants
from shared.contracts.message import Command, Fact
from shared.contracts.recurrence import Hours
from shared.contracts.venue_states import VenueState
from shared.contracts.venues import CheckOpening, ConfirmOpening, CreateVenue, OnVenue
from shared.decider import Asked, Decision, Done
from tests.events.given import CAMPAIGN, a_campaign

VENUE = "venue_v"
FRIDAY = "2026-03-06T09:00:00.000Z"
MONDAY = "2026-03-09T10:00"
"""The first opening; winter time, so UTC is the same."""
PARTNER = f"{CAMPAIGN}.p"
MONDAYS = Hours("MO", "10:00", "12:00")


def creating(**fields: Any) -> CreateVenue:  # noqa: ANN401 -- any field of the struct
    """The wish for a venue."""
    return CreateVenue(VENUE, CAMPAIGN, **({"name": "Lantern Hall", "ward": "aston", "hours": (MONDAYS,)} | fields))


class Town:
    """Ana organises, Pat acts for a partner, Hal hosts; Bo is a stranger. Time passes only when it is told to."""

    def __init__(self, at: str = FRIDAY) -> None:
        """Nothing exists yet."""
        self.welcome = Welcome(campaign=a_campaign(), acting={"pat": frozenset({PARTNER})})
        self.at = at
        self.plans: list[tuple[str, CheckOpening]] = []
        self.facts: list[Fact] = []

    @property
    def state(self) -> VenueState:
        """The venue; it exists."""
        assert self.welcome.state is not None
        return self.welcome.state

    def ask(self, command: Command, person: str = "ana", at: str | None = None, role: str = "resident") -> Decision:
        """Let somebody ask for something."""
        self.at = max(self.at, at or self.at)
        decision = rules.decide(self.welcome, command, Asked("c", person, frozenset({role}), at or self.at))
        for fact in (*decision.facts, *decision.private):
            after = rules.evolve(self.welcome, fact)
            assert isinstance(after, Welcome)
            self.welcome = after
        for later in decision.later:
            assert isinstance(later.command, CheckOpening)
            assert later.at == later.command.at
            self.plans.append((later.at, later.command))
        self.facts += decision.facts
        return decision

    def made(self, **fields: Any) -> "Town":  # noqa: ANN401 -- any field of the struct
        """With the venue, of which Hal is a host, too."""
        answer = self.ask(creating(**fields)).answer
        assert isinstance(answer, Done), answer
        self.welcome = replace(self.welcome, state=replace(self.state, hosts=("ana", "hal")))
        return self

    def until(self, at: str, late_ms: int = 0) -> "Town":
        """Let time pass: what falls due is decided in its order, each so much after its time."""
        while due := [plan for plan in self.plans if plan[0] <= at]:
            plan = min(due, key=lambda one: one[0])
            self.plans.remove(plan)
            when = max(self.at, instants.later(plan[0], milliseconds=late_ms))
            self.ask(plan[1], "events", when, "system")
        self.at = max(self.at, at)
        return self

    def confirmed(self, occurrence: str = MONDAY, person: str = "hal", at: str | None = None) -> Decision:
        """Let a host say that they are open."""
        return self.ask(ConfirmOpening(VENUE, occurrence), person, at)

    def told(self) -> list[str]:
        """Kinds of the facts since the venue was made."""
        return [type(fact).__name__ for fact in self.facts[1:]]

    def versions(self) -> list[int]:
        """Versions of the facts in order."""
        return [fact.streamversion for fact in self.facts if isinstance(fact, OnVenue)]
