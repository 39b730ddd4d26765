"""How the answer on mean reversion depends on data, codings, eras and priors."""

from forecast.hypotheses.sensitivity.analysis import sensitivity as sensitivity

__all__ = ["sensitivity"]
