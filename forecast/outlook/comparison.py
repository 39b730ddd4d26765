"""Decomposition of a forecast change between two dates.

Its parts are time, new events, revisions, model and baseline.

What is split is the published chance: that of the pool of model and benchmarks. Of every part it is
stated how much of it came through the model's own simulations and how much through those of the
benchmarks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from forecast.base.arguments import checked
from forecast.base.dates import MAX_HORIZON, Clock
from forecast.base.described import described
from forecast.base.errors import DataError, SpecError
from forecast.base.limits import whole_seed
from forecast.base.progress import Progress, silent
from forecast.base.typing import Dyad, Seed
from forecast.base.wording import Card, Displayed, join, number, signed
from forecast.data.panel.record import last_known
from forecast.model import Fit
from forecast.outlook.carrying_over import CarriedOver, carry_over
from forecast.outlook.draws import FitLike, index_of_dyad
from forecast.outlook.recorded import (
    Baseline,
    main_record,
)
from forecast.outlook.simulations import (
    BASELINE_MONTHS,
    simulate_ahead,
)
from forecast.outlook.snapshot import (
    FOLLOWED,
    LEVEL,
    Numbers,
    ShareChange,
    SimulatedAhead,
    as_shown,
    difference,
    level_now,
    numbers_of,
)
from forecast.outlook.summary import NotDefined

TIME = "time passed"
"""Part of a change: the earlier fit, seen from the later day."""
MODEL = "model"
"""Part of a change: other choices, other dyads, sampling."""
BASELINE = "baseline"
"""Part of a change: another window to compare with."""
TOGETHER = "events, data and model together"
"""Name of the part that cannot be divided."""


type Ask = Callable[[Fit, int], Numbers]
"""Returns what a fit says, with a seed."""


@dataclass(frozen=True)
class Step:
    """One part of a change."""

    name: str
    # To `level` (points of share) and to the probabilities of `up`, `same` and `down`
    added: Numbers
    after: Numbers  # The numbers with it and all parts before it
    note: str = ""  # How it came about, where that has to be known


@dataclass(frozen=True)
class Headline:
    """Headline questions of two days."""

    horizon: int  # Months of the window
    # Last day of the months known, and of the window, of either
    windows: tuple[tuple[date, date], tuple[date, date]]
    baselines: tuple[Baseline, Baseline]
    smallest_improvement: float  # Points of share that count as a change


@described("a Change, such as split_change(old, new, 'USA-CHN') returns")
@dataclass(frozen=True, repr=False)
class Change(Displayed):
    """Change between two days."""

    dyad: str
    days: tuple[date, date]  # What was known by each
    # What is asked: the headlines, or the sentence of a question with a window and a baseline of
    # its own.
    asked: Headline | str
    # The earlier and the later numbers: `level`, and the published `up`, `same` and `down` of
    # headlines or `yes` of a question; of a pool `from_model` and `from_benchmarks`, which add up
    # to `up` or `yes`; `model`, the chance of the model alone.
    before: Numbers
    now: Numbers
    steps: tuple[Step, ...]  # They add up exactly

    def _card(self) -> Card:
        name = self.outcome

        def shown(numbers: Numbers) -> float:
            value, _ = as_shown(name, numbers[name])
            return value

        unit = "chance of a yes, %" if name == "yes" else "chance of higher, %"
        ends = f"{number(shown(self.before), 1)} to {number(shown(self.now), 1)}"
        parts = tuple((step.name, signed(shown(step.added), 1)) for step in self.steps)
        return Card(
            f"Change for {self.dyad}, {self.days[0]} to {self.days[1]}", ((unit, ends), *parts)
        )

    @property
    def outcome(self) -> str:
        """Name of the chance that is followed."""
        return "yes" if isinstance(self.asked, str) else FOLLOWED

    @property
    def total(self) -> Numbers:
        """The whole change."""
        return difference(self.now, self.before)


@checked
def split_change(
    old: Fit,
    new: Fit,
    dyad: Dyad,
    *,
    horizon: int = 12,
    baseline_months: int = BASELINE_MONTHS,
    improvement: float = 5.0,
    old_seed: Seed = 1,
    new_seed: Seed = 1,
    refit: bool = False,
    carried: CarriedOver | None = None,
    progress: Progress | None = None,
) -> Change:
    """Split the change of the published chances of a headline between two fits.

    Where months lie between the fits the windows differ; `forecast compare` then asks both the
    earlier headline.

    Parameters
    ----------
    old, new : Fit
        Of two days, or of one day and two models.
    dyad : str
        Which both hold.
    horizon : int
        Months of the window.
    baseline_months : int
        Months up to the present that it is compared with.
    improvement : float
        Points of share that count as a change.
    old_seed, new_seed : int or numpy.random.Generator
        With the seeds of two reports the first and the last numbers are the published ones of their
        `forecast.json`.
    refit : bool
        Whether to sample again where the earlier fit cannot be updated; it takes as long as a fit.
        Without it what cannot be distinguished is one part.
    carried : CarriedOver, optional
        What `carry_over` made of the two fits, where several of their dyads are compared.
    progress : callable, optional
        Called with (step in words, done, total).

    Returns
    -------
    Change
        Numbers before and now, and what each part added: the level in points of share, chances 0 to
        1, with draws (chain, draw) and Monte Carlo errors. The parts add up exactly.

    Raises
    ------
    SpecError
        If the second fit knows less than the first, or the days are too far apart.
    DataError
        If the panels have other periods, or a baseline is not defined.
    UnknownDyadError
        If a fit does not hold the dyad.

    Examples
    --------
    >>> from forecast import Fit, split_change
    >>> old = Fit.load("report-may/fit.zarr")  # doctest: +SKIP
    >>> new = Fit.load("report-june/fit.zarr")  # doctest: +SKIP
    >>> [step.name for step in split_change(old, new, "USA-CHN").steps]  # doctest: +SKIP
    ['time passed', 'new events', 'late or revised data', 'model', 'baseline']
    """
    report = progress or silent
    old_seed = whole_seed(old_seed)
    new_seed = whole_seed(new_seed)
    gap = _months_between(old, new, dyad, horizon)
    old_baseline = _baseline(old, dyad, baseline_months)
    new_baseline = _baseline(new, dyad, baseline_months)
    old_headline = ShareChange(float(old_baseline.share or 0.0), improvement, horizon)
    new_headline = ShareChange(float(new_baseline.share or 0.0), improvement, horizon)
    old_headline_later = ShareChange(old_headline.before, improvement, horizon, gap)

    def simulate(fit: Fit, seed: int, months: int = horizon) -> SimulatedAhead:
        return SimulatedAhead.of(fit, dyad, months, main_record(fit.panel, dyad), seed=seed)

    def numbers(
        simulated: SimulatedAhead, headline: ShareChange, seed: int, ahead: int = 0
    ) -> Numbers:
        return numbers_of(simulated.look_published(headline, ahead=ahead, seed=seed).numbers)

    def ask(fit: Fit, seed: int) -> Numbers:
        return numbers(simulate(fit, seed), old_headline, seed)

    report("asking both fits", 0, 0)
    then = simulate(old, old_seed, gap + horizon)
    now = simulate(new, new_seed)
    before = numbers(then, old_headline, old_seed)
    passed = numbers(then, old_headline_later, old_seed, ahead=gap)
    carried = carried or carry_over(old, new, seed=old_seed, refit=refit, progress=report)
    last = numbers(now, old_headline, new_seed)
    rebased = numbers(now, new_headline, new_seed)
    parts = [
        (TIME, passed, ""),
        *_split_news_and_model(old, new, ask, old_seed, last, carried),
        (BASELINE, rebased, ""),
    ]
    headlines = Headline(
        horizon=horizon,
        windows=(_window(old, horizon), _window(new, horizon)),
        baselines=(old_baseline, new_baseline),
        smallest_improvement=improvement,
    )
    return _change(old, new, dyad, headlines, before, parts)


def _window(fit: Fit, horizon: int) -> tuple[date, date]:
    """Return the last day of the months known, and that of the window."""
    clock = Clock.of(fit.panel)
    return clock.last_day(), clock.last_day(horizon)


def split_question_change(
    old: Fit,
    new: Fit,
    dyad: str,
    sentence: str,
    ask: Ask,
    *,
    seeds: tuple[int, int] = (1, 1),
    refit: bool = False,
    carried: CarriedOver | None = None,
    progress: Progress | None = None,
) -> Change:
    """Split the change of the probability of a question with a fixed window and baseline.

    The passing of time alone does not move it: a probability is the mean of what it may become. So
    its part is zero but for the level, and what was recorded in the months since is among the new
    events, be it that nothing was.
    """
    report = progress or silent
    gap = _months_between(old, new, dyad)
    report("asking both fits", 0, 0)
    before = ask(old, seeds[0])
    last = ask(new, seeds[1])
    level = (
        simulate_ahead(old, dyad, gap, seed=seeds[0]).share[..., -1].mean(axis=-1)
        if gap
        else level_now(old, dyad)
    )
    passed = {**before, **numbers_of({LEVEL: level})}
    carried = carried or carry_over(old, new, seed=seeds[0], refit=refit, progress=report)
    parts = [(TIME, passed, ""), *_split_news_and_model(old, new, ask, seeds[0], last, carried)]
    return _change(old, new, dyad, sentence, before, parts)


type Parts = Sequence[tuple[str, Numbers, str]]
"""Names of the parts of a change, the numbers with each part and all before it, and notes."""


def _change(
    old: Fit, new: Fit, dyad: str, question: Headline | str, before: Numbers, parts: Parts
) -> Change:
    """Return the change from the numbers before through those after each part.

    A number that only some of them have cannot be split and is left out: those of the pool, where
    the record of one of the days is too short for benchmarks.
    """
    days = last_known(old.panel), last_known(new.panel)
    shared = [name for name in before if all(name in numbers for _, numbers, _ in parts)]
    followed = "yes" if isinstance(question, str) else FOLLOWED
    if followed not in shared:
        raise DataError(
            f"fits: the window is void in every simulation of {dyad} as of {days[0]} or "
            f"{days[1]}, so that there is no chance to compare; compare reports of other days"
        )
    first = {name: before[name] for name in shared}
    steps = []
    last = first
    for part, numbers, note in parts:
        after = {name: numbers[name] for name in shared}
        steps.append(Step(part, difference(after, last), after, note))
        last = after
    return Change(dyad, days, question, first, last, tuple(steps))


def _split_news_and_model(
    old: Fit, new: Fit, ask: Ask, seed: int, last: Numbers, carried: CarriedOver
) -> Parts:
    """Return new events, late or revised data and the model, whose fit says `last`.

    Or all together.
    """
    if not carried.fits:
        return [(TOGETHER, last, f"They cannot be separated: {carried.reason}")]
    parts: list[tuple[str, Numbers, str]] = []
    for name, fit, note in carried.fits:
        parts.append((name, parts[-1][1] if fit is None else ask(fit, seed), note))
    before, now = (fit.spec.to_dict() for fit in (old, new))
    names = [name for name in now if before.get(name) != now[name]]
    note = (
        "The choices are the same: what differs is the sampling, and what an update approximates."
    )
    if old.dyads != new.dyads:
        note = (
            f"The earlier fit is of {', '.join(old.dyads)}, the later one of "
            f"{', '.join(new.dyads)}."
        )
    elif names:
        note = f"The models differ in {join(names)}."
    return [*parts, (MODEL, last, note)]


def same_window(old: FitLike, new: FitLike) -> bool:
    """Return whether the headlines of two fits are about the same months."""
    return Clock.of(old.panel).last_day() == Clock.of(new.panel).last_day()


def _months_between(old: Fit, new: Fit, dyad: str, horizon: int = 0) -> int:
    """Return the number of months by which the second fit extends the first.

    Both must hold the dyad.
    """
    panels = old.panel, new.panel
    for panel in panels:
        index_of_dyad(panel, dyad)
    first, second = (panel.attrs["frequency"] for panel in panels)
    if first != second:
        raise DataError(f"fits: periods are a {first} and a {second}; compare alike")
    clocks = [Clock.of(panel) for panel in panels]
    days = [clock.last_day() for clock in clocks]
    if days[1] < days[0]:
        raise SpecError(
            f"fits: the second ends on {days[1]}, before the first, {days[0]}; give the earlier "
            "one first"
        )
    periods = int((clocks[1].times > clocks[0].times[-1]).sum())
    months = round(periods / clocks[0].per_month)
    if months + horizon > MAX_HORIZON:
        raise SpecError(
            f"fits: {months} months lie between them; with a window of {horizon} at most "
            f"{MAX_HORIZON} can be looked ahead"
        )
    return months


def _baseline(fit: Fit, dyad: str, months: int) -> Baseline:
    record = main_record(fit.panel, dyad)
    baseline = record if isinstance(record, NotDefined) else record.baseline(months)
    if isinstance(baseline, NotDefined) or baseline.share is None:
        reason = (
            baseline.reason
            if isinstance(baseline, NotDefined)
            else "it has fewer than three events"
        )
        raise DataError(
            f"fits: as of {last_known(fit.panel)} the baseline of {months} months is not defined: "
            f"{reason}"
        )
    return baseline
