"""A platform for a browser to look at."""

from tests.system.conftest import platform

__all__ = ["platform"]
