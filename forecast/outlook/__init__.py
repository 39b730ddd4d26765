"""Forecasts and summaries of the past from posterior draws, computed with NumPy.

Entry point: `assess`, which draws one set of simulations (`simulate_ahead`) and computes every number from it.
"""

from forecast.outlook.assess import assess, brief, level_sentence, quoted
from forecast.outlook.assessment import Assessment, Brief, Claim
from forecast.outlook.datasets import DatasetOutlook, DatasetYear, dataset_outlooks, datasets_finding
from forecast.outlook.kinds import KindSeries, kind_series, kinds_sentence
from forecast.outlook.level import (
    Break,
    Contrast,
    DyadQuantity,
    Fan,
    HorizonOutlook,
    Standing,
    horizon_outlook,
    level_record,
    printed_chances,
    printed_percents,
)
from forecast.outlook.observed import Observed, observe
from forecast.outlook.pendulum import (
    EquilibriumBand,
    Framework,
    FrameworkChange,
    Frameworks,
    Headroom,
    HostileZone,
    Learning,
    Passage,
    Pendulum,
    Return,
    passage,
)
from forecast.outlook.query import AtLeast, main_horizon
from forecast.outlook.recorded import Baseline, main_dataset
from forecast.outlook.simulations import Simulations, StructuralHazard, simulate_ahead, structural_hazard
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
from forecast.outlook.windows import KindOutlook, RollingShare, ThresholdOutlook, WindowOutlook, printed_changes
from forecast.wording import whole_percents

__all__ = [
    "Assessment", "AtLeast", "Baseline", "Break", "Brief", "Claim", "Contrast", "DatasetOutlook", "DatasetYear",
    "DyadQuantity", "EquilibriumBand", "Estimate", "Fan", "Framework", "FrameworkChange", "Frameworks", "Headroom",
    "HorizonOutlook", "HostileZone", "KindOutlook", "KindScore", "KindSeries", "Learning", "NotDefined", "Observed",
    "Passage",
    "Pendulum", "Probability", "Return", "RollingShare", "Simulations", "Standing", "StructuralHazard",
    "ThresholdOutlook", "ToneOutlook", "WindowOutlook", "assess", "brief", "dataset_outlooks", "datasets_finding",
    "estimate",
    "horizon_outlook", "kind_series", "kinds_sentence", "level_record", "level_sentence",
    "main_dataset", "main_horizon",
    "observe", "passage", "plain", "printed_chances", "printed_changes", "printed_percents", "probability",
    "quoted", "reported", "simulate_ahead", "structural_hazard", "whole_percents",
]  # fmt: skip
