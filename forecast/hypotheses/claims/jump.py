"""Claim of a jump in the trend at the start of the current era: against none, and against other dates."""

import os
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from forecast.clock import Clock
from forecast.hypotheses.hypothesis import Change, Contest, Factor, Truth
from forecast.hypotheses.measures import chance, number
from forecast.hypotheses.verdict import Comparison, Number
from forecast.numeric import share
from forecast.outlook.draws import DyadDraws, dyad_draws
from forecast.progress import side_by_side
from forecast.typing import Float

if TYPE_CHECKING:
    import xarray as xr

    from forecast.hypotheses.candidates import Candidates
    from forecast.model.break_fits import Places
    from forecast.model.evidence import Evidence

JUMP, NO_JUMP = "a jump of the trend where the current era began", "no jump then"
NAME = "jump"
MONTHS_BEFORE = 60
# A jump a year away from a true one has a part of its evidence; dates nearer than that are no placebos.
APART_MONTHS = 24
PLACEBOS = 20


@dataclass(frozen=True)
class Jump:
    """Evidence on a jump of the trend at the start of the current era."""

    comparison: Comparison  # Against none
    numbers: tuple[Number, ...]  # How far the trend fell, and how the date does among others


def with_jumps(candidates: "Candidates") -> dict[str, Any]:
    """Return the choices of a cycle around a trend that jumps, no other part of which has eras."""
    kinds = "none" if candidates.spec.kind_drift == "eras" else candidates.spec.kind_drift
    return {**candidates.around_trend(), "jumps": True, "kind_drift": kinds}


def measure_jump(candidates: "Candidates", named: "Places") -> Jump:
    """Measure whether the trend jumped where the last of the named eras began.

    The earlier named eras are taken for granted by both models. An era has no parameter but that its first step may be
    larger, so that a jump costs a model nothing but the width of that step. The same jump is tried at dates spread over
    the record, with short fits for all of them: if there is nothing in the date, it does no better than most.
    """
    from forecast.hypotheses.ahead import ahead_of

    choices = with_jumps(candidates)
    without = candidates.with_panel(broken_at(candidates, named[:-1]))
    ours, theirs = candidates.evidence(**choices), without.evidence(**choices)
    by_block = [one.ahead(**choices).table["log_density"].to_numpy() for one in (candidates, without)]
    comparison = Comparison(
        JUMP, NO_JUMP, ours.log - theirs.log, float(np.hypot(ours.error, theirs.error)),
        *ahead_of(by_block[0] - by_block[1]), name=NAME,
    )  # fmt: skip
    fell = trend_fall(dyad_draws(candidates.fit(**choices), candidates.dyad))
    words = f"trend in the {MONTHS_BEFORE} months before the current era less that since"
    least = candidates.smallest_effect
    return Jump(
        comparison,
        (
            number("trend_drop", fell, "points of share", words),
            chance("probability_trend_drop", fell >= least, f"the trend fell by at least {least:g} points"),
            _placebo(candidates, named),
        ),
    )


def trend_fall(own: DyadDraws) -> Float:
    """Compute how far the trend lies below where it stood before the current era, (chain, draw), points."""
    first = own.eras[-1].first
    points = share(own.trend.astype(np.float64))
    before = points[..., max(0, first - own.clock.periods(MONTHS_BEFORE)) : first]
    return np.asarray(before.mean(axis=-1) - points[..., first:].mean(axis=-1))


def placebo_places(periods: int, named: "Places", apart: int) -> "Places":
    """Return periods spread over a record that lie so far from its ends and from the named ones."""
    free = [at for at in range(apart, periods - apart) if all(abs(at - one) >= apart for one in named)]
    chosen = np.linspace(0, len(free) - 1, min(PLACEBOS, len(free))).round().astype(int)
    return tuple(free[place] for place in chosen)


def broken_at(candidates: "Candidates", places: Iterable[int]) -> "xr.Dataset":
    """Return the record with eras that begin at some places."""
    from forecast.model.break_fits import with_breaks

    return with_breaks(candidates.panel, tuple(sorted(places)))


def _placebo(candidates: "Candidates", named: "Places") -> Number:
    """Compute the share of other dates at which a jump has less evidence than where the current era began."""
    from forecast.model.quick import quick_fit

    panel, spec = candidates.panel, candidates.spec.with_choices(**with_jumps(candidates))
    places = placebo_places(panel.sizes["time"], named, Clock.of(panel).periods(APART_MONTHS))
    dates = (named[-1], *places)

    def work(place: int, stop: Event) -> "tuple[int, Evidence]":
        record = broken_at(candidates, (*named[:-1], place))
        return place, quick_fit(record, spec, seed=candidates.seed, part="path", stop=stop).evidence

    found: dict[int, float] = {}
    threads = candidates.sampler.cores or os.cpu_count() or 1
    with closing(side_by_side(work, dates, threads)) as results:
        candidates.progress("trying a jump at other dates", 0, len(dates))
        for place, one in results:
            found[place] = one.log
            candidates.progress("trying a jump at other dates", len(found), len(dates))
    below = float(np.mean([found[place] < found[named[-1]] for place in places])) if places else float("nan")
    words = f"of {len(places)} other dates at which a jump has less evidence"
    return Number("placebos_below", below, words=words, kind="value")


def contest_of_jump(candidates: "Candidates", named: "Places") -> Contest:
    """Contest a jump of the trend where the current era began against none."""
    from forecast.model.quick import quick_fit

    choices = with_jumps(candidates)
    spec, posterior = candidates.spec.with_choices(**choices), candidates.fit(**choices).posterior
    panel, without = candidates.panel, broken_at(candidates, named[:-1])
    truths = [Truth("no jump", np.nan, spec, posterior, without)]
    for size in JUMPS:
        name = f"a jump drawn with a spread of {25.0 * size:.0f} points"
        truths.append(Truth(name, 25.0 * size, spec, posterior, panel, with_jump(size)))

    def test(record: xr.Dataset, seed: int, stop: Event) -> tuple[Factor, ...]:
        own = replace(candidates, panel=record)
        jumped, smooth = (
            quick_fit(broken_at(own, places), spec, seed=seed, part="path", stop=stop).evidence
            for places in (named, named[:-1])
        )
        return ((jumped.log - smooth.log, float(np.hypot(jumped.error, smooth.error))),)

    ours, theirs = candidates.evidence(**choices), candidates.with_panel(without).evidence(**choices)
    return Contest(tuple(truths), "points of share", test, (float(np.hypot(ours.error, theirs.error)),))


# Spread of a jump, log-odds: 25 points each around an even share.
JUMPS = (0.6, 1.2)


def with_jump(size: float) -> Change:
    """Let the trend jump where eras begin, by log-odds of such a spread."""
    return lambda own: own.assign(trend_jump=size * xr.ones_like(own["trend_jump"]))
