"""Did the equilibrium break, and where the named eras begin (S2, S3)? One break, several and none."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from forecast import wording
from forecast.clock import Clock
from forecast.hypotheses.candidates import Comparison
from forecast.hypotheses.evidence.ahead import ahead_of, block_ends
from forecast.hypotheses.evidence.prior_scale import FACTORS
from forecast.hypotheses.verdict import Answer, Drawing, Number, Rule, Series, Verdict
from forecast.hypotheses.verdict_parts import (
    chance,
    evidence_numbers,
    evidence_prose,
    evidence_table,
    median_interval,
    number,
    percent,
    reason,
    rope_chances,
    rope_prose,
)
from forecast.model.breaks.fits import BreakFits, Places
from forecast.model.breaks.search import WANTED, BreakCount, BreakPosterior, count_breaks, one_break, place_of, scan
from forecast.outlook.draws import dyad_draws
from forecast.outlook.record import Break, last_break
from forecast.outlook.summary import NotDefined

if TYPE_CHECKING:
    import pandas as pd

    from forecast.hypotheses.candidates import Candidates

WINDOW_MONTHS = 360
LEAST, MOST = 3, 6
BREAK, NONE = "one break", "no break"
SPREAD = "the spread between eras"
NEAR_MONTHS = 12


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
        First period of the era in force, if it lies in the window: where the break is claimed to be.
    """

    since: str
    held: Places
    named: Places
    claimed: int | None


def test_break(candidates: "Candidates") -> Verdict:
    """Test whether the equilibrium fell to stay, about when the era in force began, against no break.

    One break is looked for in the last thirty years, with the named eras before them taken for granted. The claim has
    three parts, and fails with any of them: the evidence for a break against none; the probability that it is a drop
    by at least ``candidates.smallest_effect``; and a posterior of its date whose 90 % interval holds the first month
    of the era in force. Over the whole record, numbers of breaks at unknown dates, and breaks where the named eras
    begin, are set against none.

    Parameters
    ----------
    candidates : Candidates

    Returns
    -------
    Verdict
        Of S2 and S3.

    Examples
    --------
    >>> from forecast.hypotheses.break_test import test_break
    >>> test_break(candidates).answer  # doctest: +SKIP
    'undecided'
    """
    rule, asked = candidates.rule, question(candidates.panel)
    most = min(max(LEAST, len(asked.named)), MOST)
    fits = BreakFits(candidates, max(most, len(asked.named), len(asked.held) + 1))
    days = [_day(candidates.panel, place) for place in asked.held]
    found = scan(candidates, asked.since, held=tuple(days), fits=fits)
    comparison = _compared(candidates, fits, found, asked)
    drop = _chains(found.equilibrium_before - found.equilibrium_after)
    smallest = f"it fell by at least {candidates.smallest_effect:g} points"
    worth = fits.pool.effective(fits.over(one_break(fits, asked.since, held=asked.held)))
    dropped = _weighed(
        chance("probability_drop", drop >= candidates.smallest_effect, f"if it broke, {smallest}"), worth
    )
    answer = _answer(rule.decide(comparison), rule.decide_probability(dropped.value), _holds(found, asked, candidates))
    count = count_breaks(candidates, most, rule.bayes_factor, fits=fits)
    fits.add(asked.named)
    comparisons = {
        f"{BREAK} since {_month(asked.since)} against none": comparison,
        **_counted(count),
        **_named(fits, asked, count),
    }
    linear = candidates.fit(dynamics="linear", **candidates.unbounded)
    level = last_break(dyad_draws(linear, candidates.dyad), candidates.smallest_effect)
    date_numbers, date_prose = _date(found, asked, candidates)
    size_numbers, size_prose = _size(found, drop, rule, worth)
    level_numbers, level_prose = _level(level)
    eras_numbers, eras_prose = _eras(count, comparisons, asked, candidates)
    fell = f"the chance that {smallest} is {percent(dropped)}"
    return Verdict(
        code="S2",
        claim=_claim(asked, candidates),
        null=f"The equilibrium has been the same since {_month(asked.since)}: what moved was the pendulum around it.",
        answer=answer,
        numbers=(
            *evidence_numbers(comparison, f"{BREAK} against {NONE}"), *date_numbers, *size_numbers, dropped,
            *level_numbers, *eras_numbers,
        ),
        table=evidence_table(comparisons),
        drawing=_drawing(found),
        prose=(
            *evidence_prose(comparison, BREAK, NONE, rule),
            _told(asked, found, candidates),
            date_prose,
            f"{size_prose}; {fell}.",
            rope_prose(drop, rule.rope, rule, "the drop of the equilibrium"),
            *level_prose,
            *eras_prose,
            _limits(fits, asked),
            _reason(answer, comparison, dropped, rule),
        ),
    )  # fmt: skip


def question(panel: xr.Dataset) -> Question:
    """Tell where in a record a break is looked for.

    Examples
    --------
    >>> from forecast.events import read_chronology
    >>> from forecast.hypotheses.break_test import question
    >>> from forecast.panel import build_panel
    >>> asked = question(build_panel(read_chronology(dyads=["USA-CHN"]), as_of="2023-10"))
    >>> asked.since, len(asked.held), asked.claimed
    ('1993-11-01', 2, 819)
    """
    periods = panel.sizes["time"]
    first = max(0, periods - Clock.of(panel).periods(WINDOW_MONTHS))
    named = tuple(int(place) + 1 for place in np.flatnonzero(np.diff(panel["era_index"].to_numpy()[0])))
    return Question(
        since=_day(panel, first),
        held=tuple(place for place in named if place < first),
        named=named,
        claimed=named[-1] if named and named[-1] >= first else None,
    )


def _compared(candidates: "Candidates", fits: BreakFits, found: BreakPosterior, asked: Question) -> Comparison:
    """Set one break against none by all routes; ahead, the model with a break is told where it is claimed."""
    place = place_of(candidates.panel, found.date) if asked.claimed is None else asked.claimed
    ahead = ahead_of(_ahead(fits, asked.held, place))
    return Comparison(found.log_bayes_factor, found.error, *ahead, _with_other_priors(fits, found, asked))


def _ahead(fits: BreakFits, held: Places, place: int) -> NDArray[np.float64]:
    """Log predictive density of blocks of months, with a break at a place less without, (block,).

    It is what the Bayes factor gains by a block (`forecast.hypotheses.evidence.ahead`). Until the break begins the two
    models are one; of the blocks before only as many are taken as a standard error needs.
    """
    gained = [0.0]
    for stop in [end for end in block_ends(fits.record.panel) if end > place]:
        known = fits if stop == fits.periods else fits.cut(stop)
        known.add(held, (*held, place))
        gained.append(known.pool.log_ratio(known.at((*held, place)), known.at(held))[0])
    return np.diff(gained if len(gained) > 2 else [0.0, *gained])


def _with_other_priors(fits: BreakFits, found: BreakPosterior, asked: Question) -> "pd.DataFrame":
    """Give the Bayes factor with the prior of the spread between eras half and twice as large."""
    over, base, held = fits.over(one_break(fits, asked.since, held=asked.held)), fits.at(asked.held), len(asked.held)
    rows = [_row("", 1.0, found.log_bayes_factor, found.error)]
    for factor in FACTORS:
        broken, whole = over + fits.widened(factor, held + 1), base + fits.widened(factor, held)
        enough = min(fits.pool.effective(broken), fits.pool.effective(whole)) >= WANTED
        rows.append(_row(SPREAD, factor, *(fits.pool.log_ratio(broken, whole) if enough else (np.nan, np.nan))))
    return _frame(rows)


def _counted(count: BreakCount) -> dict[str, Comparison]:
    """Numbers of breaks anywhere against none, by their words."""
    rows = count.table.to_dict("records")[1:]
    return {
        f"{_breaks(row['breaks'])} at any dates against none": _lone(row["log_bayes_factor"], row["error"])
        for row in rows
    }


ERAS, ANYWHERE = "breaks where the named eras begin", "as many breaks at any dates"
NAMED, NAMED_AGAINST_ANY = f"{ERAS} against none", f"{ERAS} against {ANYWHERE}"


def _named(fits: BreakFits, asked: Question, count: BreakCount) -> dict[str, Comparison]:
    """Set breaks where the named eras begin against none, and against as many anywhere."""
    if not asked.named:
        return {}
    here = fits.at(asked.named)
    result = {NAMED: _lone(*fits.pool.log_ratio(here, fits.at(())))}
    if len(asked.named) < len(count.table):
        result[NAMED_AGAINST_ANY] = _lone(*fits.pool.log_ratio(here, fits.over(fits.anywhere(len(asked.named)))))
    return result


def _lone(log_bayes_factor: float, error: float) -> Comparison:
    nothing = float("nan")
    table = _frame([_row("", 1.0, log_bayes_factor, error)])
    return Comparison(log_bayes_factor, error, nothing, nothing, nothing, table)


def _row(prior: str, factor: float, log_bayes_factor: float, error: float) -> dict[str, Any]:
    return {"prior": prior, "factor": factor, "log_bayes_factor": log_bayes_factor, "error": error}


def _frame(rows: list[dict[str, Any]]) -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame(rows)


def _answer(*parts: Answer) -> Answer:
    """All parts of a claim must hold, and one that fails is enough against it."""
    if "refused" in parts:
        return "refused"
    return "supported" if set(parts) == {"supported"} else "undecided"


def _holds(found: BreakPosterior, asked: Question, candidates: "Candidates") -> Answer:
    """Whether the interval of the date holds where the break is claimed; what is not claimed holds."""
    if asked.claimed is None:
        return "supported"
    first, last = found.interval()
    return "supported" if first <= _day(candidates.panel, asked.claimed) <= last else "refused"


def _date(found: BreakPosterior, asked: Question, candidates: "Candidates") -> tuple[tuple[Number, ...], str]:
    first, last = found.interval()
    date = Number("break_date", _year(found.date), _year(first), _year(last), unit="year", words="date of the break")
    prose = f"If it broke, then in {_month(found.date)} (90 % interval {_month(first)} to {_month(last)})"
    if asked.claimed is None:
        return (date,), f"{prose}; no named era begins in that time with which the date could agree."
    claimed = _day(candidates.panel, asked.claimed)
    days = np.array(found.dates, dtype="datetime64[M]")
    near = np.abs((days - np.datetime64(claimed, "M")).astype(int)) <= NEAR_MONTHS
    words = f"if it broke, then within {NEAR_MONTHS} months of {_month(claimed)}"
    after = Number("probability_near_claimed", float(found.probability[near].sum()), words=words)
    before = Number("prior_probability_near_claimed", float(near.mean()), words=f"{words}, before the data")
    said = "holds" if _holds(found, asked, candidates) == "supported" else "does not hold"
    return (date, after, before), (
        f"{prose}: the interval {said} {_month(claimed)}, when the era in force began. The chance that it lies within "
        f"{NEAR_MONTHS} months of that is {percent(after)}, and was {percent(before)} before the data."
    )


def _size(found: BreakPosterior, drop: NDArray[np.float64], rule: Rule, worth: float) -> tuple[tuple[Number, ...], str]:
    unit = "points of share"
    before, after, size = (
        replace(number(name, draws, unit, f"equilibrium {words}, if it broke"), error=None)
        for name, draws, words in (
            ("equilibrium_before", _chains(found.equilibrium_before), "before the break"),
            ("equilibrium_after", _chains(found.equilibrium_after), "after the break"),
            ("drop", drop, "before the break less that after it"),
        )
    )
    prose = (
        f"The equilibrium before the break less that after it is {median_interval(size)} points of share, from "
        f"{median_interval(before)} to {median_interval(after)}"
    )
    chances = rope_chances("drop", drop, rule.rope, "the drop of the equilibrium")
    return (before, after, size, *(_weighed(one, worth) for one in chances)), prose


def _level(level: Break | NotDefined) -> tuple[tuple[Number, ...], tuple[str, ...]]:
    """Say what the level did, which can fall without a break."""
    if isinstance(level, NotDefined):
        return (), ()
    drop = number("level_drop", level.drop.draws, level.drop.unit, level.drop.definition)
    dropped = Number(
        "probability_level_drop", level.dropped.value, error=level.dropped.mcse, words=level.dropped.definition
    )
    numbers = [drop, dropped]
    trend = ""
    if not isinstance(level.trend, NotDefined):
        slope = number("level_trend", level.trend.draws, level.trend.unit, level.trend.definition)
        numbers.append(slope)
        trend = f" Its trend since is {median_interval(slope, 1)} points a year."
    return tuple(numbers), (
        f"The level itself fell by {median_interval(drop)} points of share ({level.drop.definition}), by more than the "
        f"smallest difference of interest with a chance of {percent(dropped)}.{trend} A level falls and rises around "
        "an equilibrium that stays; the test asks whether more than that has happened.",
    )


def _eras(
    count: BreakCount, comparisons: dict[str, Comparison], asked: Question, candidates: "Candidates"
) -> tuple[tuple[Number, ...], tuple[str, ...]]:
    """Say how many breaks there are by the evidence, and whether they are the named ones (S3)."""
    rows = count.table.to_dict("records")[1:]
    numbers = [Number("breaks_by_evidence", float(count.number), words="breaks over the whole record, by the evidence")]
    numbers += [
        Number(f"log_bayes_factor_{row['breaks']}_anywhere", row["log_bayes_factor"], error=row["error"],
               words=f"log Bayes factor, {_breaks(row['breaks'])} at any dates against none")
        for row in rows
    ]  # fmt: skip
    said = ", ".join(f"{wording.number(row['log_bayes_factor'], 2)} for {_breaks(row['breaks'])}" for row in rows)
    prose = [
        f"Over the whole record, with every way of placing them alike beforehand, the log Bayes factor against none is "
        f"{said}; {_breaks(count.number)} {'is' if count.number < 2 else 'are'} enough, for no larger number is "
        f"{candidates.rule.bayes_factor:g} times as likely."
    ]
    if NAMED in comparisons:
        found = comparisons[NAMED]
        numbers.append(
            Number(
                "log_bayes_factor_named", found.log_bayes_factor, error=found.error, words=f"log Bayes factor, {NAMED}"
            )
        )
        prose.append(f"{_likelier(found, NONE)}.")
    if NAMED_AGAINST_ANY in comparisons:
        found = comparisons[NAMED_AGAINST_ANY]
        words = f"log Bayes factor, {NAMED_AGAINST_ANY}"
        numbers.append(Number("log_bayes_factor_named_dates", found.log_bayes_factor, error=found.error, words=words))
        prose.append(f"{_likelier(found, ANYWHERE)}.")
    agreeing, agreement = _agreement(count, asked, candidates)
    return (*numbers, *agreeing), (*prose, agreement)


def _likelier(found: Comparison, rival: str) -> str:
    first, second = (ERAS, rival) if found.log_bayes_factor >= 0 else (rival, ERAS)
    return f"The data are {wording.ratio(found.log_bayes_factor)} times as likely under {first} as under {second}"


def _agreement(count: BreakCount, asked: Question, candidates: "Candidates") -> tuple[tuple[Number, ...], str]:
    named = [_day(candidates.panel, place) for place in asked.named]
    if not named:
        return (), "No eras are named beyond the first, with which breaks could agree."
    if not count.number:
        return (), (
            f"By the evidence there is no break whose date could agree with the {len(named)} turning points at which "
            "the named eras begin."
        )
    spans = [found.interval() for found in count.breaks]
    met = [day for day in named if any(first <= day <= last for first, last in spans)]
    said = "; ".join(
        f"{_month(found.date)} ({_month(first)} to {_month(last)})"
        for found, (first, last) in zip(count.breaks, spans, strict=True)
    )
    share = Number("named_eras_met", float(len(met)), words="named eras that begin within the interval of a break")
    return (share,), (
        f"The breaks lie in {said}, each with its 90 % interval. Of the {len(named)} named eras after the first, "
        f"{len(met)} begin within one{': ' + ', '.join(_month(day) for day in met) if met else ''}."
    )


def _claim(asked: Question, candidates: "Candidates") -> str:
    about = f"about {_month(_day(candidates.panel, asked.claimed))}" if asked.claimed is not None else "once"
    return (
        f"The equilibrium broke {about} and has been lower since, by at least {candidates.smallest_effect:g} points of "
        "share."
    )


def _told(asked: Question, found: BreakPosterior, candidates: "Candidates") -> str:
    if asked.claimed is None:
        return (
            f"Leaving the future out, the break was told to lie in {_month(found.date)}, as was found with hindsight."
        )
    return (
        f"Leaving the future out, the break was told to lie in {_month(_day(candidates.panel, asked.claimed))}, as the "
        "named eras have it, and only what followed counts."
    )


def _limits(fits: BreakFits, asked: Question) -> str:
    unit = Clock.of(fits.record.panel).unit
    held = f", with the {len(asked.held)} named eras before that taken for granted" if asked.held else ""
    return (
        f"The break was looked for since {_month(asked.since)}{held}; less than {fits.apart} {unit}s from either end "
        "it could not be seen. It is a break of the equilibrium alone: what kinds of cooperation a framework allows "
        "is another question (S4)."
    )


def _reason(answer: Answer, comparison: Comparison, dropped: Number, rule: Rule) -> str:
    evidence = reason(comparison, BREAK, NONE, rule)
    if answer == rule.decide(comparison):
        return evidence
    if answer == "refused" and rule.decide_probability(dropped.value) == "refused":
        return f"Refused, because a break, if there is one, is no such drop (chance {percent(dropped)})."
    if answer == "refused":
        return "Refused, because the interval of the date does not hold the time at which the break is claimed."
    return (
        f"Undecided, because the evidence for a break does not say that it is such a drop (chance {percent(dropped)})."
    )


def _drawing(found: BreakPosterior) -> Drawing:
    years = np.array([day[:4] for day in found.dates])
    names = np.unique(years)
    at = tuple(f"{year}-07-01" for year in names)
    after = tuple(100 * float(found.probability[years == year].sum()) for year in names)
    before = tuple(100 * float((years == year).mean()) for year in names)
    return Drawing(
        "line", "When the equilibrium broke, if it did", "", "chance, per cent a year",
        (Series("before the data", at, before, role="prior"), Series("with the data", at, after, role="posterior")),
    )  # fmt: skip


def _breaks(number: int) -> str:
    return {0: "no break", 1: "one break"}.get(number, f"{number} breaks")


def _weighed(chance: Number, worth: float) -> Number:
    """Give a chance its error for so many independent draws as weighted ones are worth."""
    return replace(chance, error=float(np.sqrt(chance.value * (1.0 - chance.value) / worth)))


def _chains(draws: NDArray[np.float64]) -> NDArray[np.float64]:
    return draws.reshape(4, -1)


def _day(panel: xr.Dataset, place: int) -> str:
    return str(panel["time"].to_numpy()[place])[:10]


def _month(day: str) -> str:
    from datetime import date

    return wording.month(date.fromisoformat(day))


def _year(day: str) -> float:
    return int(day[:4]) + (int(day[5:7]) - 1) / 12
