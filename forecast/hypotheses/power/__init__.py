"""How often a test would find what is there, and how often what is not."""

from forecast.hypotheses.power.simulation import Power as Power
from forecast.hypotheses.power.simulation import power as power

__all__ = ["Power", "power"]
