"""Live matching: offers to the campaign of a need are asked in waves, until nothing is left or nobody to be asked."""

from typing import Annotated, Literal

from msgspec import Meta

from shared.contracts.pledge_states import OfNeed, OnNeed

Minutes = Annotated[int, Meta(ge=1, le=1_440)]
WaveSize = Annotated[int, Meta(ge=1, le=50)]
WhyEnded = Literal["filled", "nobody-left", "not-open"]

# ---------------------------------------------------------------- commands


class AskAround(OfNeed, frozen=True):
    """Ask the donors of offers that fit, so many at once, each for so long."""

    minutes: Minutes = 60
    wave_size: WaveSize = 10


class NextWave(OfNeed, frozen=True):
    """The service's own: go on after a wave, unless it has gone on already."""

    wave: int


# ---------------------------------------------------------------- facts


class WaveSent(OnNeed, frozen=True):
    """The donors of these offers are asked; what they are asked for is held of the need until they answer."""

    offers: tuple[str, ...]


class MatchingEnded(OnNeed, frozen=True):
    """Nobody is asked any more."""

    why: WhyEnded


WaveCommand = AskAround | NextWave
WaveFact = WaveSent | MatchingEnded
