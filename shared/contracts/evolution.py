"""How a campaign becomes another: it names its successor, which asks the partners anew."""

from typing import Final, get_args

from shared.contracts.event_states import OfCampaign, OnCampaign
from shared.contracts.message import Command, Fact


class EvolveCampaign(OfCampaign, frozen=True):
    """Go on as the successor, which the caller organises as well and which names this campaign as its predecessor."""

    successor_id: str


class TakeOver(OfCampaign, frozen=True):
    """The service's own, to the successor: invite partners of the predecessor, those that follow `after` (a step)."""

    predecessor_id: str
    after: str = ""


class CampaignEvolved(OnCampaign, frozen=True):
    """The campaign goes on as `campaign.evolved_into`, of this name. Nobody was taken along: all are asked."""

    successor_name: str


EvolutionCommand = EvolveCampaign | TakeOver
EvolutionFact = CampaignEvolved

COMMANDS: Final[tuple[type[Command], ...]] = get_args(EvolutionCommand)
FACTS: Final[tuple[type[Fact], ...]] = (CampaignEvolved,)
