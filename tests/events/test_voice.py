from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from services.events.document import Event
from services.events.store import EventsStore
from services.events.voice import Voice, audible
from services.events.voice_reading import VoiceReading
from shared.contracts.events import (
    AddPartner,
    CampaignStatus,
    CloseCampaign,
    CreateCampaign,
    LaunchCampaign,
)
from shared.contracts.message import Command
from shared.contracts.voices import (
    Endorse,
    OnVoice,
    PublishVoice,
    TellStory,
    UnpublishVoice,
    VoiceForm,
    VoiceState,
    VoiceStatus,
    WithdrawVoice,
    Words,
)
from shared.decider import Asked, Decision, Done, Refused
from tests.events.given import (
    AT,
    CAMPAIGN,
    EVENT,
    LATER,
    a_campaign,
    a_plan,
    an_event,
    asked,
    decided,
    done,
    kinds,
    problem,
)
from tests.events.log import Log

VOICE = "endorsement_e"
SAID = Words(name="Bo Example", role="Chair", text="Secret until it is shown")
ENDORSE = Endorse(VOICE, CAMPAIGN, SAID, consent=True)
STORY = TellStory(VOICE, "text", "en", Words(title="Soup", text="How it began"), consent=True, campaign_id=CAMPAIGN)
PUBLISH, UNPUBLISH, WITHDRAW = PublishVoice(VOICE), UnpublishVoice(VOICE), WithdrawVoice(VOICE)

ARROWS: dict[type[Command], dict[VoiceStatus, VoiceStatus]] = {
    PublishVoice: {"offered": "published"},
    UnpublishVoice: {"published": "offered"},
    WithdrawVoice: {"offered": "withdrawn", "published": "withdrawn"},
}
"""The life of a voice as a person would draw it."""

others = st.builds(
    Endorse, st.just(VOICE), st.just(CAMPAIGN), st.builds(Words, text=st.sampled_from(["a", "b"])), st.booleans()
)
commands = st.one_of(others, st.sampled_from([ENDORSE, PUBLISH, UNPUBLISH, WITHDRAW]))
people = st.sampled_from([asked("ana"), asked("bo"), asked("cy")])


def with_voice(status: VoiceStatus = "offered", campaign: CampaignStatus = "live", **fields: Any) -> Voice:  # noqa: ANN401 -- any field of the struct
    """What bo said of ana's campaign."""
    published = AT if status == "published" else None
    state = VoiceState(VOICE, 1, AT, AT, CAMPAIGN, None, "bo", "endorsement", None, status, published)
    words = None if status == "withdrawn" else SAID
    return Voice(replace(state, **fields), words, a_campaign(campaign))


def state_of(voice: Voice) -> VoiceState:
    """The voice's state; it exists."""
    assert voice.state is not None
    return voice.state


def asking(voice: Voice, command: Command, who: str) -> tuple[Voice, Decision]:
    """Have somebody ask, later."""
    return decided(voice, command, asked(who, at=LATER))


def pointers(decision: Decision) -> list[str]:
    """What is wrong with a body."""
    assert isinstance(decision.answer, Refused)
    assert (decision.answer.problem, decision.answer.status, decision.facts) == ("invalid-body", 422, ())
    return [pointer for pointer, _ in decision.answer.errors]


def test_an_endorsement_is_offered_by_whose_it_is() -> None:
    """201; what is said is for the owner's document alone, in no fact and no answer."""
    voice, decision = asking(Voice(campaign=a_campaign()), ENDORSE, "bo")

    assert kinds(decision) == ["VoiceOffered"]
    assert (done(decision).kind, done(decision).status) == ("endorsement", 201)
    assert (state_of(voice).status, state_of(voice).person, voice.words) == ("offered", "bo", SAID)
    for told in (decision.facts, decision.answer):
        text = msgspec.json.encode(told).decode()
        assert not any(said in text for said in ("Bo Example", "Chair", "Secret"))


def test_nothing_is_said_without_consent() -> None:
    """422 at its place, for both."""
    _, endorsed = asking(Voice(campaign=a_campaign()), replace(ENDORSE, consent=False), "bo")
    _, told = asking(Voice(campaign=a_campaign()), replace(STORY, consent=False), "bo")

    assert pointers(endorsed) == pointers(told) == ["/consent"]


@pytest.mark.parametrize("status", ["offered", "published", "withdrawn"])
def test_said_again_it_is_in_other_words(status: VoiceStatus) -> None:
    """Which nobody has published yet; the same words once more are no fact."""
    other = replace(ENDORSE, words=Words(name="Bo", text="Otherwise"))
    before = with_voice(status)
    voice, decision = asking(before, other, "bo")
    again, repeated = asking(voice, other, "bo")

    assert kinds(decision) == ["VoiceOffered"]
    assert (state_of(voice).status, state_of(voice).published_at, state_of(voice).version) == ("offered", None, 2)
    assert voice.words == other.words
    assert done(decision).status == 200
    assert (again, repeated.facts) == (voice, ())


def test_who_may_endorse_what() -> None:
    """What is there for them to see and has not ended; nobody in another's name."""
    _, draft = asking(Voice(campaign=a_campaign("draft")), ENDORSE, "bo")
    _, nothing = asking(Voice(), ENDORSE, "bo")
    _, ended = asking(Voice(campaign=a_campaign("closed")), ENDORSE, "bo")
    _, other = asking(with_voice(), ENDORSE, "ana")

    assert problem(draft) == problem(nothing) == problem(other) == ("not-found", 404, {})
    assert problem(ended) == ("campaign-not-live", 409, {"status": "closed"})


@pytest.mark.parametrize("status", ["offered", "published", "withdrawn"])
@pytest.mark.parametrize("command", [PUBLISH, UNPUBLISH, WITHDRAW], ids=lambda command: type(command).__name__)
def test_a_voice_goes_by_its_arrows(command: Command, status: VoiceStatus) -> None:
    """One fact each; where an arrow leads is 200 without one; where none begins is refused with the status."""
    before, arrows = with_voice(status), ARROWS[type(command)]
    voice, decision = asking(before, command, "ana")

    if status in arrows:
        state = state_of(voice)
        assert (state.status, state.version, state.updated_at) == (arrows[status], 2, LATER)
        assert state.published_at == (LATER if state.status == "published" else None)
        assert len(decision.facts) == 1
    elif status in arrows.values():
        assert (voice, decision.facts, done(decision).status) == (before, (), 200)
    else:
        assert problem(decision) == ("voice-wrong-state", 409, {"status": status})


@pytest.mark.parametrize("status", ["offered", "published"])
def test_consent_is_taken_back_at_any_time(status: VoiceStatus) -> None:
    """By whose it is, or by organisers; the words are gone, also of a campaign that has ended."""
    for who in ("bo", "ana"):
        voice, decision = asking(with_voice(status, "closed"), WITHDRAW, who)

        assert kinds(decision) == ["VoiceWithdrawn"]
        assert voice.words is None


def test_sec_10_organisers_alone_publish() -> None:
    """403 to whose it is; to others 404 until they can see it, and 403 then."""
    _, own = asking(with_voice(), PUBLISH, "bo")
    _, unseen = asking(with_voice(), WITHDRAW, "cy")
    _, seen = asking(with_voice("published"), WITHDRAW, "cy")
    _, unpublished = asking(with_voice("published"), UNPUBLISH, "bo")

    assert problem(own) == problem(seen) == problem(unpublished) == ("forbidden", 403, {})
    assert problem(unseen) == ("not-found", 404, {})


@pytest.mark.parametrize(
    ("form", "words", "wrong"),
    [
        ("text", {"text": "How it began"}, []),
        ("text", {}, ["/text"]),
        ("link", {"url": "https://zine.example"}, []),
        ("link", {}, ["/url"]),
        ("audio", {"url": "https://radio.example", "transcript": "It began …"}, []),
        ("audio", {"url": "https://radio.example"}, ["/transcript"]),
        ("audio", {"url": "https://radio.example", "captions_url": "https://x.example"}, ["/transcript"]),
        ("video", {"url": "https://film.example", "transcript": "It began …"}, []),
        ("video", {"url": "https://film.example", "captions_url": "https://film.example/en.vtt"}, []),
        ("video", {}, ["/url", "/transcript"]),
    ],
)
def test_a_story_leaves_nobody_out(form: VoiceForm, words: dict[str, str], wrong: list[str]) -> None:
    """What cannot be heard or seen by all comes with words."""
    command = replace(STORY, form=form, words=Words(title="Soup", **words))
    _, decision = asking(Voice(campaign=a_campaign()), command, "bo")

    if wrong:
        assert pointers(decision) == wrong
    else:
        assert kinds(decision) == ["VoiceOffered"]


def test_a_story_is_told_of_what_one_can_see() -> None:
    """A campaign, also one that is over; an event, with who runs it to publish; a repeat is answered as before."""
    _, over = asking(Voice(campaign=a_campaign("evolved")), STORY, "bo")
    _, draft = asking(Voice(campaign=a_campaign("draft")), STORY, "bo")
    of_event = replace(STORY, campaign_id=None, event_id=EVENT)
    event = replace(an_event(), partner_id="campaign_a.p")
    voice, told = asking(Voice(campaign=a_campaign(), event=event), of_event, "bo")
    again, repeated = asking(voice, of_event, "bo")
    _, published = asking(voice, PUBLISH, "pat")
    _, members = asking(Voice(campaign=a_campaign(), event=an_event(visibility="members")), of_event, "bo")
    _, nowhere = asking(Voice(campaign=a_campaign(), event=Event()), of_event, "bo")

    assert kinds(over) == kinds(told) == ["VoiceOffered"]
    assert (state_of(voice).campaign_id, state_of(voice).event_id) == (CAMPAIGN, EVENT)
    assert (again, repeated.facts, done(repeated).status) == (voice, (), 201)
    assert kinds(published) == ["VoicePublished"]
    assert problem(draft) == problem(members) == problem(nowhere) == ("not-found", 404, {})


@given(st.lists(st.tuples(commands, people), max_size=40))
def test_no_history_leaves_the_arrows(history: list[tuple[Command, Asked]]) -> None:
    """Versions without a gap, words while there is consent, the public sees what is published; a repeat is answered."""
    voice = Voice(campaign=a_campaign())
    for command, who in history:
        was = voice.state
        voice, decision = decided(voice, command, who)
        now = voice.state
        first = was.version + 1 if was else 1
        assert [fact.streamversion for fact in decision.facts] == list(range(first, first + len(decision.facts)))
        assert all(isinstance(fact, OnVoice) and fact.voice == now for fact in decision.facts)
        if now is not None:
            assert (voice.words is None) == (now.status == "withdrawn")
            assert (now.published_at is not None) == (now.status == "published")
            assert audible(voice, now, None) == (now.status == "published")
            if was is not None and was.status != now.status and not isinstance(command, Endorse):
                assert ARROWS[type(command)][was.status] == now.status
        if isinstance(decision.answer, Done):
            again, repeated = decided(voice, command, who)
            assert isinstance(repeated.answer, Done)
            assert (again, repeated.facts) == (voice, ())


async def a_town(store: EventsStore) -> Log:
    """Ana's campaign with a public event and one for members; what bo said of each."""
    log = Log(store)
    told = [replace(STORY, campaign_id=None, event_id=name, voice_id=f"story_{name}") for name in (EVENT, "event_m")]
    for wish in (
        (CreateCampaign(CAMPAIGN, "As One", "as-one", "Neighbours"), "ana", "organiser"),
        (LaunchCampaign(CAMPAIGN), "ana", "organiser"),
        (AddPartner(CAMPAIGN, f"{CAMPAIGN}.p", "Mosque", "faith"), "pat", "partner"),
        (a_plan(), "ana", "organiser"),
        (replace(a_plan(visibility="members"), event_id="event_m"), "ana", "organiser"),
        (ENDORSE, "bo", "resident"),
        (replace(STORY, voice_id="story_c"), "bo", "resident"),
        (told[0], "bo", "resident"),
        (told[1], "pat", "partner"),
    ):
        [(status, _)] = await log.ask(wish)
        assert status < 300
    return log


async def read(store: EventsStore, person: str | None) -> dict[str, list[str | None]]:
    """What a person reads in every list, by who or what it begins with; nothing of what is not there for them."""
    reading, found = VoiceReading(store), dict[str, list[str | None]]()
    for name, kind, campaign, event in (
        ("endorsements", "endorsement", CAMPAIGN, None),
        ("stories", "story", CAMPAIGN, None),
        ("public", "story", None, EVENT),
        ("members", "story", None, "event_m"),
    ):
        page = await reading.page(kind, campaign, event, person, None, 20)  # type: ignore[arg-type] # one of the two
        found[name] = [item.text for item in page.items] if page else ["-"]
    return found


async def test_who_reads_what_is_said(store: EventsStore) -> None:
    """Offered: whose it is and who publishes. Published: who sees what it is about. Withdrawn: nobody, anywhere."""
    log = await a_town(store)
    names = (VOICE, "story_c", f"story_{EVENT}", "story_event_m")
    said, story = "Secret until it is shown", "How it began"
    seen = {}
    seen["offered"] = [await read(store, who) for who in ("ana", "bo", "cy", None)]
    await log.ask(*((PublishVoice(name), "ana", "organiser") for name in names))
    seen["published"] = [await read(store, who) for who in ("ana", "pat", "cy", None)]
    ones = [await VoiceReading(store).one(name, None) for name in names]
    await log.ask(*((WithdrawVoice(name), "ana", "organiser") for name in names))
    seen["withdrawn"] = [await read(store, who) for who in ("ana", "bo", None)]

    everything = {"endorsements": [said], "stories": [story], "public": [story], "members": [story]}
    public = {**everything, "members": ["-"]}
    nothing: dict[str, list[str]] = {"endorsements": [], "stories": [], "public": [], "members": []}
    assert seen["offered"] == [everything, public, nothing | {"members": ["-"]}, nothing | {"members": ["-"]}]
    assert seen["published"] == [everything, everything, public, public]
    assert [one is not None for one in ones] == [True, True, True, False]
    assert seen["withdrawn"] == [nothing, nothing | {"members": ["-"]}, nothing | {"members": ["-"]}]


async def test_what_was_withdrawn_is_nowhere(store: EventsStore) -> None:
    """Not in the documents, and it never was in the inbox or in a fact."""
    log = await a_town(store)
    await log.ask((PublishVoice(VOICE), "ana", "organiser"), (CloseCampaign(CAMPAIGN), "ana", "organiser"))
    held = [document async for document in store.voices.collection.find({"_id": VOICE})]
    await log.ask((WITHDRAW, "bo", "resident"))

    kept = [document async for document in store.voices.collection.find({"_id": VOICE})]
    kept += [document async for document in store.database.inbox.find()]
    assert "Bo Example" in str(held)
    assert "Bo Example" not in str(kept)
    assert not any("Bo Example" in str(fact) for fact in log.facts)


async def test_what_is_said_comes_page_by_page(store: EventsStore) -> None:
    """Each once, whatever was said at one moment."""
    log = await a_town(store)
    told = [replace(STORY, voice_id=f"story_{n}", words=Words(title="x", text=str(n))) for n in range(5)]
    await log.ask(*((one, "bo", "resident") for one in told))
    reading, found, cursor = VoiceReading(store), [], None
    while True:
        page = await reading.page("story", CAMPAIGN, None, "bo", cursor, 2)
        assert page is not None
        found += [item.text for item in page.items]
        cursor = page.next
        if cursor is None:
            break

    assert sorted(str(text) for text in found) == ["0", "1", "2", "3", "4", "How it began"]
