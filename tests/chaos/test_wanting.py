"""What people want follows from the seed and from what they got."""

from tests.chaos.asking import Told, Wish
from tests.chaos.wanting import ORGANISER, Wants, another, pledge


def _stage(seed: int) -> Wants:
    wants = Wants(seed)
    wants.needs["hot"], wants.needs["plain"], wants.events = ["need_a"], ["need_b"], ["event_a"]
    return wants


def test_a_seed_wants_the_same_twice() -> None:
    """So that a run can be looked at again."""
    one, other = _stage(7), _stage(7)

    assert [one.next("ana") for _ in range(50)] == [other.next("ana") for _ in range(50)]


def test_a_pledge_is_changed_by_who_made_it_and_delivered_by_the_organiser() -> None:
    """Nobody touches what is being changed before the answer is known."""
    wants, made = _stage(1), pledge("need_a", 2)
    told = Told("op1", "http://one", "key", "ok", 201, {"id": "need_a.p", "quantity": 2})
    wants.remember("ana", "ana", made, told)

    seen = [wants.next("ana") for _ in range(200)]

    on_it = [(asker, wish.verb) for asker, wish in seen if "need_a.p" in wish.path]
    assert on_it[-1][1] in {"change", "withdraw"}
    assert all(verb == "deliver" and asker == ORGANISER for asker, verb in on_it[:-1])


def test_another_body_differs_where_it_can() -> None:
    """For a key that is used twice."""
    assert another(pledge("need_a", 2)) == pledge("need_a", 3)
    assert another(Wish("launch", "POST", "/v1/campaigns/c/launch", {})) is None
