"""What has changed between two days: a headline split into time, events, late or revised data, model and baseline.

One thing is changed after the other, and each time the same question is asked again: will the share of the months ahead
be higher than the baseline of the earlier day?

1. *As it was*: the earlier fit on its day.
2. *Time passed*: the same fit, the question asked from the later day on, with nothing known of the months between. They
   are not months in which nothing happened: nobody has looked. So this part is what the earlier fit expected all along:
   the way back to the trend, and how far apart futures drift.
3. *New events*: the earlier fit, updated with what was recorded of the months since.
4. *Late or revised data*: updated with what has become known since of the months before.
5. *Model*: the later fit; other choices, dyads or sampling.
6. *Baseline*: the later question, with the baseline of its own day.

The order matters where parts depend on each other; this one is that of the calendar.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from forecast.arguments import CALLABLE, DYAD, FIT, FLAG, NUMBER, checked, whole
from forecast.clock import Clock
from forecast.dates import LONGEST_HORIZON
from forecast.errors import DataError, NotUpdatable, SpecError
from forecast.files import digest
from forecast.outlook.draws import position
from forecast.outlook.happenings import Baseline, baseline_of
from forecast.outlook.look import LEVEL, Ahead, Numbers, ShareChange, difference, level_in, look, numbers_of
from forecast.outlook.observed import main_dataset
from forecast.outlook.summary import NotDefined
from forecast.panel import panel_kind, recounted
from forecast.panel.record import last_known
from forecast.progress import Progress, silent
from forecast.wording import join

if TYPE_CHECKING:
    import xarray as xr

    from forecast.model import Fit

TIME, EVENTS, REVISED, MODEL, BASELINE = "time passed", "new events", "late or revised data", "model", "baseline"
TOGETHER = "events, data and model together"
"""Names of the parts."""


type Ask = Callable[[Fit, int], Numbers]
"""Returns what a fit says, with a seed."""


@dataclass(frozen=True)
class Step:
    """One part of a change."""

    name: str
    added: Numbers  # To `level` (points of share) and to the probabilities of `up`, `same` and `down`
    after: Numbers  # What is said once it is added
    note: str = ""  # How it came about, where that has to be known


@dataclass(frozen=True)
class Headline:
    """What the headlines of two days ask."""

    horizon: int  # Months of the window
    windows: tuple[tuple[date, date], tuple[date, date]]  # Last day of the months known, and of the window, of either
    baselines: tuple[Baseline, Baseline]
    smallest_improvement: float  # Points of share that count as a change


@dataclass(frozen=True)
class Change:
    """What has changed between two days.

    Attributes
    ----------
    dyad : str
    days : (datetime.date, datetime.date)
        What was known by each.
    asked : Headline or str
        What is asked: the headlines, or the sentence of a question with a window and a baseline of its own.
    before, now : mapping of str to Number
        What was said, and what is said: `level`, and `up`, `same` and `down` of headlines or `yes` of a question.
    steps : tuple of Step
        They add up exactly.
    """

    dyad: str
    days: tuple[date, date]
    asked: Headline | str
    before: Numbers
    now: Numbers
    steps: tuple[Step, ...]

    @property
    def outcome(self) -> str:
        """Name of the chance that is followed."""
        return "yes" if isinstance(self.asked, str) else "up"

    @property
    def total(self) -> Numbers:
        """The whole change."""
        return difference(self.now, self.before)


@checked(
    old=FIT, new=FIT, dyad=DYAD, horizon=whole(1), smallest_improvement=NUMBER, old_seed=whole(0), new_seed=whole(0),
    refit=FLAG, progress=CALLABLE,
)  # fmt: skip
def split_change(
    old: "Fit",
    new: "Fit",
    dyad: str,
    *,
    horizon: int = 12,
    smallest_improvement: float = 5.0,
    old_seed: int = 1,
    new_seed: int = 1,
    refit: bool = False,
    progress: Progress | None = None,
) -> Change:
    """Split the change of a headline between two fits.

    Parameters
    ----------
    old, new : Fit
        Of two days, or of one day and two models.
    dyad : str
        Which both hold.
    horizon : int
        Months of the window.
    smallest_improvement : float
        Points of share that count as a change.
    old_seed, new_seed : int
        With the seeds of two reports the first and the last numbers are those of their pages.
    refit : bool
        Whether to sample again where the earlier fit cannot be updated; it takes as long as a fit. Without it what
        cannot be told apart is one part.
    progress : callable, optional
        Called with (step in words, done, total).

    Returns
    -------
    Change

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
    >>> old, new = Fit.load("report-may/fit.zarr"), Fit.load("report-june/fit.zarr")  # doctest: +SKIP
    >>> [step.name for step in split_change(old, new, "USA-CHN").steps]  # doctest: +SKIP
    ['time passed', 'new events', 'late or revised data', 'model', 'baseline']
    """
    report = progress or silent
    for fit in (old, new):
        position(fit.panel, dyad)
    gap = _months_between(old.panel, new.panel, horizon)
    baselines = tuple(_baseline(fit, dyad, horizon) for fit in (old, new))
    first, second = (ShareChange(_share(one), smallest_improvement, horizon) for one in baselines)
    report("asking both fits", 0, 0)
    later = ShareChange(first.before, smallest_improvement, horizon, gap)
    then, now = Ahead.of(old, dyad, gap + horizon, seed=old_seed), Ahead.of(new, dyad, horizon, seed=new_seed)
    before = numbers_of(then.look(first).numbers)
    said = [(TIME, numbers_of(then.look(later, ahead=gap).numbers), "")]

    def ask(fit: "Fit", seed: int) -> Numbers:
        return numbers_of(look(fit, dyad, first, seed=seed).numbers)

    said += _until_now(old, new, ask, old_seed, numbers_of(now.look(first).numbers), refit, report)
    said.append((BASELINE, numbers_of(now.look(second).numbers), ""))
    ends = [(clock.last_day(), clock.last_day(horizon)) for clock in (Clock.of(old.panel), Clock.of(new.panel))]
    asked = Headline(horizon, (ends[0], ends[1]), (baselines[0], baselines[1]), smallest_improvement)
    days = last_known(old.panel), last_known(new.panel)
    return Change(dyad, days, asked, before, said[-1][1], _steps(before, said))


def split_question_change(
    old: "Fit",
    new: "Fit",
    dyad: str,
    sentence: str,
    ask: Ask,
    *,
    seeds: tuple[int, int] = (1, 1),
    refit: bool = False,
    progress: Progress | None = None,
) -> Change:
    """Split the change of the probability of a question with a fixed window and baseline.

    The passing of time alone does not move it: a probability is the mean of what it may become. So its part is zero but
    for the level, and what was recorded in the months since is among the new events, be it that nothing was.
    """
    report = progress or silent
    for fit in (old, new):
        position(fit.panel, dyad)
    gap = _months_between(old.panel, new.panel, 0)
    report("asking both fits", 0, 0)
    before, last = ask(old, seeds[0]), ask(new, seeds[1])
    passed = {**before, LEVEL: numbers_of({LEVEL: level_in(old, dyad, gap, seed=seeds[0])})[LEVEL]}
    said = [(TIME, passed, ""), *_until_now(old, new, ask, seeds[0], last, refit, report)]
    days = last_known(old.panel), last_known(new.panel)
    return Change(dyad, days, sentence, before, said[-1][1], _steps(before, said))


type Said = list[tuple[str, Numbers, str]]
"""Names of parts, what is said once each is added, and notes."""


def _steps(before: Numbers, said: Said) -> tuple[Step, ...]:
    steps, at = [], before
    for name, after, note in said:
        steps.append(Step(name, difference(after, at), after, note))
        at = after
    return tuple(steps)


def _until_now(old: "Fit", new: "Fit", ask: Ask, seed: int, last: Numbers, refit: bool, report: Progress) -> Said:
    """Return new events, late or revised data and the model; or all together, where they cannot be told apart.

    `last` is what the later fit says.
    """
    updated, reason = _updated(old, new, ask, seed, refit, report)
    if updated:
        return [*updated, (MODEL, last, _differing(old, new))]
    return [(TOGETHER, last, f"They cannot be told apart: {reason}")]


def _months_between(old: "xr.Dataset", new: "xr.Dataset", horizon: int) -> int:
    """Return how many months the second panel goes on after the first."""
    if old.attrs["frequency"] != new.attrs["frequency"]:
        raise DataError(f"fits: periods are a {old.attrs['frequency']} and a {new.attrs['frequency']}; compare alike")
    clocks = Clock.of(old), Clock.of(new)
    days = [clock.last_day() for clock in clocks]
    if days[1] < days[0]:
        raise SpecError(f"fits: the second ends on {days[1]}, before the first, {days[0]}; give the earlier one first")
    periods = int((clocks[1].times > clocks[0].times[-1]).sum())
    months = round(periods / clocks[0].per_month)
    if months + horizon > LONGEST_HORIZON:
        raise SpecError(
            f"fits: {months} months lie between them; with a window of {horizon} at most {LONGEST_HORIZON} can be "
            "looked ahead"
        )
    return months


def _baseline(fit: "Fit", dyad: str, horizon: int) -> Baseline:
    found = baseline_of(fit.panel, dyad, main_dataset(fit.panel, dyad), horizon)
    if isinstance(found, NotDefined) or found.share is None:
        reason = found.reason if isinstance(found, NotDefined) else "it has fewer than three happenings"
        raise DataError(
            f"fits: as of {last_known(fit.panel)} the baseline of {horizon} months is not defined: {reason}"
        )
    return found


def _share(baseline: Baseline) -> float:
    return float(baseline.share or 0.0)


def _updated(old: "Fit", new: "Fit", ask: Ask, seed: int, refit: bool, report: Progress) -> tuple[Said, str]:
    """Update the earlier fit with new events and then with late ones; return nothing, and why, if that is not valid."""
    from forecast.model import update

    said: Said = []
    last = None
    try:
        for name, panel in ((EVENTS, _with_news(old.panel, new.panel)), (REVISED, new.panel)):
            report(f"updating the earlier fit: {name}", 0, 0)
            if last is not None and not panel_kind(panel).news(last, panel).any():
                said.append((name, said[-1][1], ""))
                continue
            fit, last = update(old, panel, refit=refit, seed=seed), panel
            said.append((name, ask(fit, seed), _again(fit, old)))
    except (NotUpdatable, DataError) as error:
        return [], str(error)
    return said, ""


def _with_news(old: "xr.Dataset", new: "xr.Dataset") -> "xr.Dataset":
    """Return the later panel with the earlier one's counts of the months that this knew whole."""
    kind = panel_kind(new)
    shapes = [[one.sizes[dim] for dim in kind.dims if dim != "time"] for one in (old, new)]
    if shapes[0] != shapes[1]:
        return new  # other dyads, datasets or classes: no update either
    clock = Clock.of(old)
    known = len(clock.times) - (last_known(old) < clock.last_day())
    values = new[kind.values].transpose(*kind.dims)
    mixed = values.to_numpy().copy()
    mixed[:, :known] = old[kind.values].transpose(*kind.dims).to_numpy()[:, :known]
    changed = values.copy(data=mixed).transpose(*new[kind.values].dims)
    return recounted(new.assign({kind.values: changed}).assign_attrs(digest=digest(mixed.tobytes())))


def _again(fit: "Fit", old: "Fit") -> str:
    """Return why the earlier model had to be fitted again, if it had."""
    again = fit.provenance.get("refitted")
    return "" if again is None or again == old.provenance.get("refitted") else f"Fitted again: {again['reason']}."


def _differing(old: "Fit", new: "Fit") -> str:
    """Return in words what differs between the models of two fits."""
    if old.dyads != new.dyads:
        return f"The earlier fit is of {', '.join(old.dyads)}, the later one of {', '.join(new.dyads)}."
    choices = [fit.spec.to_dict() for fit in (old, new)]
    names = [name for name in choices[1] if choices[0].get(name) != choices[1][name]]
    if names:
        return f"The models differ in {join(names)}."
    return "The choices are the same: what differs is the sampling, and what an update approximates."
