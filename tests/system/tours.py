"""Runs the commands of a document as they stand."""

import re
import subprocess
from pathlib import Path

from tests.system.platform import ROOT, Platform


def blocks(document: Path) -> list[str]:
    """Its commands, block by block."""
    return re.findall(r"^```sh tour\n(.*?)^```$", document.read_text(), re.MULTILINE | re.DOTALL)


def follow(document: Path, platform: Platform, within: float) -> str:
    """Run them one after the other in one shell, each of which must succeed, and give what they printed."""
    done = subprocess.run(  # noqa: S603 -- our own documents
        ["/bin/bash", "-euo", "pipefail", "-c", "\n".join(blocks(document))],
        cwd=ROOT,
        env=platform.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=within,
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout
