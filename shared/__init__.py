"""What every service stands on: messages, the batch processor, drivers, settings, telemetry."""

from typing import Final

VERSION: Final = "0.1.0"
"""Of the whole distribution; pyproject.toml says the same."""
