"""Bodies and commands of partners, and the codes by which they are invited."""

import pytest

from services.gateway import partners
from services.gateway.campaigns import Whom
from services.gateway.partners import Codes, NewInvitation, NewPartner, PartnerChange, Reply
from services.gateway.problems import ProblemError
from shared.contracts.events import AcceptInvitation, AddMember, AddPartner, ChangePartner, InvitePartner
from tests.gateway.edge import NEW, SECRET, Edge
from tests.gateway.wishes import ANA, CAMPAIGN, flaws, read, wish

PARTNER = f"{CAMPAIGN}.{'p' * 26}"
KITCHEN = {"name": "Aston Kitchen", "sector": "community"}
WRITES = {f"{write.method} {write.path}": write for write in (*partners.WRITES, *partners.invitations(SECRET))}
PLACE = "/v1/campaigns/{campaign_id}/partners"


def test_a_partner_lives_on_the_campaigns_stream() -> None:
    """Its id names the campaign, so that nobody has to look it up."""
    body = read(NewPartner, name="Aston Kitchen", sector="community", url="https://kitchen.example", org_id="GB-CHC-1")

    command = WRITES["POST /v1/campaigns/{campaign_id}/partners"].build(wish(body, CAMPAIGN))

    assert isinstance(command, AddPartner)
    assert command.stream == CAMPAIGN
    assert command.partner_id.startswith(f"{CAMPAIGN}.")
    assert (command.name, command.sector, command.url, command.org_id) == (
        body.name,
        body.sector,
        body.url,
        body.org_id,
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [("sector", "army"), ("url", "javascript:alert(1)"), ("url", "kitchen.example"), ("org_id", "")],
)
def test_a_flawed_partner_is_refused(field: str, value: str) -> None:
    """Sectors are a closed list, addresses are web addresses."""
    assert list(flaws(NewPartner, {"name": "x", "sector": "faith", field: value})) == [f"/{field}"]


def test_a_member_belongs_to_a_partner_of_that_campaign() -> None:
    """A partner of another campaign is not found there."""
    add = WRITES["POST /v1/campaigns/{campaign_id}/partners/{partner_id}/members"].build
    partner = f"{CAMPAIGN}.{'p' * 26}"

    assert add(wish(Whom(person=ANA), CAMPAIGN, partner)) == AddMember(CAMPAIGN, partner, ANA)
    with pytest.raises(ProblemError, match="not-found"):
        add(wish(Whom(person=ANA), "campaign_" + "d" * 26, partner))


@pytest.mark.parametrize(
    ("org_id", "taken"),
    [
        ("GB-CHC-1234567", True),
        ("GB-COH-01234567", True),
        ("GB-LAE-BIR", True),
        ("XI-LEI-213800LBQA1Y9L22JB70", True),
        ("1234567", False),
        ("GB-CHC-", False),
        ("GB-CHC", False),
        ("gb-chc-1234567", False),
        ("GB-CHC-12 34", False),
        ("GB-CHC-1234567\n", False),
    ],
)
def test_a_registered_organisation_is_named_as_registers_do(org_id: str, taken: bool) -> None:  # noqa: FBT001 -- a table
    """The register's code, a hyphen, the number there; org-id.guide."""
    assert (list(flaws(NewPartner, {**KITCHEN, "org_id": org_id})) == []) == taken
    assert (list(flaws(PartnerChange, {"org_id": org_id})) == []) == taken


def test_a_change_holds_what_was_sent() -> None:
    """And the revision of If-Match; null empties."""
    change = WRITES[f"PATCH {PLACE}/{{partner_id}}"].build

    command = change(wish(read(PartnerChange, url=None), CAMPAIGN, PARTNER, revision=3))

    assert command == ChangePartner(CAMPAIGN, PARTNER, revision=3, url=None)
    assert list(flaws(PartnerChange, {"sector": None})) == ["/sector"]


def test_an_invitation_names_a_person_or_gets_a_code() -> None:
    """The code is no part of the command: who could read the log could join."""
    invite = WRITES[f"POST {PLACE}/invitations"]
    named, unnamed = read(NewInvitation, **KITCHEN, person=ANA), read(NewInvitation, **KITCHEN)

    command = invite.build(wish(unnamed, CAMPAIGN))

    assert isinstance(command, InvitePartner)
    code = Codes(SECRET).of(command.partner_id)
    assert code not in str(command)
    assert invite.echo is not None
    assert invite.echo(unnamed, {"id": command.partner_id}) == {"code": code}
    assert invite.echo(named, {"id": command.partner_id}) == {"code": None}


def test_a_code_admits_to_its_partner_alone() -> None:
    """Without one it is for the service to know who is named; with a wrong one there is nothing."""
    accept = WRITES[f"POST {PLACE}/{{partner_id}}/accept"].build
    code, other = Codes(SECRET).of(PARTNER), Codes(SECRET).of(f"{CAMPAIGN}.{'q' * 26}")

    assert accept(wish(Reply(), CAMPAIGN, PARTNER)) == AcceptInvitation(CAMPAIGN, PARTNER)
    assert accept(wish(Reply(code=code), CAMPAIGN, PARTNER)) == AcceptInvitation(CAMPAIGN, PARTNER, with_code=True)
    for wrong in (other, code[:-1], "é"):
        with pytest.raises(ProblemError, match="not-found"):
            accept(wish(Reply(code=wrong), CAMPAIGN, PARTNER))


async def test_an_organisation_comes_by_a_code(edge: Edge) -> None:
    """Whoever brings it first; the organiser's repeated request is answered with the same one."""
    campaign = (await edge.ask("POST", "/v1/campaigns", NEW)).headers["location"]
    invite = f"{campaign}/partners/invitations"
    first = await edge.ask("POST", invite, KITCHEN, idempotency_key="k")
    again = await edge.ask("POST", invite, KITCHEN, idempotency_key="k")
    made = first.json()
    place = f"{campaign}/partners/{made['id']}"

    stranger = await edge.ask("POST", f"{place}/accept", {}, sub="bo")
    joined = await edge.ask("POST", f"{place}/accept", {"code": made["code"]}, sub="bo")
    late = await edge.ask("POST", f"{place}/accept", {"code": made["code"]}, sub="cy")
    mine = await edge.ask("GET", "/v1/me/partners", sub="bo")

    assert (first.status, made["status"], first.headers["location"]) == (201, "invited", place)
    assert again.json() == made
    assert (stranger.status, joined.status, joined.json()["status"]) == (404, 200, "active")
    assert (late.status, late.json()["type"]) == (409, "/problems/partner-wrong-state")
    [item] = mine.json()["items"]
    assert (item["id"], len(item["members"])) == (made["id"], 1)


async def test_a_reason_is_read_by_those_it_concerns(edge: Edge) -> None:
    """The members and the organisers; the answer to the removal does not hold it, nor any fact."""
    campaign = (await edge.ask("POST", "/v1/campaigns", NEW)).headers["location"]
    await edge.ask("POST", f"{campaign}/launch")
    partner = await edge.ask("POST", f"{campaign}/partners", KITCHEN, sub="bo", roles=("partner",))
    place = partner.headers["location"]
    removed = await edge.ask("POST", f"{place}/remove", {"reason": "Secret quarrel."})

    seen = {who: await edge.ask("GET", place, sub=who) for who in ("ana", "bo", "cy")}

    assert (removed.status, removed.json()["status"], b"quarrel" in removed.body) == (200, "removed", False)
    assert {who: answer.status for who, answer in seen.items()} == {"ana": 200, "bo": 200, "cy": 404}
    assert [seen[who].json()["reason"] for who in ("ana", "bo")] == ["Secret quarrel."] * 2
