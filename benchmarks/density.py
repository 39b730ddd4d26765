"""How a fit's effective draws per second fall as months get busy.

It is measured on one dyad of 20 years, from sparse to dense.

The default model, simulated at the most typical draw of its priors: the same level, noise and
overdispersion whatever the density, so that only the number of events differs. Seconds are of the
processor, warm-up included.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from benchmarks.engines.ours import quantities
from benchmarks.machine import load, machine, now
from benchmarks.measures import diagnose
from benchmarks.problems import DRAWS, SPEC, empty_panel, most_typical
from benchmarks.runs import CHAINS
from benchmarks.table import describe
from forecast import fit
from forecast.base.files import write_json, write_text
from forecast.model import prior_draws, simulate_panel

PERIODS = 240
DENSITIES = (5, 50, 2000)
SPARSE, DENSE, MOST = 50, 2000, 3.0
"""At 2,000 per month so many times fewer effective draws per second than at 50 are allowed."""
LENGTH = {"draws": 600, "tune": 400}


@dataclass(frozen=True)
class Density:
    """What a fit took at a density.

    It is processor seconds, the smallest bulk ESS and of what, and the same of the level.
    """

    events: int
    cpu_seconds: float
    ess: float
    ess_of: str
    level_ess: float
    steps: float
    r_hat: float

    @property
    def rate(self) -> float:
        """Effective draws of the worst quantity a processor second."""
        return self.ess / self.cpu_seconds


def dense_panel(events: int, seed: int) -> xr.Dataset:
    """Simulate one dyad of 20 years with so many events per month, all densities at one truth."""
    panel = empty_panel(1, PERIODS)
    panel["counts"][..., 0] = 5  # what is not there has no parameters
    truth = most_typical(prior_draws(panel, SPEC, draws=DRAWS, seed=seed))
    panel["counts"][..., 0] = np.random.default_rng(seed).poisson(events, (1, 1, PERIODS, 1))
    return simulate_panel(panel, truth, SPEC, seed=seed)[0]


def measure(events: int, seed: int) -> Density:
    """Fit once, compiled before."""
    panel = dense_panel(events, seed)
    fit(panel, draws=10, tune=10, chains=2, seed=seed)
    before = time.process_time()
    fitted = fit(panel, chains=CHAINS, seed=seed, **LENGTH)
    seconds, own = time.process_time() - before, quantities(fitted.posterior)
    (smallest, of), (worst, _) = diagnose(own)
    level = diagnose(own[[name for name in own if str(name).startswith("level")]])[0][0]
    return Density(
        events, seconds, smallest, of, level, float(fitted.sample_stats["n_steps"].mean()), worst
    )


def write_density(
    folder: Path, seed: int, densities: Sequence[int], say: Callable[[str], None]
) -> None:
    """Measure, and write ``density.md`` and ``density.json``."""
    written, busy, found = now(), load(), []
    for events in densities:
        found.append(measure(events, seed))
        say(f"{events} per month: {found[-1].rate:.3g} effective draws per processor second")
    facts = {"written": written, "load": busy, "machine": machine(), "length": LENGTH}
    write_json(
        folder / "density.json",
        facts | {"fits": [{**asdict(one), "rate": one.rate} for one in found]},
    )
    write_text(folder / "density.md", markdown(facts, found))


def markdown(facts: dict, found: Sequence[Density]) -> str:
    """Return the page."""
    length = f"{CHAINS} x ({LENGTH['tune']} + {LENGTH['draws']}) draws"
    lines = [
        "# Density: busy months",
        "",
        f"Measured {facts['written']}; load before {facts['load']}; {length}.",
    ]
    lines += [*describe([facts["machine"]]), ""]
    head = (
        "events per month",
        "smallest ESS",
        "of",
        "ESS of the last level",
        "processor s",
        "ESS per processor second",
        "steps per draw",
        "largest R-hat",
    )
    rows = [
        (
            f"{one.events:,}",
            f"{one.ess:.0f}",
            one.ess_of,
            f"{one.level_ess:.0f}",
            f"{one.cpu_seconds:.0f}",
            f"{one.rate:.3g}",
            f"{one.steps:.0f}",
            f"{one.r_hat:.3f}",
        )
        for one in found
    ]
    lines += [
        "| " + " | ".join(map(str, row)) + " |" for row in (head, ("---",) * len(head), *rows)
    ]
    rates = {one.events: one.rate for one in found}
    if {SPARSE, DENSE} <= rates.keys():
        ratio = rates[SPARSE] / rates[DENSE]
        lines += [
            "",
            f"At {DENSE:,} a month {ratio:.2g} times fewer a second than at {SPARSE} (at most "
            f"{MOST:g}).",
        ]
    return "\n".join(lines) + "\n"
