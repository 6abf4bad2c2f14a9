"""What a campaign adds to the vocabularies, over HTTP."""

from pathlib import Path

import msgspec
import pytest

from services.gateway import development, taxonomies
from services.gateway.front import Front
from services.gateway.identity import Identity
from services.gateway.table import Table
from services.gateway.vocabularies import WRITES, NewCategory, NewNeedKind
from shared.contracts.additions import AddedCategory, AddedNeedKind
from shared.contracts.vocabularies import AddCategory, AddNeedKind
from tests.gateway.asgi import ask
from tests.gateway.given import CAMPAIGN, a_batch, a_campaign, a_live_set, name
from tests.gateway.owner import Log, Owner
from tests.gateway.replica import Nowhere, Replica
from tests.gateway.wishes import flaws, read, wish

PACK = AddedNeedKind("dignity_pack", "goods", {"ur": "وقار پیک"})
MELA = AddedCategory("mela", {"en": "Mela", "pa": "ਮੇਲਾ"})
TARGET = f"/v1/taxonomies?campaign={CAMPAIGN}"


def serving(replica: Replica) -> Front:
    """The route over the replica's views."""
    return Front(Table([taxonomies.route(replica.reads.campaign)]), Nowhere())


async def test_a_campaigns_words_follow_those_of_everybody(replica: Replica) -> None:
    """Each with its source, its labels, and a kind of need with the fixed one that it is of."""
    await replica.applied(a_campaign(categories=(MELA,), need_kinds=(PACK,)))
    everybody = (await ask(serving(replica), "GET", "/v1/taxonomies")).json()
    both = (await ask(serving(replica), "GET", TARGET)).json()

    assert both["event_categories"][:-1] == everybody["event_categories"]
    assert both["need_kinds"][:-1] == everybody["need_kinds"]
    assert both["event_categories"][-1] == {"slug": "mela", "name": "Mela", "labels": MELA.labels, "source": CAMPAIGN}
    assert both["need_kinds"][-1] == {
        "slug": "dignity_pack",
        "name": "وقار پیک",
        "labels": PACK.labels,
        "source": CAMPAIGN,
        "kind": "goods",
    }
    assert {key: both[key] for key in both if key not in {"event_categories", "need_kinds"}} == {
        key: everybody[key] for key in everybody if key not in {"event_categories", "need_kinds"}
    }


async def test_a_word_that_was_just_added_is_there(replica: Replica) -> None:
    """No answer is kept beyond the next change; who has the present one is told so."""
    await replica.applied(a_campaign())
    before = await ask(serving(replica), "GET", TARGET)
    again = await ask(serving(replica), "GET", TARGET, headers={"if-none-match": before.headers["etag"]})
    await replica.applied(a_campaign(version=3, categories=(MELA,)))
    after = await ask(serving(replica), "GET", TARGET, headers={"if-none-match": before.headers["etag"]})

    assert before.headers["cache-control"] == "private, no-cache"
    assert (again.status, after.status) == (304, 200)
    assert after.json()["event_categories"][-1]["slug"] == "mela"


async def test_words_of_a_draft_are_its_organisers(redis: str, root: str, owner: Owner, tmp_path: Path) -> None:
    """404 for everybody else, and for what does not exist; 400 for what is no id."""
    issuer = development.load(tmp_path)
    identity = Identity([issuer.issuer()])
    replica = Replica(redis, root, Log.away(root), identity, {"events": await owner.start()})
    await a_live_set(replica.store)
    await replica.store.apply(a_batch(a_campaign(status="draft")))
    app = serving(replica)
    ana, bo = (f"Bearer {issuer.token(who, ('organiser',))}" for who in ("ana", "bo"))
    person = (await identity.require([(b"authorization", ana.encode())])).person
    owner.shown[CAMPAIGN, person] = msgspec.to_builtins(a_campaign(status="draft", categories=(MELA,)))

    assert (await ask(app, "GET", TARGET)).status == 404
    assert (await ask(app, "GET", TARGET, headers={"authorization": bo})).status == 404
    shown = await ask(app, "GET", TARGET, headers={"authorization": ana})
    assert shown.json()["event_categories"][-1]["slug"] == "mela"
    assert (await ask(app, "GET", f"/v1/taxonomies?campaign={name('campaign', 7)}")).status == 404
    assert (await ask(app, "GET", "/v1/taxonomies?campaign=as-one")).status == 400
    await replica.redis.close()


@pytest.mark.parametrize(
    ("field", "value", "pointer"),
    [
        ("slug", "Dignity Pack", "/slug"),
        ("labels", {}, "/labels"),
        ("labels", {"xx": "?"}, "/labels/xx"),
        ("labels", {"en": ""}, "/labels/en"),
        ("kind", "dignity", "/kind"),
        ("base", "goods", "/base"),
    ],
)
def test_a_flaw_is_pointed_at(field: str, value: object, pointer: str) -> None:
    """A slug in lower case, a label at least, in a language that the platform writes in."""
    body = {"slug": "dignity_pack", "kind": "goods", "labels": {"en": "Dignity packs"}, field: value}

    assert list(flaws(NewNeedKind, body)) == [pointer]


def test_the_commands() -> None:
    """As they were sent."""
    category, need_kind = WRITES

    assert category.build(wish(read(NewCategory, slug="mela", labels=MELA.labels), CAMPAIGN)) == AddCategory(
        CAMPAIGN, "mela", MELA.labels
    )
    body = read(NewNeedKind, slug="dignity_pack", kind="goods", labels=PACK.labels)
    assert need_kind.build(wish(body, CAMPAIGN)) == AddNeedKind(CAMPAIGN, "dignity_pack", "goods", PACK.labels)
