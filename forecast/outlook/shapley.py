"""Shapley values: what a period added, divided among its events.

A model knows a period as a whole and no order in it. So its events join in many orders, and each
is given what it adds on average, with a few orders and their reverses for all. Events that tell the
same add the same; in a busy period they join in groups of these.

References
----------
Shapley (1953), A value for n-person games, https://doi.org/10.1515/9781400881970-018
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.base.typing import Float, Index
from forecast.outlook.leaving_out import ReducedFit, group_identical

# Steps in which the events of one period join the record
MAX_JOINING_STEPS = 60
# Random orders, and their reverses, in which the events of one period join
ORDERS = 2


@dataclass(frozen=True)
class Shares:
    """What the events of a period added."""

    added: dict[int, dict[str, Float]]  # Numbers of the forecast by draw, by index of the event
    pareto_k: float  # The highest of the weights; minus infinity without a tail


def shapley_shares(
    record: ReducedFit, before: ReducedFit, events: pd.DataFrame, later: pd.DataFrame
) -> Shares:
    """Divide what a period added among its events.

    `record` has the events of the period, `before` does not, and neither has those `later`.
    """
    groups = group_identical(record, events)
    size = np.bincount(groups)
    place_in_group = events.groupby(groups).cumcount().to_numpy()
    # The forecasts with none and with all of the period's events are known.
    forecasts = {
        tuple(np.zeros_like(size).tolist()): before.numbers,
        tuple(size.tolist()): record.numbers,
    }
    pareto_ks = [-np.inf]

    def forecast_with(joined: Index) -> dict[str, Float]:
        """Return the forecast with so many events of each group, (group,)."""
        key = tuple(joined.tolist())
        if key not in forecasts:
            missing = events[place_in_group >= joined[groups]]
            forecasts[key], weights = record.weighed(pd.concat([missing, later]))
            pareto_ks.append(weights.pareto_k)
        return forecasts[key]

    at_once = -(-len(events) // MAX_JOINING_STEPS)
    period = int(events["of_period"].iloc[0])
    rng = np.random.default_rng(np.random.SeedSequence(record.setting.seed, spawn_key=(period,)))
    orders = _joining_orders(size, at_once, rng)
    sums: list[dict[str, Float]] = [{} for _ in size]
    for order in orders:
        joined = np.zeros_like(size)
        for group in order.tolist():
            without = forecast_with(joined)
            joined[group] = min(joined[group] + at_once, size[group])
            for name, values in forecast_with(joined).items():
                sums[group][name] = sums[group].get(name, 0.0) + values - without[name]
    added = {
        row: {name: values / (size[group] * len(orders)) for name, values in sums[group].items()}
        for row, group in zip(events.index, groups.tolist(), strict=True)
    }
    return Shares(added, max(pareto_ks))


def _joining_orders(size: Index, at_once: int, rng: np.random.Generator) -> list[Index]:
    """Return random orders and their reverses, in which groups join a few events at a time.

    `size` has the number of events of each group, (group,).
    """
    group_of_step = np.repeat(np.arange(len(size)), -(-size // at_once))
    orders = [rng.permutation(group_of_step) for _ in range(ORDERS)]
    return [*orders, *(order[::-1] for order in orders)]
