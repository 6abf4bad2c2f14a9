"""Bodies and commands of endorsements and stories, and what is told of them."""

import pytest

from services.gateway import voices
from services.gateway.voices import NewEndorsement, NewStory
from shared.contracts.voices import Endorse, TellStory, Words
from tests.gateway.edge import NEW, Edge
from tests.gateway.wishes import ANA, CAMPAIGN, EVENT, flaws, read, wish

SAID = {"name": "Bo Example", "role": "Chair", "text": "It brings us together.", "consent": True}
STORY = {"form": "video", "language": "ur", "title": "The film", "consent": True}
WRITES = {f"{write.method} {write.path}": write for write in voices.WRITES}


def test_an_endorsement_is_one_of_a_person_and_campaign() -> None:
    """Whatever the key, so that who says it again changes it."""
    endorse = WRITES["POST /v1/campaigns/{campaign_id}/endorsements"].build
    body = read(NewEndorsement, **SAID)

    command = endorse(wish(body, CAMPAIGN))
    other = endorse(wish(body, "campaign_" + "d" * 26))

    assert command == Endorse(
        command.stream, CAMPAIGN, Words(name="Bo Example", role="Chair", text="It brings us together."), consent=True
    )
    assert endorse(wish(body, CAMPAIGN)._replace(command_id="another")) == command
    assert endorse(wish(body, CAMPAIGN)._replace(person="bo")).stream != command.stream
    assert other.stream != command.stream
    assert ANA not in command.stream


@pytest.mark.parametrize(("of", "field"), [(CAMPAIGN, "campaign_id"), (EVENT, "event_id")])
def test_a_story_is_of_what_the_path_names(of: str, field: str) -> None:
    """A campaign or an event; each told is another one."""
    path = f"/v1/{of.partition('_')[0]}s/{{{field}}}/stories"
    body = read(NewStory, **STORY, url="https://film.example", captions_url="https://film.example/ur.vtt")

    command = WRITES[f"POST {path}"].build(wish(body, of))

    words = Words(title="The film", url="https://film.example", captions_url="https://film.example/ur.vtt")
    assert command == TellStory(command.stream, "video", "ur", words, consent=True, **{field: of})
    assert WRITES[f"POST {path}"].build(wish(body, of)._replace(command_id="another")).stream != command.stream


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"form": "dance"}, "/form"),
        ({"language": "no language"}, "/language"),
        ({"url": "javascript:alert(1)"}, "/url"),
        ({"captions_url": "file:///etc/passwd"}, "/captions_url"),
        ({"transcript": "x" * 40_001}, "/transcript"),
        ({"consent": "yes"}, "/consent"),
        ({"status": "published"}, "/status"),
    ],
)
def test_a_flawed_story_is_refused(fields: dict[str, str], pointer: str) -> None:
    """At its place."""
    assert list(flaws(NewStory, STORY | fields)) == [pointer]


async def test_what_is_said_is_read_until_it_is_taken_back(edge: Edge) -> None:
    """From its owner alone: the answer to who says it tells the words, others do not, and nobody keeps them."""
    campaign = (await edge.ask("POST", "/v1/campaigns", NEW)).headers["location"]
    await edge.ask("POST", f"{campaign}/launch")
    said = await edge.ask("POST", f"{campaign}/endorsements", SAID, sub="bo", idempotency_key="k")
    again = await edge.ask("POST", f"{campaign}/endorsements", SAID, sub="bo", idempotency_key="k")
    place = said.headers["location"]
    before = await edge.ask("GET", f"{campaign}/endorsements", sub="")
    published = await edge.ask("POST", f"{place}/publish")
    shown = await edge.ask("GET", f"{campaign}/endorsements", sub="")
    one = await edge.ask("GET", place, sub="")
    stranger = await edge.ask("POST", f"{place}/withdraw", sub="cy")
    withdrawn = await edge.ask("POST", f"{place}/withdraw", sub="bo")
    after = await edge.ask("GET", f"{campaign}/endorsements", sub="")

    assert (said.status, said.json()["name"], said.json()["status"]) == (201, "Bo Example", "offered")
    assert again.body == said.body
    assert before.json() == after.json() == {"items": [], "next": None}
    assert (published.status, published.json()["text"]) == (200, None)
    [item] = shown.json()["items"]
    assert (item["name"], item["role"], item["text"]) == ("Bo Example", "Chair", "It brings us together.")
    assert one.json() == item
    assert shown.headers["cache-control"] == one.headers["cache-control"] == "no-store"
    assert (stranger.status, withdrawn.status) == (403, 200)
    assert (await edge.ask("GET", place, sub="")).status == 404


async def test_a_film_without_captions_is_refused(edge: Edge) -> None:
    """By the rules, at the field that would help."""
    campaign = (await edge.ask("POST", "/v1/campaigns", NEW)).headers["location"]
    story = STORY | {"url": "https://film.example"}

    refused = await edge.ask("POST", f"{campaign}/stories", story)
    told = await edge.ask("POST", f"{campaign}/stories", story | {"transcript": "It began …"})

    assert (refused.status, [flaw["pointer"] for flaw in refused.json()["errors"]]) == (422, ["/transcript"])
    assert (told.status, told.json()["title"]) == (201, "The film")
    assert told.headers["location"] == f"/v1/stories/{told.json()['id']}"
