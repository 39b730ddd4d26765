"""Bayesian forecasts of whether relations between two states will improve."""
