"""Bodies and commands of signals and bundles."""

from typing import Any

import pytest

from services.gateway import bundles, signals
from services.gateway.bundles import NewBundle
from services.gateway.needs import NewNeed, create
from services.gateway.problems import ProblemError
from services.gateway.signals import Dismissal, Merger, NewSignal, Promotion
from shared.contracts.pledges import BeginBundle, DismissSignal, MergeSignal, PromoteSignal, ReportSignal
from tests.gateway.test_needs import NEW
from tests.gateway.wishes import CAMPAIGN, flaws, read, wish

SIGNAL = "signal_" + "s" * 26
OTHER = "signal_" + "t" * 26
BUNDLE = "bundle_" + "b" * 26
TOLD: dict[str, Any] = {"campaign_id": CAMPAIGN, "kind": "meal", "text": "Nobody cooks in our road"}
WRITES = {f"{write.method} {write.path}": write for write in (*signals.WRITES, *bundles.WRITES)}


def test_a_signal_says_what_kind_and_in_words() -> None:
    """Ward and amount are guesses that may be left out; the answer tells the words to who wrote them."""
    body = read(NewSignal, **TOLD, ward="aston", quantity=20, unit="meals")
    command = signals.report(wish(body))
    write = WRITES["POST /v1/signals"]

    assert command == ReportSignal(command.signal_id, **TOLD, ward="aston", quantity=20, unit="meals")
    assert signals.report(wish(read(NewSignal, **TOLD))).ward is None
    assert write.echo is not None
    assert write.echo(body, {}) == {"text": TOLD["text"]}


@pytest.mark.parametrize(("field", "value"), [("kind", "advice"), ("quantity", 0), ("ward", "atlantis"), ("x", 1)])
def test_a_flaw_is_pointed_at(field: str, value: object) -> None:
    """422 at its place."""
    assert list(flaws(NewSignal, TOLD | {field: value})) == [f"/{field}"]


def test_a_promotion_has_the_fields_of_a_need_but_its_campaign() -> None:
    """That is the signal's."""
    fields = {name: value for name, value in NEW.items() if name != "campaign_id"}
    command = signals.promote(wish(read(Promotion, **fields), SIGNAL))

    assert isinstance(command, PromoteSignal)
    assert command.need.need_id == create(wish(read(NewNeed, **NEW))).need_id
    assert {name: getattr(command.need, name) for name in fields} == fields
    assert list(flaws(Promotion, NEW)) == ["/campaign_id"]


def test_a_dismissal_says_why_and_a_merger_names_the_other() -> None:
    """Something that can be no signal's id is not found."""
    dismissed = WRITES["POST /v1/signals/{signal_id}/dismiss"].build(wish(read(Dismissal, reason="No"), SIGNAL))
    merged = WRITES["POST /v1/signals/{signal_id}/merge"].build(wish(read(Merger, into=OTHER), SIGNAL))

    assert (dismissed, merged) == (DismissSignal(SIGNAL, "No"), MergeSignal(SIGNAL, OTHER))
    with pytest.raises(ProblemError, match="not-found"):
        WRITES["POST /v1/signals/{signal_id}/merge"].build(wish(read(Merger, into="x"), SIGNAL))


def test_a_need_may_be_opened_in_a_bundle() -> None:
    """What is known of the household is told to its keeper alone."""
    begun = bundles.begin(wish(read(NewBundle, campaign_id=CAMPAIGN, details="Three children")))

    assert begun == BeginBundle(begun.bundle_id, CAMPAIGN, "Three children")
    assert create(wish(read(NewNeed, **NEW, bundle=BUNDLE))).bundle == BUNDLE
    with pytest.raises(ProblemError, match="not-found"):
        create(wish(read(NewNeed, **NEW, bundle="x")))
