"""Forecasts and summaries of the past from posterior draws, computed with NumPy.

Entry point: `assess`, which draws one set of simulations (`simulate_ahead`) and computes every number from it.

Public names are imported on first use: a question about events needs no outlook.
"""

from typing import TYPE_CHECKING

from forecast.resources import imported_on_use

if TYPE_CHECKING:
    from forecast.outlook.assess import Assessment as Assessment
    from forecast.outlook.assess import Brief as Brief
    from forecast.outlook.assess import Claim as Claim
    from forecast.outlook.assess import assess as assess
    from forecast.outlook.assess import brief as brief
    from forecast.outlook.assess import level_sentence as level_sentence
    from forecast.outlook.assess import quoted as quoted
    from forecast.outlook.datasets import DatasetOutlook as DatasetOutlook
    from forecast.outlook.datasets import DatasetYear as DatasetYear
    from forecast.outlook.datasets import dataset_outlooks as dataset_outlooks
    from forecast.outlook.datasets import datasets_finding as datasets_finding
    from forecast.outlook.level import Break as Break
    from forecast.outlook.level import Contrast as Contrast
    from forecast.outlook.level import DyadQuantity as DyadQuantity
    from forecast.outlook.level import Framework as Framework
    from forecast.outlook.level import FrameworkChange as FrameworkChange
    from forecast.outlook.level import Frameworks as Frameworks
    from forecast.outlook.level import Headroom as Headroom
    from forecast.outlook.level import Learning as Learning
    from forecast.outlook.level import Standing as Standing
    from forecast.outlook.level import level_record as level_record
    from forecast.outlook.observed import Observed as Observed
    from forecast.outlook.observed import observe as observe
    from forecast.outlook.pendulum import EquilibriumBand as EquilibriumBand
    from forecast.outlook.pendulum import Fan as Fan
    from forecast.outlook.pendulum import HorizonOutlook as HorizonOutlook
    from forecast.outlook.pendulum import HostileZone as HostileZone
    from forecast.outlook.pendulum import Passage as Passage
    from forecast.outlook.pendulum import Pendulum as Pendulum
    from forecast.outlook.pendulum import Return as Return
    from forecast.outlook.pendulum import horizon_outlook as horizon_outlook
    from forecast.outlook.pendulum import passage as passage
    from forecast.outlook.pendulum import printed_chances as printed_chances
    from forecast.outlook.pendulum import printed_percents as printed_percents
    from forecast.outlook.query import main_horizon as main_horizon
    from forecast.outlook.recorded import Baseline as Baseline
    from forecast.outlook.recorded import main_dataset as main_dataset
    from forecast.outlook.simulations import Simulations as Simulations
    from forecast.outlook.simulations import StructuralHazard as StructuralHazard
    from forecast.outlook.simulations import simulate_ahead as simulate_ahead
    from forecast.outlook.simulations import structural_hazard as structural_hazard
    from forecast.outlook.summary import Estimate as Estimate
    from forecast.outlook.summary import NotDefined as NotDefined
    from forecast.outlook.summary import Probability as Probability
    from forecast.outlook.summary import estimate as estimate
    from forecast.outlook.summary import plain as plain
    from forecast.outlook.summary import probability as probability
    from forecast.outlook.summary import reported as reported
    from forecast.outlook.tone import KindScore as KindScore
    from forecast.outlook.tone import KindSeries as KindSeries
    from forecast.outlook.tone import ToneOutlook as ToneOutlook
    from forecast.outlook.tone import kind_series as kind_series
    from forecast.outlook.tone import kinds_sentence as kinds_sentence
    from forecast.outlook.windows import RollingShare as RollingShare
    from forecast.outlook.windows import ThresholdOutlook as ThresholdOutlook
    from forecast.outlook.windows import WindowOutlook as WindowOutlook
    from forecast.outlook.windows import printed_changes as printed_changes
    from forecast.wording import whole_percents as whole_percents

__all__, __getattr__, __dir__ = imported_on_use(__name__)
