"""How often a test would find a pull that is there, and how often one that is not.

Records are simulated at the dyad's own length and density of events, from its random walk and from pendulums of given
half-lives, with everything else as the fits to the real record say; each is tested as the real one is, by the Bayes
factor alone (leaving the future out some twenty times a simulation would take hours). What is done is kept in a file,
so that an interrupted run goes on where it stopped.
"""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from scipy.stats import beta

from forecast.errors import SpecError
from forecast.files import digest, write_text
from forecast.hypotheses.candidates import Candidates, Progress, Sampler
from forecast.model import PendulumSpec, fit, simulate_panel
from forecast.model.sampling import DIMS

if TYPE_CHECKING:
    import pandas as pd

CLAIMS = ("S5",)
QUICK = Sampler(draws=250, tune=250, chains=2, cores=1)


@dataclass(frozen=True)
class Power:
    """Power and false alarms of a test.

    Attributes
    ----------
    claim : str
    table : pandas.DataFrame
        A row an alternative: ``alternative``, ``half_life`` (NaN for the walk), ``simulations``, ``supported``,
        ``refused``, ``undecided`` (shares of the simulations), ``low`` and ``high`` (90 % interval of ``supported``).
    words : str
    """

    claim: str
    table: "pd.DataFrame"
    words: str


@dataclass(frozen=True)
class Task:
    """One simulated record and the models to test it with."""

    key: str
    panel: xr.Dataset
    claim: PendulumSpec
    null: PendulumSpec
    seed: int


def power(
    candidates: Candidates,
    claim: str = "S5",
    half_lives: tuple[float, ...] = (24.0,),
    simulations: int = 200,
    *,
    kept: Path | None = None,
    cores: int = 2,
    progress: Progress | None = None,
) -> Power:
    """Simulate and test.

    Parameters
    ----------
    candidates : Candidates
    claim : {"S5"}
    half_lives : tuple of float
        Months; the alternatives beside the random walk.
    simulations : int
        Of each alternative.
    kept : Path, optional
        File of the simulations done (JSON lines); those in it are not done again.
    cores : int
        Processes.
    progress : callable, optional

    Raises
    ------
    SpecError
        If the claim has no power analysis, or a number makes no sense.
    """
    import pandas as pd

    if claim not in CLAIMS:
        raise SpecError(f"claim: power of {claim!r} cannot be simulated; known are {', '.join(CLAIMS)}")
    if simulations < 1 or min(half_lives, default=1.0) <= 0:
        raise SpecError(f"power: {simulations} simulations at half-lives {half_lives}; expected positive numbers")
    tell = progress or candidates.progress
    alternatives: list[float | None] = [None, *half_lives]
    tasks = [
        task for place, half_life in enumerate(alternatives)
        for task in _tasks(candidates, half_life, place, simulations)
    ]  # fmt: skip
    done = _read(kept, _identity(candidates))
    for key, result in _tested([task for task in tasks if task.key not in done], cores):
        done[key] = result
        tell("testing simulated records", sum(task.key in done for task in tasks), len(tasks))
        if kept is not None:
            _write(kept, done, _identity(candidates))
    rows = []
    for half_life in alternatives:
        answers = [candidates.rule.decide(_Outcome(*done[_key(half_life, i)])) for i in range(simulations)]
        rows.append(_row(half_life, answers))
    table = pd.DataFrame(rows)
    return Power(claim, table, _words(table, candidates))


@dataclass(frozen=True)
class _Outcome:
    """A comparison by the Bayes factor alone."""

    log_bayes_factor: float
    error: float
    ahead_difference: float = 0.0
    ahead_error: float = 0.0


def _tasks(candidates: Candidates, half_life: float | None, place: int, simulations: int) -> Iterator[Task]:
    """Simulate the records of one alternative, each from a draw of its own."""
    claim, null = (replace(candidates.spec, dynamics=name, **candidates.unbounded) for name in ("linear", "none"))
    truth = null if half_life is None else claim
    posterior = candidates.fit(dynamics=truth.dynamics, **candidates.unbounded).posterior
    chains, draws = posterior.sizes["chain"], posterior.sizes["draw"]
    for i in range(simulations):
        sequence = np.random.SeedSequence(candidates.seed, spawn_key=(place, i))
        rng = np.random.default_rng(sequence)
        own = posterior.isel(chain=int(rng.integers(chains)), draw=int(rng.integers(draws)), drop=True)
        parameters = _with_half_life(own[[name for name in DIMS if name in own]], half_life)
        seed = int(sequence.generate_state(1)[0])
        panel, _ = simulate_panel(candidates.panel, parameters, truth, seed=seed)
        yield Task(_key(half_life, i), panel, claim, null, seed % 2**31)


def _with_half_life(parameters: xr.Dataset, half_life: float | None) -> xr.Dataset:
    """Give the draw with another half-life and the same long-run spread."""
    if half_life is None:
        return parameters
    phi = 0.5 ** (1.0 / half_life)
    own = {"half_life": half_life, "phi": phi, "sigma": parameters["sd"] * np.sqrt(1.0 - phi**2)}
    return parameters.assign({name: xr.full_like(parameters["sd"], 1.0) * value for name, value in own.items()})


def _test(task: Task) -> tuple[str, tuple[float, float]]:
    """Fit both models to a simulated record: its key, the log Bayes factor and its error."""
    found = [
        fit(
            task.panel, spec, evidence=True, seed=task.seed,
            draws=QUICK.draws, tune=QUICK.tune, chains=QUICK.chains, cores=QUICK.cores,
        ).provenance["evidence"]
        for spec in (task.claim, task.null)
    ]  # fmt: skip
    return task.key, (found[0]["log"] - found[1]["log"], float(np.hypot(found[0]["error"], found[1]["error"])))


def _tested(tasks: list[Task], cores: int) -> Iterator[tuple[str, tuple[float, float]]]:
    """Test records, in as many processes as there are cores; each compiles its two models once."""
    if cores == 1 or len(tasks) < 4:
        yield from map(_test, tasks)
        return
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        running = [pool.submit(_test, task) for task in tasks]
        try:
            for finished in as_completed(running):
                yield finished.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _key(half_life: float | None, i: int) -> str:
    return f"{'walk' if half_life is None else f'{half_life:g}'}/{i}"


def _identity(candidates: Candidates) -> str:
    """Tell what the simulations rest on, so that another record's are not taken for this one's."""
    facts = [candidates.panel.attrs.get("digest", ""), candidates.spec.to_dict(), candidates.seed]
    return digest(json.dumps([*facts, vars(candidates.sampler)]).encode())


def _read(kept: Path | None, identity: str) -> dict[str, tuple[float, float]]:
    if kept is None or not kept.exists():
        return {}
    lines = [json.loads(line) for line in kept.read_text().splitlines()]
    if not lines or lines[0].get("of") != identity:
        raise SpecError(f"{kept}: holds simulations of another record, model or seed; name another file or remove it")
    return {line["key"]: (line["log_bayes_factor"], line["error"]) for line in lines[1:]}


def _write(kept: Path, done: dict[str, tuple[float, float]], identity: str) -> None:
    rows: list[dict[str, Any]] = [{"of": identity}]
    rows += [{"key": key, "log_bayes_factor": log, "error": error} for key, (log, error) in done.items()]
    write_text(kept, "".join(json.dumps(row) + "\n" for row in rows))


def _row(half_life: float | None, answers: Sequence[str]) -> dict[str, Any]:
    number = len(answers)
    shares = {name: answers.count(name) / number for name in ("supported", "refused", "undecided")}
    hits = answers.count("supported")
    # Jeffreys interval of a share.
    low, high = beta(hits + 0.5, number - hits + 0.5).ppf([0.05, 0.95])
    name = "random walk" if half_life is None else f"half-life {half_life:g} months"
    return {
        "alternative": name, "half_life": np.nan if half_life is None else half_life, "simulations": number,
        **shares, "low": float(low), "high": float(high),
    }  # fmt: skip


def _words(table: "pd.DataFrame", candidates: Candidates) -> str:
    walk, *pulls = table.to_dict("records")
    found = "; ".join(f"{100 * row['supported']:.0f} % at a half-life of {row['half_life']:g} months" for row in pulls)
    return (
        f"At the length and density of this record the test says 'supported' in {found}, and in "
        f"{100 * walk['supported']:.0f} % of random walks (false alarms); it rightly refuses "
        f"{100 * walk['refused']:.0f} % of random walks. {walk['simulations']} simulations each, decided by a Bayes "
        f"factor of {candidates.rule.bayes_factor:g} alone."
    )
