"""AR(1) plus noise: a level that returns to a mean, with news on top, by maximum likelihood."""

from forecast.evaluation.rivals.state_space import StateSpace

AR_NOISE = StateSpace(
    "ar_noise", "AR(1) plus noise: a level that returns to a mean, with news on top, by maximum likelihood", pull=True
)
