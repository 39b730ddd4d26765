"""Likelihood of dyads' counts at points of a model's parameters, by an assumed-density filter."""
