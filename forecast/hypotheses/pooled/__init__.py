"""Tests of general claims on all dyads of a record at once, without sampling.

Entry point: `forecast.hypotheses.pooled.run.pooled_tests`. An assumed-density filter gives the likelihood of a dyad,
interpolation and quadrature integrate its parameters and those of the population.
"""
