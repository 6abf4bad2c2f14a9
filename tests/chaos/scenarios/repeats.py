"""Clients that repeat themselves at another gateway, and one that says two things under one key."""

import asyncio
import time
from typing import Final
from uuid import uuid4

from tests.chaos.scenarios.stage import GOES_ON_S, Stage
from tests.chaos.wanting import pledge

ROUNDS: Final = 20
AFTER_APPEND: Final = "gateway_after_append:1"


async def one_key_two_bodies(stage: Stage) -> str:
    """One Idempotency-Key goes with two bodies through both gateways at the same time.

    Promised: one of them is done and the other refused as `key-reused`, whichever it is, and so it stays when they
    are repeated, at the other gateway too; the need counts the one.
    """
    need = await stage.need()
    first_won, taken = 0, 0
    for turn in range(ROUNDS):
        key, session = uuid4().hex, f"dee{turn}"
        wishes = (pledge(need, 1), pledge(need, 2))
        told = await asyncio.gather(
            *(stage.insist(session, wish, first=(turn + place) % 2, key=key) for place, wish in enumerate(wishes))
        )
        statuses = sorted((one.status or 0, _problem(one.body)) for one in told)
        assert statuses == [(201, ""), (422, "key-reused")], f"one key with two bodies was answered {statuses}"
        again = await asyncio.gather(
            *(stage.insist(session, wish, first=(turn + place + 1) % 2, key=key) for place, wish in enumerate(wishes))
        )
        for before, after in zip(told, again, strict=True):
            same = (before.status, before.status == 422 or before.body == after.body)
            assert same == (after.status, True), f"the repeat was answered {after.status}, at first {before.status}"
        first_won += told[0].status == 201
        taken += sum(one.body["quantity"] for one in told if one.status == 201)
    pledged = (await stage.read(f"/v1/needs/{need}"))["pledged"]
    assert pledged == taken, f"the need counts {pledged}, its donors were told {taken}"
    return f"{ROUNDS} keys with two bodies each: one done, one refused; the first one sent won {first_won} times"


async def gateway_killed_after_append(stage: Stage) -> str:
    """A gateway dies with the command in the log and its caller unanswered; the caller asks the other gateway.

    Promised: the same key brings the answer, the command is done once, and the first gateway says the same later.
    """
    need = await stage.need()
    await stage.arm("gateway-1", AFTER_APPEND)
    began = time.monotonic()
    told = await stage.must("eli", pledge(need, 3))
    seconds = time.monotonic() - began
    assert stage.mark("gateway-1", AFTER_APPEND).exists(), "gateway-1 never came to append"
    assert seconds <= GOES_ON_S, f"the other gateway answered after {seconds:.1f} s, not {GOES_ON_S:.0f} s"
    await stage.rig.ready()
    again = await stage.insist("eli", pledge(need, 3), first=0, key=told.key)
    assert (again.status, again.body) == (told.status, told.body), f"the first gateway says {again.status} {again.body}"
    pledged = (await stage.read(f"/v1/needs/{need}"))["pledged"]
    assert pledged == 3, f"the need counts {pledged} after one pledge of 3"
    return f"the other gateway answered {seconds:.1f} s after the first try; done once, both gateways agree"


def _problem(body: object) -> str:
    return str(body["type"]).rpartition("/")[2] if isinstance(body, dict) and "type" in body else ""
