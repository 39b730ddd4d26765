"""Model variants as forecasters: the model, and ablations without each of its parts."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from forecast.base.arguments import checked
from forecast.base.digests import digest
from forecast.base.typing import Float, Index
from forecast.data.calendar_drivers import drivers_for
from forecast.data.driver_table import DriverTable
from forecast.data.drivers import Future, add_drivers, has_drivers
from forecast.data.events import read_dyads
from forecast.data.panel import panel_kind
from forecast.model.driving import parse_drivers
from forecast.model.spec import PendulumSpec, spec_for
from forecast.outlook import simulate_ahead
from forecast.outlook.benchmarks import MODEL
from forecast.outlook.observed import (
    Measurement,
    reading,
    relative_count,
    simulate_chances,
    simulate_months,
)
from forecast.outlook.recorded import DatasetRecord
from forecast.study.evaluation.benchmarks import Chances, DatedForecast, ForecastRequest
from forecast.study.evaluation.origins import View

if TYPE_CHECKING:
    from forecast.model import Fit

# As long as the fit of a report: shorter fits predict as well, but fail the convergence checks.
SAMPLER = MappingProxyType({"draws": 1000, "tune": 300, "chains": 4})
# For one dyad alone: all 36 half-yearly fits of US-China from 2006 on pass the convergence checks.
LONE_SAMPLER = MappingProxyType({"draws": 800, "tune": 200, "chains": 4})


@dataclass(frozen=True)
class VariantDrivers:
    """Covariates of a model variant."""

    source: str  # A file of drivers, or `calendar`
    acts: str | None = None  # What they act on, as `DriverTable.acting` reads it
    future: Future = "given"

    def table(self, panel: xr.Dataset) -> DriverTable:
        """Return the covariates of the dyads of a panel."""
        return drivers_for(self.source, [str(dyad) for dyad in panel["dyad"].to_numpy()])


@dataclass(frozen=True)
class Variant:
    """A model variant, fitted at every origin."""

    code: str
    words: str
    # What differs from the default `PendulumSpec`
    spec: Mapping[str, Any] = field(default_factory=dict)
    # Whether classes of events are merged into cooperative and hostile ones: the classes of one
    # side say nothing of the level
    sides: bool = True
    # Draws, tune and chains of a fit; by default enough to pass the convergence checks
    sampler: Mapping[str, int] | None = None
    cores: int | None = None  # Chains run at once; changes no number
    drivers: VariantDrivers | None = None  # Covariates that it uses

    benchmark = False  # It is this package's own

    def settings(self, panel: xr.Dataset) -> dict[str, Any]:
        """Return every choice of the model on a panel, as `PendulumSpec.to_dict` does."""
        return self._spec(self._seen(panel)).to_dict()

    def _seen(self, panel: xr.Dataset) -> xr.Dataset:
        """Return the panel with two classes of events, if the variant merges them."""
        return two_classes(panel) if self.sides and panel_kind(panel).coded else panel

    def _spec(self, panel: xr.Dataset) -> PendulumSpec:
        """Return the specification of the model for a panel, with its drivers."""
        if self.drivers is None or not has_drivers(panel):
            return spec_for(panel, **self.spec)
        return spec_for(
            panel, **self.spec, drivers=self.drivers.table(panel).acting(self.drivers.acts)
        )

    def answer(self, view: View, request: ForecastRequest) -> DatedForecast:
        """Fit the dyads of a view, together or alone, and run simulations from the fits."""
        chances: dict[str, Chances] = {}
        notes = []
        for together, predicted in view.fits().items():
            start = time.perf_counter()
            fit = self._fitted(view, together, request)
            chances |= {dyad: chances_of(fit, dyad, request, view) for dyad in predicted}
            notes.append(
                {
                    "dyads": list(together),
                    "converged": fit.gate.passed,
                    "reasons": list(fit.gate.reasons),
                    "seconds": round(time.perf_counter() - start, 2),
                }
            )
        return DatedForecast(view.origin, chances, {"fits": notes})

    def _fitted(self, view: View, dyads: tuple[str, ...], request: ForecastRequest) -> "Fit":
        """Fit the model to some dyads, for longer if the convergence checks fail."""
        from forecast.model import fit
        from forecast.model.updating import sampled_longer

        panel = self._panel(view, dyads)
        sampler = dict[str, Any](self.sampler or (SAMPLER if len(dyads) > 1 else LONE_SAMPLER))
        cores = min((limit for limit in (self.cores, request.cores) if limit), default=None)
        fitted = fit(panel, self._spec(panel), seed=request.seed, cores=cores, **sampler)
        if self.sampler or fitted.gate.passed:
            return fitted
        return sampled_longer(fitted, fitted.gate.reasons[0], cores=cores)  # as a report is

    def _panel(self, view: View, dyads: tuple[str, ...]) -> xr.Dataset:
        """Return the panel of some dyads as the model reads it, with its drivers."""
        panel, drivers = self._seen(view.part(dyads)), self.drivers
        return (
            panel
            if drivers is None
            else add_drivers(panel, drivers.table(panel), future=drivers.future)
        )


def two_classes(panel: xr.Dataset) -> xr.Dataset:
    """Return a panel in which events are only hostile or cooperative."""
    cut, counts = int(panel.attrs["zero_cut"]), panel["counts"]
    sides = [
        counts.isel({"class": part}).sum("class", dtype=counts.dtype)
        for part in (slice(cut), slice(cut, None))
    ]
    both = xr.concat(sides, dim="class").transpose(*counts.dims)
    without_classes = panel.drop_dims("class")
    return (
        without_classes.assign(counts=both.drop_vars("class", errors="ignore"))
        .assign_coords({"class": np.arange(2), "class_name": ("class", ["hostile", "cooperative"])})
        .assign_attrs(panel.attrs | {"zero_cut": 1})
    )


def chances_of(fit: "Fit", dyad: str, request: ForecastRequest, view: View) -> Chances:
    """Return draws of the chance that an event is cooperative in each month ahead, by horizon."""
    months = max(request.horizons)
    per_draw = -(-request.draws // (fit.posterior.sizes["chain"] * fit.posterior.sizes["draw"]))
    level = simulate_ahead(
        fit, dyad, months, seed=request.seed, simulations_per_draw=per_draw
    ).month_level[..., 1:]
    rng = request.stream(view.origin, dyad, "news and overdispersion")
    chosen = rng.permutation(level[..., 0].size)[: request.draws]
    record = DatasetRecord.of(fit.panel, dyad, view.record.place_in(fit.panel))
    read = reading(fit, record).of_draws(chosen // per_draw)
    month = simulate_months(level.reshape(1, -1, months)[:, chosen], read, rng)
    chances = _VolumeChances(month, read, record, int(rng.integers(2**63)))
    return {horizon: replace(chances, month=month[..., :horizon]) for horizon in request.horizons}


@dataclass(frozen=True)
class _VolumeChances:
    """Chances of one dyad that depend on the number of events."""

    month: Float  # Log-odds of usual months, their news included
    read: Measurement
    record: DatasetRecord
    seed: int  # Of the overdispersion: the same for any volume

    def given(self, total: Index) -> Float:
        """Return the chances, (draw, month)."""
        busy, rng = relative_count(self.record, total), np.random.default_rng(self.seed)
        drawn: Float = simulate_chances(self.month, self.read, rng, busy)[0]
        return drawn


VARIANTS: dict[str, Variant] = {
    variant.code: variant
    for variant in (
        Variant(MODEL, "the model"),
        Variant(
            "no_cycle",
            "a random walk in place of trend and cycle",
            {"trend": "walk", "cycle": "none", "ceiling": "none"},
        ),
        Variant("no_return", "a trend that does not return to its mean", {"trend": "walk"}),
        Variant("no_ceiling", "a trend that no framework bounds", {"ceiling": "none"}),
        Variant("no_hierarchy", "every dyad by itself", {"pooling": False}),
        Variant("no_month_noise", "no month-specific noise", {"month_noise": False}),
        Variant("no_volume", "no effect of the event count", {"volume_effect": False}),
    )
}


@checked
def with_drivers(source: str | Path, acts: str | None = None, future: Future = "given") -> Variant:
    """Return the pendulum that uses covariates.

    Its code ends with part of the digest of the covariates and of what they act on, so that a
    resumed run recognises them.
    """
    table = drivers_for(source, list(read_dyads().index))
    chosen = parse_drivers(table.acting(acts))
    code = f"drivers_{future}_{digest(f'{table.digest} {chosen}'.encode())[:6]}"
    words = f"the pendulum with drivers from {Path(source).name}, in future {future}"
    return Variant(code, words, drivers=VariantDrivers(str(source), acts, future))
