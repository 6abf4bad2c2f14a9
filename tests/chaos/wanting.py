"""What people want: who pledges on what, changes their mind, comes to an event; of a seed, and of what they got."""

import random
from typing import Any, Final, Literal

from msgspec import Struct

from services.gateway.development import ISSUER
from services.gateway.idempotency import command_id
from tests.chaos.asking import Told, Wish

Role = Literal["hot", "plain", "capacity"]

ORGANISER: Final = "olu"
_LONG: Final = 600
"""Minutes: a hold that ends while all is looked at would be taken for one that was lost."""
_BY_ORGANISER: Final = frozenset({"deliver", "change_need", "change_event"})


class Pledged(Struct, frozen=True):
    """A pledge that somebody made and may change."""

    id: str
    need: str
    quantity: int


class Answered(Struct, frozen=True):
    """A write that got its answer at once: the op, who asked, and the command that it made."""

    op: str
    session: str
    service: str
    command: str


class Wants:
    """The needs and events there are, and what each person has."""

    def __init__(self, seed: int) -> None:
        """Begin with an empty stage."""
        self.chance = random.Random(seed)
        self.campaign = ""
        self.needs: dict[Role, list[str]] = {"hot": [], "plain": [], "capacity": []}
        self.events: list[str] = []
        self.demand: list[str] = []
        """Needs that fill up, once for each place that somebody still wants."""
        self.answered: list[Answered] = []
        self._mine: dict[str, list[Pledged]] = {}

    def demand_of(self, needs: list[str], each: int) -> None:
        """Have places wanted, in any order."""
        self.demand += [need for need in needs for _ in range(each)]
        self.chance.shuffle(self.demand)

    def next(self, session: str) -> tuple[str, Wish]:
        """What is wanted next, and who asks for it: some things only the organiser may do."""
        wish = self._next(session)
        return (ORGANISER if wish.verb in _BY_ORGANISER else session), wish

    def _next(self, session: str) -> Wish:
        chance, mine = self.chance, self._mine.setdefault(session, [])
        need = chance.choice(self.needs["hot"] if chance.random() < 0.6 else self.needs["plain"])
        event = chance.choice(self.events)
        verbs = {"pledge": 46, "hold": 4, "register": 10, "leave": 3, "change_need": 3}
        if mine:
            verbs |= {"change": 12, "withdraw": 12, "deliver": 6}
        match chance.choices(list(verbs), list(verbs.values()))[0]:
            case "pledge":
                return pledge(need, chance.randint(1, 5))
            case "hold":
                return hold(need, _LONG)
            case "register":
                party = {"party_size": chance.randint(1, 4)}
                return Wish("register", "POST", f"/v1/events/{event}/registrations", party, event)
            case "leave":
                return Wish("leave", "DELETE", f"/v1/events/{event}/registrations/me", {}, event)
            case "change_need":
                title = {"title": f"Help wanted {chance.randrange(1000)}"}
                return Wish("change_need", "PATCH", f"/v1/needs/{need}", title, need)
            case verb:
                return self._on_a_pledge(verb, mine)

    def _on_a_pledge(self, verb: str, mine: list[Pledged]) -> Wish:
        place = self.chance.randrange(len(mine))
        # What is being changed comes back when the answer is known; until then nobody else touches it.
        own = mine[place] if verb == "deliver" else mine.pop(place)
        path = f"/v1/pledges/{own.id}"
        if verb == "withdraw":
            return Wish(verb, "POST", f"{path}/withdraw", {}, own.need)
        if verb == "deliver":
            return Wish(verb, "POST", f"{path}/deliver", {"quantity": 1}, own.need)
        return Wish(verb, "PATCH", path, {"quantity": own.quantity + self.chance.choice([1, 2])}, own.need)

    def remember(self, session: str, asker: str, wish: Wish, told: Told) -> None:
        """Take note of what came of a wish."""
        if told.outcome != "ok":
            return
        if wish.verb in {"pledge", "change"} and wish.target:
            self._mine.setdefault(session, []).append(Pledged(told.id, wish.target, told.body["quantity"]))
        service = "events" if wish.target in self.events else "pledges"
        command = command_id(ISSUER, asker, wish.method, wish.path, told.key)
        self.answered.append(Answered(told.op, asker, service, command))


def pledge(need: str, quantity: int) -> Wish:
    """A promise."""
    return Wish("pledge", "POST", "/v1/pledges", {"need_id": need, "quantity": quantity}, need)


def hold(need: str, minutes: int) -> Wish:
    """Something set aside, which ends by itself unless it is confirmed."""
    return Wish("pledge", "POST", "/v1/pledges", {"need_id": need, "quantity": 1, "hold_minutes": minutes}, need)


def another(wish: Wish) -> Wish | None:
    """The same wish with another body, if it has a number that can be another."""
    quantity = wish.body.get("quantity")
    if not quantity:
        return None
    return Wish(wish.verb, wish.method, wish.path, {**wish.body, "quantity": quantity + 1}, wish.target)


def need_body(campaign: str, quantity: int) -> dict[str, Any]:
    """A need to be opened."""
    return {
        "campaign_id": campaign,
        "title": "Soup for the hall",
        "kind": "meal",
        "quantity": quantity,
        "unit": "meals",
    }


def event_body(campaign: str, capacity: int) -> dict[str, Any]:
    """An event to be planned and published."""
    return {
        "campaign_id": campaign,
        "title": "Clean-up on the green",
        "category": "clean-up",
        "starts_at": "2035-05-01T10:00",
        "ends_at": "2035-05-01T12:00",
        "capacity": capacity,
        "publish": True,
    }
