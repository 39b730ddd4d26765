"""Posterior predictive checks: whether the model makes records that look like the one it was fitted to."""

from forecast.checks.check import Checks, check_fit
from forecast.checks.predictive import arviz_groups, posterior_predictive

__all__ = ["Checks", "arviz_groups", "check_fit", "posterior_predictive"]
