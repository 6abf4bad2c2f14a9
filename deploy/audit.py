"""`python -m deploy.audit` looks for known vulnerabilities in what the lock files name.

Exits 1 if there are. If the advisory service cannot be asked, says so and exits 0: a build should not fail
because somebody else's server is away, but nobody should think that it was audited either.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parent.parent


def main() -> int:
    """Audit every lock file; answer the exit status."""
    status, said = verdict(*_ask(sorted(_ROOT.glob("requirements*.txt"))))
    print(said)
    return status


def verdict(dependencies: list[dict[str, Any]], complaint: str) -> tuple[int, str]:
    """Judge what the service answered: an exit status, and what to say."""
    audited = [dependency for dependency in dependencies if "skip_reason" not in dependency]
    vulnerable = [
        f"{each['name']} {each['version']}: {found['id']}, mended in {', '.join(found['fix_versions']) or 'none yet'}"
        for each in audited
        for found in each["vulns"]
    ]
    if vulnerable:
        return 1, "\n".join(vulnerable)
    if not audited:
        return 0, f"NOT AUDITED: the advisory service could not be asked from here ({complaint})."
    skipped = sorted(each["name"] for each in dependencies if "skip_reason" in each)
    left_out = f"; NOT AUDITED: {', '.join(skipped)}" if skipped else ""
    return 0, f"{len(audited)} packages without known vulnerabilities{left_out}."


def _ask(locks: list[Path]) -> tuple[list[dict[str, Any]], str]:
    """Ask the advisory service about each locked package; answer with why, if it does not know a thing."""
    arguments = [argument for lock in locks for argument in ("-r", str(lock))]
    asked = subprocess.run(
        [sys.executable, "-m", "pip_audit", *arguments, "--require-hashes", "--disable-pip", "--format", "json"],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        dependencies: list[dict[str, Any]] = json.loads(asked.stdout)["dependencies"]
    except (json.JSONDecodeError, KeyError):
        return [], (asked.stderr.strip().splitlines() or ["no answer"])[-1]
    return dependencies, next((each["skip_reason"] for each in dependencies if "skip_reason" in each), "")


if __name__ == "__main__":
    sys.exit(main())
