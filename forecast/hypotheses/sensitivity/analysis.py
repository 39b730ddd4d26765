"""How the answer on mean reversion depends on data, codings, eras and priors: one change at a time."""

import os
from contextlib import closing
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from forecast.clock import Clock
from forecast.hypotheses.evidence.reversion import rivals
from forecast.hypotheses.sensitivity.influence import influence, without
from forecast.hypotheses.sensitivity.power_scaling import power_scaled, power_scaling
from forecast.hypotheses.sensitivity.variations import Variation, variations
from forecast.model.evidence import Evidence
from forecast.model.quick import quick_fit
from forecast.panel import panel_kind
from forecast.parallel import side_by_side
from forecast.scale import share
from forecast.typing import Float
from forecast.wording import month

if TYPE_CHECKING:
    import pandas as pd

    from forecast.hypotheses.candidates import Candidates


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
