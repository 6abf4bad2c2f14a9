"""What the audit says is never more than it knows."""

from deploy.audit import verdict

_SOUND = {"name": "soup", "version": "1.0", "vulns": []}
_ILL = {"name": "stew", "version": "2.0", "vulns": [{"id": "CVE-1", "fix_versions": ["2.1"]}]}
_UNKNOWN = {"name": "salt", "skip_reason": "Dependency not found"}


def test_a_known_vulnerability_fails() -> None:
    """With the version that mends it."""
    assert verdict([_SOUND, _ILL, _UNKNOWN], "") == (1, "stew 2.0: CVE-1, mended in 2.1")


def test_a_service_that_is_away_fails_nothing_and_is_said() -> None:
    """Nobody may read it as a clean bill."""
    assert verdict([_UNKNOWN], "Dependency not found")[0] == 0
    assert verdict([], "no route")[1].startswith("NOT AUDITED: ")


def test_what_was_left_out_is_named() -> None:
    """A clean bill holds for the packages it names."""
    assert verdict([_SOUND, _UNKNOWN], "") == (0, "1 packages without known vulnerabilities; NOT AUDITED: salt.")
    assert verdict([_SOUND], "") == (0, "1 packages without known vulnerabilities.")
