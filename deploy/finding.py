"""One thing that `brum doctor` looked at."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What was found; a remedy means that it is wrong."""

    subject: str
    said: str
    remedy: str = ""

    @property
    def well(self) -> bool:
        """Tell whether nothing has to be done."""
        return not self.remedy
