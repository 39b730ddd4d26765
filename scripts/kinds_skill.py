"""Score the chances of at least one event of each kind, at half-yearly origins, against base rates.

``python scripts/kinds_skill.py`` takes two minutes and prints the tables of docs/skill.md. No model is fitted: how many
events are of either side comes from the local level, so that nothing but the kinds is compared.
"""

from collections.abc import Iterator
from datetime import date

import numpy as np

from forecast import read_chronology
from forecast.clock import Clock
from forecast.evaluation import Record
from forecast.evaluation.benchmarks import BENCHMARKS
from forecast.outlook.base_rates import MIX_MONTHS, recording_level, simulate_kinds
from forecast.outlook.summary import NotDefined
from forecast.outlook.windows import window_base_rate
from forecast.panel.record import by_class
from forecast.typing import Float

HORIZONS = (3, 6, 12, 24)
DRAWS = 800
PERIODS = {"2005 to 2014": range(2005, 2015), "2015 to 2025": range(2015, 2026)}

type Errors = tuple[Float, Float]
"""Squared errors of the chances and of the base rates, each (class,)."""


def errors(record: Record, origin: date) -> Iterator[tuple[int, Errors]]:
    """Yield the squared errors of every dyad's windows from an origin, with their horizon."""
    view = record.view(origin)
    if view is None:
        return
    start = int(np.searchsorted(Clock.of(record.final).times, np.datetime64(origin)))
    for dyad in view.dyads:
        rng = np.random.default_rng([origin.year, origin.month, *dyad.encode()])
        chances = BENCHMARKS["local_level"].chances(view.past(dyad), HORIZONS, DRAWS, rng)[HORIZONS[-1]]
        total = recording_level(view.panel, dyad).simulate(chances.shape, rng)
        cooperative = rng.binomial(total, np.clip(chances, 0.0, 1.0))
        kinds = simulate_kinds(view.panel, dyad, 0, total, cooperative, seed=1)
        past, known = by_class(view.panel, dyad)
        later, covered = by_class(record.final, dyad)
        for months in HORIZONS:
            window = slice(start, start + months)
            if len(covered) < window.stop or not covered[window].all():
                continue
            recorded = later[window].sum(axis=0) > 0
            chance = (kinds[:, :months].sum(axis=1) > 0).mean(axis=0)
            rates = [window_base_rate(one, months) for one in past[known][-MIX_MONTHS:].T]
            rate = np.array([np.nan if isinstance(one, NotDefined) else one for one in rates])
            yield months, ((chance - recorded) ** 2, (rate - recorded) ** 2)


def main() -> None:
    """Print the Brier scores by period and horizon, and by kind."""
    record = Record.of(read_chronology())
    names = [str(name) for name in record.final["class_name"].to_numpy()]
    for period, years in PERIODS.items():
        found: dict[int, list[Errors]] = {months: [] for months in HORIZONS}
        for origin in (date(year, month, 1) for year in years for month in (1, 7)):
            for months, pair in errors(record, origin):
                found[months].append(pair)
        print(f"\n{period}: Brier score (base rate), windows {[len(found[months]) for months in HORIZONS]}")
        means = {months: np.mean(found[months], axis=0) for months in HORIZONS}
        for place, name in [(slice(None), "all kinds"), *enumerate(names)]:
            scores = [means[months][:, place].reshape(2, -1).mean(axis=1) for months in HORIZONS]
            print(f"| {name} |", " | ".join(f"{mine:.3f} ({rate:.3f})" for mine, rate in scores), "|")


if __name__ == "__main__":
    main()
