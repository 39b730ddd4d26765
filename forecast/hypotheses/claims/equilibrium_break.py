"""Claim of a break: the long-run mean fell at about the start of the current era."""

from dataclasses import dataclass, replace
from datetime import date
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from forecast import theory, wording
from forecast.clock import Clock
from forecast.hypotheses.claims.jump import contest_of_jump, measure_jump
from forecast.hypotheses.hypothesis import Change, Contest, Factor, Hypothesis, Truth, Words
from forecast.hypotheses.measures import (
    Difference,
    chance,
    difference,
    difference_sentence,
    evidence_sentences,
    evidence_table,
    median_interval,
    number,
    percent,
    reason_of_evidence,
)
from forecast.hypotheses.verdict import Answer, Comparison, Drawing, Found, Number, Reason, Rule, Series
from forecast.model.spec import PendulumSpec
from forecast.numeric import share
from forecast.outlook.draws import dyad_draws
from forecast.outlook.level import Break, last_break
from forecast.outlook.summary import NotDefined
from forecast.typing import Float
from forecast.wording import month

if TYPE_CHECKING:
    import pandas as pd

    from forecast.hypotheses.candidates import Candidates
    from forecast.model.break_fits import BreakFits, Places
    from forecast.model.breaks import BreakCount, BreakPosterior
    from forecast.model.quick import QuickFit


WINDOW_MONTHS = 360
LEAST, MOST = 3, 6
BREAK, NONE = "one break", "no break"
ERAS, ANYWHERE = "breaks where the named eras begin", "as many breaks at any dates"
SPREAD = "the spread between eras"
DROP = "the drop of the equilibrium"
NEAR_MONTHS = 12
POINTS = "points of share"
DROPS = (20.0, 40.0)
MOST_PLACEBOS = 0.9
"""Share of other dates that a jump must do better than."""


@dataclass(frozen=True)
class Question:
    """Search window of a break."""

    since: str  # First day of the window, ISO
    held: "Places"  # First periods of the given eras before the window, taken for granted
    named: "Places"  # First periods of all given eras but the first
    claimed: int | None  # First period of the current era, if it lies in the window: where the break is claimed to be


@dataclass(frozen=True)
class Span:
    """The date of a break with its 90 % interval."""

    when: date
    first: date
    last: date

    def holds(self, day: date) -> bool:
        """Return whether a day is inside the interval."""
        return self.first <= day <= self.last


@dataclass(frozen=True)
class EquilibriumBreak:
    """Evidence on breaks."""

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
        """Return whether the interval contains the claimed date of the break; without a claimed date, True."""
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
    the alternative both let the trend move between eras as well.
    """
    from forecast.model.break_fits import ONE_COMPONENT, BreakFits
    from forecast.model.breaks import count_breaks, one_break, scan

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


def gained_ahead(fits: "BreakFits", held: "Places", place: int) -> Float:
    """Compute the log predictive density of blocks of months, with a break at a place less without, (block,).

    It is what the Bayes factor gains by a block (`forecast.hypotheses.ahead`). Until the break begins the two
    models are one; of the blocks before only as many are taken as a standard error needs.
    """
    from forecast.hypotheses.ahead import block_ends

    gained = [0.0]
    for stop in [end for end in block_ends(fits.record.panel) if end > place]:
        known = fits if stop == fits.periods else fits.cut(stop)
        known.add(held, (*held, place))
        gained.append(known.pool.log_ratio(known.at((*held, place)), known.at(held))[0])
    return np.diff(gained if len(gained) > 2 else [0.0, *gained])


def _compared(candidates: "Candidates", fits: "BreakFits", found: "BreakPosterior", asked: Question) -> Comparison:
    """Compare one break with none by all methods; held-out, the claimed date of the break is known."""
    from forecast.hypotheses.ahead import ahead_of
    from forecast.model.breaks import place_of

    place = place_of(candidates.panel, found.date) if asked.claimed is None else asked.claimed
    ahead = ahead_of(gained_ahead(fits, asked.held, place))
    priors = _with_other_priors(fits, found, asked)
    return Comparison(BREAK, NONE, found.log_bayes_factor, found.error, *ahead, priors)


def _with_other_priors(fits: "BreakFits", found: "BreakPosterior", asked: Question) -> "pd.DataFrame":
    """Compute the Bayes factor with the prior of the spread between eras half and twice as large."""
    import pandas as pd

    from forecast.hypotheses.prior_scale import FACTORS
    from forecast.model.breaks import WANTED, one_break

    over, base, held = fits.over(one_break(fits, asked.since, held=asked.held)), fits.at(asked.held), len(asked.held)
    rows = [_row("", 1.0, found.log_bayes_factor, found.error)]
    for factor in FACTORS:
        broken, whole = over + fits.widened(factor, held + 1), base + fits.widened(factor, held)
        enough = min(fits.pool.effective(broken), fits.pool.effective(whole)) >= WANTED
        rows.append(_row(SPREAD, factor, *(fits.pool.log_ratio(broken, whole) if enough else (np.nan, np.nan))))
    return pd.DataFrame(rows)


def _row(prior: str, factor: float, log_bayes_factor: float, error: float) -> dict[str, Any]:
    return {"prior": prior, "factor": factor, "log_bayes_factor": log_bayes_factor, "error": error}


def _counted(count: "BreakCount") -> tuple[Comparison, ...]:
    """Numbers of breaks anywhere against none."""
    return tuple(
        _by_factor(
            f"{'one break' if row['breaks'] == 1 else f'{row["breaks"]} breaks'} at any dates", NONE,
            (row["log_bayes_factor"], row["error"]), f"{row['breaks']}_anywhere",
        )
        for row in count.table.to_dict("records")[1:]
    )  # fmt: skip


def _named(fits: "BreakFits", asked: Question, count: "BreakCount") -> tuple[Comparison, ...]:
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


def _date_numbers(found: "BreakPosterior", findings: EquilibriumBreak) -> tuple[Number, ...]:
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


def _size_numbers(found: "BreakPosterior", drop: Float) -> tuple[Number, ...]:
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


def _drawing(found: "BreakPosterior") -> Drawing:
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


def _span(found: "BreakPosterior") -> Span:
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


def _decide(found: "Found[EquilibriumBreak]", rule: Rule) -> Answer:
    """All parts of the claim must hold, and one that is rejected is enough against it."""
    parts: set[Answer] = {
        rule.decide(_deciding(found)),
        rule.decide_probability(_fell(found).value),
        _at_the_date(found, rule),
    }
    if "rejected" in parts:
        return "rejected"
    return "supported" if parts == {"supported"} else "undecided"


def _deciding(found: "Found[EquilibriumBreak]") -> Comparison:
    """Return the comparison that decides: a jump of the trend, where an era is claimed to have brought it."""
    return next(one for one in found.comparisons if one.decides)


def _fell(found: "Found[EquilibriumBreak]") -> Number:
    """Return the chance that what is claimed to have fallen did."""
    return found["probability_drop" if _deciding(found).name == "" else "probability_trend_drop"]


def _at_the_date(found: "Found[EquilibriumBreak]", rule: Rule) -> Answer:
    """Decide whether it was then: a jump must do better there than at most other dates.

    A low rank speaks against nothing: where no date has evidence, ranks are chance.
    """
    better = _deciding(found).name == "" or found["placebos_below"].value >= MOST_PLACEBOS
    return "supported" if better else "undecided"


def _word(found: "Found[EquilibriumBreak]", rule: Rule, answer: Answer) -> Words:
    own = found.findings
    about = f"about {month(own.claimed)}" if own.claimed is not None else "once"
    return Words(
        claim=f"The equilibrium broke {about} and has been lower since, by at least {own.smallest_effect:g} points of "
        "share.",
        null=f"The equilibrium has been the same since {month(own.since)}: what moved was the pendulum around it.",
        reason=_reason(found, rule, answer),
        prose=(
            *_jump(found, rule),
            *evidence_sentences(found.comparison(), rule),
            _known_ahead(own),
            _date(found),
            _size(found),
            difference_sentence(own.drop, rule, DROP),
            *_level(found),
            *_eras(found, rule),
            _agreement(own),
            _limits(own),
        ),
    )


def _jump(found: "Found[EquilibriumBreak]", rule: Rule) -> tuple[str, ...]:
    """Describe whether the trend jumped, where an era is claimed to have brought it."""
    if _deciding(found).name == "":
        return ()
    return (
        *evidence_sentences(_deciding(found), rule),
        f"The trend since lies {median_interval(found['trend_drop'])} points of share below that of the five "
        f"years before; the chance that it fell by at least {found.findings.smallest_effect:g} points is "
        f"{percent(found['probability_trend_drop'])}.",
        f"A jump at this date has more evidence than one at {percent(found['placebos_below'].value)} of other dates.",
        "What follows has one component: a level that reverts to an equilibrium, which is constant within an era.",
    )


def _known_ahead(own: "EquilibriumBreak") -> str:
    begin = "When the future is left out, the model with a break is told that it lies in"
    if own.claimed is None:
        return f"{begin} {month(own.span.when)}, as was found with hindsight."
    return f"{begin} {month(own.claimed)}, as the named eras have it, and only what followed counts."


def _date(found: "Found[EquilibriumBreak]") -> str:
    own = found.findings
    said = f"If it broke, then in {_span_words(own.span, '90 % interval ')}"
    if own.claimed is None:
        return f"{said}; no named era begins in that time with which the date could agree."
    after, before = (percent(found[f"{prior}probability_near_claimed"]) for prior in ("", "prior_"))
    return (
        f"{said}: the interval {'holds' if own.where_claimed else 'does not hold'} {month(own.claimed)}, when the "
        f"current era began. The chance that it lies within {NEAR_MONTHS} months of that is {after}, and was {before} "
        "before the data."
    )


def _size(found: "Found[EquilibriumBreak]") -> str:
    before, after, drop = (median_interval(found[name]) for name in ("equilibrium_before", "equilibrium_after", "drop"))
    return (
        f"The equilibrium before the break less that after it is {drop} points of share, from {before} to {after}; the "
        f"chance that it fell by at least {found.findings.smallest_effect:g} points is "
        f"{percent(found['probability_drop'])}."
    )


def _level(found: "Found[EquilibriumBreak]") -> tuple[str, ...]:
    """Describe the change of the level, which can fall without a break."""
    if not found.findings.level:
        return ()
    trend = ""
    if "level_trend" in found:
        trend = f" Its trend since is {median_interval(found['level_trend'], 1)} points a year."
    return (
        f"The level itself fell by {median_interval(found['level_drop'])} points of share ({found.findings.level}), by "
        f"more than the smallest difference of interest with a chance of {percent(found['probability_level_drop'])}."
        f"{trend} A level falls and rises around an equilibrium that stays; the test asks whether more than that has "
        "happened.",
    )


def _eras(found: "Found[EquilibriumBreak]", rule: Rule) -> tuple[str, ...]:
    """Return the number of breaks by the evidence, and whether they are the named ones."""
    factors = {count: found.comparison(f"{count}_anywhere").log_bayes_factor for count in found.findings.counts}
    said = ", ".join(f"{wording.number(factor, 2)} for {_breaks(count)}" for count, factor in factors.items())
    enough = round(found["breaks_by_evidence"].value)
    return (
        f"Over the whole record, with every way of placing them alike beforehand, the log Bayes factor against none is "
        f"{said}; {_breaks(enough)} {'is' if enough < 2 else 'are'} enough, for no larger number is "
        f"{rule.bayes_factor:g} times as likely.",
        *(_likelier(one) for one in found.comparisons if one.name in ("named", "named_dates")),
    )


def _likelier(one: Comparison) -> str:
    first, second = one.favoured
    return f"The data are {wording.ratio(one.log_bayes_factor)} times as likely under {first} as under {second}."


def _agreement(own: "EquilibriumBreak") -> str:
    named, met = len(own.named), own.met
    if not named:
        return "No eras are named beyond the first, with which breaks could agree."
    if not own.breaks:
        return (
            f"By the evidence there is no break whose date could agree with the {named} turning points at which the "
            "named eras begin."
        )
    within = f": {wording.join(month(day) for day in met)}" if met else ""
    return (
        f"The breaks lie in {'; '.join(_span_words(span) for span in own.breaks)}, each with its 90 % interval. Of the "
        f"{named} named eras after the first, {len(met)} begin within one{within}."
    )


def _limits(own: "EquilibriumBreak") -> str:
    held = f", with the {own.held} named eras before that taken for granted" if own.held else ""
    return (
        f"The break was looked for since {month(own.since)}{held}; less than {own.apart} {own.unit}s from either end "
        "it could not be seen. It is a break of the equilibrium alone: what kinds of cooperation a framework allows "
        f"is another question ({theory.CEILING.code})."
    )


def _reason(found: "Found[EquilibriumBreak]", rule: Rule, answer: Answer) -> Reason:
    if answer == rule.decide(_deciding(found)):
        return reason_of_evidence(_deciding(found), rule)
    dropped = _fell(found).value
    if answer == "rejected" and rule.decide_probability(dropped) == "rejected":
        return Reason("break_not_a_drop", {"answer": answer, "chance": dropped})
    if _at_the_date(found, rule) == answer:
        return Reason("jump_no_better", {"answer": answer, "below": found["placebos_below"].value})
    return Reason("drop_unclear", {"answer": answer, "chance": dropped})


def _breaks(count: int) -> str:
    return {0: "no break", 1: "one break"}.get(count, f"{count} breaks")


def _span_words(span: "Span", interval: str = "") -> str:
    return f"{month(span.when)} ({interval}{month(span.first)} to {month(span.last)})"


def contest_of_decline(candidates: "Candidates", half_lives: tuple[float, ...] = ()) -> Contest:
    """Contest what decides: a jump where the current era began, or else a break at any date."""
    asked = question(candidates.panel)
    return contest_of_jump(candidates, asked.named) if asked.claimed is not None else contest_of_break(candidates)


def contest_of_break(candidates: "Candidates") -> Contest:
    """Contest one break at any date against none, as the real test does; it is put where the break is claimed to be.

    The real test spreads fits over all dates. Here two, without a break and with the true one, weigh them all: that is
    enough where the posterior of the date is near the truth, and where there is no break to be found.
    """
    from forecast.model.break_fits import ONE_COMPONENT, BreakFits, with_breaks
    from forecast.model.breaks import one_break
    from forecast.model.quick import quick_fit

    asked = question(candidates.panel)
    most = max(LEAST, len(asked.named), len(asked.held) + 1)
    allowed = np.flatnonzero(one_break(BreakFits(candidates, most), asked.since, held=asked.held).allowed[-1])
    place = int(allowed[len(allowed) // 2]) if asked.claimed is None else asked.claimed
    spec, whole, broken = candidates.spec.with_choices(**ONE_COMPONENT), asked.held, (*asked.held, place)

    def truth(name: str, size: float, places: "Places", change: Change = lambda own: own) -> Truth:
        panel = with_breaks(candidates.panel, places, eras=most + 1)
        return Truth(name, size, spec, quick_fit(panel, spec, seed=candidates.seed).posterior, panel, change)

    def test(panel: xr.Dataset, seed: int, stop: Event) -> tuple[Factor, ...]:
        def fit(panel: xr.Dataset, spec: PendulumSpec, *, cores: int | None = None, **options: Any) -> "QuickFit":
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


def with_drop(points: float, era: int) -> Change:
    """Put the equilibrium of the next era so many points of share below that of an era, but not below 1."""

    def change(own: xr.Dataset) -> xr.Dataset:
        mu = own["mu"].to_numpy().copy()
        fallen = max(float(share(mu[era])) - points, 1.0)
        mu[era + 1] = np.log(fallen / (100.0 - fallen))
        return own.assign(mu=("era", mu))

    return change


CLAIM = Hypothesis(
    theory.DECLINE,
    title="a break in the equilibrium",
    models=("cycle and trend: jump of the trend, no jump, placebo dates", "one component: one break, no break"),
    measure=measure_break,
    decide=_decide,
    word=_word,
    decides=("probability_trend_drop", "placebos_below"),
    how="A jump of the trend where the current era began is compared with none. That is one of three parts: the "
    "trend must also have fallen by the smallest effect of interest, by the rule's probability, and the claim is "
    "rejected if it did not; and a jump at that date must have more evidence than at nine of ten others, or the answer "
    "is undecided. Where no named era begins in the last thirty years, a break of the equilibrium at an unknown date "
    "decides instead, with the same conditions on its drop.",
    also=(theory.ERAS,),
    contest=contest_of_decline,
    work=4.0,
)
