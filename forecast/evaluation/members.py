"""The package's own model, and what it is without each of its parts, as forecasters."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.errors import NotUpdatable
from forecast.evaluation.forecaster import Answer, Asked, Chances
from forecast.evaluation.origins import View

if TYPE_CHECKING:
    import xarray as xr

    from forecast.model import Fit, PendulumSpec

RUN = 8
"""Origins from one fit: afterwards the draws that an update weighs are drawn afresh, whether or not they still hold."""
SAMPLER = MappingProxyType({"draws": 500, "tune": 300, "chains": 4})


@dataclass(frozen=True)
class Member:
    """A form of the model, fitted at the first of some origins and brought forward by updates where they are valid.

    Attributes
    ----------
    code, words : str
    spec : mapping
        What differs from the default `PendulumSpec`.
    two_classes : bool
        Whether happenings are only cooperative or hostile, without degrees.
    sampler : mapping
        Draws, tune and chains of a fit.
    run : int
        Origins from one fit.
    cores : int, optional
        Chains run at once; changes no number.
    """

    code: str
    words: str
    spec: Mapping[str, Any] = field(default_factory=dict)
    two_classes: bool = False
    sampler: Mapping[str, int] = field(default_factory=lambda: dict(SAMPLER))
    run: int = RUN
    cores: int | None = None

    @property
    def rival(self) -> bool:
        """It is this package's own."""
        return False

    @property
    def settings(self) -> dict[str, Any]:
        """Every choice of the model as plain values: `PendulumSpec.to_dict`."""
        return self._whole_spec().to_dict()

    def _whole_spec(self) -> "PendulumSpec":
        from forecast.model import PendulumSpec

        return replace(PendulumSpec(), **self.spec)

    def answers(self, views: Iterable[View], asked: Asked) -> Iterator[Answer]:
        """Fit the first view, bring the fit to each later one, and simulate futures from it."""
        fit = None
        for view in views:
            start = time.perf_counter()
            panel = two_classes(view.panel) if self.two_classes else view.panel
            fit, reason = self._brought(fit, panel, asked.seed)
            chances = {dyad: chances_of(fit, dyad, asked, view) for dyad in view.dyads}
            gate = fit.gate
            notes = {
                "fitted": reason,
                "converged": gate.passed,
                "reasons": list(gate.reasons),
                "seconds": round(time.perf_counter() - start, 2),
            }
            yield Answer(view.origin, chances, notes)

    def _brought(self, fit: "Fit | None", panel: "xr.Dataset", seed: int) -> tuple["Fit", str]:
        """Return a fit of a panel, and for what reason it was sampled; an empty text if it was updated."""
        from forecast.model import update

        if fit is None:
            return self._fitted(panel, seed), "the first origin of its run"
        if fit.dyads != panel["dyad"].to_numpy().tolist():
            return self._fitted(panel, seed), "there is a new dyad"
        try:
            return update(fit, panel, seed=seed, refit=False), ""
        except NotUpdatable as error:
            return self._fitted(panel, seed), str(error)

    def _fitted(self, panel: "xr.Dataset", seed: int) -> "Fit":
        from forecast.model import fit

        sampler: dict[str, Any] = dict(self.sampler)
        return fit(panel, self._whole_spec(), seed=seed, cores=self.cores, **sampler)


def two_classes(panel: "xr.Dataset") -> "xr.Dataset":
    """Return a panel in which happenings are only hostile or cooperative.

    Examples
    --------
    >>> from forecast import build_panel, read_chronology
    >>> from forecast.evaluation.members import two_classes
    >>> two_classes(build_panel(read_chronology())).sizes["class"]
    2
    """
    import xarray as xr

    cut, counts = int(panel.attrs["zero_cut"]), panel["counts"]
    sides = [counts.isel({"class": part}).sum("class", dtype=counts.dtype) for part in (slice(cut), slice(cut, None))]
    both = xr.concat(sides, dim="class").transpose(*counts.dims)
    rest = panel.drop_dims("class")
    return (
        rest.assign(counts=both.drop_vars("class", errors="ignore"))
        .assign_coords({"class": np.arange(2), "class_name": ("class", ["hostile", "cooperative"])})
        .assign_attrs(panel.attrs | {"zero_cut": 1})
    )


def chances_of(fit: "Fit", dyad: str, asked: Asked, view: View) -> Chances:
    """Return the chance that a happening is cooperative in each month ahead, one future for each posterior draw."""
    from forecast.outlook import simulate_futures
    from forecast.outlook.observed import reading, simulate_chances

    months = max(asked.horizons)
    futures = simulate_futures(fit, dyad, months, seed=asked.seed, futures_per_draw=1)
    level = futures.level[..., 0, 1:]
    rng = asked.stream(view.origin, dyad, "news and overdispersion")
    by_draw = simulate_chances(level, reading(fit, dyad), rng).reshape(-1, months)
    kept = by_draw[rng.permutation(len(by_draw))[: asked.draws]]
    return {horizon: kept[:, :horizon] for horizon in asked.horizons}


DEFAULT = "default"
MEMBERS: dict[str, Member] = {
    member.code: member
    for member in (
        Member(DEFAULT, "the model as it is by default"),
        Member("no_pull", "a random walk in place of the pull", {"dynamics": "none"}),
        Member("no_ceiling", "no structural ceiling", {"ceiling": ()}),
        Member("no_hierarchy", "every dyad by itself", {"pooling": False}),
        Member("no_month_noise", "no news of the month beside the level", {"month_noise": False}),
        Member("two_classes", "happenings without degrees", {"ceiling": ("era",)}, two_classes=True),
    )
}
