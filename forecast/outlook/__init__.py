"""Forecasts and summaries of the past from posterior draws, computed with NumPy.

Entry point: `assess`, which draws one set of simulations (`simulate`) and computes every number
from it.
"""

from forecast.base.wording import whole_percents
from forecast.outlook.assess import assess, brief
from forecast.outlook.assessment import AnsweredClaim, Assessment, Brief
from forecast.outlook.datasets import (
    DatasetOutlook,
    DatasetYear,
    dataset_outlooks,
    datasets_finding,
)
from forecast.outlook.headline import level_sentence, quoted
from forecast.outlook.kinds import KindSeries, kind_series, kinds_sentence
from forecast.outlook.level import (
    Break,
    Contrast,
    DyadQuantity,
    Framework,
    FrameworkChange,
    Frameworks,
    Headroom,
    Learning,
    Standing,
    level_record,
)
from forecast.outlook.observed import SimulatedEvents, observe
from forecast.outlook.pendulum import (
    EquilibriumBand,
    Fan,
    HorizonOutlook,
    HostileZone,
    Passage,
    Pendulum,
    Return,
    horizon_outlook,
    passage,
    printed_chances,
    printed_percents,
)
from forecast.outlook.query import main_horizon
from forecast.outlook.recorded import Baseline, main_dataset
from forecast.outlook.simulations import (
    Simulations,
    StructuralHazard,
    simulate_ahead,
    structural_hazard,
)
from forecast.outlook.summary import (
    Estimate,
    NotDefined,
    Probability,
    estimate,
    plain,
    probability,
    reported,
)
from forecast.outlook.tone import KindScore, ToneOutlook
from forecast.outlook.windows import RollingShare, ThresholdOutlook, WindowOutlook, printed_changes

__all__ = [
    "AnsweredClaim",
    "Assessment",
    "Baseline",
    "Break",
    "Brief",
    "Contrast",
    "DatasetOutlook",
    "DatasetYear",
    "DyadQuantity",
    "EquilibriumBand",
    "Estimate",
    "Fan",
    "Framework",
    "FrameworkChange",
    "Frameworks",
    "Headroom",
    "HorizonOutlook",
    "HostileZone",
    "KindScore",
    "KindSeries",
    "Learning",
    "NotDefined",
    "Passage",
    "Pendulum",
    "Probability",
    "Return",
    "RollingShare",
    "SimulatedEvents",
    "Simulations",
    "Standing",
    "StructuralHazard",
    "ThresholdOutlook",
    "ToneOutlook",
    "WindowOutlook",
    "assess",
    "brief",
    "dataset_outlooks",
    "datasets_finding",
    "estimate",
    "horizon_outlook",
    "kind_series",
    "kinds_sentence",
    "level_record",
    "level_sentence",
    "main_dataset",
    "main_horizon",
    "observe",
    "passage",
    "plain",
    "printed_chances",
    "printed_changes",
    "printed_percents",
    "probability",
    "quoted",
    "reported",
    "simulate_ahead",
    "structural_hazard",
    "whole_percents",
]
