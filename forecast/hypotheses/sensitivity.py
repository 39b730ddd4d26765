"""Sensitivity of the mean reversion result to data, codings, eras and priors: one change at a time."""

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from forecast.clock import Clock
from forecast.hypotheses.claims.reversion import rivals
from forecast.model.break_fits import Places, with_breaks
from forecast.model.evidence import Evidence
from forecast.model.likelihood import Draws, Observed, state_of
from forecast.model.particles import Weights, smoothed
from forecast.model.posterior import flat, take_apart
from forecast.model.quick import quick_fit
from forecast.numeric import share
from forecast.panel import panel_kind, recounted
from forecast.progress import side_by_side
from forecast.typing import Float
from forecast.wording import month

if TYPE_CHECKING:
    import pandas as pd

    from forecast.hypotheses.candidates import Candidates
    from forecast.model import Fit
    from forecast.model.spec import PendulumSpec

EVENTS = 10
# Many priors say as much as a few events: the data can be weighed by little before weights of draws give out.
POWERS = {
    "all priors weaker": ("prior", 0.8),
    "all priors stronger": ("prior", 1.25),
    "the data weaker": ("likelihood", 0.95),
    "the data stronger": ("likelihood", 1.05),
}
# More draws than for power: here numbers are read, and not only answers.
DRAWS, TUNE = 1000, 150


@dataclass(frozen=True)
class Variation:
    """A record read in another way."""

    change: str  # What is other, in words
    panel: xr.Dataset = field(repr=False)  # Of the one dyad
    note: str = ""  # More of it


def sensitivity(candidates: "Candidates") -> "pd.DataFrame":
    """Go through other readings of the record, and say what each does to the answer on mean reversion."""
    import pandas as pd

    rows = [_as_it_is(candidates), *_varied(candidates), *_weighed(candidates)]
    moved = power_scaling(candidates.fit())
    rows += [{"change": f"power-scaling: {one.quantity}", "note": one.words} for one in moved]
    table = pd.DataFrame(rows, columns=list(rows[0]))
    return table.assign(answer=table["answer"].fillna(""), note=table["note"].fillna(""))


def _as_it_is(candidates: "Candidates") -> dict[str, Any]:
    cycle, walk = rivals(candidates)
    ours, theirs = (candidates.evidence(**choices) for choices in (cycle, walk))
    return _row(candidates, Variation("none", candidates.panel), candidates.fit(**cycle).posterior, (ours, theirs))


def _varied(candidates: "Candidates") -> list[dict[str, Any]]:
    """Fit both models to every variation."""
    cycle, walk = (candidates.spec.with_choices(**choices) for choices in rivals(candidates))
    varied = [*variations(candidates), *_without_influential(candidates)]

    def work(place: int, stop: Event) -> tuple[int, dict[str, Any]]:
        ours, theirs = (
            quick_fit(varied[place].panel, spec, seed=candidates.seed, draws=DRAWS, tune=TUNE, stop=stop)
            for spec in (cycle, walk)
        )
        return place, _row(candidates, varied[place], ours.posterior, (ours.evidence, theirs.evidence))

    found: dict[int, dict[str, Any]] = {}
    threads = candidates.sampler.cores or os.cpu_count() or 1
    with closing(side_by_side(work, range(len(varied)), threads)) as results:
        candidates.progress("reading the record in other ways", 0, len(varied))
        for place, row in results:
            found[place] = row
            candidates.progress("reading the record in other ways", len(found), len(varied))
    return [found[place] for place in range(len(varied))]


def _without_influential(candidates: "Candidates") -> list[Variation]:
    """Leave out the events that speak most for reversion, and those that speak most against it."""
    panel, (cycle, walk) = candidates.panel, (candidates.fit(**choices) for choices in rivals(candidates))
    if not panel_kind(panel).coded:
        return []
    adds = influence(panel, (cycle.posterior, cycle.spec), (walk.posterior, walk.spec))
    sides = {"for": adds.head(EVENTS), "against": adds[::-1].head(EVENTS)}
    return [
        Variation(
            f"without the {EVENTS} events that speak most {side} reversion",
            without(panel, list(most.index)),
            "; ".join(_event(panel, place) for place in sorted(most.index, key=lambda place: int(place[1]))),
        )
        for side, most in sides.items()
    ]


def _event(panel: xr.Dataset, place: tuple[int, ...]) -> str:
    day = panel["time"].to_numpy()[place[1]].astype("datetime64[D]").item()
    return f"{panel['class_name'].to_numpy()[place[3]]} in {month(day)}"


def _weighed(candidates: "Candidates") -> list[dict[str, Any]]:
    fitted, rows = candidates.fit(**rivals(candidates)[0]), []
    for words, (part, power) in POWERS.items():
        weights = power_scaled(fitted, part, power)
        note = f"to the power {power:g}" + (f", but {weights.fault}" if weights.fault else "")
        weight = np.full_like(weights.weight, np.nan) if weights.fault else weights.weight
        change = Variation(words, candidates.panel, note)
        rows.append(_row(candidates, change, fitted.posterior, weight=weight))
    return rows


def _row(
    candidates: "Candidates",
    variation: Variation,
    posterior: xr.Dataset,
    models: tuple[Evidence, Evidence] | None = None,
    weight: Float | None = None,
) -> dict[str, Any]:
    rule, factor, error = candidates.rule, float("nan"), float("nan")
    if models is not None:
        factor, error = models[0].log - models[1].log, float(np.hypot(models[0].error, models[1].error))
    months = posterior["cycle_half_life"].isel(dyad=0).transpose("chain", "draw") / Clock.of(variation.panel).per_month
    now = share(posterior["level"].isel(dyad=0, time=-1).transpose("chain", "draw").to_numpy().astype(float))
    low, half_life, high = _quantiles(months.to_numpy(), (0.05, 0.5, 0.95), weight)
    even = np.full(now.shape, 1.0 / now.size) if weight is None else weight / len(weight)
    return {
        "change": variation.change, "half_life": half_life, "low": low, "high": high,
        "probability_short": float((even * (months.to_numpy() < rule.half_life)).sum()),
        "log_bayes_factor": factor, "error": error, "answer": rule.decide_factor(factor, error) if models else "",
        "share_now": float(_quantiles(now, (0.5,), weight)[0]), "note": variation.note,
    }  # fmt: skip


def _quantiles(draws: Float, levels: tuple[float, ...], weight: Float | None) -> Float:
    if weight is None:
        return np.quantile(draws, levels)
    if not np.isfinite(weight).all():
        return np.full(len(levels), np.nan)
    return np.asarray(np.quantile(draws.ravel(), levels, weights=weight.ravel(), method="inverted_cdf"))


SCALES = ("commitment", "goldstein")
OTHER = {"unit": {"happening": "row", "row": "happening"}, "frequency": {"month": "week", "week": "month"}}
WORDS = {
    "row": "joint acts counted by rows, once a side",
    "happening": "joint acts counted once",
    "week": "by weeks",
    "month": "by months",
}
SHIFT_MONTHS = 12


def variations(candidates: "Candidates") -> Iterator[Variation]:
    """Read the record of candidates in every other way that it allows.

    Recounted: the other scale, unit and frequency, which need single events. Left out: one class, one dataset. Eras:
    none, and each a year earlier or later; eras that are not there keep their place in the model and never begin, so
    that models need not be compiled again.
    """
    yield from _counted_anew(candidates)
    panel = candidates.panel
    if panel_kind(panel).coded:
        yield from _left_out(panel)
    yield from _other_eras(panel)


def _counted_anew(candidates: "Candidates") -> Iterator[Variation]:
    from forecast.panel import build_panel

    if candidates.events is None:
        return
    attributes, events = candidates.panel.attrs, candidates.events
    changes: list[tuple[str, dict[str, Any]]] = [
        (f"scale {scale}", {"scale": scale}) for scale in SCALES if scale != attributes["scale"]
    ]
    for option, others in OTHER.items():
        other = others[attributes[option]]
        changes.append((WORDS[other], {option: other}))
    for words, change in changes:
        yield Variation(words, build_panel(events, dyads=[candidates.dyad], **{**candidates.panel_options, **change}))


def _left_out(panel: xr.Dataset) -> Iterator[Variation]:
    datasets = panel["dataset"].to_numpy()
    if len(datasets) > 1:
        for place, name in enumerate(datasets):
            others = panel.isel(dataset=np.arange(len(datasets)) != place)
            yield Variation(f"without the dataset {name}", recounted(others))
    for place, name in enumerate(panel["class_name"].to_numpy()):
        number = int(panel["counts"].isel({"class": place}).sum())
        if 0 < number < int(panel["counts"].sum()):
            kept = panel["counts"].where(panel["class"] != place, 0)
            less = recounted(panel.assign(counts=kept.transpose(*panel["counts"].dims).astype(panel["counts"].dtype)))
            yield Variation(f"without the class “{name}”", less, f"{number} of {int(panel['counts'].sum())} left out")


def _other_eras(panel: xr.Dataset) -> Iterator[Variation]:
    firsts = tuple(int(place) + 1 for place in np.flatnonzero(np.diff(panel["era_index"].to_numpy()[0])))
    if not firsts:
        return
    eras, shift = panel.sizes["era"], Clock.of(panel).periods(SHIFT_MONTHS)
    yield Variation("one era", with_breaks(panel, (), eras=eras))
    for words, way in (("eras a year earlier", -shift), ("eras a year later", shift)):
        yield Variation(words, with_breaks(panel, _shifted(firsts, way, panel.sizes["time"]), eras=eras))


def _shifted(firsts: Places, by: int, periods: int) -> Places:
    """Move first periods, but not out of the record."""
    return tuple(sorted({first + by for first in firsts if 0 < first + by < periods}))


DRAWS = 1000
PLACE = ["dataset", "time", "direction", "class"]


def influence(
    panel: xr.Dataset,
    claim: "tuple[xr.Dataset, PendulumSpec]",
    null: "tuple[xr.Dataset, PendulumSpec]",
) -> "pd.Series[float]":
    """Compute what every kind of event of one dyad adds to the log Bayes factor."""
    import pandas as pd

    ours, theirs = (_predictive(panel, *model) for model in (claim, null))
    found = pd.Series({place: ours[place] - theirs[place] for place in ours}, dtype=float)
    found.index.names = PLACE
    return found.sort_values(ascending=False)


def without(panel: xr.Dataset, places: "list[tuple[int, ...]]") -> xr.Dataset:
    """Return the panel with one event less at each place."""
    less = panel.copy(deep=True)
    counts = less["counts"].transpose("dyad", *PLACE)
    for place in places:
        counts.values[(0, *place)] -= 1
    less["counts"] = counts.transpose(*panel["counts"].dims)
    return recounted(less)


def _predictive(panel: xr.Dataset, posterior: xr.Dataset, spec: "PendulumSpec") -> dict[tuple[int, ...], float]:
    """Log predictive density of one event at every place where there is any, given the others."""
    thin = max(1, posterior.sizes["chain"] * posterior.sizes["draw"] // DRAWS)
    thinned = posterior.isel(draw=slice(None, None, thin))
    draws = Draws.of(thinned, spec)
    level, trend = (flat(thinned[name])[:, 0] for name in ("level", "trend"))
    state = state_of(level, trend)
    counts = panel["counts"].transpose("dyad", *PLACE).to_numpy()[0]
    whole = Observed.of(panel, draws)
    full = {
        int(t): whole.log_likelihood(0, int(t), state[:, t, None])[:, 0] for t in np.flatnonzero(whole.node[0] >= 0)
    }
    found: dict[tuple[int, ...], float] = {}
    for q, s, j in np.ndindex(counts.shape[0], counts.shape[2], counts.shape[3]):
        times = np.flatnonzero(counts[q, :, s, j])
        if not times.size:
            continue
        part = Observed.of(without(panel, [(q, int(t), s, j) for t in times]), draws)
        for t in map(int, times):
            rest = part.log_likelihood(0, t, state[:, t, None])[:, 0] if part.node[0, t] >= 0 else 0.0
            ratio = rest - full[t]
            found[q, t, s, j] = float(np.log(ratio.size) - np.logaddexp.reduce(ratio))
    return found


# As the reference has it: below it a posterior hardly moves.
MOVES = 0.05
PARTS = {"prior": "log_prior", "likelihood": "log_likelihood_total"}


@dataclass(frozen=True)
class Moved:
    """Sensitivity of the posterior of a quantity to the strength of prior and data."""

    quantity: str  # In words
    prior: float  # Cumulative Jensen-Shannon distance per doubling of the power
    likelihood: float

    @property
    def words(self) -> str:
        """Interpretation in words."""
        prior, data = f"with the prior ({self.prior:.2f})", f"with the data ({self.likelihood:.2f})"
        if self.prior >= MOVES and self.likelihood >= MOVES:
            return f"moves {data} and {prior}: the prior has a say"
        if self.prior >= MOVES:
            return f"moves {prior} and not {data}: what is said of it is an assumption"
        if self.likelihood >= MOVES:
            return f"moves {data} and hardly {prior}: the data lead"
        return f"hardly moves {prior} or {data}"


def power_scaling(fitted: "Fit") -> tuple[Moved, ...]:
    """Check for the quantities that matter whether prior or data move them, in a fit of one dyad.

    Half-life and spread of the cycle, month-specific noise; trend and ceiling of the current era; the current level.
    The prior is that of all parameters together, and not of the path.
    """
    from arviz_stats import psense

    last = int(fitted.panel["era_index"].to_numpy()[0, -1])
    places = {
        "half-life of the cycle": ("cycle_half_life", {"dyad": 0}),
        "spread of the cycle": ("cycle_sd", {"dyad": 0}),
        "month noise": ("tau", {"dyad": 0}),
        "trend of the current era": ("mu", {"era": last}),
        "ceiling of the current era": ("ceiling", {"era": last}),
        "current level": ("level", {"dyad": 0, "time": -1}),
    }
    chosen = {
        words: fitted.posterior[name].isel(place, drop=True).astype(float)
        for words, (name, place) in places.items()
        if name in fitted.posterior
    }
    groups = {"posterior": xr.Dataset(chosen)}
    groups |= {f"log_{part}": fitted.sample_stats[[name]] for part, name in PARTS.items()}
    tree = xr.DataTree.from_dict(groups)
    found = {part: psense(tree, group=part) for part in PARTS}
    take_apart(tree)
    return tuple(Moved(words, *(float(found[part][words]) for part in PARTS)) for words in chosen)


def power_scaled(fitted: "Fit", part: str, power: float) -> Weights:
    """Weigh draws so that they are of the posterior with its prior, or its likelihood, raised to a power."""
    return smoothed((power - 1.0) * fitted.sample_stats[PARTS[part]].transpose("chain", "draw").to_numpy())
