"""The local level: a random walk with news on top, by maximum likelihood."""

from forecast.evaluation.rivals.state_space import StateSpace

LOCAL_LEVEL = StateSpace(
    "local_level", "local level: a random walk with news on top, by maximum likelihood", pull=False
)
