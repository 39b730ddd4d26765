"""How much the answer on a pull (S5) hangs on data, codings, eras and priors: one change at a time."""

import os
from contextlib import closing
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from forecast.hypotheses.influence import influence, without
from forecast.hypotheses.power import by_evidence
from forecast.hypotheses.power_scaling import power_scaled, power_scaling
from forecast.hypotheses.quick import QuickFit, quick_fit, side_by_side
from forecast.hypotheses.variations import Variation, variations
from forecast.outlook.clock import clock
from forecast.outlook.scale import share

if TYPE_CHECKING:
    import pandas as pd

    from forecast.hypotheses.candidates import Candidates

Float = NDArray[np.float64]

EVENTS = 10
POWERS = {"weaker": 0.8, "stronger": 1.25}
PARTS = {"prior": "all priors", "likelihood": "the data"}
# More draws than for power: here numbers are read, and not only answers.
DRAWS, TUNE = 1000, 150


def sensitivity(candidates: "Candidates") -> "pd.DataFrame":
    """Go through other readings of the record, and say what each does to the answer on a pull.

    Parameters
    ----------
    candidates : Candidates

    Returns
    -------
    pandas.DataFrame
        A row a change, the first without any. Columns, missing where they make no sense:

        ``change``
            in words;
        ``half_life``, ``low``, ``high``
            median and 90 % interval, months;
        ``probability_short``
            that it is below ``candidates.rule.half_life`` months;
        ``log_bayes_factor``, ``error``
            linear pull against random walk, both without a bound on the level, with the Monte Carlo error;
        ``answer``
            what that Bayes factor alone says by the rule;
        ``share_now``
            median of the current share;
        ``note``
            what was left out, or what moves a quantity.

        The first row is the fit of the test itself, the next ones are short fits: other scale, unit and frequency;
        without each class and dataset; without the ten events that speak most for a pull, and most against it; one era,
        and eras a year earlier and later. Rows on priors and data made weaker and stronger weigh draws instead, as far
        as that can be trusted; then come, of the model with all bounds, the quantities that matter and whether prior or
        data move them (power-scaling).

    Examples
    --------
    >>> from forecast.hypotheses.sensitivity import sensitivity
    >>> sensitivity(candidates)[["change", "half_life", "answer"]]  # doctest: +SKIP
    """
    import pandas as pd

    rows = [_as_it_is(candidates), *_varied(candidates), *_weighed(candidates)]
    rows += [{"change": f"power-scaling: {moved.quantity}", "note": moved.words} for moved in _moved(candidates)]
    table = pd.DataFrame(rows, columns=list(rows[0]))
    return table.assign(answer=table["answer"].fillna(""), note=table["note"].fillna(""))


def _models(candidates: "Candidates") -> tuple[dict[str, Any], dict[str, Any]]:
    pull, walk = ({"dynamics": name, **candidates.unbounded} for name in ("linear", "none"))
    return pull, walk


def _as_it_is(candidates: "Candidates") -> dict[str, Any]:
    pull, walk = _models(candidates)
    ours, theirs = (candidates.evidence(**choices) for choices in (pull, walk))
    evidence = ours.log - theirs.log, float(np.hypot(ours.error, theirs.error))
    return _row(candidates, Variation("none", candidates.panel), candidates.fit(**pull).posterior, evidence=evidence)


def _varied(candidates: "Candidates") -> list[dict[str, Any]]:
    """Fit both models to every variation, those that need the same compiled model one after the other."""
    specs = [replace(candidates.spec, **choices) for choices in _models(candidates)]
    varied = [*variations(candidates), *_without_influential(candidates)]

    def work(place: int, stop: Event) -> tuple[int, QuickFit, QuickFit]:
        pull, walk = (
            quick_fit(varied[place].panel, spec, seed=candidates.seed, draws=DRAWS, tune=TUNE, stop=stop)
            for spec in specs
        )
        return place, pull, walk

    found: dict[int, dict[str, Any]] = {}
    threads = candidates.sampler.cores or os.cpu_count() or 1
    with closing(side_by_side(work, range(len(varied)), threads)) as results:
        candidates.progress("reading the record in other ways", 0, len(varied))
        for place, pull, walk in results:
            ours, theirs = pull.evidence, walk.evidence
            evidence = ours.log - theirs.log, float(np.hypot(ours.error, theirs.error))
            found[place] = _row(candidates, varied[place], pull.posterior, evidence=evidence)
            candidates.progress("reading the record in other ways", len(found), len(varied))
    return [found[place] for place in range(len(varied))]


def _without_influential(candidates: "Candidates") -> list[Variation]:
    """Leave out the events that speak most for a pull, and those that speak most against it."""
    panel, (pull, walk) = candidates.panel, (candidates.fit(**choices) for choices in _models(candidates))
    if "counts" not in panel:
        return []
    adds = influence(panel, (pull.posterior, pull.spec), (walk.posterior, walk.spec))
    sides = {"for": adds.head(EVENTS), "against": adds[::-1].head(EVENTS)}
    return [
        Variation(
            f"without the {EVENTS} events that speak most {side} a pull",
            without(panel, list(most.index)),
            "; ".join(_event(panel, place) for place in sorted(most.index, key=lambda place: int(place[1]))),
        )
        for side, most in sides.items()
    ]


def _event(panel: xr.Dataset, place: tuple[int, ...]) -> str:
    day = panel["time"].to_numpy()[place[1]].astype("datetime64[D]").item()
    return f"{panel['class_name'].to_numpy()[place[3]]} in {day:%B %Y}"


def _weighed(candidates: "Candidates") -> list[dict[str, Any]]:
    pull, _ = _models(candidates)
    fitted, rows = candidates.fit(**pull), []
    for part, words in PARTS.items():
        for way, power in POWERS.items():
            weights = power_scaled(fitted, part, power)
            note = f"to the power {power:g}" + (f", but {weights.fault}" if weights.fault else "")
            weight = np.full_like(weights.weight, np.nan) if weights.fault else weights.weight
            change = Variation(f"{words} {way}", candidates.panel, note)
            rows.append(_row(candidates, change, fitted.posterior, weight=weight))
    return rows


def _moved(candidates: "Candidates") -> Any:
    return power_scaling(candidates.fit())


def _row(
    candidates: "Candidates",
    variation: Variation,
    posterior: xr.Dataset,
    *,
    evidence: tuple[float, float] = (float("nan"), float("nan")),
    weight: Float | None = None,
) -> dict[str, Any]:
    rule, decided = candidates.rule, bool(np.isfinite(evidence[0]))
    months = posterior["half_life"].isel(dyad=0).transpose("chain", "draw") / clock(variation.panel).per_month
    now = share(posterior["level"].isel(dyad=0, time=-1).transpose("chain", "draw").to_numpy().astype(float))
    low, half_life, high = _quantiles(months.to_numpy(), (0.05, 0.5, 0.95), weight)
    even = np.full(now.shape, 1.0 / now.size) if weight is None else weight / len(weight)
    return {
        "change": variation.change, "half_life": half_life, "low": low, "high": high,
        "probability_short": float((even * (months.to_numpy() < rule.half_life)).sum()),
        "log_bayes_factor": evidence[0], "error": evidence[1],
        "answer": by_evidence(rule, *evidence) if decided else "",
        "share_now": float(_quantiles(now, (0.5,), weight)[0]), "note": variation.note,
    }  # fmt: skip


def _quantiles(draws: Float, levels: tuple[float, ...], weight: Float | None) -> Float:
    if weight is None:
        return np.quantile(draws, levels)
    if not np.isfinite(weight).all():
        return np.full(len(levels), np.nan)
    return np.asarray(np.quantile(draws.ravel(), levels, weights=weight.ravel(), method="inverted_cdf"))
