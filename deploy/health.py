"""Asks the process of this machine or container how it is: `python -m deploy.health [--ready]`.

Standard library alone: containers ask every few seconds, and `brum health`, which does the same for a person, takes
six times the processor time to import what makes its help.
"""

import http.client
import json
import os
import sys

_PATIENCE_S = 5


def finding(*, ready: bool) -> str:
    """Answer nothing if the process at BRUM_INTERNAL_PORT lives (or takes work, if `ready`), else what is wrong."""
    port = int(os.environ.get("BRUM_INTERNAL_PORT") or "0")
    if not port:
        return "BRUM_INTERNAL_PORT does not say which process is meant; brum status shows them all."
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S)
    try:
        connection.request("GET", "/readyz" if ready else "/livez")
        answer = connection.getresponse()
        if answer.status == http.HTTPStatus.OK:
            return ""
        checks = json.loads(answer.read())["checks"]
    except (OSError, http.client.HTTPException) as error:
        return f"no answer ({type(error).__name__})"
    except (ValueError, KeyError, TypeError):
        return "an answer that is none"
    finally:
        connection.close()
    return ", ".join(f"{part}: {found}" for part, found in checks.items() if found != "ok") or "not well"


if __name__ == "__main__":
    found = finding(ready="--ready" in sys.argv[1:])
    print(found or "ok")
    sys.exit(bool(found))
