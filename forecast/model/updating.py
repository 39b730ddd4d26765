"""Update of a fit without new sampling: its draws are carried forward and reweighted by new data.

Use, method, validity and cost: docs/updating.md.
"""

import time
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr

from forecast.base.arguments import checked
from forecast.base.dates import Clock, Day
from forecast.base.errors import DataError, NotUpdatable, SpecError
from forecast.base.limits import whole_seed
from forecast.base.progress import Progress, silent
from forecast.base.typing import Bool, Float, Index, Seed
from forecast.base.wording import count, join
from forecast.data.drivers import has_drivers
from forecast.data.events.codebook import read_scale
from forecast.data.events.dyads import additions_of
from forecast.data.events.table import EventTable, as_day
from forecast.data.panel import build_panel, panel_kind, validate_panel
from forecast.data.panel.kinds import Panel
from forecast.data.panel.record import data_facts, last_known
from forecast.model.fitted import Fit
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

MONTHS_REDRAWN = 12
"""Months of the path that are resampled: after a year little depends on where it stood before."""
CAREFUL = 0.95
"""Acceptance rate where a fit is sampled once more."""
SAMPLER = ("draws", "tune", "chains", "seed", "target_accept")
"""Names in a fit's provenance that say how to sample again."""
SETTINGS = ("frequency", "scale", "unit", "zero_cut")
"""Attributes that must be the same in both panels."""
# Coordinates to which a later panel may add, each with its name in messages.
PARTS = {
    "dyad": "dyad",
    "dataset": "dataset",
    "direction": "direction",
    "class_name": "class",
    "era": "era",
}
BY_HAND = (
    "Build the later panel with the settings of the first (eras=, coverage=) and give it in place "
    "of the events"
)


def later_panel(
    panel: xr.Dataset, news: EventTable | xr.Dataset, as_of: Day | None = None
) -> xr.Dataset:
    """Return the panel of a later day, built as the earlier one was."""
    if not isinstance(news, xr.Dataset):
        if as_of is not None:
            _reject_past(panel, as_day(as_of, "as_of").date())
        news = _count_news(panel, news, as_of)
    elif as_of is not None:
        raise SpecError("as_of: a panel has its own day; leave it out, or give a table of events")
    else:
        validate_panel(news)
    _reject_past(panel, last_known(news))
    return news


def _reject_past(panel: xr.Dataset, day: date) -> None:
    last = last_known(panel)
    if day < last:
        raise SpecError(
            f"as_of: {day} is before {last}, up to which the fit knows the events, and it cannot "
            "forget them. Choose a later day, or fit the earlier panel again"
        )


def _count_news(panel: xr.Dataset, table: EventTable, as_of: Day | None) -> xr.Dataset:
    """Count a table of events as those of the panel were counted."""
    if not isinstance(table, EventTable):
        raise DataError(
            f"new events: got {type(table).__name__}; expected a table of events or a later panel"
        )
    given = {addition.file for addition in table.additions}
    for addition in additions_of(panel.attrs):
        if addition.file not in given:
            raise DataError(
                f"new events: the fit was made with {count(len(addition.events), 'event')} of "
                f"{addition.file} added to {addition.dataset}, which are not given now. Add that "
                "file again, as it is or corrected, beside what is new (add_events; --add)"
            )
    try:
        read_scale(str(panel.attrs.get("scale")))
    except SpecError as error:
        raise DataError(f"new events: the fit was not made from coded events. {BY_HAND}") from error
    later = build_panel(
        table,
        dyads=panel["dyad"].to_numpy().tolist(),
        start=str(panel["time"].to_numpy()[0])[:10],
        as_of=as_of,
        frequency=panel.attrs["frequency"],
        scale=panel.attrs["scale"],
        unit=panel.attrs["unit"],
        directed=panel.sizes["direction"] > 1,
    )
    _reject_part(panel, later)
    return later


def _reject_part(panel: xr.Dataset, later: xr.Dataset) -> None:
    """Reject a table of the new events alone, and one that is counted by another coverage."""
    periods = min(panel.sizes["time"], later.sizes["time"])
    for dyad in panel["dyad"].to_numpy():
        first, again = (
            panel_now["counts"]
            .sel(dyad=dyad)
            .any(("dataset", "direction", "class"))
            .to_numpy()
            .argmax()
            for panel_now in (panel, later)
        )
        if again > first:
            start = str(later["time"].to_numpy()[again])[:10]
            raise DataError(
                f"new events: of {dyad} there is nothing before {start}, and the fit knows earlier "
                "events. Give all events up to the new day, not the new ones alone"
            )
    same = [name for name in panel["dataset"].to_numpy() if name in later["dataset"].to_numpy()]
    before, now = (
        panel_now["covered"].sel(dataset=same).isel(time=slice(periods)).to_numpy()
        for panel_now in (panel, later)
    )
    if (before & ~now).any():
        raise DataError(
            f"new events: periods that were covered in the fit's panel are not any more. {BY_HAND}"
        )


def unforeseen(panel: xr.Dataset, later: xr.Dataset) -> str:
    """Describe parts of a later panel for which a fit to the earlier one has no parameters.

    Empty if none.
    """
    kinds = [panel_kind(each).name for each in (panel, later)]
    if kinds[0] != kinds[1]:
        raise DataError(
            f"new events: panels of the kinds {kinds[0]} and {kinds[1]} do not continue each other"
        )
    for name in SETTINGS:
        now, then = later.attrs.get(name), panel.attrs.get(name)
        if now != then:
            raise DataError(
                f"new events: {name} is {now!r}, in the fit's panel {then!r}. {BY_HAND}"
            )
    if has_drivers(panel) and not has_drivers(later):
        raise DataError(
            f"new events: the fit has drivers, and the later panel has none. {BY_HAND}, drivers "
            "added to it"
        )
    periods = panel.sizes["time"]
    if not np.array_equal(panel["time"].to_numpy(), later["time"].to_numpy()[:periods]):
        first, last = (str(panel["time"].to_numpy()[end])[:10] for end in (0, -1))
        raise DataError(
            f"new events: the later panel does not have all periods of the fit's, from {first} to "
            f"{last}. {BY_HAND}"
        )
    for part, word in PARTS.items():
        before, now = (
            [str(x) for x in each[part].to_numpy()] if part in each.coords else []
            for each in (panel, later)
        )
        gone, added = (
            [name for name in theirs if name not in ours]
            for theirs, ours in ((before, now), (now, before))
        )
        if gone:
            raise DataError(
                f"new events: the fit has the {word} {gone[0]!r}, which is missing here. {BY_HAND}"
            )
        if added:
            return f"there is a new {word}, {added[0]}"
        if before != now:
            raise DataError(
                f"new events: the {word}s are in another order than in the fit's panel. {BY_HAND}"
            )
    if not np.array_equal(
        panel["era_index"].to_numpy(), later["era_index"].to_numpy()[:, :periods]
    ):
        return "an era begins at another time than in the fit's panel"
    return (
        "the fit has drivers, whose push an update does not carry on" if has_drivers(panel) else ""
    )


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
    """Update a fit with later events, by weights of its draws or by a new fit.

    Weights are used where they are valid.

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
    """Carry a fit over to another record, however little its draws are then worth."""
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
    # The period in which the clouds that are resampled start; in this and the next they are as they
    # were
    first: int
    clouds: tuple[Cloud, ...]  # One a dyad, up to the last period
    moved: Bool  # Whether the dyad's recent path was resampled
    # Logarithms of the weights: by what is new of the fit's own periods, and by every period since
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
    news = panel_kind(panel).news(panel, later)
    recent = fit.posterior.isel(time=slice(first, None))
    path = state_of(flat(recent["level"]), flat(recent["trend"]))  # (draw, dyad, period, part)
    before, now = (Observed.of(each, draws, slice(first, None)) for each in (panel, later))
    gained = np.zeros((len(draws), periods - periods_before + 1))
    gained[:, 0] = _reweighed(fit.posterior, (panel, later), draws, news[:, : first + 2])
    clouds = []
    for dyad, fresh in enumerate(news[:, first + 2 :]):
        report("updating the fit", dyad, len(news))
        rng = _stream(seed, panel, str(panel["dyad"].to_numpy()[dyad]), "moves")
        if fresh.any():
            start = 2 + min(int(fresh.argmax()), periods_before - 2 - first)
            cloud, by_period = follow(draws, dyad, path[:, dyad], (before, now), start, rng)
            news_from = periods_before - first
            gained[:, 0] += by_period[:, :news_from].sum(axis=1)
            gained[:, 1:] += by_period[:, news_from:]
        else:
            cloud = Cloud.start(draws, dyad, path[:, dyad, -2:], 1)
            for eras in pairwise(now.era_index[dyad, periods_before - first - 1 :].tolist()):
                cloud = cloud.moved(eras, rng)
        clouds.append(cloud)
    chains = fit.posterior.sizes["chain"]
    moved = news[:, first + 2 :].any(axis=1)
    return Carried(
        fit, later, first, tuple(clouds), moved, gained.reshape(chains, -1, gained.shape[1])
    )


def _stream(seed: int, panel: xr.Dataset, dyad: str, purpose: str) -> np.random.Generator:
    """Return the random stream of a dyad's purpose on a day.

    Every day has its own, so that an update repeats no shock of another.
    """
    key = (last_known(panel).toordinal(), *dyad.encode(), 0, *purpose.encode())
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def _reweighed(
    posterior: xr.Dataset, panels: tuple[xr.Dataset, xr.Dataset], draws: Draws, news: Bool
) -> Float:
    """Return log-weights of changes in periods too long ago to be resampled, (draw,).

    They are taken at the level of each draw.
    """
    total = np.zeros(len(draws))
    if not news.any():
        return total
    stretch = slice(int(news.any(axis=0).argmax()), news.shape[1])
    before, now = (Observed.of(each, draws, stretch) for each in panels)
    for dyad, t in np.argwhere(news[:, stretch]):
        then = posterior.isel(dyad=dyad, time=[stretch.start + t])
        state = state_of(flat(then["level"]), flat(then["trend"]))
        for observed, sign in ((now, 1.0), (before, -1.0)):
            if observed.node[dyad, t] >= 0:
                total += sign * observed.log_likelihood(int(dyad), int(t), state)[:, 0]
    return total


def judge(carried: Carried) -> tuple[list[dict[str, Any]], Weights, str]:
    """Return diagnostics of every period's weights, the weights so far, and why they fail.

    The weights are those since the fit was last sampled.
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
    """Pareto k and effective number as plain values; no k where the weights have no tail."""
    shape = round(weights.pareto_k, 3) if np.isfinite(weights.pareto_k) else None
    return {"pareto_k": shape, "effective_draws": round(weights.effective, 1)}


def on_ancestors(log_weight: Float, ancestors: Index) -> Float:
    """Return log-weights of the draws' ancestors, (chain, draw): sums over the copies of each."""
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
    """Return the carried draws as a fit, drawn in proportion to their weights."""
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
    """Fit a panel with the settings of another fit, and note for what reason.

    The sampler's settings may be changed.
    """
    from forecast.model.sampling import fit as sample

    report(f"fitting again: {reason}", 0, 0)
    options = {name: fit.provenance[name] for name in SAMPLER if name in fit.provenance}
    again = sample(
        later, fit.spec, evidence="evidence" in fit.provenance, progress=report, **options | changes
    )
    eras = {name: fit.provenance[name] for name in ("eras",) if name in fit.provenance}
    return again.noting(
        **eras, refitted={"from": last_known(fit.panel).isoformat(), "reason": reason}
    )


def sampled_longer(
    fit: Fit, reason: str, report: Progress = silent, cores: int | None = None
) -> Fit:
    """Fit once more with twice the draws in smaller steps.

    It is for fits that missed a convergence check.
    """
    draws = 2 * fit.posterior.sizes["draw"]
    return sampled_again(
        fit, fit.panel, reason, report, draws=draws, target_accept=CAREFUL, cores=cores
    )
