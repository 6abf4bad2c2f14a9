"""Starting with something missing: one sentence, at once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.embedded.parts import embedded
from tests.system.platform import ROOT

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

SECRET = "a secret for a test, and long enough for one"


@pytest.mark.parametrize("name", ["events", "gateway"])
async def test_sec_35_a_missing_topic_ends_the_start_with_a_sentence(tmp_path: Path, name: str) -> None:
    """sec_35: topics are never made by the way; a process that lacks one says so and ends."""
    async with embedded(tmp_path) as parts:
        environment = os.environ | {
            "BRUM_KAFKA": parts.kafka,
            "BRUM_MONGO": parts.mongo,
            "BRUM_REDIS": parts.redis,
            "BRUM_SECRET": SECRET,
            "BRUM_DATA": str(tmp_path / "data"),
            "PORT": "0",
        }

        done = subprocess.run(  # noqa: ASYNC221, S603 -- nothing else has to go on; our own command
            [sys.executable, "-m", "deploy.cli", "serve", name],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )

    assert done.returncode != 0
    assert "brum topics apply" in done.stderr
