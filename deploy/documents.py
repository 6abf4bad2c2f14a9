"""`openapi.json` and `asyncapi.json` at the root, written from the code: `python -m deploy.documents [--check]`."""

import argparse
import sys
from pathlib import Path
from typing import Any

import msgspec

from services.gateway import asyncapi
from services.gateway.app import API_VERSION, Gateway
from shared.config import Gateway as Settings

ROOT = Path(__file__).parent.parent
MEND = "python -m deploy.documents"


def documents() -> dict[str, bytes]:
    """The documents by file name, as they should read."""
    # Nothing is dialled: the parts of a gateway connect when it is started.
    settings = Settings(kafka="none:1", redis="redis://none:1", secret="-" * 32, env="production")
    return {
        "openapi.json": _written(Gateway(settings).document()),
        "asyncapi.json": _written(asyncapi.document(API_VERSION)),
    }


def stale(root: Path = ROOT) -> list[str]:
    """Names of the documents that are not as they should be."""
    return [name for name, text in documents().items() if not _reads(root / name, text)]


def main(arguments: list[str] | None = None) -> int:
    """Write them, or with `--check` only say which are stale and how to mend that."""
    parser = argparse.ArgumentParser(prog=MEND, description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if one is stale")
    if parser.parse_args(arguments).check:
        found = stale()
        if found:
            print(f"Not as the code says: {', '.join(found)}. Run: {MEND}", file=sys.stderr)
        return 1 if found else 0
    for name, text in documents().items():
        (ROOT / name).write_bytes(text)
    return 0


def _written(document: dict[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _reads(path: Path, text: bytes) -> bool:
    return path.exists() and path.read_bytes() == text


if __name__ == "__main__":
    sys.exit(main())
