"""Candidate models of one dyad: each is fitted once, and its results are cached."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from forecast.events import hierarchy
from forecast.hypotheses.ahead import Ahead, ahead_of, leave_future_out
from forecast.hypotheses.prior_scale import prior_sensitivity
from forecast.hypotheses.verdict import Comparison, Rule
from forecast.model import PendulumSpec, fit
from forecast.model.evidence import Evidence
from forecast.model.quick import PartKey
from forecast.panel import build_panel
from forecast.progress import Progress, silent, within

if TYPE_CHECKING:
    from forecast.events.table import EventTable
    from forecast.model import Fit, Gate

CAREFUL = 0.97

_KINDS = {"years": "kinds drift", "eras": "kinds by era", "none": "kinds constant"}


@dataclass(frozen=True)
class Sampler:
    """Settings of the fits; those of the leave-future-out refits and of simulations are shorter.

    A fit that has not converged is made once more with ``patience`` times the draws and in smaller steps: a ceiling
    makes two readings of one record, between which a sampler moves slowly.
    """

    draws: int = 800
    tune: int = 300
    chains: int = 4
    cores: int | None = None
    patience: int = 2


@dataclass
class Candidates:
    """One dyad's panel and the models fitted to it.

    Attributes
    ----------
    events : EventTable
        The rows behind the panel.
    dyad : str
    spec : PendulumSpec
        The base; a candidate differs from it in what is asked.
    panel_options : mapping
        Of `build_panel`: ``as_of``, ``scale``, ``unit``, ``frequency`` and so on.
    rule : Rule
    seed : int
    smallest_effect : float
        Points of share.
    sampler : Sampler
    progress : callable
        Called with (step in words, done, total).
    panel : xarray.Dataset
        One dyad; built from the events unless it is given.
    together : sequence of str, optional
        The dyads of the hierarchy; by default those of `forecast.events.hierarchy`.

    Examples
    --------
    >>> from forecast.events import read_chronology
    >>> from forecast.hypotheses.candidates import Candidates
    >>> from forecast.hypotheses.measures import WALK
    >>> candidates = Candidates(read_chronology(), "USA-CHN")
    >>> candidates.compare(candidates.around_trend(), WALK, ("a cycle", "a walk")).log_bayes_factor  # doctest: +SKIP
    """

    events: "EventTable | None"
    dyad: str
    spec: PendulumSpec = field(default_factory=PendulumSpec)
    panel_options: Mapping[str, Any] = field(default_factory=dict)
    rule: Rule = field(default_factory=Rule)
    seed: int = 1
    smallest_effect: float = 5.0
    sampler: Sampler = field(default_factory=Sampler)
    progress: Progress = silent
    panel: xr.Dataset = field(default=None)  # type: ignore[assignment]
    together: Sequence[str] | None = None
    _fits: "dict[PendulumSpec, Fit]" = field(default_factory=dict, init=False, repr=False)
    _ahead: dict[PendulumSpec, Ahead] = field(default_factory=dict, init=False, repr=False)
    _parts: dict[PartKey, Evidence] = field(default_factory=dict, init=False, repr=False)
    _hierarchy: "Fit | None" = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.panel is None:
            assert self.events is not None, "a table of events or a panel is needed"
            self.panel = build_panel(self.events, dyads=[self.dyad], **self.panel_options)

    def fit(self, **choices: Any) -> "Fit":
        """Fit a candidate, with its evidence, unless that was done before."""
        spec = self.spec.with_choices(**choices)
        if spec not in self._fits:
            self._fits[spec] = self._converged(spec)
        return self._fits[spec]

    def evidence(self, **choices: Any) -> Evidence:
        """Marginal likelihood of a candidate."""
        return Evidence(**self.fit(**choices).provenance["evidence"])

    def ahead(self, **choices: Any) -> Ahead:
        """Leave-future-out predictive density of a candidate."""
        spec = self.spec.with_choices(**choices)
        if spec not in self._ahead:
            whole = self.evidence(**choices)
            self._ahead[spec] = leave_future_out(
                self.panel, spec, seed=self.seed, whole=whole, kept=self._parts, cores=self.sampler.cores,
                progress=self._told(spec),
            )  # fmt: skip
        return self._ahead[spec]

    def compare(
        self,
        claim: dict[str, Any],
        rival: dict[str, Any],
        words: tuple[str, str],
        scales: tuple[str, ...] = (),
        *,
        name: str = "",
        decides: bool = True,
    ) -> Comparison:
        """Compare the claim's model with its alternative.

        Parameters
        ----------
        claim, rival : dict
            By what each differs from the base.
        words : tuple of str
            What each is called, such as ``("a cycle around a trend", "a random walk")``.
        scales : tuple of str
            The priors whose width matters for the Bayes factor.
        name, decides
            As of a `Comparison`.
        """
        ours, theirs = self.evidence(**claim), self.evidence(**rival)
        forward, other = self.ahead(**claim), self.ahead(**rival)
        by_block = forward.table["log_density"].to_numpy() - other.table["log_density"].to_numpy()
        factor, error = ours.log - theirs.log, float(np.hypot(ours.error, theirs.error))
        priors = prior_sensitivity(self.fit(**claim), scales, factor, error)
        return Comparison(*words, factor, error, *ahead_of(by_block), priors, name=name, decides=decides)

    def hierarchy(self) -> "Fit":
        """Fit the dyads of the hierarchy together under the base spec, sampled as `forecast report` does."""
        if self._hierarchy is None:
            assert self.events is not None, "a hierarchy needs the table of events"
            panel = build_panel(
                self.events, dyads=self.together or hierarchy(self.dyad, self.events.dyads), **self.panel_options
            )
            self._hierarchy = fit(panel, self.spec, seed=self.seed, cores=self.sampler.cores, progress=self.progress)
        return self._hierarchy

    def with_events(self, events: "EventTable") -> "Candidates":
        """Return the same dyad and settings with other rows."""
        return replace(self, events=events, panel=None)  # type: ignore[arg-type]

    def with_panel(self, panel: xr.Dataset) -> "Candidates":
        """Return the same settings with another panel of the dyad, such as one with other eras."""
        return replace(self, panel=panel)

    def with_drivers(self, panel: xr.Dataset) -> "Candidates":
        """Return the same with a panel that carries drivers; models without drivers are fitted once for both."""
        driven = replace(self, panel=panel)
        driven._fits, driven._ahead, driven._parts = self._fits, self._ahead, self._parts
        return driven

    @property
    def cores(self) -> int | None:
        """Chains run at once."""
        return self.sampler.cores

    @property
    def gates(self) -> "dict[str, Gate]":
        """Convergence of each fit made so far, by the description of its model."""
        found: dict[str, Gate] = {}
        for spec, fitted in self._fits.items():
            words = self._words(spec)
            found[words if words not in found else f"{words}, variant {len(found)}"] = fitted.gate
        if self._hierarchy is not None:
            found["all dyads together"] = self._hierarchy.gate
        return found

    def around_trend(self, cycle: str = "linear") -> dict[str, Any]:
        """Return the choices of a cycle around a trend that moves, without a ceiling.

        A walk has no ceiling, so comparing it with a model that has one would compare assumptions on ceilings too.
        """
        trend = self.spec.trend if self.spec.moves else PendulumSpec().trend
        return {"trend": trend, "cycle": cycle, "ceiling": "none"}

    def _converged(self, spec: PendulumSpec) -> "Fit":
        asked = self.sampler
        settings: dict[str, Any] = {name: getattr(asked, name) for name in ("tune", "chains", "cores")}
        settings |= {"evidence": True, "seed": self.seed, "progress": self._told(spec)}
        fitted = fit(self.panel, spec, draws=asked.draws, **settings)
        if fitted.gate.passed or asked.patience == 1:
            return fitted
        return fit(self.panel, spec, draws=asked.patience * asked.draws, target_accept=CAREFUL, **settings)

    def _words(self, spec: PendulumSpec) -> str:
        cycle = [spec.cycle_model.title] if spec.has_cycle else []
        parts = [f"{spec.trend} trend", *cycle, *(["drivers"] if spec.drivers else [])]
        return ", ".join([*parts, *(["ceiling"] if spec.has_ceiling else []), _KINDS[spec.kind_drift]])

    def _told(self, spec: PendulumSpec) -> Progress:
        return within(self.progress, self._words(spec))
