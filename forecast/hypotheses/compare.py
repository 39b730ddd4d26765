"""Comparison of one's own models of a panel: Bayes factors, and held-out score differences."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from forecast.arguments import checked, require_sampler
from forecast.dates import periods_a_month
from forecast.errors import DataError, SpecError
from forecast.hypotheses.held_out import BLOCK_MONTHS, leave_future_out, score_difference
from forecast.model import PendulumSpec, fit
from forecast.model.evidence import Evidence, PartKey
from forecast.progress import Progress, silent, within
from forecast.wording import Card, Displayed, join, number

if TYPE_CHECKING:
    import pandas as pd

    from forecast.model import Fit
    from forecast.model.gate import Gate

CAREFUL = 0.97
"""Acceptance rate of a fit that is made again."""
FEWEST_BLOCKS = 3
"""One to learn from, and two that are predicted."""


@dataclass(frozen=True, repr=False)
class ModelComparison(Displayed):
    """Models of one panel, each compared with the first."""

    names: tuple[str, ...]
    evidence: tuple[Evidence, ...]  # Log marginal likelihoods
    gates: "dict[str, Gate]"  # Convergence checks of each model
    # A row per block of months: `origin` and `until` (last month known and last predicted), `events`, and the log
    # predictive density of each model under its name; None if it was not asked for.
    blocks: "pd.DataFrame | None" = field(repr=False)

    @property
    def converged(self) -> bool:
        """Return whether all fits passed the convergence checks; if not, the numbers must not be used."""
        return all(gate.passed for gate in self.gates.values())

    def to_frame(self) -> "pd.DataFrame":
        """Return a row per model, the first with zeros; positive numbers favour the model over the first.

        Columns ``model``, ``log_bayes_factor`` (natural logarithm) and its Monte Carlo ``error``; with held-out blocks
        ``held_out_difference`` of log predictive densities, its standard error over blocks ``held_out_error``, and
        ``weight``, with which the mixture of the model and the first predicts best; ``converged``.
        """
        import pandas as pd

        return pd.DataFrame([self._row(at) for at in range(len(self.names))])

    def _row(self, at: int) -> dict[str, Any]:
        ours, first, name = self.evidence[at], self.evidence[0], self.names[at]
        row: dict[str, Any] = {
            "model": name,
            "log_bayes_factor": ours.log - first.log,
            "error": float(np.hypot(ours.error, first.error)) if at else 0.0,
        }
        if self.blocks is not None:
            by_block = self.blocks[name].to_numpy() - self.blocks[self.names[0]].to_numpy()
            found = score_difference(by_block) if at else (0.0, 0.0, np.nan)
            row |= dict(zip(("held_out_difference", "held_out_error", "weight"), found, strict=True))
        return row | {"converged": self.gates[name].passed}

    def _card(self) -> Card:
        facts = []
        for row in map(self._row, range(1, len(self.names))):
            words = f"log Bayes factor {number(row['log_bayes_factor'])} ± {number(row['error'])}"
            if self.blocks is not None:
                difference, error = number(row["held_out_difference"]), number(row["held_out_error"])
                words += f", held-out score difference {difference} ± {error}"
            facts.append((row["model"], words))
        used = "yes" if self.converged else "NO: do not use these numbers"
        return Card(f"Models compared with {self.names[0]}", (*facts, ("converged", used)))


@checked
def compare_models(
    panel: xr.Dataset,
    models: Mapping[str, PendulumSpec],
    *,
    held_out: bool = False,
    draws: int = 800,
    tune: int = 300,
    chains: int = 4,
    seed: int = 1,
    cores: int | None = None,
    progress: Progress | None = None,
) -> ModelComparison:
    """Compare models of a panel by their marginal likelihoods and, if asked for, by what they predict.

    Parameters
    ----------
    panel : xarray.Dataset
        Event or index panel of one or several dyads.
    models : mapping of str to PendulumSpec
        Two or more, each under a name of your own; the others are compared with the first.
    held_out : bool
        Whether each model also predicts the last blocks of two years, each from a fit to the months before
        (leave-future-out). It takes up to ten short fits per model.
    draws, tune, chains, seed, cores
        As for `fit`. A fit that does not converge is made once more with twice the draws in smaller steps.
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
    Marginal likelihoods are estimated by bridge sampling. They depend on the widths of priors: add each model with
    priors half and twice as wide under a name of its own. To compare forms of reversion leave the ceiling out
    (``ceiling="none"``): a random walk has none, and the comparison would be about ceilings too.

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
    require_sampler(draws=draws, tune=tune, chains=chains, cores=cores, seed=seed)
    _require_models(models)
    months, least = panel.sizes["time"] / periods_a_month(panel), FEWEST_BLOCKS * BLOCK_MONTHS
    if held_out and months < least:
        raise DataError(f"held_out: the panel has {months:.0f} months; expected {least} at least, or leave it out")
    tell = progress or silent
    sampler = {"draws": draws, "tune": tune, "chains": chains, "seed": seed, "cores": cores}
    fits = {name: _converged(panel, spec, sampler, within(tell, name)) for name, spec in models.items()}
    evidence = {name: Evidence(**one.provenance["evidence"]) for name, one in fits.items()}
    blocks, kept = None, dict[PartKey, Evidence]()
    for name, spec in models.items() if held_out else ():
        found = leave_future_out(
            panel, spec, seed=seed, whole=evidence[name], kept=kept, cores=cores, progress=within(tell, name)
        )
        blocks = found[["origin", "until", "events"]] if blocks is None else blocks
        blocks = blocks.assign(**{name: found["log_density"]})
    gates = {name: one.gate for name, one in fits.items()}
    return ModelComparison(tuple(models), tuple(evidence.values()), gates, blocks)


def _require_models(models: Mapping[str, PendulumSpec]) -> None:
    if wrong := [name for name, spec in models.items() if not isinstance(spec, PendulumSpec)]:
        raise SpecError(f"models: {wrong[0]!r} is {type(models[wrong[0]]).__name__}; expected a PendulumSpec")
    if taken := [name for name in models if not isinstance(name, str) or name in ("origin", "until", "events")]:
        raise SpecError(f"models: {taken[0]!r} cannot name a model; expected another text")
    if len(models) < 2:
        raise SpecError(f"models: got {len(models)}; expected two at least, such as {{'walk': ..., 'cycle': ...}}")
    specs = list(models.values())
    if same := [name for at, name in enumerate(models) if specs[at] in specs[:at]]:
        raise SpecError(f"models: {join(same)} is the same as one before; expected different specs")


def _converged(panel: xr.Dataset, spec: PendulumSpec, sampler: dict[str, Any], tell: Progress) -> "Fit":
    """Fit a model with its evidence; once more with twice the draws if it has not converged."""
    fitted = fit(panel, spec, evidence=True, progress=tell, **sampler)
    if fitted.gate.passed:
        return fitted
    more = sampler | {"draws": 2 * sampler["draws"]}
    return fit(panel, spec, evidence=True, progress=tell, target_accept=CAREFUL, **more)
