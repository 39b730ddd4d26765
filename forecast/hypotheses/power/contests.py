"""What the power of a claim's test is about: the models it sets against each other, and truths to simulate from.

A truth is a posterior of the fit to the real record, with one quantity set to a given size. Each simulated record has a
draw of its own, so that everything that is not asked about is as uncertain as the record leaves it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from scipy.optimize import brentq

from forecast.clock import Clock
from forecast.hypotheses.evidence.calendar import with_calendar
from forecast.hypotheses.evidence.equilibrium_break import LEAST, question
from forecast.hypotheses.evidence.jump import broken_at, with_jumps
from forecast.hypotheses.evidence.reversion import rivals
from forecast.model import simulate_panel
from forecast.model.break_fits import ONE_COMPONENT, BreakFits, Places, with_breaks
from forecast.model.breaks import one_break
from forecast.model.dynamics import cubic_widening, find_cycle
from forecast.model.quick import QuickFit, quick_evidences, quick_fit
from forecast.model.spec import PendulumSpec
from forecast.model.variables import sampled_variables
from forecast.scale import share
from forecast.wording import month

if TYPE_CHECKING:
    from forecast.hypotheses.candidates import Candidates

type Change = Callable[[xr.Dataset], xr.Dataset]
type Choices = Mapping[str, Any]
type Factor = tuple[float, float]
"""A log Bayes factor and its Monte Carlo error."""
type Test = Callable[[xr.Dataset, int, Event], tuple[Factor, ...]]

# How many times as strong reversion is one spread away as near the trend; points of share.
STRENGTHS = (2.0, 4.0)
DROPS = (20.0, 40.0)
# Spread of a jump, log-odds: 25 points each around an even share.
JUMPS = (0.6, 1.2)
# Points of share that a standard deviation of a driver adds to an even one.
EFFECTS = (4.0, 8.0)


@dataclass(frozen=True)
class Truth:
    """From which records are simulated."""

    name: str  # In words, such as `a half-life of 24 months`
    size: float  # Of what is asked about; NaN where it is not there
    spec: PendulumSpec
    posterior: xr.Dataset = field(repr=False)  # Of the fit to the real record
    panel: xr.Dataset = field(repr=False)  # Gives length, eras, and how many events each report counts
    change: Change = field(default=lambda own: own, repr=False)  # Sets a draw's quantity to its size

    def record(self, rng: np.random.Generator) -> xr.Dataset:
        """Simulate a record."""
        chain, draw = (int(rng.integers(self.posterior.sizes[name])) for name in ("chain", "draw"))
        own = self.posterior.isel(chain=chain, draw=draw, drop=True)
        parameters = self.change(own[[name for name in sampled_variables() if name in own]])
        return simulate_panel(self.panel, parameters, self.spec, seed=int(rng.integers(2**31)))[0]


@dataclass(frozen=True)
class Contest:
    """A test by evidence, and what it is tried on."""

    truths: tuple[Truth, ...]  # The first is without what is claimed
    unit: str  # Of the truths' sizes
    # From a record, a seed and an event that stops it to the evidence for the claim's model against each rival.
    test: Test = field(repr=False)
    # Monte Carlo errors of the real test's log Bayes factors; infinite where they are not known.
    errors: tuple[float, ...]


def contest_of_reversion(candidates: "Candidates", half_lives: tuple[float, ...]) -> Contest:
    """Contest a cycle around a trend, at half-lives in months, against a random walk."""
    cycle, walk = rivals(candidates)
    per_month = Clock.of(candidates.panel).per_month
    truths = [_truth(candidates, "a random walk", np.nan, walk)]
    for months in half_lives:
        name = f"a half-life of {months:g} months"
        truths.append(_truth(candidates, name, months, cycle, with_half_life(months * per_month)))
    return Contest(tuple(truths), "months", *_by_evidence(candidates, cycle, walk))


def contest_of_extremes(candidates: "Candidates") -> Contest:
    """Contest nonlinear reversion against a linear one."""
    growing, linear = (candidates.around_trend(name) for name in ("cubic", "linear"))
    truths = [_truth(candidates, "linear reversion", np.nan, linear)]
    for strength in STRENGTHS:
        name = f"reversion {strength:g} times as strong one spread away"
        truths.append(_truth(candidates, name, strength, growing, with_strength(strength)))
    return Contest(tuple(truths), "times as strong", *_by_evidence(candidates, growing, linear))


def contest_of_ceiling(candidates: "Candidates") -> Contest:
    """Contest kinds by era against constant ones and a drift."""
    eras, *rivals = ({"kind_drift": form} for form in ("eras", "none", "years"))
    truths = (
        _truth(candidates, "the same kinds for all time", np.nan, rivals[0]),
        _truth(candidates, "the kinds by era that the fit says", np.nan, eras),
    )
    return Contest(truths, "", *_by_evidence(candidates, eras, *rivals))


def contest_of_calendar(candidates: "Candidates") -> Contest:
    """Contest the calendar's drivers against none; every other one of them hinders cooperation."""
    driven, choice = with_calendar(candidates)
    truths = [_truth(driven, "drivers without effect", np.nan, {})]
    for points in EFFECTS:
        name = f"drivers that add or take {points:g} points each"
        truths.append(_truth(driven, name, points, choice, with_effect(points)))
    return Contest(tuple(truths), "points of share", *_by_evidence(driven, choice, {}))


def contest_of_jump(candidates: "Candidates") -> Contest:
    """Contest a jump of the trend where the current era began against none."""
    named, choices = question(candidates.panel).named, with_jumps(candidates)
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


def contest_of_break(candidates: "Candidates") -> Contest:
    """Contest one break at any date against none, as the real test does; it is put where the break is claimed to be.

    The real test spreads fits over all dates. Here two, without a break and with the true one, weigh them all: that is
    enough where the posterior of the date is near the truth, and where there is no break to be found.
    """
    asked = question(candidates.panel)
    most = max(LEAST, len(asked.named), len(asked.held) + 1)
    allowed = np.flatnonzero(one_break(BreakFits(candidates, most), asked.since, held=asked.held).allowed[-1])
    place = int(allowed[len(allowed) // 2]) if asked.claimed is None else asked.claimed
    spec, whole, broken = candidates.spec.with_choices(**ONE_COMPONENT), asked.held, (*asked.held, place)

    def truth(name: str, size: float, places: Places, change: Change = lambda own: own) -> Truth:
        panel = with_breaks(candidates.panel, places, eras=most + 1)
        return Truth(name, size, spec, quick_fit(panel, spec, seed=candidates.seed).posterior, panel, change)

    def test(panel: xr.Dataset, seed: int, stop: Event) -> tuple[Factor, ...]:
        def fit(panel: xr.Dataset, spec: PendulumSpec, *, cores: int | None = None, **options: Any) -> QuickFit:
            return quick_fit(panel, spec, stop=stop, **options)

        own = replace(candidates, panel=panel, seed=seed, progress=lambda step, done, total: None)
        fits = BreakFits(own, most, fit)
        fits.add(whole, broken)
        dates = one_break(fits, asked.since, held=asked.held)
        return (fits.pool.log_ratio(fits.over(dates), fits.at(whole)),)

    when = month(candidates.panel["time"].to_numpy()[place].astype("datetime64[D]").item())
    truths = [truth("no break", np.nan, whole)]
    for points in DROPS:
        name = f"a drop of {points:g} points in {when}"
        truths.append(truth(name, points, broken, with_drop(points, len(whole))))
    return Contest(tuple(truths), "points of share", test, (np.inf,))


def with_half_life(periods: float) -> Change:
    """Return the change to a linear cycle of another half-life and the same long-run spread."""
    phi = 0.5 ** (1.0 / periods)

    def change(own: xr.Dataset) -> xr.Dataset:
        alike = xr.ones_like(own["cycle_sd"])
        sigma = find_cycle("linear").shock_of_spread(own["cycle_sd"], phi, {})
        return own.assign(cycle_half_life=periods * alike, phi=phi * alike, sigma=sigma)

    return change


def with_strength(strength: float) -> Change:
    """Make cubic reversion so many times as strong one long-run spread away as near the trend.

    The spread itself, how much of the growth is on either side, and the half-life of a linear cycle of the same prior
    stay as they are.
    """

    def wide(inner: float, lean: float) -> float:
        return float(cubic_widening(inner, lean))

    def change(own: xr.Dataset) -> xr.Dataset:
        lean = float(own["lean"])
        inner = brentq(lambda value: value * wide(value, lean) - (strength - 1.0), 0.0, 1e4 * strength**2)
        half_life = own["cycle_half_life"] * wide(float(own["inner_stiffening"]), lean) / wide(inner, lean)
        phi = 0.5 ** (1.0 / half_life)
        return own.assign(
            cycle_half_life=half_life, phi=phi, stiffening=strength - 1.0, inner_stiffening=inner,
            sigma=find_cycle("cubic").shock_of_spread(own["cycle_sd"] / np.sqrt(wide(inner, lean)), phi, {}),
        )  # fmt: skip

    return change


def with_effect(points: float) -> Change:
    """Let a standard deviation of each driver add so many points to an even share, or take as many, in turn."""
    size = float(np.log((50.0 + points) / (50.0 - points)))

    def change(own: xr.Dataset) -> xr.Dataset:
        signs = xr.DataArray((-1.0) ** np.arange(own.sizes["driver"]), dims="driver")
        return own.assign(driver_effect=size * signs * xr.ones_like(own["driver_effect"]))

    return change


def with_jump(size: float) -> Change:
    """Let the trend jump where eras begin, by log-odds of such a spread."""
    return lambda own: own.assign(trend_jump=size * xr.ones_like(own["trend_jump"]))


def with_drop(points: float, era: int) -> Change:
    """Put the equilibrium of the next era so many points of share below that of an era, but not below 1."""

    def change(own: xr.Dataset) -> xr.Dataset:
        mu = own["mu"].to_numpy().copy()
        fallen = max(float(share(mu[era])) - points, 1.0)
        mu[era + 1] = np.log(fallen / (100.0 - fallen))
        return own.assign(mu=("era", mu))

    return change


def _truth(
    candidates: "Candidates", name: str, size: float, choices: Choices, change: Change = lambda own: own
) -> Truth:
    spec, posterior = candidates.spec.with_choices(**choices), candidates.fit(**choices).posterior
    return Truth(name, size, spec, posterior, candidates.panel, change)


def _by_evidence(candidates: "Candidates", claim: Choices, *rivals: Choices) -> tuple[Test, tuple[float, ...]]:
    """Return the test by marginal likelihoods of whole models, and the errors of the real one."""
    ours, *theirs = (candidates.spec.with_choices(**choices) for choices in (claim, *rivals))

    def test(panel: xr.Dataset, seed: int, stop: Event) -> tuple[Factor, ...]:
        found, *others = quick_evidences(panel, (ours, *theirs), seed=seed, stop=stop)
        return tuple((found.log - other.log, float(np.hypot(found.error, other.error))) for other in others)

    real = candidates.evidence(**claim)
    errors = (float(np.hypot(real.error, candidates.evidence(**choices).error)) for choices in rivals)
    return test, tuple(errors)
