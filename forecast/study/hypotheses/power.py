"""Power and false alarms of the tests of claims, counted on simulated records.

`simulate_power` counts them for any panel, and `power_of_shape` a few of them within about a
minute. Both run a `PowerSimulation`. `power_tables` reads what was counted for the embedded record.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from forecast.base.arguments import checked
from forecast.base.limits import whole_seed
from forecast.base.progress import Progress, silent
from forecast.base.typing import Seed
from forecast.data.events.table import EventTable
from forecast.data.panel.kinds import Panel
from forecast.study.hypotheses.claims import CLAIMS
from forecast.study.hypotheses.claims.effects import visits_of
from forecast.study.hypotheses.family import FamilyRate
from forecast.study.hypotheses.nulls import NULL_KINDS
from forecast.study.hypotheses.power_simulation import PowerSimulation
from forecast.study.hypotheses.power_tables import Rate
from forecast.study.hypotheses.record import PooledRecord, read_panel

SETS = 200  # simulated records of each process: standard errors to 3.5 points
LIMIT_SETS = 100  # null sets of each kind that set the limit of a claim: 5% of them are 5 sets
# Processes of the small table for one's own data: for each claim one in which it is true
PROCESSES_OF_CLAIMS = {
    "walk + cycle, jumps of 0.8": ("S2",),
    "return + cycle, jumps of 0.6, ceiling 0.5 above": ("S4",),
    "return in 10 years + cycle": ("S5a", "S5b", "S5c", "S8"),
    "reversion five times as strong one log-odds away": ("S6",),
    "visits add 5 points": ("S10",),
    "occasions add 5 points": ("S12",),
}


@checked
def simulate_power(
    panel: Panel,
    *,
    events: EventTable | None = None,
    claims: Sequence[str] = (),
    processes: Sequence[str] = (),
    sets: int = SETS,
    more_dyads: int = 1,
    more_events: int = 1,
    checkpoint: str | Path | None = None,
    cores: int | None = None,
    seed: Seed = 1,
    progress: Progress | None = None,
) -> dict[str, tuple[Rate, ...]]:
    """Simulate records as long and dense as a panel's, and count the answers of the tests on them.

    Parameters
    ----------
    panel : xarray.Dataset
        Monthly counts of at least two dyads.
    events : EventTable, optional
        The events of the panel, among which visits are found.
    claims, processes : sequence of str
        Codes of claims and names of simulated processes. By default all that are simulated.
    sets : int
        Simulated records of each process.
    more_dyads, more_events : int
        Times as many dyads, and as many events per month, as the panel has.
    checkpoint : str or path-like, optional
        File of finished records; with it, the same call continues after an interruption.
    cores : int, optional
        Processes; by default one per core. Changes no number.
    seed : int or numpy.random.Generator
    progress : callable, optional
        Called with (step in words, done, total).

    Returns
    -------
    dict of str to tuple of Rate
        By claim, a rate for each process that its test is about.

    Raises
    ------
    SpecError, DataError
        For unknown claims and processes, and panels that cannot be tested.

    Examples
    --------
    >>> from forecast import build_panel, read_chronology
    >>> from forecast.study.hypotheses.power import simulate_power
    >>> panel = build_panel(read_chronology())
    >>> simulate_power(panel, claims=["S5b"], sets=20)["S5b"]  # doctest: +SKIP
    """
    seed = whole_seed(seed)
    visits = None if events is None else visits_of(events, panel)
    record = read_panel(panel, visits)
    simulation = PowerSimulation.of(
        record,
        claims,
        processes,
        sets=sets,
        limit_sets=LIMIT_SETS,
        size=(more_dyads, more_events),
        seed=seed,
        checkpoint=None if checkpoint is None else Path(checkpoint),
    )
    simulation.run(cores or os.cpu_count() or 1, progress or silent)
    return simulation.rates()


def power_of_shape(
    record: PooledRecord,
    claims: Sequence[str],
    sets: int,
    *,
    seed: int,
    cores: int,
    progress: Progress = silent,
) -> tuple[dict[str, tuple[Rate, ...]], tuple[FamilyRate, ...]]:
    """Return power and false alarms on a few simulated records of a record's own shape.

    The rates are by claim, and those of all claims together. For each claim one process is
    simulated in which it is true, and the null sets that a supported claim must stand out from. As
    many further null sets of each kind set the limit: the largest log Bayes factor among them.
    """
    processes = [name for name, about in PROCESSES_OF_CLAIMS.items() if set(about) & set(claims)]
    nulls = [kind for kind in NULL_KINDS if any(kind in CLAIMS[code].nulls for code in claims)]
    simulation = PowerSimulation.of(
        record, claims, (*processes, *nulls), sets=sets, limit_sets=sets, seed=seed
    )
    simulation.run(cores, progress)
    return simulation.rates(), simulation.family()
