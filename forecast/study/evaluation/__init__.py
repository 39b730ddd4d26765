"""Backtests: forecasts from many past dates with the data known then, scored against benchmarks."""

from forecast.outlook.benchmarks import Past
from forecast.study.evaluation.backtest import backtest, choose_forecasters
from forecast.study.evaluation.benchmarks import (
    BENCHMARKS,
    Benchmark,
    Chances,
    DatedForecast,
    Forecaster,
    ForecastRequest,
)
from forecast.study.evaluation.executors import Cluster, Processes
from forecast.study.evaluation.origins import Record, RecordedWindow, View, origins_between
from forecast.study.evaluation.results import Results
from forecast.study.evaluation.variants import VARIANTS, Variant

__all__ = [
    "BENCHMARKS",
    "VARIANTS",
    "Benchmark",
    "Chances",
    "Cluster",
    "DatedForecast",
    "ForecastRequest",
    "Forecaster",
    "Past",
    "Processes",
    "Record",
    "RecordedWindow",
    "Results",
    "Variant",
    "View",
    "backtest",
    "choose_forecasters",
    "origins_between",
]
