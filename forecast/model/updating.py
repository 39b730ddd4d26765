"""Update of a fit without new sampling: its draws are carried forward and reweighted by new data.

Use, method, validity and cost: docs/updating.md.
"""

import time
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr

from forecast.base.arguments import checked
from forecast.base.dates import Clock, Day
from forecast.base.errors import NotUpdatable, SpecError
from forecast.base.limits import whole_seed
from forecast.base.progress import Progress, silent
from forecast.base.typing import Bool, Float, Index, Seed
from forecast.base.wording import join
from forecast.data.events.table import EventTable
from forecast.data.panel import panel_kind
from forecast.data.panel.kinds import Panel
from forecast.data.panel.record import data_facts, last_known
from forecast.model.fitted import Fit
from forecast.model.later_panel import later_panel, unforeseen
from forecast.model.particles import (
    TREND,
    Cloud,
    Draws,
    Observed,
    Weights,
    follow,
    resampled,
    smoothed,
    state_of,
)
from forecast.model.posterior import ancestry, flat, on_grid
from forecast.model.process.trend import era_means

# Months of the path that are resampled: after a year little depends on where it stood before
MONTHS_REDRAWN = 12
# Acceptance rate where a fit is sampled once more, in smaller steps
CAREFUL_ACCEPTANCE = 0.95
# Names in a fit's provenance that say how to sample again
SAMPLER = ("draws", "tune", "chains", "seed", "target_accept")


@checked
def update(
    fit: Fit,
    new_events: EventTable | Panel,
    *,
    as_of: Day | None = None,
    seed: Seed = 1,
    refit: bool = True,
    progress: Progress | None = None,
) -> Fit:
    """Update a fit with later events: by weights of its draws where they are valid, or refit.

    How it works: docs/updating.md.

    Parameters
    ----------
    fit : Fit
        The earlier fit; it stays as it is.
    new_events : EventTable or xarray.Dataset
        All events known by the later day, old and new; or the later panel of the same dyads and
        settings.
    as_of : date or str, optional
        Use only what was known by that day; by default all that the table holds.
    seed : int or numpy.random.Generator
        The same seed gives the same numbers.
    refit : bool
        Whether to fit the later panel from scratch, with the settings of this fit, where an update
        is not valid.
    progress : callable, optional
        Called with (step in words, done, total).

    Returns
    -------
    Fit
        A fit like any other; its provenance lists the ``updates`` with Pareto k and effective
        number of draws, or says why it was ``refitted``. The same object if nothing new has become
        known.

    Raises
    ------
    NotUpdatable
        If an update is not valid and ``refit`` is false.
    DataError, SpecError
        If the events or the day do not continue what the fit knows.

    Examples
    --------
    >>> from forecast import Fit, read_chronology, update
    >>> fit = Fit.load("report/fit.zarr")  # doctest: +SKIP
    >>> later = update(fit, read_chronology(), as_of="2026-05-31")  # doctest: +SKIP
    >>> later.provenance["updates"][-1]["pareto_k"]  # doctest: +SKIP
    0.15
    """
    seed = whole_seed(seed)
    report = progress or silent
    later = later_panel(fit.panel, new_events, as_of)
    reason = unforeseen(fit.panel, later)
    if fit.panel.sizes["time"] < 2:
        # Carrying on needs a state of two periods, whatever else is new.
        reason = "the fit has but one period"
    cause = reason.partition(",")[0]
    if not reason:
        on_scale_of = fit.spec.observation_model.on_scale_of
        before, same_scale = (on_scale_of(fit.panel, panel) for panel in (fit.panel, later))
        if same_scale.equals(before) and same_scale.attrs == before.attrs:
            return fit
        clock = time.perf_counter()
        carried = carry_on(fit, same_scale, seed, report)
        months, total, reason = judge(carried)
        if not reason:
            return _updated(carried, months, total, seed, clock)
        cause = "the weights of the draws do not hold"
    span = f"from {last_known(fit.panel)} to {last_known(later)}"
    if not refit:
        raise NotUpdatable(
            f"The fit cannot be updated {span}: {reason}. Fit the later panel, or use refit=True",
            cause,
        )
    return sampled_again(fit, later, reason, report)


def redraw(fit: Fit, panel: xr.Dataset, months: int, *, seed: int = 1) -> tuple[Fit, Weights]:
    """Carry a fit over to another record, and return its weights, which the caller judges."""
    if pushing := [name for name, acts in fit.spec.drivers if acts != "month"]:
        raise SpecError(
            f"drivers: {join(pushing)} of the fit push its path, and what single events did to "
            "that is not known. Fit with drivers that act on the month, or without any"
        )
    clock = time.perf_counter()
    carried = carry_on(fit, panel, seed, silent, months=months)
    judged, total, _ = judge(carried)
    return _updated(carried, judged, total, seed, clock), total


@dataclass(frozen=True)
class Carried:
    """The draws of a fit, carried on to a later panel but not yet judged."""

    fit: Fit
    later: xr.Dataset
    # Period in which the resampled clouds start; this and the next keep the path of the fit
    first: int
    clouds: tuple[Cloud, ...]  # One per dyad, up to the last period
    moved: Bool  # Whether the recent path was resampled, (dyad,)
    # Log-weights, (chain, draw, part): the first part is what is new in the periods of the fit, the
    # others are the periods since
    gained: Float


def carry_on(
    fit: Fit, later: xr.Dataset, seed: int, report: Progress, *, months: int = MONTHS_REDRAWN
) -> Carried:
    """Carry the draws of a fit on through the periods of a later panel.

    An index is on the scale of the fit's.
    """
    draws = Draws.of(fit.posterior, fit.spec)
    panel = fit.spec.observation_model.on_scale_of(fit.panel, fit.panel)
    periods_before, periods = panel.sizes["time"], later.sizes["time"]
    look_back = Clock.of(panel).periods(months)
    first = max(periods_before - 2 - look_back, 0)
    is_new = panel_kind(panel).news(panel, later)
    # Old periods with other events than before are weighed, recent ones are resampled.
    is_new_of_old, is_new_of_recent = is_new[:, : first + 2], is_new[:, first + 2 :]
    recent = fit.posterior.isel(time=slice(first, None))
    path = state_of(flat(recent["level"]), flat(recent["trend"]))  # (draw, dyad, period, part)
    before, now = (Observed.of(each, draws, slice(first, None)) for each in (panel, later))
    gained = np.zeros((len(draws), periods - periods_before + 1))
    gained[:, 0] = _weigh_old_periods(fit.posterior, (panel, later), draws, is_new_of_old)
    clouds = []
    for dyad, is_new_of_dyad in enumerate(is_new_of_recent):
        report("updating the fit", dyad, len(is_new))
        rng = _stream(seed, panel, str(panel["dyad"].to_numpy()[dyad]), "moves")
        if is_new_of_dyad.any():
            start = 2 + min(int(is_new_of_dyad.argmax()), periods_before - 2 - first)
            cloud, by_period = follow(draws, dyad, path[:, dyad], (before, now), start, rng)
            periods_of_fit = periods_before - first
            gained[:, 0] += by_period[:, :periods_of_fit].sum(axis=1)
            gained[:, 1:] += by_period[:, periods_of_fit:]
        else:
            # Nothing new is known of the dyad: its path moves on as the process does.
            cloud = Cloud.start(draws, dyad, path[:, dyad, -2:], 1)
            for eras in pairwise(now.era_index[dyad, periods_before - first - 1 :].tolist()):
                cloud = cloud.moved(eras, rng)
        clouds.append(cloud)
    chains = fit.posterior.sizes["chain"]
    return Carried(
        fit=fit,
        later=later,
        first=first,
        clouds=tuple(clouds),
        moved=is_new_of_recent.any(axis=1),
        gained=gained.reshape(chains, -1, gained.shape[1]),
    )


def _stream(seed: int, panel: xr.Dataset, dyad: str, purpose: str) -> np.random.Generator:
    """Return the random stream of a dyad for a purpose.

    It depends on the panel's last day, so that an update repeats no shock of an earlier one.
    """
    key = (last_known(panel).toordinal(), *dyad.encode(), 0, *purpose.encode())
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def _weigh_old_periods(
    posterior: xr.Dataset, panels: tuple[xr.Dataset, xr.Dataset], draws: Draws, is_new: Bool
) -> Float:
    """Return log-weights of changed events in periods too old to be resampled, (draw,).

    They are the likelihood of the new events less that of the old ones, at the level of each draw.
    """
    total = np.zeros(len(draws))
    if not is_new.any():
        return total
    changed = slice(int(is_new.any(axis=0).argmax()), is_new.shape[1])
    before, now = (Observed.of(each, draws, changed) for each in panels)
    for dyad, period in np.argwhere(is_new[:, changed]):
        of_period = posterior.isel(dyad=dyad, time=[changed.start + period])
        state = state_of(flat(of_period["level"]), flat(of_period["trend"]))
        for observed, sign in ((now, 1.0), (before, -1.0)):
            if observed.node[dyad, period] >= 0:
                total += sign * observed.log_likelihood(int(dyad), int(period), state)[:, 0]
    return total


def judge(carried: Carried) -> tuple[list[dict[str, Any]], Weights, str]:
    """Return diagnostics of each period's weights, the weights of all, and why they fail.

    All are those since the fit was last sampled; the reason is empty if they hold.
    """
    periods_before = carried.fit.panel.sizes["time"]
    starts = [str(start)[:10] for start in carried.later["time"].to_numpy()[periods_before - 1 :]]
    ancestors = ancestry(carried.fit.posterior, carried.fit.sample_stats)
    months = []
    fault = ""
    for step, start in enumerate(starts):
        of_step = smoothed(carried.gained[..., step])
        total = smoothed(on_ancestors(carried.gained[..., : step + 1].sum(axis=2), ancestors))
        if step or not of_step.alike:
            months.append({"period": start, **diagnostics(of_step)})
        fault = of_step.fault or total.fault
        if fault:
            fault += f" in the period from {start}"
            break
    return months, total, fault


def diagnostics(weights: Weights) -> dict[str, float | None]:
    """Return Pareto k and effective number as plain values; no k if the weights have no tail."""
    shape = round(weights.pareto_k, 3) if np.isfinite(weights.pareto_k) else None
    return {"pareto_k": shape, "effective_draws": round(weights.effective, 1)}


def on_ancestors(log_weight: Float, ancestors: Index) -> Float:
    """Return log-weights of ancestors, (chain, draw): the sum of weights over copies of each."""
    total = np.empty(log_weight.shape)
    for chain, (of_chain, ancestor) in enumerate(zip(log_weight, ancestors, strict=True)):
        together = np.bincount(ancestor, np.exp(of_chain - of_chain.max()), minlength=of_chain.size)
        total[chain] = (
            np.log(together, where=together > 0, out=np.full(of_chain.size, -np.inf))
            + of_chain.max()
        )
    return total


def _updated(
    carried: Carried, months: list[dict[str, Any]], total: Weights, seed: int, clock: float
) -> Fit:
    """Return a fit of the carried draws, resampled in proportion to their weights."""
    fit, later = carried.fit, carried.later
    rng = np.random.default_rng(
        np.random.SeedSequence(seed, spawn_key=(last_known(fit.panel).toordinal(),))
    )
    weights = smoothed(carried.gained.sum(axis=2))
    chains, number = weights.weight.shape
    stay = np.broadcast_to(np.arange(number), (chains, number))
    places = stay if weights.alike else resampled(weights.weight, rng)
    ancestor = np.take_along_axis(ancestry(fit.posterior, fit.sample_stats), places, 1).astype(
        np.int32
    )
    groups = {
        "posterior": _posterior_at(places, carried, seed),
        "sample_stats": fit.sample_stats.assign(ancestor=(("chain", "draw"), ancestor)),
        "constant_data": later,
    }
    record = {
        "from": last_known(fit.panel).isoformat(),
        "to": last_known(later).isoformat(),
        "months": months,
        **diagnostics(total),
        "resampled": not weights.alike,
        "seed": seed,
        "seconds": round(time.perf_counter() - clock, 3),
    }
    r_hat = fit.provenance.get("r_hat") or fit.gate.r_hats
    updated = Fit({"/": xr.Dataset(attrs=fit.attrs), **groups})
    return updated.noting(
        **data_facts(later), r_hat=r_hat, updates=[*fit.updates, record], gate=None
    )


def _posterior_at(places: Index, carried: Carried, seed: int) -> xr.Dataset:
    """Return the posterior of the later panel, of the draws at ``places`` (chain, draw)."""
    panel, later = carried.fit.panel, carried.later
    periods_before, periods = panel.sizes["time"], later.sizes["time"]
    before = carried.fit.posterior.transpose("chain", "draw", ...)
    chains, number = places.shape
    chain = np.arange(chains)[:, None]
    variables = {
        str(name): np.asarray(values.to_numpy()[chain, places]) for name, values in before.items()
    }
    for name in ("level", "trend"):
        path = np.empty((*variables[name].shape[:-1], periods), dtype=np.float32)
        path[..., :periods_before] = variables[name]
        variables[name] = path
    resampled = (chain * number + places).ravel()
    index = later["era_index"].transpose("dyad", "time").to_numpy()
    for dyad, cloud in enumerate(carried.clouds):
        code = str(later["dyad"].to_numpy()[dyad])
        path = cloud.paths(resampled, _stream(seed, panel, code, "paths"))
        start = carried.first + 2 if carried.moved[dyad] else periods_before
        recent = path[:, path.shape[1] - (periods - start) :]
        for name, values in (("level", recent.sum(axis=-1)), ("trend", recent[..., TREND])):
            variables[name][:, :, dyad, start:] = on_grid(values).reshape(chains, number, -1)
        if carried.fit.spec.moves:
            eras = np.flatnonzero(later["era_dyad"].to_numpy() == dyad)
            variables["mu"][..., eras] = era_means(
                variables["trend"][:, :, dyad], index[dyad], eras
            )
    coords = {name: before[name].to_numpy() for name in before.coords if name != "time"}
    posterior = {
        name: (before[name].dims, values, before[name].attrs) for name, values in variables.items()
    }
    return xr.Dataset(posterior, coords={**coords, "time": later["time"].to_numpy()})


def sampled_again(
    fit: Fit, later: xr.Dataset, reason: str, report: Progress, **changes: Any
) -> Fit:
    """Fit a panel with the settings of another fit, some of them changed, and note the reason."""
    from forecast.model.sampling import fit as sample

    report(f"fitting again: {reason}", 0, 0)
    options = {name: fit.provenance[name] for name in SAMPLER if name in fit.provenance}
    again = sample(
        later, fit.spec, evidence="evidence" in fit.provenance, progress=report, **options | changes
    )
    return again.noting(
        eras=fit.provenance.get("eras"),
        refitted={"from": last_known(fit.panel).isoformat(), "reason": reason},
    )


def sampled_longer(
    fit: Fit, reason: str, report: Progress = silent, cores: int | None = None
) -> Fit:
    """Fit once more with twice the draws in smaller steps, after a missed convergence check."""
    draws = 2 * fit.posterior.sizes["draw"]
    return sampled_again(
        fit, fit.panel, reason, report, draws=draws, target_accept=CAREFUL_ACCEPTANCE, cores=cores
    )
