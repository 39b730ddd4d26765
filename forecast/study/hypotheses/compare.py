r"""Comparison of one's own models of a panel: Bayes factors, and held-out score differences.

The events of the next block of months have the density :math:`p(y_{1..t+k}) / p(y_{1..t})`, a ratio
of two marginal likelihoods from bridge sampling. The product over all blocks is a Bayes factor in
which the first half of the data replaces the priors. The only future information is the start of
eras, which both models of a comparison know.

References
----------
Geweke and Amisano (2010), Comparing and evaluating Bayesian predictive distributions of asset
returns, https://doi.org/10.1016/j.ijforecast.2009.10.007; Burkner, Gabry and Vehtari (2020),
Approximate leave-future-out cross-validation for Bayesian time series models,
https://doi.org/10.1080/00949655.2020.1783262; Yao, Vehtari, Simpson and Gelman (2018), Using
stacking to average Bayesian predictive distributions, https://doi.org/10.1214/17-BA1091
"""

import os
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from threading import Event
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.optimize import minimize_scalar

from forecast.base.arguments import checked
from forecast.base.dates import Clock, periods_a_month
from forecast.base.errors import DataError, SpecError
from forecast.base.limits import require_sampler, whole_seed
from forecast.base.progress import Progress, side_by_side, silent, within
from forecast.base.typing import Float, Seed
from forecast.base.wording import Card, Displayed, join, number
from forecast.data.panel import first_periods, panel_kind
from forecast.data.panel.kinds import Panel
from forecast.model import PendulumSpec, fit
from forecast.model.evidence import Evidence, quick_evidence
from forecast.model.gate import Gate
from forecast.model.updating import sampled_longer

# Blocks of two years over the last twenty: long enough for reversion to show, and ten of them.
BLOCK_MONTHS = 24
BLOCKS = 10
MIN_COMPARED_BLOCKS = 3  # blocks; the models learn from one at least, and predict two


@dataclass(frozen=True, repr=False)
class ModelComparison(Displayed):
    """Models of one panel, each compared with the first."""

    names: tuple[str, ...]
    evidence: tuple[Evidence, ...]  # Log marginal likelihoods
    gates: dict[str, Gate]  # Convergence checks of each model
    # A row per block of months: `origin` and `until` (last month known and last predicted),
    # `events`, and the log predictive density of each model under its name; None if it was not
    # asked for.
    blocks: pd.DataFrame | None = field(repr=False)

    @property
    def converged(self) -> bool:
        """True if all fits passed the convergence checks; else the numbers must not be used."""
        return all(gate.passed for gate in self.gates.values())

    def to_frame(self) -> pd.DataFrame:
        """Return a row per model, the first with zeros.

        Positive numbers favour the model over the first.

        Columns ``model``, ``log_bayes_factor`` (natural logarithm) and its Monte Carlo ``error``;
        with held-out blocks ``held_out_difference`` of log predictive densities, its standard error
        over blocks ``held_out_error``, and ``weight``, with which the mixture of the model and the
        first predicts best; ``converged``.
        """
        return pd.DataFrame([self._row(model) for model in range(len(self.names))])

    def _row(self, model: int) -> dict[str, Any]:
        """Return the numbers of one model, by its position."""
        evidence, first, name = self.evidence[model], self.evidence[0], self.names[model]
        row: dict[str, Any] = {
            "model": name,
            "log_bayes_factor": evidence.log - first.log,
            "error": float(np.hypot(evidence.error, first.error)) if model else 0.0,
        }
        if self.blocks is not None:
            by_block = self.blocks[name].to_numpy() - self.blocks[self.names[0]].to_numpy()
            difference = score_difference(by_block) if model else (0.0, 0.0, np.nan)
            row |= dict(
                zip(("held_out_difference", "held_out_error", "weight"), difference, strict=True)
            )
        return row | {"converged": self.gates[name].passed}

    def _card(self) -> Card:
        facts = []
        for row in map(self._row, range(1, len(self.names))):
            words = f"log Bayes factor {number(row['log_bayes_factor'])} ± {number(row['error'])}"
            if self.blocks is not None:
                difference, error = (
                    number(row["held_out_difference"]),
                    number(row["held_out_error"]),
                )
                words += f", held-out score difference {difference} ± {error}"
            facts.append((row["model"], words))
        used = "yes" if self.converged else "NO: do not use these numbers"
        return Card(f"Models compared with {self.names[0]}", (*facts, ("converged", used)))


@checked
def compare_models(
    panel: Panel,
    models: Mapping[str, PendulumSpec],
    *,
    held_out: bool = False,
    draws: int = 800,
    tune: int = 300,
    chains: int = 4,
    seed: Seed = 1,
    cores: int | None = None,
    progress: Progress | None = None,
) -> ModelComparison:
    """Compare models of a panel by marginal likelihood and, if asked for, by predictions.

    Parameters
    ----------
    panel : xarray.Dataset
        Event or index panel of one or several dyads.
    models : mapping of str to PendulumSpec
        Two or more, each under a name of your own; the others are compared with the first.
    held_out : bool
        Whether each model also predicts the last blocks of two years, each from a fit to the months
        before (leave-future-out). It takes up to ten short fits per model.
    draws, tune, chains, seed, cores
        As for `fit`. A fit that does not converge is made once more with twice the draws in smaller
        steps.
    progress : callable, optional
        Called with (step in words, done, total).

    Returns
    -------
    ModelComparison

    Raises
    ------
    DataError, SpecError
        If panel, models or the numbers of draws make no sense.

    Notes
    -----
    Marginal likelihoods are estimated by bridge sampling. They depend on the widths of priors: add
    each model with priors half and twice as wide under a name of its own. To compare forms of
    reversion leave the ceiling out (``ceiling="none"``): a random walk has none, and the comparison
    would be about ceilings too.

    Examples
    --------
    >>> from forecast import PendulumSpec, build_panel, compare_models, read_chronology
    >>> panel = build_panel(read_chronology(dyads=["USA-CHN"]))
    >>> walk = PendulumSpec(trend="walk", cycle="none", ceiling="none")
    >>> cycle = PendulumSpec(trend="walk", ceiling="none")
    >>> compare_models(panel, {"walk": walk, "cycle": cycle}).to_frame()  # doctest: +SKIP
       model  log_bayes_factor  error  converged
    0   walk               0.0    0.0       True
    1  cycle              -0.3    0.1       True
    """
    seed = whole_seed(seed)
    require_sampler(draws=draws, tune=tune, chains=chains, cores=cores, seed=seed)
    _require_models(models)
    months = panel.sizes["time"] / periods_a_month(panel)
    min_months = MIN_COMPARED_BLOCKS * BLOCK_MONTHS
    if held_out and months < min_months:
        raise DataError(
            f"held_out: the panel has {months:.0f} months; expected {min_months} at least, or "
            "leave it out"
        )
    tell = progress or silent
    sampler: dict[str, Any] = {
        "draws": draws,
        "tune": tune,
        "chains": chains,
        "seed": seed,
        "cores": cores,
    }
    fits = {}
    for name, spec in models.items():
        tell_of_model = within(tell, name)
        fitted = fit(panel, spec, evidence=True, progress=tell_of_model, **sampler)
        if not fitted.gate.passed:  # once more, as a report is
            fitted = sampled_longer(fitted, fitted.gate.reasons[0], tell_of_model, cores)
        fits[name] = fitted
    evidence = {
        name: Evidence(**fitted_model.provenance["evidence"]) for name, fitted_model in fits.items()
    }
    blocks = None
    for name, spec in models.items() if held_out else ():
        block_scores = leave_future_out(
            panel, spec, seed=seed, whole=evidence[name], cores=cores, progress=within(tell, name)
        )
        blocks = block_scores[["origin", "until", "events"]] if blocks is None else blocks
        blocks = blocks.assign(**{name: block_scores["log_density"]})
    gates = {name: fitted_model.gate for name, fitted_model in fits.items()}
    return ModelComparison(tuple(models), tuple(evidence.values()), gates, blocks)


def _require_models(models: Mapping[str, PendulumSpec]) -> None:
    """Reject models that are no specs, have bad names, are fewer than two, or are the same."""
    if wrong := [name for name, spec in models.items() if not isinstance(spec, PendulumSpec)]:
        raise SpecError(
            f"models: {wrong[0]!r} is {type(models[wrong[0]]).__name__}; expected a PendulumSpec"
        )
    if taken := [
        name
        for name in models
        if not isinstance(name, str) or name in ("origin", "until", "events")
    ]:
        raise SpecError(f"models: {taken[0]!r} cannot name a model; expected another text")
    if len(models) < 2:
        raise SpecError(
            f"models: got {len(models)}; expected two at least, such as "
            f"{{'walk': ..., 'cycle': ...}}"
        )
    specs = list(models.values())
    if same := [
        name for position, name in enumerate(models) if specs[position] in specs[:position]
    ]:
        raise SpecError(f"models: {join(same)} is the same as one before; expected different specs")


def leave_future_out(
    panel: xr.Dataset,
    spec: PendulumSpec,
    *,
    seed: int = 1,
    whole: Evidence | None = None,
    cores: int | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Predict the last blocks of a panel, each from a fit to the months before.

    ``whole`` is the evidence on the whole panel, if it is known. An index is standardised again at
    every origin, so that its densities only serve to compare models.
    """
    tell = progress or silent
    stops = block_ends(panel)
    ends = [stops[0] - Clock.of(panel).periods(BLOCK_MONTHS), *stops]
    evidence_by_end = {} if whole is None else {panel.sizes["time"]: whole}
    missing = [(i, stop) for i, stop in enumerate(ends) if stop not in evidence_by_end]

    def work(task: tuple[int, int], halt: Event) -> tuple[int, Evidence]:
        i, stop = task
        seen = first_periods(panel, stop)
        return stop, quick_evidence(seen, spec, seed=seed + i, stop=halt)

    tell("leaving the future out", 0, len(missing))
    with closing(side_by_side(work, missing, cores or os.cpu_count() or 1)) as results:
        for done, (stop, evidence) in enumerate(results, 1):
            evidence_by_end[stop] = evidence
            tell("leaving the future out", done, len(missing))
    time = [str(start)[:10] for start in panel["time"].to_numpy()]
    rows = [
        {
            "origin": time[first - 1],
            "until": time[stop - 1],
            "log_density": evidence_by_end[stop].log - evidence_by_end[first].log,
            "error": float(np.hypot(evidence_by_end[first].error, evidence_by_end[stop].error)),
            "events": panel_kind(panel).number(panel.isel(time=slice(first, stop))),
        }
        for first, stop in pairwise(ends)
    ]
    return pd.DataFrame(rows)


def block_ends(panel: xr.Dataset) -> list[int]:
    """Return how many periods are known at the end of each block.

    Blocks cover the end of the record, and at most its second half.
    """
    periods, block = panel.sizes["time"], Clock.of(panel).periods(BLOCK_MONTHS)
    number = min(BLOCKS, max(periods // 2 // block, 2))
    return [periods - block * i for i in range(number - 1, -1, -1)]


def score_difference(by_block: Float) -> tuple[float, float, float]:
    """Return sum, standard error and stacking weight of differences of log predictive density.

    The error is from the spread between blocks, (block,), which includes their Monte Carlo errors.
    For two models that predict alike it is too large, because one block loses what its neighbour
    gains by such an error.
    """
    error = np.sqrt(by_block.size) * by_block.std(ddof=1)
    return float(by_block.sum()), float(error), stacking_weight(by_block)


def stacking_weight(by_block: Float) -> float:
    """Return the weight of a model, 0 to 1, with which its mixture with the other predicts best."""
    ratio = np.exp(np.clip(by_block, -500, 500))
    optimum = minimize_scalar(
        lambda w: -np.log(w * ratio + 1.0 - w).sum(), bounds=(0.0, 1.0), method="bounded"
    )
    return float(optimum.x)
