"""One dyad's part of a fit, as plain arrays (chain, draw, ...): all the outlook ever reads of a model."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from forecast.clock import Clock
from forecast.errors import DataError, UnknownDyadError
from forecast.model.dynamics import Pull, find_pull
from forecast.model.variables import all_variables
from forecast.scale import share, soft_ceiling
from forecast.typing import Float

NO_EQUILIBRIUM = "a random walk (dynamics 'none') has no equilibrium, no band and no half-life"


class SpecLike(Protocol):
    """The settings of a model that matter for its futures."""

    @property
    def dynamics(self) -> Any:
        """Name of the pull: ``linear``, or ``none`` for a random walk."""

    @property
    def ceiling_softness(self) -> float:
        """Width of the bend under the ceiling, log-odds."""

    @property
    def record_weight(self) -> float:
        """Share of the futures of what is recorded that follow the record alone."""

    @property
    def has_trend(self) -> bool:
        """Whether the kinds within a side drift with the years, not by era; read only where a model has them."""


class FitLike(Protocol):
    """Anything with a posterior, its panel and its settings, such as `forecast.model.Fit`."""

    @property
    def posterior(self) -> xr.Dataset:
        """Draws, by the names of the posterior contract."""

    @property
    def panel(self) -> xr.Dataset:
        """The panel that was fitted."""

    @property
    def spec(self) -> SpecLike:
        """The model's settings."""


@dataclass(frozen=True)
class Era:
    """A strategic era of a dyad, as far as the panel sees it: periods `first` to `stop` (excluded)."""

    code: str
    name: str
    start: date
    first: int
    stop: int


@dataclass(frozen=True)
class DyadDraws:
    """One dyad's draws.

    Attributes
    ----------
    dyad : str
    clock : Clock
    dynamics : str
    softness : float
        Of the ceiling, log-odds.
    eras : tuple of Era
        In time order; the last is the era in force.
    scalars : mapping of str to array (chain, draw)
        Posterior quantities with one value a dyad or one for all: phi, sigma, tau, mu_dyad, mu_era_sd ...;
        and deepest, deep_gap: the threshold to the deepest class and its distance from the next, log-odds.
    by_era : mapping of str to array (chain, draw, era)
        Those with one value an era: mu (zero for a random walk), headroom, ceiling, depth, and rest, the mean of the
        level under the ceiling.
    level : array (chain, draw, time)
        Log-odds, single precision.
    structure : array (chain, draw, time) or None
        What the pendulum swings around, if that moves, log-odds, single precision. The equilibrium of the era in force
        is then where it stands now.
    """

    dyad: str
    clock: Clock
    dynamics: str
    softness: float
    eras: tuple[Era, ...]
    scalars: Mapping[str, Float]
    by_era: Mapping[str, Float]
    level: NDArray[np.float32]
    structure: NDArray[np.float32] | None = None

    @cached_property
    def pull(self) -> Pull:
        """The pull that `dynamics` names."""
        return find_pull(self.dynamics)

    @property
    def size(self) -> tuple[int, int]:
        """Chains and draws."""
        return self.level.shape[0], self.level.shape[1]

    @cached_property
    def share(self) -> NDArray[np.float32]:
        """Share (chain, draw, time), 0 to 100, single precision."""
        return share(self.level)

    @cached_property
    def level_now(self) -> Float:
        """Level of the current period, (chain, draw)."""
        return soft_ceiling(self.scalars["state"], self.ceiling(-1), self.softness)

    @property
    def last_states(self) -> tuple[Float, Float]:
        """State of the current period and of the one before, (chain, draw), as seen from today's equilibrium."""
        now = self.scalars["state"]
        before = self.scalars.get("state_before", now)
        if self.structure is not None:
            before = before + (self.structure[..., -1].astype(np.float64) - self.structure[..., -2])
        return now, before

    def ceiling(self, era: int) -> Float | None:
        """Ceiling of an era in log-odds, (chain, draw); None without a level ceiling."""
        return self.by_era["ceiling"][..., era] if "ceiling" in self.by_era else None

    def mean(self, era: int) -> Float:
        """Mean share over an era, (chain, draw)."""
        here = self.eras[era]
        return np.asarray(self.share[..., here.first : here.stop].mean(axis=-1, dtype=np.float64))

    def rest(self, era: int, displaced: float = 0.0) -> Float | None:
        """Share at which the pendulum of an era comes to rest, (chain, draw); None for a random walk.

        Under a ceiling that is the mean of the level in the long run (in a fit without ``rest``: the level where the
        state rests). Or the share where the state is `displaced` stationary standard deviations from its equilibrium.
        """
        if not self.pull.has_equilibrium:
            return None
        if not displaced and "rest" in self.by_era:
            return share(self.by_era["rest"][..., era])
        state = self.by_era["mu"][..., era] + displaced * self.scalars["sd"]
        return share(soft_ceiling(state, self.ceiling(era), self.softness))


def position(panel: xr.Dataset, dyad: str) -> int:
    """Return where a dyad stands in a panel and its fit.

    Raises
    ------
    UnknownDyadError
        If it is not there.
    """
    known = [str(code) for code in panel["dyad"].to_numpy()]
    if dyad not in known:
        raise UnknownDyadError(f"dyad: {dyad!r} is not in this fit. Ask for one of {', '.join(known)}.")
    return known.index(dyad)


def dyad_draws(fit: FitLike, dyad: str) -> DyadDraws:
    """Return one dyad's draws from a fit.

    Raises
    ------
    UnknownDyadError
        If the fit does not hold the dyad.
    DataError
        If a quantity of eras is not by era.
    """
    panel, posterior, place = fit.panel, fit.posterior, position(fit.panel, dyad)
    visited = panel["era_index"].sel(dyad=dyad).to_numpy()
    positions = np.unique(visited)
    eras = tuple(_read_era(panel, int(position), visited) for position in positions)
    level = posterior["level"].isel(dyad=place).transpose("chain", "draw", "time").to_numpy()
    of_eras = {name for name, one in all_variables().items() if one.dims == ("era",)}
    for name in of_eras & {str(name) for name in posterior}:
        if "era" not in posterior[name].dims:
            raise DataError(f"posterior: {name} has dims {posterior[name].dims}. Name its last dim 'era'.")
    by_era = _select_variables(posterior, {"era": positions}, ({"era"},))
    structure = None
    if "structure" in posterior:
        structure = posterior["structure"].isel(dyad=place).transpose("chain", "draw", "time").to_numpy()
        by_era["mu"][..., -1] = structure[..., -1]
    # A random walk has no equilibrium; its ceiling is counted from an even share.
    by_era.setdefault("mu", np.zeros((*level.shape[:2], len(eras))))
    return DyadDraws(
        dyad=dyad,
        clock=Clock.of(panel),
        dynamics=str(fit.spec.dynamics),
        softness=float(fit.spec.ceiling_softness),
        eras=eras,
        scalars=_select_variables(posterior, {"dyad": place}, ({"dyad"}, set())) | _deepest_thresholds(posterior),
        by_era=by_era,
        level=level,
        structure=structure,
    )


def _read_era(panel: xr.Dataset, position: int, visited: NDArray[Any]) -> Era:
    here = np.flatnonzero(visited == position)
    return Era(
        code=str(panel["era"].to_numpy()[position]).rpartition(":")[2],
        name=str(panel["era_name"].to_numpy()[position]),
        start=panel["era_start"].to_numpy()[position].astype("datetime64[D]").item(),
        first=int(here[0]),
        stop=int(here[-1]) + 1,
    )


def _deepest_thresholds(posterior: xr.Dataset) -> dict[str, Float]:
    """Threshold to the deepest class of the first dataset, and how far above the next; an index has none."""
    if "cutpoint" not in posterior or posterior.sizes["cut"] < 2:
        return {}
    cuts = posterior["cutpoint"].isel(dataset=0, missing_dims="ignore").transpose("chain", "draw", "cut")
    last, next_to_last = (cuts.isel(cut=cut).to_numpy().astype(np.float64) for cut in (-1, -2))
    return {"deepest": last, "deep_gap": last - next_to_last}


def _select_variables(posterior: xr.Dataset, index: Mapping[str, Any], dims: tuple[set[str], ...]) -> dict[str, Float]:
    """Return the variables that have just chain, draw and one of `dims`, at `index`, chain and draw first."""
    wanted = [name for name, values in posterior.items() if {str(d) for d in values.dims} - {"chain", "draw"} in dims]
    return {
        str(name): posterior[name]
        .isel(index, missing_dims="ignore")
        .transpose("chain", "draw", ...)
        .to_numpy()
        .astype(np.float64)
        for name in wanted
    }
