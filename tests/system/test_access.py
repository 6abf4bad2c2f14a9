"""Who may do what on every route with an id; what answers hold beside what they document."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import pytest
import pytest_asyncio

from tests.system import duty, life, series, welcome
from tests.system.platform import Person, Platform, a_campaign, a_need, an_event

pytestmark = [pytest.mark.system, pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]

GONE: Final = 404
SEEN: Final = 403
OPEN: Final = 0
"""Everybody may: there is nothing of another person's to protect."""

STRANGERS: Final[dict[str, int]] = {
    # on a draft, of which nobody else knows
    "PATCH /v1/campaigns/{campaign_id}": GONE,
    "POST /v1/campaigns/{campaign_id}/launch": GONE,
    "POST /v1/campaigns/{campaign_id}/pause": GONE,
    "POST /v1/campaigns/{campaign_id}/evolve": GONE,
    "POST /v1/campaigns/{campaign_id}/resume": GONE,
    "POST /v1/campaigns/{campaign_id}/close": GONE,
    "POST /v1/campaigns/{campaign_id}/reopen": GONE,
    "POST /v1/campaigns/{campaign_id}/organisers": GONE,
    "DELETE /v1/campaigns/{campaign_id}/organisers": GONE,
    "POST /v1/campaigns/{campaign_id}/endorsements": GONE,
    "GET /v1/campaigns/{campaign_id}/endorsements": GONE,
    "POST /v1/campaigns/{campaign_id}/stories": GONE,
    "GET /v1/campaigns/{campaign_id}/stories": GONE,
    "POST /v1/events/{event_id}/stories": GONE,
    "GET /v1/events/{event_id}/stories": GONE,
    "GET /v1/endorsements/{endorsement_id}": GONE,
    "POST /v1/endorsements/{endorsement_id}/publish": GONE,
    "POST /v1/endorsements/{endorsement_id}/unpublish": GONE,
    "POST /v1/endorsements/{endorsement_id}/withdraw": GONE,
    "GET /v1/stories/{story_id}": GONE,
    "POST /v1/stories/{story_id}/publish": GONE,
    "POST /v1/stories/{story_id}/unpublish": GONE,
    "POST /v1/stories/{story_id}/withdraw": GONE,
    "POST /v1/campaigns/{campaign_id}/partners": GONE,
    "GET /v1/campaigns/{campaign_id}/partners": GONE,
    "POST /v1/campaigns/{campaign_id}/partners/invitations": GONE,
    "GET /v1/campaigns/{campaign_id}/partners/{partner_id}": GONE,
    "PATCH /v1/campaigns/{campaign_id}/partners/{partner_id}": GONE,
    "POST /v1/campaigns/{campaign_id}/partners/{partner_id}/accept": GONE,
    "POST /v1/campaigns/{campaign_id}/partners/{partner_id}/decline": GONE,
    "POST /v1/campaigns/{campaign_id}/partners/{partner_id}/approve": GONE,
    "POST /v1/campaigns/{campaign_id}/partners/{partner_id}/verify": GONE,
    "POST /v1/campaigns/{campaign_id}/partners/{partner_id}/leave": GONE,
    "POST /v1/campaigns/{campaign_id}/partners/{partner_id}/remove": GONE,
    "POST /v1/campaigns/{campaign_id}/partners/{partner_id}/members": GONE,
    "DELETE /v1/campaigns/{campaign_id}/partners/{partner_id}/members": GONE,
    "POST /v1/campaigns/{campaign_id}/categories": GONE,
    "POST /v1/campaigns/{campaign_id}/need-kinds": GONE,
    "GET /v1/campaigns/{campaign}": GONE,
    "GET /v1/events/{event_id}": GONE,
    "PATCH /v1/events/{event_id}": GONE,
    "POST /v1/events/{event_id}/publish": GONE,
    "POST /v1/events/{event_id}/cancel": GONE,
    "POST /v1/events/{event_id}/registrations": GONE,
    "DELETE /v1/events/{event_id}/registrations/me": GONE,
    "GET /v1/events/{event_id}/registrations": GONE,
    **life.STRANGERS,
    **series.STRANGERS,
    **welcome.STRANGERS,
    **duty.STRANGERS,
    "GET /v1/campaigns/{campaign_id}/offers": GONE,
    # on a need, which everybody sees
    "GET /v1/needs/{need_id}": OPEN,
    "PATCH /v1/needs/{need_id}": SEEN,
    "POST /v1/needs/{need_id}/close": SEEN,
    "POST /v1/needs/{need_id}/reopen": SEEN,
    "GET /v1/needs/{need_id}/pledges": SEEN,
    # on a figure of what everybody sees
    "GET /v1/impact/{figure_id}/deliveries": OPEN,
    # on a commitment, which everybody sees
    "GET /v1/commitments/{commitment_id}": OPEN,
    "PATCH /v1/commitments/{commitment_id}": SEEN,
    "POST /v1/commitments/{commitment_id}/evidence": SEEN,
    "POST /v1/commitments/{commitment_id}/renew": SEEN,
    "POST /v1/commitments/{commitment_id}/end": SEEN,
    "POST /v1/needs/{need_id}/match": SEEN,
    "POST /v1/needs/{need_id}/pause": SEEN,
    "POST /v1/needs/{need_id}/resume": SEEN,
    "POST /v1/needs/{need_id}/hide": SEEN,
    "POST /v1/needs/{need_id}/unhide": SEEN,
    "POST /v1/needs/{need_id}/write-off": SEEN,
    "POST /v1/needs/{need_id}/owners": SEEN,
    "DELETE /v1/needs/{need_id}/owners": SEEN,
    # on what others noticed, and on a household of theirs
    "GET /v1/signals/{signal_id}": GONE,
    "POST /v1/signals/{signal_id}/promote": GONE,
    "POST /v1/signals/{signal_id}/dismiss": GONE,
    "POST /v1/signals/{signal_id}/merge": GONE,
    "GET /v1/bundles/{bundle_id}": GONE,
    "GET /v1/campaigns/{campaign_id}/signals": GONE,
    "GET /v1/campaigns/{campaign_id}/signals/heat": GONE,
    "GET /v1/campaigns/{campaign_id}/bundles": GONE,
    # on two others who were brought together
    "GET /v1/befriendings/{befriending_id}": GONE,
    "POST /v1/befriendings/{befriending_id}/consent": GONE,
    "POST /v1/befriendings/{befriending_id}/check": GONE,
    "POST /v1/befriendings/{befriending_id}/end": GONE,
    "POST /v1/befriendings/{befriending_id}/rematch": GONE,
    # on another person's pledge
    "GET /v1/pledges/{pledge_id}": GONE,
    "PATCH /v1/pledges/{pledge_id}": GONE,
    "POST /v1/pledges/{pledge_id}/confirm": GONE,
    "POST /v1/pledges/{pledge_id}/deliver": GONE,
    "POST /v1/pledges/{pledge_id}/deliveries/{n}/accept": GONE,
    "POST /v1/pledges/{pledge_id}/deliveries/{n}/correct": GONE,
    "POST /v1/pledges/{pledge_id}/withdraw": GONE,
    "POST /v1/pledges/{pledge_id}/release": GONE,
    "POST /v1/pledges/{pledge_id}/match": GONE,
    "POST /v1/pledges/{pledge_id}/correct": GONE,
    "POST /v1/pledges/{pledge_id}/decline": GONE,
    "POST /v1/pledges/{pledge_id}/deliveries/{n}/return": GONE,
    "POST /v1/pledges/{pledge_id}/write-off": GONE,
    "POST /v1/me/notifications/{notification_id}/read": GONE,
    "GET /v1/operations/{operation_id}": GONE,
    # one's own choice about what is public
    "PUT /v1/me/follows/{kind}/{target_id}": OPEN,
    "DELETE /v1/me/follows/{kind}/{target_id}": OPEN,
}
"""What a signed-in stranger is answered; a new route with an id needs an entry."""

ENDORSEMENT: Final = {"name": "Cy Example", "text": "It brings us together.", "consent": True}
STORY: Final = {"form": "text", "language": "en", "title": "Soup", "text": "How it began.", "consent": True}

BODIES: Final[dict[str, dict[str, Any]]] = {
    "POST /v1/campaigns/{campaign_id}/endorsements": ENDORSEMENT,
    "POST /v1/campaigns/{campaign_id}/stories": STORY,
    "POST /v1/events/{event_id}/stories": STORY,
    **life.BODIES,
    **series.BODIES,
    **welcome.BODIES,
    **duty.BODIES,
    "POST /v1/campaigns/{campaign_id}/partners": {"name": "Aston Kitchen", "sector": "community"},
    "PATCH /v1/campaigns/{campaign_id}": {"name": "Mine"},
    "POST /v1/campaigns/{campaign_id}/evolve": {"successor_id": f"campaign_{'s' * 26}"},
    "POST /v1/campaigns/{campaign_id}/categories": {"slug": "mela", "labels": {"en": "Mela"}},
    "POST /v1/campaigns/{campaign_id}/need-kinds": {"slug": "pram", "kind": "goods", "labels": {"en": "Prams"}},
    "POST /v1/campaigns/{campaign_id}/partners/invitations": {"name": "Aston Kitchen", "sector": "community"},
    "PATCH /v1/campaigns/{campaign_id}/partners/{partner_id}": {"name": "Mine"},
    "POST /v1/campaigns/{campaign_id}/partners/{partner_id}/remove": {"reason": "Because."},
    "PATCH /v1/events/{event_id}": {"title": "Mine"},
    "POST /v1/events/{event_id}/cancel": {"reason": "Because."},
    "PATCH /v1/needs/{need_id}": {"title": "Mine"},
    "PATCH /v1/commitments/{commitment_id}": {"organisation": "Mine"},
    "POST /v1/commitments/{commitment_id}/evidence": {"kind": "reference", "ref": "Mine"},
    "POST /v1/commitments/{commitment_id}/renew": {"review_on": "2099-06-30"},
    "PATCH /v1/pledges/{pledge_id}": {"quantity": 1},
    "POST /v1/pledges/{pledge_id}/deliver": {"quantity": 1},
    "POST /v1/pledges/{pledge_id}/deliveries/{n}/correct": {"quantity": 1, "reason": "Because."},
    "POST /v1/pledges/{pledge_id}/release": {"reason": "Because."},
    "POST /v1/befriendings/{befriending_id}/rematch": {"friend": str(uuid.UUID(int=7))},
    "POST /v1/signals/{signal_id}/promote": {"title": "Mine", "kind": "meal", "quantity": 1, "unit": "meals"},
    "POST /v1/signals/{signal_id}/dismiss": {"reason": "Because."},
    "POST /v1/signals/{signal_id}/merge": {"into": f"signal_{'s' * 26}"},
    "POST /v1/pledges/{pledge_id}/match": {"need_id": "need_" + "x" * 26},
    "POST /v1/pledges/{pledge_id}/correct": {"quantity": 1, "reason": "Because."},
    "POST /v1/pledges/{pledge_id}/deliveries/{n}/return": {"quantity": 1, "reason": "Because."},
    "POST /v1/needs/{need_id}/write-off": {"reason": "Because."},
    "POST /v1/needs/{need_id}/owners": {"partner_id": f"campaign_{'c' * 26}.{'p' * 26}"},
    "DELETE /v1/needs/{need_id}/owners": {"partner_id": f"campaign_{'c' * 26}.{'p' * 26}"},
    "POST /v1/pledges/{pledge_id}/write-off": {"reason": "Because."},
}


class Town:
    """Ana organises, Cy pledged and registered, Bo is a stranger to them all."""

    def __init__(self, platform: Platform) -> None:
        """Sign them in."""
        self.ana = Person(platform, "ana", "organiser")
        self.bo = Person(platform, "bo", "organiser")
        self.cy = Person(platform, "cy")
        self.pat = Person(platform, "pat", "partner")
        self.ids: dict[str, str] = {}
        self.document: dict[str, Any] = {}
        self.answers: list[tuple[str, int, Any]] = []

    async def do(self, person: Person, key: str, body: Any = None, /, **ids: str) -> Any:  # noqa: ANN401 -- JSON
        """Do what succeeds, and keep the answer to be compared with the document."""
        method, path = key.split(" ")
        answer = await person.ask(method, path.format(**ids), {} if body is None and method != "GET" else body)
        assert answer.is_success, f"{key}: {answer.status_code} {answer.text}"
        assert answer.status_code != 202, f"{key}: not decided in time"
        self.answers.append((key.partition("?")[0], answer.status_code, answer.json()))
        return answer.json()

    async def build(self) -> None:
        """Do everything once that can be done."""
        self.document = await self.ana.get("/openapi.json")
        ana, cy = self.ana, self.cy
        me = {person: (await self.do(person, "GET /v1/me"))["id"] for person in (ana, self.bo, cy)}
        draft = (await self.do(ana, "POST /v1/campaigns", {"name": "Draft", "summary": "Secret."}))["id"]
        live = await a_campaign(ana, "Live")
        joined = {"name": "Aston Kitchen", "sector": "community"}
        partner = (await self.do(ana, "POST /v1/campaigns/{campaign_id}/partners", joined, campaign_id=live))["id"]
        members = {"campaign_id": live, "partner_id": partner}
        place = "/v1/campaigns/{campaign_id}/partners/{partner_id}/members"
        await self.do(ana, f"POST {place}", {"person": me[cy]}, **members)
        await self.do(ana, f"DELETE {place}", {"person": me[cy]}, **members)
        await self._partners(live, me[cy])
        place = "/v1/campaigns/{campaign_id}/organisers"
        await self.do(ana, f"POST {place}", {"person": me[cy]}, campaign_id=live)
        await self.do(ana, f"DELETE {place}", {"person": me[cy]}, campaign_id=live)
        await self.do(ana, "PATCH /v1/campaigns/{campaign_id}", {"summary": "Changed."}, campaign_id=live)
        for way in ("pause", "resume"):
            await self.do(ana, f"POST /v1/campaigns/{{campaign_id}}/{way}", campaign_id=live)
        for place in ("categories", "need-kinds"):
            key = f"POST /v1/campaigns/{{campaign_id}}/{place}"
            await self.do(ana, key, BODIES[key], campaign_id=live)
        former = await a_campaign(ana, "Former")
        heir = {"name": "Heir", "summary": "It goes on.", "successor_of": former}
        heir_id = (await self.do(ana, "POST /v1/campaigns", heir))["id"]
        await ana.post(f"/v1/campaigns/{heir_id}/launch", {})
        await self.do(ana, "POST /v1/campaigns/{campaign_id}/evolve", {"successor_id": heir_id}, campaign_id=former)
        hidden = await an_event(ana, live, publish=False)
        event = await an_event(ana, live, capacity=5, venue={"ward": "aston", "access": ["step-free"]})
        await self.do(ana, "PATCH /v1/events/{event_id}", {"title": "Clean-up", "capacity": None}, event_id=event)
        await self.do(cy, "POST /v1/events/{event_id}/registrations", {"party_size": 2}, event_id=event)
        await self.do(ana, "GET /v1/events/{event_id}/registrations", event_id=event)
        await life.live(self.do, ana, cy, live)
        await life.host(self.do, ana, event, partner)
        await series.live(self.do, ana, cy, live)
        places = await welcome.live(self.do, ana, cy, live)
        await duty.live(self.do, ana, cy, live, me[cy])
        need = await a_need(ana, live, 20)
        await self.do(ana, "PATCH /v1/needs/{need_id}", {"ward": "aston"}, need_id=need)
        await self.do(cy, "PUT /v1/me/follows/{kind}/{target_id}", kind="need", target_id=need)
        pledge = await self._pledge(need)
        operation = await ana.ask("POST", f"/v1/campaigns/{live}/launch", {}, prefer="respond-async")
        signal, bundle = await self._noticed(live)
        match_ = await self._befriended(live, me[cy])
        note = await self._notification()
        commitment = await self._commitment(live)
        self.ids = {
            "campaign_id": draft,
            "campaign": draft,
            "partner_id": f"{draft}.{'p' * 26}",
            "event_id": hidden,
            **await self._voices(live, event),
            **life.ids(hidden),
            **duty.ids(hidden),
            **places,
            "need_id": need,
            "commitment_id": commitment,
            "pledge_id": pledge,
            "signal_id": signal,
            "bundle_id": bundle,
            "befriending_id": match_,
            "n": "1",
            "notification_id": note,
            "operation_id": operation.json()["id"],
            "occurrence": series.FIRST,
            "kind": "need",
            "target_id": need,
            "person": me[self.bo],
        }
        await self._read(live, event, need, note)

    async def _voices(self, live: str, event: str) -> dict[str, str]:
        """Cy stands up for the campaign and tells of it and of an event; what is left is only offered."""
        place = "/v1/campaigns/{campaign_id}/endorsements"
        endorsement = (await self.do(self.cy, f"POST {place}", ENDORSEMENT, campaign_id=live))["id"]
        place = "/v1/campaigns/{campaign_id}/stories"
        story = (await self.do(self.cy, f"POST {place}", STORY, campaign_id=live))["id"]
        await self.do(self.cy, "POST /v1/events/{event_id}/stories", STORY, event_id=event)
        for kind, name, ids in (
            ("endorsements", "endorsement_id", {"endorsement_id": endorsement}),
            ("stories", "story_id", {"story_id": story}),
        ):
            one = f"/v1/{kind}/{{{name}}}"
            for way in ("publish", "unpublish"):
                await self.do(self.ana, f"POST {one}/{way}", **ids)
            await self.do(self.cy, f"GET {one}", **ids)
            await self.do(self.ana, f"GET /v1/campaigns/{{campaign_id}}/{kind}", campaign_id=live)
        await self.do(self.ana, "GET /v1/events/{event_id}/stories", event_id=event)
        other = (await self.do(self.cy, f"POST {place}", STORY, campaign_id=live))["id"]
        await self.do(self.cy, "POST /v1/stories/{story_id}/withdraw", story_id=other)
        said = {"endorsement_id": endorsement}
        await self.do(self.cy, "POST /v1/endorsements/{endorsement_id}/withdraw", **said)
        place = "/v1/campaigns/{campaign_id}/endorsements"
        await self.do(self.cy, f"POST {place}", ENDORSEMENT, campaign_id=live)
        return {**said, "story_id": story}

    async def _partners(self, live: str, cy: str) -> None:
        """Invite Cy's kitchen, which accepts, changes, is vouched for, read and removed; others decline, ask, leave."""
        all_, one = "/v1/campaigns/{campaign_id}/partners", "/v1/campaigns/{campaign_id}/partners/{partner_id}"
        kitchen, ids = {"name": "Cy's Kitchen", "sector": "community"}, []
        for person in (cy, cy, None):
            body = kitchen | {"person": person}
            ids.append((await self.do(self.ana, f"POST {all_}/invitations", body, campaign_id=live))["id"])
        mine = {"campaign_id": live, "partner_id": ids[0]}
        await self.do(self.cy, f"POST {one}/accept", **mine)
        await self.do(self.cy, f"POST {one}/decline", campaign_id=live, partner_id=ids[1])
        await self.do(self.cy, f"PATCH {one}", {"org_id": "GB-CHC-1234567"}, **mine)
        await self.do(self.ana, f"POST {one}/verify", **mine)
        await self.do(self.cy, f"GET {one}", **mine)
        await self.do(self.ana, f"GET {all_}", campaign_id=live)
        await self.do(self.cy, "GET /v1/me/partners")
        await self.do(self.ana, f"POST {one}/remove", {"reason": "Because."}, **mine)
        await self.do(self.ana, "PATCH /v1/campaigns/{campaign_id}", {"partner_approval": "approval"}, campaign_id=live)
        asking = (await self.do(self.pat, f"POST {all_}", kitchen, campaign_id=live))["id"]
        await self.do(self.ana, f"POST {one}/approve", campaign_id=live, partner_id=asking)
        await self.do(self.pat, f"POST {one}/leave", campaign_id=live, partner_id=asking)

    async def _commitment(self, live: str) -> str:
        """Commit the campaign, change, show, renew, end and look."""
        body = {
            "campaign_id": live,
            "organisation": "Live",
            "principles": [1],
            "actions": ["Pay a living wage"],
            "review_on": "2099-06-30",
        }
        made = (await self.do(self.ana, "POST /v1/commitments", body))["id"]
        place = "/v1/commitments/{commitment_id}"
        for key in (f"PATCH {place}", f"POST {place}/evidence", f"POST {place}/renew"):
            await self.do(self.ana, key, BODIES[key], commitment_id=made)
        await self.do(self.cy, f"GET {place}", commitment_id=made)
        await self.do(self.ana, f"POST {place}/end", commitment_id=made)
        return str(made)

    async def _pledge(self, need: str) -> str:
        """Pledge, hold, confirm, deliver, accept, correct, change, and let go."""
        body = {"need_id": need, "quantity": 4, "hold_minutes": 30, "note": "After six."}
        pledge = (await self.do(self.cy, "POST /v1/pledges", body))["id"]
        place = "/v1/pledges/{pledge_id}"
        ids = {"pledge_id": pledge}
        await self.do(self.cy, f"POST {place}/confirm", **ids)
        await self.do(self.cy, f"PATCH {place}", {"quantity": 5}, **ids)
        await self.do(self.cy, f"POST {place}/deliver", {"quantity": 2}, **ids)
        await self.do(self.ana, f"POST {place}/deliveries/{{n}}/accept", n="1", **ids)
        correction = {"quantity": 1, "reason": "One was missing."}
        await self.do(self.ana, f"POST {place}/deliveries/{{n}}/correct", correction, n="1", **ids)
        mistaken = {"quantity": 4, "reason": "Meant four."}
        await self.do(self.cy, f"POST {place}/correct", mistaken, **ids)
        back = {"quantity": 1, "reason": "Burst."}
        await self.do(self.ana, f"POST {place}/deliveries/{{n}}/return", back, n="1", **ids)
        await self.do(self.ana, f"POST {place}/release", {"reason": "Enough."}, **ids)
        held = (await self.do(self.cy, "POST /v1/pledges", {"need_id": need, "quantity": 1, "hold_minutes": 9}))["id"]
        await self.do(self.cy, f"POST {place}/decline", pledge_id=held)
        await self.do(self.ana, f"GET {place}", **ids)
        await self.do(self.ana, "GET /v1/needs/{need_id}/pledges", need_id=need)
        return str((await self.do(self.cy, "POST /v1/pledges", {"need_id": need, "quantity": 1}))["id"])

    async def _noticed(self, live: str) -> tuple[str, str]:
        """Cy notices three things; one becomes a need, one is a double, one is dismissed. Ana keeps a bundle."""
        told = {"campaign_id": live, "kind": "meal", "text": "Nobody cooks in our road."}
        first, second, third = [(await self.do(self.cy, "POST /v1/signals", told))["id"] for _ in range(3)]
        place = "/v1/signals/{signal_id}"
        need = {"title": "Meals", "kind": "meal", "quantity": 5, "unit": "meals"}
        await self.do(self.ana, f"POST {place}/promote", need, signal_id=first)
        await self.do(self.ana, f"POST {place}/merge", {"into": first}, signal_id=second)
        await self.do(self.ana, f"POST {place}/dismiss", {"reason": "Told twice."}, signal_id=third)
        await self.do(self.cy, f"GET {place}", signal_id=third)
        await self.do(self.ana, "GET /v1/campaigns/{campaign_id}/signals", campaign_id=live)
        await self.do(self.ana, "GET /v1/campaigns/{campaign_id}/signals/heat", campaign_id=live)
        household = {"campaign_id": live, "details": "Three children."}
        bundle = (await self.do(self.ana, "POST /v1/bundles", household))["id"]
        await self.do(self.ana, "GET /v1/bundles/{bundle_id}", bundle_id=bundle)
        await self.do(self.ana, "GET /v1/campaigns/{campaign_id}/bundles", campaign_id=live)
        return str(first), str(bundle)

    async def _befriended(self, live: str, cy: str) -> str:
        """Ana brings Cy together with somebody who does not answer, and then with another."""
        somebody = str(uuid.UUID(int=5))
        body = {"campaign_id": live, "guest": cy, "friend": somebody, "note": "Both like chess."}
        match_ = (await self.do(self.ana, "POST /v1/befriendings", body))["id"]
        place = "/v1/befriendings/{befriending_id}"
        await self.do(self.cy, f"POST {place}/consent", befriending_id=match_)
        await self.do(self.ana, f"POST {place}/check", befriending_id=match_)
        await self.do(self.ana, f"POST {place}/end", {"reason": "Nothing heard."}, befriending_id=match_)
        await self.do(self.cy, f"GET {place}", befriending_id=match_)
        await self.do(self.cy, "GET /v1/me/befriendings")
        await self.do(self.ana, f"POST {place}/rematch", {"friend": str(uuid.UUID(int=6))}, befriending_id=match_)
        return str(match_)

    async def _notification(self) -> str:
        """What Cy was told of the release; it comes soon after."""
        for _ in range(100):
            page = await self.cy.get("/v1/me/notifications")
            if page["items"]:
                return str(page["items"][0]["id"])
            await asyncio.sleep(0.2)
        raise AssertionError("Cy was told nothing")

    async def _read(self, live: str, event: str, need: str, note: str) -> None:
        await self.do(self.cy, "POST /v1/me/notifications/{notification_id}/read", notification_id=note)
        await self.do(self.cy, "DELETE /v1/me/follows/{kind}/{target_id}", kind="need", target_id=need)
        await self.do(self.ana, "GET /v1/operations/{operation_id}", operation_id=self.ids["operation_id"])
        await self.do(self.cy, "GET /v1/campaigns/{campaign}", campaign=live)
        await self.do(self.cy, "GET /v1/events/{event_id}", event_id=event)
        await self.do(self.cy, "GET /v1/needs/{need_id}", need_id=need)
        for name in (
            "campaigns",
            "events",
            "needs",
            "commitments",
            "taxonomies",
            "me/pledges",
            "me/registrations",
            "me/notifications",
        ):
            await self.do(self.cy, f"GET /v1/{name}")
        partner = {"name": "Ladywood Kitchen", "sector": "community"}
        joined = await self.do(self.ana, "POST /v1/campaigns/{campaign_id}/partners", partner, campaign_id=live)
        for method in ("POST", "DELETE"):
            await self.do(
                self.ana, f"{method} /v1/needs/{{need_id}}/owners", {"partner_id": joined["id"]}, need_id=need
            )
        impact = await self.do(self.cy, f"GET /v1/impact?campaign={live}")
        await self.do(self.cy, f"GET /v1/impact/statement?campaign={live}")
        self.ids["figure_id"] = impact["kinds"][0]["figure"]
        figure = self.ids["figure_id"]
        await self.do(self.cy, "GET /v1/impact/{figure_id}/deliveries", figure_id=figure)
        for act in ("pause", "resume", "hide", "unhide"):
            await self.do(self.ana, f"POST /v1/needs/{{need_id}}/{act}", need_id=need)
        gone = (await self.do(self.cy, "POST /v1/pledges", {"need_id": need, "quantity": 1}))["id"]
        reason = {"reason": "Nothing heard."}
        await self.do(self.ana, "POST /v1/pledges/{pledge_id}/write-off", reason, pledge_id=gone)
        await self.do(self.ana, "POST /v1/needs/{need_id}/close", need_id=need)
        await self.do(self.ana, "POST /v1/needs/{need_id}/reopen", need_id=need)
        other = await a_need(self.ana, live, 5)
        await self.do(self.cy, "POST /v1/pledges", {"need_id": other, "quantity": 1})
        offered = {"campaign_id": live, "kind": "meal", "unit": "meals", "quantity": 3}
        offer = (await self.do(self.cy, "POST /v1/pledges", offered))["id"]
        await self.do(self.ana, "GET /v1/campaigns/{campaign_id}/offers", campaign_id=live)
        await self.do(self.ana, "POST /v1/pledges/{pledge_id}/match", {"need_id": other}, pledge_id=offer)
        await self.do(self.ana, "POST /v1/needs/{need_id}/match", need_id=other)
        await self.do(self.ana, "POST /v1/needs/{need_id}/write-off", reason, need_id=other)
        await self.do(self.cy, "DELETE /v1/events/{event_id}/registrations/me", event_id=event)
        await self.do(self.ana, "POST /v1/events/{event_id}/cancel", {"reason": "Rain."}, event_id=event)

    async def close(self) -> None:
        """Hang up."""
        for person in (self.ana, self.bo, self.cy, self.pat):
            await person.__aexit__()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(platform: Platform) -> AsyncIterator[Town]:
    """A town in which everything was done once."""
    made = Town(platform)
    await made.build()
    yield made
    await made.close()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every route of the API with its description."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if path.startswith("/v1/"):
                yield f"{method.upper()} {path}", operation


async def test_sec_9_a_stranger_is_told_nothing(town: Town) -> None:
    """Every route with an id: what is another's is 404, what all see and only some may do is 403."""
    with_ids = {key for key, _ in operations(town.document) if "{" in key}
    assert with_ids == STRANGERS.keys()

    found = {}
    for key, expected in STRANGERS.items():
        method, path = key.split(" ")
        body = BODIES.get(key, {"person": town.ids["person"]} if "person" in key or "organisers" in key else {})
        if "/members" in path:
            body = {"person": town.ids["person"]}
        answer = await town.bo.ask(method, path.format(**town.ids), None if method == "GET" else body)
        if expected not in {OPEN, answer.status_code}:
            found[key] = f"{answer.status_code} {answer.text}"

    assert found == {}


async def test_sec_11_operations_name_their_creator(town: Town) -> None:
    """Ana reads hers; to Cy it does not exist."""
    path = f"/v1/operations/{town.ids['operation_id']}"

    assert (await town.ana.ask("GET", path)).status_code == 200
    assert (await town.cy.ask("GET", path)).status_code == 404


async def test_sec_13_fields_that_are_not_theirs_to_set(town: Town) -> None:
    """Every body: what only the platform says is refused at its place."""
    for key, operation in operations(town.document):
        if "application/json" not in str(operation.get("requestBody")):
            continue
        method, path = key.split(" ")
        for field in ("owner_id", "role", "status", "version", "pledged"):
            answer = await town.ana.ask(method, path.format(**town.ids), {field: 1})

            assert answer.status_code == 422, f"{key} {field}: {answer.text}"
            assert f"/{field}" in [flaw["pointer"] for flaw in answer.json()["errors"]]


async def test_sec_14_answers_hold_what_they_document_and_no_more(town: Town) -> None:
    """Every route of the API was answered at least once."""
    described = dict(operations(town.document))
    unseen = {key for key in described if "/streams/" not in key} - {key for key, _, _ in town.answers}
    assert unseen <= SEEN_ELSEWHERE

    for key, status, body in town.answers:
        schema = described[key]["responses"][str(status)]["content"]["application/json"]["schema"]

        assert list(beyond(schema, body, town.document)) == [], key


SEEN_ELSEWHERE: Final = frozenset(
    {
        # by the functions that make the town
        "POST /v1/campaigns/{campaign_id}/launch",
        "POST /v1/campaigns/{campaign_id}/close",
        "POST /v1/campaigns/{campaign_id}/reopen",
        "POST /v1/events",
        "POST /v1/events/{event_id}/publish",
        "POST /v1/events/{event_id}/registrations/import",
        "POST /v1/needs",
        "POST /v1/pledges/{pledge_id}/withdraw",
    }
)
"""They answer with a thing that another route answers with."""


def beyond(schema: dict[str, Any], value: Any, document: dict[str, Any], at: str = "") -> Iterator[str]:  # noqa: ANN401
    """Places of a value that its schema does not describe, and of the schema that the value lacks."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        found = [list(beyond(choice, value, document, at)) for choice in schema["anyOf"]]
        yield from min(found, key=len)
    elif isinstance(value, dict):
        known, values = schema.get("properties", {}), schema.get("additionalProperties", {})
        yield from (f"{at}/{name} is missing" for name in schema.get("required", ()) if name not in value)
        for name, inner in value.items():
            if name not in known and not values:
                yield f"{at}/{name} is not documented"
            yield from beyond(known.get(name, values), inner, document, f"{at}/{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from beyond(schema.get("items") or {}, inner, document, f"{at}/*")
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{at} is {value!r}"
    elif "type" in schema and schema["type"] != _kind(value):
        yield f"{at} is no {schema['type']}"


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case _:
            return "string"


async def test_sec_25_another_persons_key_is_another_key(town: Town) -> None:
    """Bo cannot have Cy's answer told again."""
    key, body = uuid.uuid4().hex, {"need_id": town.ids["need_id"], "quantity": 1}
    cys = await town.cy.ask("POST", "/v1/pledges", body, key=key)

    bos = await town.bo.ask("POST", "/v1/pledges", body, key=key)

    assert [cys.status_code, bos.status_code] == [201, 201]
    assert cys.json()["id"] != bos.json()["id"]
    assert "Idempotency-Replayed" not in bos.headers


async def test_sec_27_and_28_lines_in_text_stay_text(town: Town) -> None:
    """A line break in what people write is refused in a title, and data in a description."""
    text = "x\nid: 1\nevent: forged\ndata: {}\n\n"
    body = {
        "campaign_id": await a_campaign(town.ana, "Lines"),
        "title": "Tea",
        "category": "social",
        "starts_at": "2030-05-01T10:00",
        "ends_at": "2030-05-01T11:00",
    }

    title = await town.ana.ask("POST", "/v1/events", body | {"title": text})
    description = await town.ana.post("/v1/events", body | {"description": text})

    assert title.status_code == 422
    assert description["description"] == text
