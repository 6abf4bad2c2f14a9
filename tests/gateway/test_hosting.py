"""Bodies and commands of hosts."""

import pytest

from services.gateway import hosting
from services.gateway.hosting import HostInvitation
from services.gateway.problems import ProblemError
from shared.contracts.hosting import InviteCoHost
from tests.gateway.wishes import CAMPAIGN, EVENT, flaws, read, wish

PARTNER = f"{CAMPAIGN}.{'p' * 26}"


def test_a_partner_is_invited_by_id() -> None:
    """What can be no partner is not found without asking anybody."""
    [build] = [write.build for write in hosting.WRITES if write.path == "/v1/events/{event_id}/hosts"]

    assert build(wish(read(HostInvitation, partner_id=PARTNER), EVENT)) == InviteCoHost(EVENT, PARTNER)
    assert list(flaws(HostInvitation, {"person": "x"})) == ["/partner_id", "/person"]
    with pytest.raises(ProblemError, match="not-found"):
        build(wish(read(HostInvitation, partner_id="mosque"), EVENT))
