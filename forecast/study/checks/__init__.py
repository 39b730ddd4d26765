"""Posterior predictive checks: comparison of the event data with data simulated from the fit."""

from forecast.model.predictive import arviz_groups, posterior_predictive
from forecast.study.checks.check import Checks, check_fit

__all__ = ["Checks", "arviz_groups", "check_fit", "posterior_predictive"]
