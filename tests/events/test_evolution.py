import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from services.events.campaign import Campaign
from services.events.evolution import STEP
from services.events.store import EventsStore
from shared.contracts.events import (
    AcceptInvitation,
    AddPartner,
    CampaignEvolved,
    CampaignState,
    CampaignStatus,
    CreateCampaign,
    EvolveCampaign,
    LaunchCampaign,
    LeavePartner,
    PartnerInvited,
    PartnerState,
    PartnerStatus,
    TakeOver,
)
from shared.decider import Decision
from tests.events.given import AT, CAMPAIGN, LATER, a_campaign, asked, decided, done, kinds, problem
from tests.events.log import TOPIC, Log, Wish

HEIR = "campaign_heir"
EVOLVE = EvolveCampaign(CAMPAIGN, HEIR)
SYSTEM = asked("events", "system", at=LATER)


def an_heir(status: CampaignStatus = "live", **fields: object) -> CampaignState:
    """A campaign of ana's that names the other as its predecessor."""
    return a_campaign(status, **{"id": HEIR, "slug": "heir", "name": "Heir", "successor_of": CAMPAIGN, **fields})


def before(status: CampaignStatus = "live", heir: CampaignState | None = None, **fields: object) -> Campaign:
    """The predecessor, with the successor at hand."""
    return Campaign(a_campaign(status, **fields), named={HEIR: heir or an_heir()})


def partners(*statuses: PartnerStatus) -> tuple[PartnerState, ...]:
    """Partners of the predecessor; pat and una act for each."""
    one = PartnerState("", 3, AT, AT, CAMPAIGN, "Mosque", "faith", None, None, ("pat", "una"))
    return tuple(replace(one, id=f"{CAMPAIGN}.{n:03}", status=status) for n, status in enumerate(statuses))


def active(number: int) -> tuple[PartnerState, ...]:
    """So many active partners."""
    every: list[PartnerStatus] = ["active"] * number
    return partners(*every)


def taking_over(heir: Campaign, *old: PartnerState, after: str = "") -> tuple[Campaign, Decision]:
    """Have the service do a step, which finds these partners."""
    evolved = a_campaign("evolved", evolved_into=HEIR)
    heir = replace(heir, named={CAMPAIGN: evolved}, inherited={after: old})
    return decided(heir, TakeOver(HEIR, CAMPAIGN, after), SYSTEM)


@pytest.mark.parametrize("status", ["live", "paused", "closed"])
def test_a_campaign_goes_on_as_another(status: CampaignStatus) -> None:
    """One fact; the successor is asked to invite the partners; once more changes nothing."""
    campaign, decision = decided(before(status), EVOLVE, asked("ana", at=LATER))
    again, repeated = decided(campaign, EVOLVE)

    assert campaign.state == replace(
        a_campaign(status), status="evolved", evolved_into=HEIR, version=3, updated_at=LATER
    )
    assert decision.facts == (CampaignEvolved(campaign.state, "Heir"),)
    assert decision.then == (TakeOver(HEIR, CAMPAIGN),)
    assert (again, repeated.facts, repeated.then, done(repeated).status) == (campaign, (), (), 200)


@pytest.mark.parametrize(
    ("campaign", "refusal"),
    [
        (before("draft"), ("campaign-wrong-state", 409, {"status": "draft"})),
        (before("evolved", evolved_into="campaign_x"), ("campaign-wrong-state", 409, {"status": "evolved"})),
        (replace(before(), named={}), ("not-found", 404, {})),
        (before(heir=an_heir("draft", organisers=("bo",))), ("not-found", 404, {})),
        (before(heir=an_heir(organisers=("bo",))), ("forbidden", 403, {})),
        (before(heir=an_heir(successor_of="campaign_x")), ("not-successor", 409, {"successor_of": "campaign_x"})),
        (before(heir=an_heir(successor_of=None)), ("not-successor", 409, {"successor_of": None})),
        (before(heir=an_heir("draft")), ("campaign-not-live", 409, {"status": "draft"})),
        (before(heir=an_heir("closed")), ("campaign-not-live", 409, {"status": "closed"})),
    ],
)
def test_not_every_campaign_goes_on_as_every_other(campaign: Campaign, refusal: tuple[str, int, object]) -> None:
    """The successor is there for all to see, is the caller's, and says whose it is."""
    _, decision = decided(campaign, EVOLVE)

    assert problem(decision) == refusal


def test_sec_10_a_stranger_gives_no_campaign_a_successor() -> None:
    """Nor does who organises the successor alone."""
    _, decision = decided(before(heir=an_heir(organisers=("bo",))), EVOLVE, asked("bo", "organiser"))

    assert problem(decision) == ("forbidden", 403, {})


def test_active_partners_are_asked_and_nothing_of_theirs_is_taken_along() -> None:
    """Each by all who act for it; not verified, not counted, without members."""
    heir, decision = taking_over(Campaign(an_heir()), *partners("active", "left", "invited", "pending", "removed"))

    assert kinds(decision) == ["PartnerInvited"]
    assert decision.then == ()
    [partner] = heir.partners.values()
    assert (partner.id, partner.campaign_id, partner.version) == (f"{HEIR}.000", HEIR, 1)
    assert (partner.status, partner.verification, partner.members) == ("invited", "provisional", ())
    assert partner.invitees == ("pat", "una")
    assert heir.state is not None
    assert heir.state.partner_count == 0


def test_many_are_asked_in_steps() -> None:
    """The next begins after the last that was looked at."""
    old = active(STEP)
    heir, decision = taking_over(Campaign(an_heir()), *old)
    _, last = taking_over(heir, *old[:3], after=old[-1].id)

    assert decision.then == (TakeOver(HEIR, CAMPAIGN, old[-1].id),)
    assert last.then == ()


@pytest.mark.parametrize("status", ["closed", "evolved"])
def test_what_has_ended_meanwhile_asks_nobody(status: CampaignStatus) -> None:
    """Nor does a campaign that the predecessor has not named."""
    _, ended = taking_over(Campaign(an_heir(status)), *partners("active"))
    unnamed = Campaign(an_heir(), named={CAMPAIGN: a_campaign()}, inherited={"": partners("active")})
    _, other = decided(unnamed, TakeOver(HEIR, CAMPAIGN), SYSTEM)

    assert (ended.facts, other.facts) == ((), ())


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_however_often_a_step_is_done_each_is_asked_once(steps: list[tuple[int, int]]) -> None:
    """Also one that has answered by then: what it is now stays."""
    old = active(10)
    heir, told = Campaign(an_heir()), []
    for first, last in steps:
        heir, decision = taking_over(heir, *old[first:last])
        told += [fact.partner.id for fact in decision.facts if isinstance(fact, PartnerInvited)]
        versions = [fact.streamversion for fact in decision.facts]
        assert heir.state is not None
        assert versions == list(range(heir.state.version - len(versions) + 1, heir.state.version + 1))
        for name in told[:1]:
            heir, _ = decided(heir, AcceptInvitation(HEIR, name), asked("pat"))

    assert len(told) == len(set(told))
    assert {partner.status for partner in heir.partners.values()} <= {"active", "invited"}


async def a_season(store: EventsStore, number: int) -> Log:
    """A campaign with so many partners, of which one has left, and its successor."""
    log = Log(store)
    joining: list[Wish] = [
        (AddPartner(CAMPAIGN, f"{CAMPAIGN}.{n:03}", f"P{n}", "faith"), f"pat-{n}", "partner") for n in range(number)
    ]
    await log.ask((CreateCampaign(CAMPAIGN, "As One", "as-one", "Neighbours"), "ana", "organiser"))
    await log.ask((LaunchCampaign(CAMPAIGN), "ana", "organiser"), *joining)
    await log.ask((LeavePartner(CAMPAIGN, f"{CAMPAIGN}.000"), "pat-0", "partner"))
    await log.ask(
        (CreateCampaign(HEIR, "Heir", "heir", "It goes on", successor_of=CAMPAIGN), "ana", "organiser"),
        (LaunchCampaign(HEIR), "ana", "organiser"),
    )
    return log


async def test_evolution_survives_a_crash_between_its_halves(store: EventsStore) -> None:
    """After every step the process dies before or after it has told: all is told again, every partner asked once."""
    log = await a_season(store, 2 * STEP + 20)
    records = [log.record((EVOLVE, "ana", "organiser"))]
    steps = 0
    while records:
        first = await log.processor.process(records)
        again = await log.processor.process(records)  # nobody had heard of the first
        assert [one.value for one in again if one.topic == TOPIC] == [one.value for one in first if one.topic == TOPIC]
        log._note(again)
        following = {one.value: one for one in again if one.topic == TOPIC}
        steps += len(following)
        records = []
        for one in (*following.values(), *following.values()):  # appended twice
            log.offset += 1
            records.append(log.appended(one.key or b"", one.value))

    asked_to = [fact.partner for fact in log.facts if isinstance(fact, PartnerInvited)]
    stored = await store.campaigns([CAMPAIGN, HEIR])
    assert steps == 3
    assert sorted(partner.id for partner in asked_to) == [f"{HEIR}.{n:03}" for n in range(1, 2 * STEP + 20)]
    assert [partner.invitees for partner in asked_to] == [(f"pat-{n}",) for n in range(1, 2 * STEP + 20)]
    assert (stored[CAMPAIGN].status, stored[CAMPAIGN].evolved_into) == ("evolved", HEIR)
    assert stored[HEIR].partner_count == 0
    assert await log.ask((AcceptInvitation(HEIR, f"{HEIR}.007"), "pat-8", "resident")) == [(404, "not-found")]
    [(status, body)] = await log.ask((AcceptInvitation(HEIR, f"{HEIR}.007"), "pat-7", "resident"))
    assert (status, body["status"]) == (200, "active")
