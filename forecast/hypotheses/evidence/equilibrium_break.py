"""A break in the equilibrium, and breaks where the named eras begin: one break, several and none."""

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from forecast.clock import Clock
from forecast.hypotheses.evidence.ahead import ahead_of, block_ends
from forecast.hypotheses.evidence.jump import measure_jump
from forecast.hypotheses.evidence.measures import Difference, chance, difference, evidence_table, number
from forecast.hypotheses.evidence.prior_scale import FACTORS
from forecast.hypotheses.verdict import Comparison, Drawing, Found, Number, Series
from forecast.model.break_fits import ONE_COMPONENT, BreakFits, Places
from forecast.model.breaks import WANTED, BreakCount, BreakPosterior, count_breaks, one_break, place_of, scan
from forecast.outlook.draws import dyad_draws
from forecast.outlook.level import Break, last_break
from forecast.outlook.summary import NotDefined
from forecast.typing import Float
from forecast.wording import month

if TYPE_CHECKING:
    import pandas as pd

    from forecast.hypotheses.candidates import Candidates

WINDOW_MONTHS = 360
LEAST, MOST = 3, 6
BREAK, NONE = "one break", "no break"
ERAS, ANYWHERE = "breaks where the named eras begin", "as many breaks at any dates"
SPREAD = "the spread between eras"
DROP = "the drop of the equilibrium"
NEAR_MONTHS = 12
POINTS = "points of share"


@dataclass(frozen=True)
class Question:
    """Where a break is looked for.

    Attributes
    ----------
    since : str
        First day of the window, ISO.
    held : tuple of int
        First periods of the given eras before the window, taken for granted.
    named : tuple of int
        First periods of all given eras but the first.
    claimed : int or None
        First period of the current era, if it lies in the window: where the break is claimed to be.
    """

    since: str
    held: Places
    named: Places
    claimed: int | None


@dataclass(frozen=True)
class Span:
    """The date of a break with its 90 % interval."""

    when: date
    first: date
    last: date

    def holds(self, day: date) -> bool:
        """Whether a day is inside the interval."""
        return self.first <= day <= self.last


@dataclass(frozen=True)
class EquilibriumBreak:
    """What is found of breaks beside the numbers."""

    since: date  # From when the break was looked for
    held: int  # Named eras before that, taken for granted
    claimed: date | None  # When the break is claimed to be
    smallest_effect: float  # Points of share by which the equilibrium must have fallen
    span: Span  # Where the one break lies, if there is one
    drop: Difference  # Of the equilibrium
    level: str  # What the drop of the level is of; empty if there is none
    breaks: tuple[Span, ...]  # The breaks over the whole record that the evidence asks for
    counts: tuple[int, ...]  # Numbers of breaks that were set against none
    named: tuple[date, ...]  # When the named eras after the first begin
    apart: int  # Periods from either end of the record within which no break can be seen
    unit: str  # Of periods

    @property
    def where_claimed(self) -> bool:
        """Whether the interval of the date holds where the break is claimed; what is not claimed holds."""
        return self.claimed is None or self.span.holds(self.claimed)

    @property
    def met(self) -> tuple[date, ...]:
        """The named eras that begin within the interval of a break."""
        return tuple(day for day in self.named if any(span.holds(day) for span in self.breaks))


def measure_break(candidates: "Candidates") -> Found[EquilibriumBreak]:
    """Measure whether the equilibrium fell to stay, about when the current era began, against no break.

    One break is looked for in the last thirty years, with the named eras before them taken for granted. Over the whole
    record, numbers of breaks at unknown dates, and breaks where the named eras begin, are set against none. All of that
    has one component, whatever the base: a level that reverts to an equilibrium, which is constant within an era.

    Where the current era begins within those years, a jump of the trend there decides (`measure_jump`): its model and
    the rival both let the trend move between eras as well.
    """
    panel, asked = candidates.panel, question(candidates.panel)
    most = min(max(LEAST, len(asked.named)), MOST)
    fits = BreakFits(candidates, max(most, len(asked.named), len(asked.held) + 1))
    found = scan(candidates, asked.since, held=tuple(_day(panel, place) for place in asked.held), fits=fits)
    jump = measure_jump(candidates, asked.named) if asked.claimed is not None else None
    comparison = _compared(candidates, fits, found, asked)
    comparison = replace(comparison, decides=jump is None)
    drop = _chains(found.equilibrium_before - found.equilibrium_after)
    worth = fits.pool.effective(fits.over(one_break(fits, asked.since, held=asked.held)))
    count = count_breaks(candidates, most, candidates.rule.bayes_factor, fits=fits)
    fits.add(asked.named)
    counted, named = _counted(count), _named(fits, asked, count)
    linear = candidates.fit(**ONE_COMPONENT)
    level = last_break(dyad_draws(linear, candidates.dyad), candidates.smallest_effect)
    size = difference("drop", drop, candidates.rule, DROP)
    claimed_since = None if asked.claimed is None else date.fromisoformat(_day(panel, asked.claimed))
    findings = EquilibriumBreak(
        since=date.fromisoformat(asked.since),
        held=len(asked.held),
        claimed=claimed_since,
        smallest_effect=candidates.smallest_effect,
        span=_span(found),
        drop=size,
        level="" if isinstance(level, NotDefined) else level.drop.definition,
        breaks=tuple(_span(one) for one in count.breaks),
        counts=tuple(int(row["breaks"]) for row in count.table.to_dict("records")[1:]),
        named=tuple(date.fromisoformat(_day(panel, place)) for place in asked.named),
        apart=fits.apart,
        unit=Clock.of(panel).unit,
    )
    smallest = f"if it broke, it fell by at least {candidates.smallest_effect:g} points"
    dropped = chance("probability_drop", drop >= candidates.smallest_effect, smallest)
    return Found(
        findings=findings,
        comparisons=(comparison, *([] if jump is None else [jump.comparison]), *counted, *named),
        numbers=(
            *(() if jump is None else jump.numbers),
            *_date_numbers(found, findings),
            *_size_numbers(found, drop),
            *(_weighed(one, worth) for one in (*size.numbers, dropped)),
            *_level_numbers(level),
            Number("breaks_by_evidence", float(count.number), words="breaks over the whole record, by the evidence",
                   kind="count"),
            *_met_numbers(findings),
        ),
        table=_table(findings, comparison, (*([] if jump is None else [jump.comparison]), *counted, *named)),
        drawing=_drawing(found),
    )  # fmt: skip


def _table(findings: EquilibriumBreak, main: Comparison, others: tuple[Comparison, ...]) -> "pd.DataFrame":
    rows = {f"{BREAK} since {month(findings.since)} against none": main}
    for one in others:
        rows[f"{one.claim} against {'none' if one.rival == NONE else one.rival}"] = one
    return evidence_table(rows)


def question(panel: xr.Dataset) -> Question:
    """Find where in a record a break is looked for."""
    periods = panel.sizes["time"]
    first = max(0, periods - Clock.of(panel).periods(WINDOW_MONTHS))
    named = tuple(int(place) + 1 for place in np.flatnonzero(np.diff(panel["era_index"].to_numpy()[0])))
    return Question(
        since=_day(panel, first),
        held=tuple(place for place in named if place < first),
        named=named,
        claimed=named[-1] if named and named[-1] >= first else None,
    )


def gained_ahead(fits: BreakFits, held: Places, place: int) -> Float:
    """Compute the log predictive density of blocks of months, with a break at a place less without, (block,).

    It is what the Bayes factor gains by a block (`forecast.hypotheses.evidence.ahead`). Until the break begins the two
    models are one; of the blocks before only as many are taken as a standard error needs.
    """
    gained = [0.0]
    for stop in [end for end in block_ends(fits.record.panel) if end > place]:
        known = fits if stop == fits.periods else fits.cut(stop)
        known.add(held, (*held, place))
        gained.append(known.pool.log_ratio(known.at((*held, place)), known.at(held))[0])
    return np.diff(gained if len(gained) > 2 else [0.0, *gained])


def _compared(candidates: "Candidates", fits: BreakFits, found: BreakPosterior, asked: Question) -> Comparison:
    """Compare one break with none by all routes; ahead, the model with a break is told where it is claimed."""
    place = place_of(candidates.panel, found.date) if asked.claimed is None else asked.claimed
    ahead = ahead_of(gained_ahead(fits, asked.held, place))
    priors = _with_other_priors(fits, found, asked)
    return Comparison(BREAK, NONE, found.log_bayes_factor, found.error, *ahead, priors)


def _with_other_priors(fits: BreakFits, found: BreakPosterior, asked: Question) -> "pd.DataFrame":
    """Compute the Bayes factor with the prior of the spread between eras half and twice as large."""
    import pandas as pd

    over, base, held = fits.over(one_break(fits, asked.since, held=asked.held)), fits.at(asked.held), len(asked.held)
    rows = [_row("", 1.0, found.log_bayes_factor, found.error)]
    for factor in FACTORS:
        broken, whole = over + fits.widened(factor, held + 1), base + fits.widened(factor, held)
        enough = min(fits.pool.effective(broken), fits.pool.effective(whole)) >= WANTED
        rows.append(_row(SPREAD, factor, *(fits.pool.log_ratio(broken, whole) if enough else (np.nan, np.nan))))
    return pd.DataFrame(rows)


def _row(prior: str, factor: float, log_bayes_factor: float, error: float) -> dict[str, Any]:
    return {"prior": prior, "factor": factor, "log_bayes_factor": log_bayes_factor, "error": error}


def _counted(count: BreakCount) -> tuple[Comparison, ...]:
    """Numbers of breaks anywhere against none."""
    return tuple(
        _by_factor(
            f"{'one break' if row['breaks'] == 1 else f'{row["breaks"]} breaks'} at any dates", NONE,
            (row["log_bayes_factor"], row["error"]), f"{row['breaks']}_anywhere",
        )
        for row in count.table.to_dict("records")[1:]
    )  # fmt: skip


def _named(fits: BreakFits, asked: Question, count: BreakCount) -> tuple[Comparison, ...]:
    """Compare breaks where the named eras begin with none, and with as many anywhere."""
    if not asked.named:
        return ()
    here = fits.at(asked.named)
    against_none = _by_factor(ERAS, NONE, fits.pool.log_ratio(here, fits.at(())), "named")
    if len(asked.named) >= len(count.table):
        return (against_none,)
    anywhere = fits.pool.log_ratio(here, fits.over(fits.anywhere(len(asked.named))))
    return against_none, _by_factor(ERAS, ANYWHERE, anywhere, "named_dates")


def _by_factor(claim: str, rival: str, factor: tuple[float, float], name: str) -> Comparison:
    return Comparison(claim, rival, *factor, name=name, decides=False, by_factor_alone=True)


def _date_numbers(found: BreakPosterior, findings: EquilibriumBreak) -> tuple[Number, ...]:
    span = findings.span
    when = Number(
        "break_date", _year(span.when), _year(span.first), _year(span.last), unit="year", words="date of the break",
        kind="date",
    )  # fmt: skip
    if findings.claimed is None:
        return (when,)
    days = np.array(found.dates, dtype="datetime64[M]")
    near = np.abs((days - np.datetime64(findings.claimed, "M")).astype(int)) <= NEAR_MONTHS
    words = f"if it broke, then within {NEAR_MONTHS} months of {month(findings.claimed)}"
    after, before = min(1.0, float(found.probability[near].sum())), float(near.mean())
    return (
        when,
        Number("probability_near_claimed", after, words=words, kind="probability"),
        Number("prior_probability_near_claimed", before, words=f"{words}, before the data", kind="probability"),
    )


def _size_numbers(found: BreakPosterior, drop: Float) -> tuple[Number, ...]:
    sizes = (
        ("equilibrium_before", _chains(found.equilibrium_before), "before the break"),
        ("equilibrium_after", _chains(found.equilibrium_after), "after the break"),
        ("drop", drop, "before the break less that after it"),
    )
    return tuple(
        replace(number(name, draws, POINTS, f"equilibrium {words}, if it broke"), error=None)
        for name, draws, words in sizes
    )


def _level_numbers(level: Break | NotDefined) -> tuple[Number, ...]:
    """Summarise what the level did, which can fall without a break."""
    if isinstance(level, NotDefined):
        return ()
    dropped = level.dropped
    numbers = [
        number("level_drop", level.drop.draws, level.drop.unit, level.drop.definition),
        Number("probability_level_drop", dropped.value, error=dropped.mcse, words=dropped.definition,
               kind="probability"),
    ]  # fmt: skip
    if not isinstance(level.trend, NotDefined):
        numbers.append(number("level_trend", level.trend.draws, level.trend.unit, level.trend.definition))
    return tuple(numbers)


def _met_numbers(findings: EquilibriumBreak) -> tuple[Number, ...]:
    if not findings.named or not findings.breaks:
        return ()
    words = "named eras that begin within the interval of a break"
    return (Number("named_eras_met", float(len(findings.met)), words=words, kind="count"),)


def _drawing(found: BreakPosterior) -> Drawing:
    years = np.array([day[:4] for day in found.dates])
    names = np.unique(years)
    at = tuple(f"{year}-07-01" for year in names)
    after = tuple(100 * float(found.probability[years == year].sum()) for year in names)
    before = tuple(100 * float((years == year).mean()) for year in names)
    return Drawing(
        "line", "When the equilibrium broke, if it did", "", "chance, per cent a year",
        (
            Series("before the data", at, before, role="prior", places="dates"),
            Series("with the data", at, after, role="posterior", places="dates"),
        ),
    )  # fmt: skip


def _span(found: BreakPosterior) -> Span:
    return Span(*(date.fromisoformat(day) for day in (found.date, *found.interval())))


def _weighed(chance: Number, worth: float) -> Number:
    """Return a chance with the error of as many independent draws as weighted ones are worth."""
    return replace(chance, error=float(np.sqrt(chance.value * (1.0 - chance.value) / worth)))


def _chains(draws: Float) -> Float:
    return draws.reshape(4, -1)


def _day(panel: xr.Dataset, place: int) -> str:
    return str(panel["time"].to_numpy()[place])[:10]


def _year(day: date) -> float:
    return day.year + (day.month - 1) / 12
