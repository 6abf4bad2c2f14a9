"""The path of a write, with the real events service behind it."""

import asyncio

import pytest

from services.gateway.outcome import Decided
from services.gateway.ready import etag_of
from shared.contracts.message import open_envelope
from shared.contracts.outcomes import REQUEST, WAKE, Touched
from tests.gateway.edge import NEW, Edge

TRACE = "0af7651916cd43dd8448eb211c80319c"


async def test_a_write_is_answered_with_what_came_of_it(edge: Edge) -> None:
    """201, where to read it, and nobody keeps a copy."""
    answer = await edge.ask("POST", "/v1/campaigns", NEW)

    made = answer.json()
    assert (answer.status, made["name"], made["status"], made["version"]) == (201, "As One", "draft", 1)
    assert answer.headers["location"] == f"/v1/campaigns/{made['id']}"
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert len(edge.waiters) == 0


async def test_an_answer_that_is_a_view_bears_the_views_tag(edge: Edge) -> None:
    """So that who wrote it need not read it to ask for it again with If-None-Match."""
    campaign = await edge.ask("POST", "/v1/campaigns", NEW)
    body = {
        "campaign_id": campaign.json()["id"],
        "title": "Tea",
        "category": "social",
        "starts_at": "2030-05-01T10:00",
        "ends_at": "2030-05-01T11:00",
    }

    event = await edge.ask("POST", "/v1/events", body)
    hidden = await edge.ask("POST", "/v1/events", body | {"visibility": "hidden_location", "venue": {"name": "Here"}})

    assert event.headers["etag"].encode() == etag_of(event.body)
    assert "etag" not in campaign.headers
    assert "etag" not in hidden.headers


async def test_sec_29_the_record_holds_what_the_server_knows(edge: Edge) -> None:
    """No header of the client goes into the log but the trace, which continues in a span of ours."""
    await edge.ask(
        "POST",
        "/v1/campaigns",
        NEW,
        wake="elsewhere",
        reply_to="events.facts",
        traceparent=f"00-{TRACE}-b7ad6b7169203331-01",
    )

    [record] = edge.log.appended
    headers, envelope = dict(record.headers), open_envelope(record.value)
    person, roles = envelope.principal.split(" ")
    assert headers.keys() == {WAKE, REQUEST}
    assert headers[WAKE].decode() == edge.waiters.channel
    assert (record.topic, record.partition, record.key) == ("events.commands", None, envelope.subject.encode())
    assert (roles, envelope.correlationid) == ("organiser,resident", envelope.id)
    assert envelope.traceparent.startswith(f"00-{TRACE}-")
    assert "b7ad6b7169203331" not in envelope.traceparent
    assert "ana" not in record.value.decode().replace(person, "")


async def test_a_repeat_is_answered_as_the_first_time(edge: Edge) -> None:
    """Same status, same bytes, and a header that says so; whatever happened since."""
    first = await edge.ask("POST", "/v1/campaigns", NEW, idempotency_key="k1")
    place = first.headers["location"]
    await edge.ask("POST", f"{place}/launch")

    again = await edge.ask("POST", "/v1/campaigns", NEW, idempotency_key="k1")

    assert (again.status, again.body, again.headers["location"]) == (first.status, first.body, place)
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers


async def test_a_refusal_is_repeated_byte_for_byte(edge: Edge) -> None:
    """Its trace is that of the request that was decided."""
    await edge.ask("POST", "/v1/campaigns", NEW | {"slug": "as-one"})

    first = await edge.ask("POST", "/v1/campaigns", NEW | {"slug": "as-one"}, idempotency_key="k1")
    again = await edge.ask("POST", "/v1/campaigns", NEW | {"slug": "as-one"}, idempotency_key="k1")

    problem = first.json()
    assert (first.status, problem["type"], problem["slug"]) == (409, "/problems/slug-taken", "as-one")
    assert (again.status, again.body) == (409, first.body)
    assert again.headers["idempotency-replayed"] == "true"
    assert (await edge.ask("GET", problem["instance"])).json()["problem"] == problem


async def test_a_key_belongs_to_one_body(edge: Edge) -> None:
    """422, and nothing happens; the operation stays the first one's."""
    first = await edge.ask("POST", "/v1/campaigns", NEW, idempotency_key="k1")

    other = await edge.ask("POST", "/v1/campaigns", NEW | {"name": "As Two"}, idempotency_key="k1")
    again = await edge.ask("POST", "/v1/campaigns", NEW, idempotency_key="k1")

    assert (other.status, other.json()["type"]) == (422, "/problems/key-reused")
    assert "instance" not in other.json()
    assert again.body == first.body


async def test_sec_25_a_key_belongs_to_one_person_and_one_address(edge: Edge) -> None:
    """Another's same key has an effect of its own."""
    anas = await edge.ask("POST", "/v1/campaigns", NEW, idempotency_key="k1")
    bos = await edge.ask("POST", "/v1/campaigns", NEW, sub="bo", idempotency_key="k1")
    launched = await edge.ask("POST", f"{anas.headers['location']}/launch", idempotency_key="k1")

    assert [anas.status, bos.status, launched.status] == [201, 201, 200]
    assert anas.json()["id"] != bos.json()["id"]
    assert launched.json()["status"] == "live"


@pytest.mark.parametrize("key", ["", " ", "k" * 129, "ké", "a b"])
async def test_a_malformed_key_is_400(edge: Edge, key: str) -> None:
    """1 to 128 visible ASCII characters; nothing is appended."""
    answer = await edge.ask("POST", "/v1/campaigns", NEW, idempotency_key=key)

    assert (answer.status, answer.json()["type"]) == (400, "/problems/invalid-header")
    assert edge.log.appended == []


async def test_one_hundred_at_once_with_one_key_are_one(edge: Edge) -> None:
    """Concurrent repeats as well, on a busy machine, too."""
    asked = (edge.ask("POST", "/v1/campaigns", NEW, idempotency_key="k", prefer="wait=10") for _ in range(100))
    answers = await asyncio.gather(*asked)

    assert len({answer.body for answer in answers}) == 1
    assert {answer.status for answer in answers} == {201}
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1


async def test_what_is_not_decided_in_time_is_202(edge: Edge) -> None:
    """With the address of its operation, which is pending."""
    edge.log.asleep = True

    answer = await edge.ask("POST", "/v1/campaigns", NEW, prefer="wait=0.0, wait=1")
    assert answer.status == 400

    answer = await edge.ask("POST", "/v1/campaigns", NEW, prefer="wait=1")

    operation = answer.json()
    assert (answer.status, operation["status"], operation["resource"]) == (202, "pending", None)
    assert answer.headers["location"] == f"/v1/operations/{operation['id']}"
    assert (await edge.ask("GET", answer.headers["location"])).json() == operation | {"submitted_at": None}
    assert len(edge.waiters) == 0


async def test_who_does_not_wait_is_answered_at_once(edge: Edge) -> None:
    """RFC 7240: the operation tells later; no replica is woken."""
    answer = await edge.ask("POST", "/v1/campaigns", NEW, prefer="respond-async")

    told = (await edge.ask("GET", answer.headers["location"])).json()
    assert answer.status == 202
    assert edge.log.appended[0].headers == ()
    assert (told["status"], told["resource"]["kind"]) == ("succeeded", "campaign")
    assert told["resource"]["url"] == f"/v1/campaigns/{told['resource']['id']}"
    assert told["submitted_at"] <= told["decided_at"]


async def test_a_lost_wake_up_is_made_up_for(edge: Edge) -> None:
    """One look at the operation before 202."""
    edge.log.deaf = True

    answer = await edge.ask("POST", "/v1/campaigns", NEW, prefer="wait=1")

    assert answer.status == 201


async def test_the_look_takes_nobody_elses_outcome(edge: Edge) -> None:
    """Same key, other body, and the service away: the first one's answer is not this one's."""
    await edge.ask("POST", "/v1/campaigns", NEW, idempotency_key="k")
    await asyncio.sleep(0.002)
    edge.log.asleep = True

    answer = await edge.ask("POST", "/v1/campaigns", NEW | {"name": "B"}, idempotency_key="k", prefer="wait=1")

    assert answer.status == 202


async def test_who_waits_at_the_end_is_let_go(edge: Edge) -> None:
    """A replica that shuts down answers 202 at once."""
    edge.log.asleep = True
    waiting = asyncio.create_task(edge.ask("POST", "/v1/campaigns", NEW, prefer="wait=10"))
    async with asyncio.timeout(5):
        while not len(edge.waiters):
            await asyncio.sleep(0.01)
        edge.waiters.fail_all()
        answer = await waiting

    assert answer.status == 202
    assert (await edge.ask("POST", "/v1/campaigns", NEW, prefer="wait=10")).status == 202


async def test_without_the_log_a_write_is_503(edge: Edge) -> None:
    """Whether it took effect is unknown; the operation is named, and a repeat finds out."""
    edge.log.away = True

    answer = await edge.ask("POST", "/v1/campaigns", NEW, idempotency_key="k")

    problem = answer.json()
    assert (answer.status, problem["type"], answer.headers["retry-after"]) == (503, "/problems/unavailable", "1")
    assert problem["instance"].startswith("/v1/operations/events.")
    assert len(edge.waiters) == 0
    edge.log.away = False
    assert (await edge.ask("POST", "/v1/campaigns", NEW, idempotency_key="k")).status == 201
    assert (await edge.ask("GET", problem["instance"])).json()["status"] == "succeeded"


async def test_sec_11_an_operation_is_its_creators_alone(edge: Edge) -> None:
    """To others it does not exist, nor does a forged one."""
    answer = await edge.ask("POST", "/v1/campaigns", NEW, prefer="respond-async")
    place = answer.headers["location"]

    assert (await edge.ask("GET", place)).status == 200
    assert (await edge.ask("GET", place, sub="bo")).status == 404
    assert (await edge.ask("GET", place, sub="")).status == 401
    assert (await edge.ask("GET", place[:-1] + ("a" if place[-1] != "a" else "b"))).status == 404
    assert (await edge.ask("GET", "/v1/operations/..")).status == 404
    assert (await edge.ask("GET", f"{place}?x=1")).status == 400


async def test_a_write_wants_a_token_and_its_role(edge: Edge) -> None:
    """401 without one; 403 for a role that cannot open campaigns; nothing is appended."""
    nobody = await edge.ask("POST", "/v1/campaigns", NEW, sub="")
    resident = await edge.ask("POST", "/v1/campaigns", NEW, roles=())
    forged = await edge.ask("POST", "/v1/campaigns", NEW, sub="", authorization="Bearer a.b.c")

    assert [nobody.status, resident.status, forged.status] == [401, 403, 401]
    assert edge.log.appended == []


async def test_sec_10_the_service_decides_who_may(edge: Edge) -> None:
    """The role alone is not the right: another organiser's campaign is not theirs to close."""
    place = (await edge.ask("POST", "/v1/campaigns", NEW)).headers["location"]
    await edge.ask("POST", f"{place}/launch")

    answer = await edge.ask("POST", f"{place}/close", sub="bo")

    assert answer.status == 403
    assert answer.json()["instance"].startswith("/v1/operations/")


async def test_nothing_to_say_needs_no_body(edge: Edge) -> None:
    """`{}`, and no body at all, ask for the same; even under one key."""
    place = (await edge.ask("POST", "/v1/campaigns", NEW)).headers["location"]

    silent = await edge.ask("POST", f"{place}/launch", idempotency_key="k")
    empty = await edge.ask("POST", f"{place}/launch", {}, idempotency_key="k")

    assert (silent.status, empty.status, empty.body) == (200, 200, silent.body)


async def test_a_delete_names_a_person_in_body_or_query(edge: Edge) -> None:
    """Many clients cannot send a body with DELETE."""
    made = (await edge.ask("POST", "/v1/campaigns", NEW)).json()
    place, bo = f"/v1/campaigns/{made['id']}/organisers", "22222222-2222-5222-8222-222222222222"
    cy = bo.replace("2222-", "3333-")
    for person in (bo, cy):
        assert (await edge.ask("POST", place, {"person": person})).status == 200

    by_query = await edge.ask("DELETE", f"{place}?person={bo}")
    by_body = await edge.ask("DELETE", place, {"person": cy})

    assert by_query.json()["organisers"] == [*made["organisers"], cy]
    assert by_body.json()["organisers"] == made["organisers"]
    assert (await edge.ask("DELETE", place)).status == 422
    assert (await edge.ask("DELETE", f"{place}?who={bo}")).status == 400


async def test_if_match_guards_a_change(edge: Edge) -> None:
    """412 where the revision is not the current one; anything else would be a lost update."""
    campaign = (await edge.ask("POST", "/v1/campaigns", NEW)).json()["id"]
    body = {
        "campaign_id": campaign,
        "title": "Tea",
        "category": "social",
        "starts_at": "2030-05-01T10:00",
        "ends_at": "2030-05-01T11:00",
    }
    place = (await edge.ask("POST", "/v1/events", body)).headers["location"]

    right = await edge.ask("PATCH", place, {"title": "Chai"}, if_match='"1"')
    wrong = await edge.ask("PATCH", place, {"title": "Coffee"}, if_match='"1"')

    assert (right.status, right.json()["revision"]) == (200, 2)
    assert (wrong.status, wrong.json()["type"]) == (412, "/problems/revision-mismatch")


async def test_a_time_that_the_clocks_skip_is_422(edge: Edge) -> None:
    """Where it stands."""
    campaign = (await edge.ask("POST", "/v1/campaigns", NEW)).json()["id"]
    body = {
        "campaign_id": campaign,
        "title": "Too early",
        "category": "social",
        "starts_at": "2030-03-31T01:30",
        "ends_at": "2030-03-31T03:00",
    }

    answer = await edge.ask("POST", "/v1/events", body)

    assert (answer.status, [flaw["pointer"] for flaw in answer.json()["errors"]]) == (422, ["/starts_at"])


async def test_a_hidden_place_is_shown_to_who_wrote_it(edge: Edge) -> None:
    """In the answer alone: neither the record of the outcome nor the operation holds it."""
    campaign = (await edge.ask("POST", "/v1/campaigns", NEW)).json()["id"]
    body = {
        "campaign_id": campaign,
        "title": "Supper",
        "category": "food",
        "starts_at": "2030-05-01T10:00",
        "ends_at": "2030-05-01T11:00",
        "visibility": "hidden_location",
        "venue": {"name": "Safe house", "ward": "aston"},
    }

    answer = await edge.ask("POST", "/v1/events", body, idempotency_key="k")
    again = await edge.ask("POST", "/v1/events", body, idempotency_key="k")

    assert answer.json()["venue"] == {"name": "Safe house", "ward": "aston"}
    assert again.body == answer.body
    assert not any(b"Safe house" in value for value in edge.log.operations.values())


async def test_a_write_takes_no_query(edge: Edge) -> None:
    """400 rather than a parameter that is silently not heard."""
    assert (await edge.ask("POST", "/v1/campaigns?dry_run=1", NEW)).status == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b'{"name": NaN}', 400),
        (b'{"name": "a", "name": "b"}', 400),
        (b'"' + b"\\ud800" + b'"', 400),
        (b"[" * 100, 400),
        (b"\xff", 400),
        (b'{"name": 1e999, "summary": ""}', 422),
        (b"[]", 422),
        (b"null", 422),
        (b'{"name": "' + b"x" * 70_000 + b'"}', 413),
    ],
)
async def test_sec_20_garbage_is_refused(edge: Edge, body: bytes, status: int) -> None:
    """Never 5xx, and nothing is appended."""
    answer = await edge.ask("POST", "/v1/campaigns", body)

    assert (answer.status, edge.log.appended) == (status, [])


async def test_a_command_says_what_its_caller_has_seen(edge: Edge) -> None:
    """So that no decision on a need is made by a copy of the campaign that is older than that."""
    edge.log.asleep = True
    campaign, need = "campaign_" + "c" * 26, "need_" + "n" * 26
    body = {"campaign_id": campaign, "title": "Soup", "kind": "meal", "quantity": 1, "unit": "meals"}

    await edge.ask("POST", "/v1/needs", body, prefer="respond-async")
    edge.memory.raise_floor(campaign, 7, campaign, "campaign")
    edge.memory.raise_floor(need, 2, campaign, "need")
    await edge.ask("POST", "/v1/needs", body, prefer="respond-async")
    await edge.ask("POST", "/v1/pledges", {"need_id": need, "quantity": 1}, prefer="respond-async")

    seen = [open_envelope(record.value).seen for record in edge.log.appended]
    assert seen == ["", f"{campaign}:7", f"{campaign}:7"]
    assert edge.log.appended[2].key == need.encode()


async def test_an_outcome_of_several_streams_is_told_when_all_are_served(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes by one partition; until the others have been read too it is 202, since a read might show less."""
    monkeypatch.setattr(Decided, "touched", (Touched("campaign_a", 1), Touched("need_b", 1)))
    edge.log.behind = True

    answer = await edge.ask("POST", "/v1/campaigns", NEW, idempotency_key="k1")
    edge.log.behind = False
    again = await edge.ask("POST", "/v1/campaigns", NEW, idempotency_key="k1")

    assert answer.status == 202
    assert again.status == 201
