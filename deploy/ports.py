"""Ports on the loopback address: found once, remembered, found anew when somebody else took them."""

import json
import random
import socket
from collections.abc import Container
from pathlib import Path

LOOPBACK = "127.0.0.1"

# Below the range from which kernels take the source ports of outgoing connections: a port that is free now
# is not taken by a passing client while its server restarts.
_RANGE = range(20_000, 32_000)


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Tell whether a server could listen there now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def free_port(but: Container[int] = ()) -> int:
    """Find a port that nobody listens on, and none of those that are spoken for."""
    ports = random.SystemRandom().sample(_RANGE, k=len(_RANGE))
    return next(port for port in ports if port not in but and is_free(port))


class Ports:
    """The ports of one data directory by name."""

    def __init__(self, data: Path) -> None:
        self._file = data / "ports.json"
        self._ports: dict[str, int] = json.loads(self._file.read_text()) if self._file.exists() else {}

    def take(self, name: str) -> int:
        """Answer the port remembered under a name, or another one if that is in use."""
        port = self._ports.get(name)
        if port is None or not is_free(port):
            port = self._ports[name] = free_port(but=self._ports.values())
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(json.dumps(self._ports, indent=2) + "\n")
        return port
