"""Posterior predictive checks: comparison of the event data with data simulated from the fit."""

from forecast.checks.check import Ahead, Checks, check_fit, pit_ahead
from forecast.checks.predictive import arviz_groups, posterior_predictive

__all__ = ["Ahead", "Checks", "arviz_groups", "check_fit", "pit_ahead", "posterior_predictive"]
