"""Backtests: forecasts from many past dates with the data known then, scored against benchmarks."""

from forecast.evaluation.backtest import backtest, choose
from forecast.evaluation.benchmarks import BENCHMARKS, Answer, Asked, Benchmark, Chances, Forecaster
from forecast.evaluation.executors import Cluster, Processes
from forecast.evaluation.origins import Record, View, Window, origins_between
from forecast.evaluation.results import Results
from forecast.evaluation.variants import VARIANTS, Variant
from forecast.outlook.benchmarks import Past

__all__ = [
    "BENCHMARKS",
    "VARIANTS",
    "Answer",
    "Asked",
    "Benchmark",
    "Chances",
    "Cluster",
    "Forecaster",
    "Past",
    "Processes",
    "Record",
    "Results",
    "Variant",
    "View",
    "Window",
    "backtest",
    "choose",
    "origins_between",
]
