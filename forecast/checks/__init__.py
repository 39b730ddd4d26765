"""Posterior predictive checks: whether the model makes records that look like the one it was fitted to."""

from forecast.checks.check import Ahead, Checks, check_fit, pit_ahead
from forecast.checks.predictive import arviz_groups, posterior_predictive

__all__ = ["Ahead", "Checks", "arviz_groups", "check_fit", "pit_ahead", "posterior_predictive"]
