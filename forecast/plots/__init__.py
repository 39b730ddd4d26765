"""Figures as functions on matplotlib.

Each draws on given axes, or on those of a new figure, and returns the axes.

``plot_x(data, *, ax=None, figsize=None, ci_prob=..., **kwargs)``: `ci_prob` is the probability of
the intervals, where a figure has any, and other keywords go to the main artist. Figures of reports
are made of these functions.
"""

from forecast.plots.claims import plot_evidence, plot_power
from forecast.plots.dots import plot_dots
from forecast.plots.eras import plot_eras
from forecast.plots.estimates import plot_dyads, plot_halflife, plot_prior_posterior
from forecast.plots.forecasts import plot_forecast
from forecast.plots.kinds import plot_kinds
from forecast.plots.level import plot_level
from forecast.plots.observed import plot_coverage, plot_observed_share
from forecast.plots.outcomes import plot_attribution, plot_probabilities, plot_scenarios
from forecast.plots.scores import plot_calibration, plot_pit, plot_ppc, plot_skill

__all__ = [
    "plot_attribution",
    "plot_calibration",
    "plot_coverage",
    "plot_dots",
    "plot_dyads",
    "plot_eras",
    "plot_evidence",
    "plot_forecast",
    "plot_halflife",
    "plot_kinds",
    "plot_level",
    "plot_observed_share",
    "plot_pit",
    "plot_power",
    "plot_ppc",
    "plot_prior_posterior",
    "plot_probabilities",
    "plot_scenarios",
    "plot_skill",
]
