"""Backtests: forecasts from many past dates with the data known then, scored against benchmarks."""

from forecast.outlook.benchmarks import Past
from forecast.study.evaluation.backtest import backtest, choose_forecasters
from forecast.study.evaluation.benchmarks import (
    BENCHMARKS,
    Answer,
    Asked,
    Benchmark,
    Chances,
    Forecaster,
)
from forecast.study.evaluation.executors import Cluster, Processes
from forecast.study.evaluation.origins import Record, View, Window, origins_between
from forecast.study.evaluation.results import Results
from forecast.study.evaluation.variants import VARIANTS, Variant

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
    "choose_forecasters",
    "origins_between",
]
