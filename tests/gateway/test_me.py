"""Commands about one's own choices."""

import pytest

from services.gateway import me
from services.gateway.campaigns import Nothing
from services.gateway.outcome import url_of
from services.gateway.problems import ProblemError
from shared.contracts.notifications import Follow, Followed, ReadNotification, Unfollow
from tests.gateway.wishes import ANA, CAMPAIGN, EVENT, NEED, wish

WRITES = {f"{write.method} {write.path}": write for write in me.WRITES}
FOLLOWS = "/v1/me/follows/{kind}/{target_id}"


@pytest.mark.parametrize(("kind", "name"), [("campaign", CAMPAIGN), ("event", EVENT), ("need", NEED)])
def test_a_person_follows_and_stops_following(kind: str, name: str) -> None:
    """The stream is the person's own, whoever they name."""
    begun = WRITES[f"PUT {FOLLOWS}"].build(wish(Nothing(), kind, name))
    ended = WRITES[f"DELETE {FOLLOWS}"].build(wish(Nothing(), kind, name))

    assert isinstance(begun, Follow)
    assert isinstance(ended, Unfollow)
    assert begun.stream == ended.stream == ANA
    assert (begun.target.kind, begun.target.id) == (kind, name)
    assert begun.target == ended.target == Followed(begun.target.kind, name)


def test_what_is_followed_is_of_its_kind() -> None:
    """An event is no need."""
    with pytest.raises(ProblemError, match="not-found"):
        WRITES[f"PUT {FOLLOWS}"].build(wish(Nothing(), "need", EVENT))


def test_a_person_reads_their_own_notifications() -> None:
    """Another's id is looked for among one's own, and not found there."""
    read = WRITES["POST /v1/me/notifications/{notification_id}/read"].build(wish(Nothing(), "n1"))

    assert read == ReadNotification(ANA, "n1")


@pytest.mark.parametrize(
    ("kind", "name", "url"),
    [
        ("campaign", CAMPAIGN, f"/v1/campaigns/{CAMPAIGN}"),
        ("pledge", f"{NEED}.x", f"/v1/pledges/{NEED}.x"),
        ("partner", f"{CAMPAIGN}.x", f"/v1/campaigns/{CAMPAIGN}/partners/{CAMPAIGN}.x"),
        ("registration", f"{EVENT}.x", "/v1/me/registrations"),
        ("notification", "n1", "/v1/me/notifications"),
        ("follow", f"need/{NEED}", f"/v1/needs/{NEED}"),
    ],
)
def test_what_a_write_was_about_can_be_read(kind: str, name: str, url: str) -> None:
    """`Location`, and `resource.url` of the operation, are addresses that answer."""
    assert url_of(kind, name) == url
