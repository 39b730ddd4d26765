"""Would it have been right? Predictions from many origins, each made of what was known then, scored beside rivals."""

from forecast.evaluation.backtest import backtest, choose
from forecast.evaluation.benchmarks import RIVALS
from forecast.evaluation.executors import Cluster, Processes
from forecast.evaluation.forecaster import Answer, Asked, Chances, Forecaster, Rival
from forecast.evaluation.origins import Past, Record, View, Window, origins_between
from forecast.evaluation.results import Results
from forecast.evaluation.variants import MEMBERS, Member

__all__ = [
    "MEMBERS",
    "RIVALS",
    "Answer",
    "Asked",
    "Chances",
    "Cluster",
    "Forecaster",
    "Member",
    "Past",
    "Processes",
    "Record",
    "Results",
    "Rival",
    "View",
    "Window",
    "backtest",
    "choose",
    "origins_between",
]
