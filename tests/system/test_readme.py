"""The README's tour, run as it stands."""

import re
import subprocess

import pytest

from tests.system.platform import ROOT, Platform

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]


def test_the_tour_runs_as_it_stands(platform: Platform) -> None:
    """Every command of the tour succeeds, one after the other, in one shell."""
    text = (ROOT / "README.md").read_text()
    blocks = re.findall(r"^```sh tour\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)

    done = subprocess.run(  # noqa: S603 -- our own README
        ["/bin/bash", "-euo", "pipefail", "-c", "\n".join(blocks)],
        cwd=ROOT,
        env=platform.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert '"meal": 12' in done.stdout
    assert "Idempotency-Replayed: true" in done.stdout or "idempotency-replayed: true" in done.stdout
    assert len(blocks) >= 6
