"""Scenarios: reading and checks, and simulations that satisfy them, by weights or by a particle filter.

A scenario assumes that the record of a month holds at least so many events of some sorts, or none;
a sort is a part of a kind, and no two overlap. The likelihood of that in a simulation, and its use
as a weight, are in docs/what-if.md. Sorts are drawn one after the other from their truncated
binomial distributions, whose chances multiply to an unbiased estimate of the likelihood; the rest
of the record is multinomial as ever. The chance that an event is cooperative rests on level, month
noise, volume and overdispersion, or on the record alone; several are drawn for each future and
averaged over, and the one that stays is picked by its likelihood.

Where the weights are poor, many more particles per draw are picked by their weights in every month
that something is assumed of (sequential Monte Carlo, Chopin and Papaspiliopoulos 2020,
https://doi.org/10.1007/978-3-030-47845-2); each goes on with shocks of its own.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from forecast.base.arguments import check
from forecast.base.dates import (
    LONGEST_HORIZON,
    Clock,
    Day,
    add_months,
    months_between,
    parse_date,
    read_day,
)
from forecast.base.errors import DataError, SpecError
from forecast.base.typing import Float, Index
from forecast.base.wording import join
from forecast.data.events.additions import code_of_row
from forecast.data.events.codebook import HOST, VISIT, read_kinds, read_scale, scale_names
from forecast.data.events.mapping import CODED, PrescribedForm, load_raw
from forecast.data.events.table import event_counts
from forecast.data.panel.kinds import panel_kind
from forecast.data.panel.record import counts_once
from forecast.model.gate import ESS_LIMIT
from forecast.model.particles import Weights, resampled, smoothed
from forecast.outlook.draws import FitLike, dyad_draws, stream
from forecast.outlook.observed import MIX_MONTHS, Cell, Observed, draw_kinds, draw_mixes, upcoming
from forecast.outlook.recorded import DatasetRecord, folded
from forecast.outlook.simulations import Simulations, picked, simulate

COLUMNS = ("date", "source", "target", "code", "kind", "n", "part", "until", "summary")
"""Columns of a scenario's table; either code or kind is required; n, part, until and summary are
optional."""
NEEDED = ("date", "source", "target")
LARGEST_FILE = 1_000_000
MOST_ROWS, MOST_EVENTS = 1_000, 1_000


@dataclass(frozen=True)
class Assumed:
    """One row of a scenario: events that are assumed to be recorded or absent.

    Attributes
    ----------
    date : datetime.date
        Its day; given as text, a date or a Timestamp.
    source, target : str
        Who acts on whom, ISO 3166 alpha-3.
    code : str
        CAMEO code; or empty, with a kind.
    kind : str
        A word such as ``visit``, or the name of a class of the codebook; or empty, with a code.
    n : int
        At least how many; zero assumes that there are none.
    part : float, optional
        Which part of the events of their class is meant, more than 0 and up to 1: for meetings of
        leaders, how many of all contacts are such meetings. By default that of the code in the
        record so far; of a class, all of it.
    until : datetime.date, optional
        With ``n=0``: there are none from `date` up to this day.
    summary : str
        What happens, for readers.
    place : str
        Where the row stands, for messages.
    of_class : str
        In place of code and kind: the name of a class of data of your own, such as counts. Only the
        data tell whether they have it, when the row is used.

    Raises
    ------
    SpecError
        If a day is none, not just one of code, kind and class is given, the codebook does not know
        it, or `n`, `part` or `until` is out of range.

    Examples
    --------
    >>> from forecast.outlook.conditioning import Assumed
    >>> Assumed("2026-11-18", "USA", "CHN", kind="visit", summary="the leaders meet").date
    datetime.date(2026, 11, 18)
    """

    date: datetime.date
    source: str
    target: str
    code: str = ""
    kind: str = ""
    n: int = 1
    part: float | None = None
    until: datetime.date | None = None
    summary: str = ""
    place: str = "a row"
    of_class: str = ""

    if TYPE_CHECKING:

        def __init__(
            self,
            date: Day,
            source: str,
            target: str,
            code: str = "",
            kind: str = "",
            n: int = 1,
            part: float | None = None,
            until: Day | None = None,
            summary: str = "",
            place: str = "a row",
            of_class: str = "",
        ) -> None:
            """Take days as text, too."""

    def __post_init__(self) -> None:
        check("date", self.date, Day)
        object.__setattr__(self, "date", read_day(self.date, f"{self.place}: date"))
        if self.until is not None:
            check("until", self.until, Day)
            object.__setattr__(self, "until", read_day(self.until, f"{self.place}: until"))
        self._require_sort()
        self._require_numbers()

    def _require_sort(self) -> None:
        """Reject what no event is of."""
        given = [word for word in (self.code, self.kind, self.of_class) if word]
        if not given:
            raise SpecError(f"{self.place}: neither code nor kind; give one, such as kind='visit'")
        if self.of_class and len(given) > 1:
            raise SpecError(
                f"{self.place}: of_class is {self.of_class!r:.60}, with a code or kind; give one of them"
            )
        if self.of_class or (not self.code and names_class(self.kind)):
            return
        try:
            code_of_row(self.code, "", folded(self.kind))
        except DataError as error:
            own = "" if self.code else "; name a class of data of your own by of_class"
            raise SpecError(f"{self.place}: {error}{own}") from error

    def _require_numbers(self) -> None:
        """Reject numbers and a last day that are out of range."""
        if not 0 <= self.n <= MOST_EVENTS:
            raise SpecError(f"{self.place}: n is {self.n}; expected 0 to {MOST_EVENTS}")
        if self.part is not None and not 0 < self.part <= 1:
            raise SpecError(
                f"{self.place}: part is {self.part:g}; expected more than 0 and at most 1"
            )
        if self.until is not None and (self.n or self.until < self.date):
            raise SpecError(
                f"{self.place}: until is for rows with n=0, and not before their date; "
                "leave it out, or mend it"
            )


def names_class(kind: str) -> bool:
    """Return whether a kind is the name of a class of the codebook, in any of its scales."""
    return folded(kind) in _class_names()


@cache
def _class_names() -> frozenset[str]:
    """Return the names of the classes of all scales of the codebook."""
    scales = map(read_scale, scale_names())
    return frozenset(folded(name) for scale in scales for name in scale.classes)


def is_known_kind(kind: str) -> bool:
    """Return whether the codebook knows a kind, as a word or as the name of a class."""
    word = folded(kind)
    return names_class(word) or not read_kinds().keys().isdisjoint({word, word.removesuffix("s")})


type Held = Mapping[int, tuple[Cell, ...]]
"""Assumptions by period, counted from the present, 1 or more; no two cells of a period mean the
same events."""


def read_assumed(path: str | Path) -> tuple[Assumed, ...]:
    """Read a scenario from a CSV file."""
    if Path(path).is_file() and Path(path).stat().st_size > LARGEST_FILE:
        raise DataError(
            f"{path} has more than {LARGEST_FILE:,} bytes; a scenario has at most {MOST_ROWS} rows"
        )
    raw = load_raw(path, PrescribedForm(dataset="scenario", columns=dict(CODED)))
    names = [str(name) for name in raw.rows.columns]
    expected = (
        "expected date, source, target, code or kind, and if wanted n, part, until and summary"
    )
    if not set(NEEDED) <= set(names) <= set(COLUMNS) or not {"code", "kind"} & set(names):
        raise DataError(f"{raw.name}: the columns are {join(names):.200}; {expected}")
    for line, reason in raw.faults.items():
        raise DataError(f"{raw.name}, line {line}: {reason}; write the row as the header says")
    if len(raw.rows) > MOST_ROWS:
        raise DataError(f"{raw.name}: {len(raw.rows):,} rows; a scenario has at most {MOST_ROWS:,}")
    rows = zip(raw.rows.index, raw.rows.to_dict("records"), strict=True)
    return tuple(_read_row(f"{raw.name}, line {line}", row) for line, row in rows)


def _read_row(place: str, row: Mapping[Any, str]) -> Assumed:
    cells = {name: str(row.get(name, "")).strip() for name in COLUMNS}
    try:
        day = parse_date(cells["date"], "date")
        until = parse_date(cells["until"], "until") if cells["until"] else None
        number, part = int(cells["n"] or "1"), float(cells["part"]) if cells["part"] else None
    except SpecError as error:
        raise DataError(f"{place}: {error}") from error
    except ValueError as error:
        given = f"{cells['n']!r:.20}, {cells['part']!r:.20}"
        raise DataError(
            f"{place}: n, part: {given}; expected a whole number, and one up to 1"
        ) from error
    # A kind that the codebook does not know may be a class of the data; these tell when it is used.
    kind = cells["kind"] if not cells["kind"] or is_known_kind(cells["kind"]) else ""
    return Assumed(
        day,
        cells["source"].upper(),
        cells["target"].upper(),
        code=cells["code"],
        kind=kind,
        n=number,
        part=part,
        until=until,
        summary=cells["summary"],
        place=place,
        of_class="" if kind else cells["kind"],
    )


def periods_held(
    rows: Sequence[Assumed], panel: xr.Dataset, dyad: str, events: pd.DataFrame | None = None
) -> Held:
    """Check what is assumed against a panel, and arrange it by period.

    A two-sided event that has a row for each side (a visit and its hosting on one day) is one
    event, as in the panel. Where a whole class is assumed with a part of it, the rest of the class
    is meant.
    """
    if not rows:
        return {}
    if not panel_kind(panel).coded:
        raise SpecError(
            "scenario: the data are an index, of which no events are recorded; none can be assumed"
        )
    clock, known = Clock.of(panel), _recent_events(events, panel, dyad)
    spans, sorts = (
        [_periods_of(row, clock, dyad) for row in rows],
        [_sort(row, panel, known) for row in rows],
    )
    found: dict[int, dict[Cell, list[int]]] = {}
    numbers = _numbers(rows, [code for code, _ in sorts], panel, dyad)
    for row, (_, sort), number, (first, last) in zip(rows, sorts, numbers, spans, strict=True):
        for period in range(first, last + 1):
            found.setdefault(period, {}).setdefault(sort, []).append(number if row.n else -1)
    return {period: _cells(found[period], panel) for period in sorted(found)}


def _cells(sorts: Mapping[Cell, list[int]], panel: xr.Dataset) -> tuple[Cell, ...]:
    """Return the assumptions about a period, by sort; a number of -1 means no events."""
    cells, unit = [], Clock.of(panel).unit
    for sort, numbers in sorts.items():
        kind = sort.code or str(panel["class_name"].to_numpy()[sort.of_class])
        if -1 in numbers and max(numbers) > 0:
            raise SpecError(
                f"scenario: in one {unit} some “{kind}” is assumed, and none; leave out one of them"
            )
        others = sum(
            each.part for each in sorts if each.of_class == sort.of_class and each.part < 1
        )
        if others >= 1:
            raise SpecError(
                f"scenario: the parts of a class assumed in one {unit} add up to {others:g}; mend part"
            )
        least = sum(numbers) if -1 not in numbers else 0
        if least > MOST_EVENTS:
            raise SpecError(
                f"scenario: {least} events of “{kind}” in one {unit}; at most {MOST_EVENTS}"
            )
        if -1 in numbers or least:
            cells.append(
                replace(sort, part=sort.part if sort.part < 1 else 1 - others, least=least)
            )
    return tuple(sorted(cells))


def _periods_of(row: Assumed, clock: Clock, dyad: str) -> tuple[int, int]:
    """Return the first and the last period of a row, counted from the present."""
    if sorted((row.source, row.target)) != sorted(dyad.split("-")):
        raise SpecError(
            f"{row.place}: {row.source!r:.20} and {row.target!r:.20} are not the two states of {dyad}"
        )
    known, start = clock.last_day(), clock.times[-1].item()
    days = row.date, row.until or row.date
    for day in days:
        if day <= known:
            raise SpecError(
                f"{row.place}: {day} is not ahead: the record is known to {known}. Give a later day"
            )
        if day > clock.last_day(LONGEST_HORIZON):
            raise SpecError(
                f"{row.place}: {day} is too far ahead; expected at most {clock.last_day(LONGEST_HORIZON)}"
            )
    first, last = (
        (day - start).days // 7 if clock.weekly else months_between(start, day) for day in days
    )
    return first, last


def _sort(row: Assumed, panel: xr.Dataset, known: pd.DataFrame | None) -> tuple[str, Cell]:
    """Return the code of a row, empty if it names a class, and the sort of its events, however many."""
    names = [str(name).casefold() for name in panel["class_name"].to_numpy()]
    kind = folded(row.of_class or row.kind)
    if kind in names and not row.code:
        return "", Cell(names.index(kind), 1.0 if row.part is None else row.part, 0)
    if row.of_class or str(panel.attrs.get("scale", "")) not in scale_names():
        given = row.of_class or row.kind or row.code
        raise SpecError(
            f"{row.place}: {given!r:.60}: these data have the kinds {join(names)}; give one"
        )
    code = _code(row)
    act, of_class = (
        VISIT if code == HOST else code,
        int(read_scale(panel.attrs["scale"]).class_of[code]),
    )
    part = 1.0 if row.part is None else row.part
    if row.part is None and known is not None:  # half an event more of such acts, and one of all
        own = known[known["class"] == of_class]
        part = float(
            (own.loc[own["act"].str.startswith(act), "n"].sum() + 0.5) / (own["n"].sum() + 1.0)
        )
    return code, Cell(of_class, part, 0) if part == 1 else Cell(of_class, part, 0, act)


def _code(row: Assumed) -> str:
    """Return the code of a row that has a code or a kind."""
    try:
        return code_of_row(row.code, "", folded(row.kind))
    except DataError as error:  # the name of a class that these data do not have
        raise SpecError(f"{row.place}: {error}") from error


def _recent_events(
    events: pd.DataFrame | None, panel: xr.Dataset, dyad: str
) -> pd.DataFrame | None:
    """Return code, class and number of the dyad's events in the ten years up to the present."""
    scale = str(panel.attrs.get("scale", ""))
    if events is None or scale not in scale_names():
        return None
    last = Clock.of(panel).last_day()
    known = (events["dyad"] == dyad) & (events["known_at"] <= pd.Timestamp(last))
    recent = events[known & (events["date"] > pd.Timestamp(add_months(last, -MIX_MONTHS)))]
    act = recent["cameo"].where(recent["cameo"] != HOST, VISIT)
    return pd.DataFrame(
        {"act": act, "class": act.map(read_scale(scale).class_of), "n": event_counts(recent)}
    )


def _numbers(
    rows: Sequence[Assumed], codes: Sequence[str], panel: xr.Dataset, dyad: str
) -> list[int]:
    """Return the number of events of each row: none if it is the other side of another row."""
    coded = [
        place for place, (row, code) in enumerate(zip(rows, codes, strict=True)) if code and row.n
    ]
    numbers = [row.n for row in rows]
    if not coded or not counts_once(panel):
        return numbers
    # Rows pair as in a panel where they mean the same part.
    acts = [
        {
            "dataset": str(rows[place].part),
            "dyad": dyad,
            "date": rows[place].date,
            "source": rows[place].source,
            "target": rows[place].target,
            "cameo": codes[place],
            "n": rows[place].n,
        }
        for place in coded
    ]
    for place, number in zip(coded, event_counts(pd.DataFrame(acts)), strict=True):
        numbers[place] = int(number)
    return numbers


CHANCES, CHANCES_OF_PARTICLES = 16, 4
"""Drawn for each future, and for each particle of the filter, in a month that something is assumed
of."""
KEPT = 0.2
"""Effective sample size fraction of the weights below which they are poor."""
EDGE = 1.0 - 1e-9
"""The largest chance of a sort."""
PARTICLES = 24
"""Simulations per draw in the filter, until the last month of the scenario."""


@dataclass(frozen=True)
class Conditional:
    """Simulations and event data that satisfy the scenario.

    The simulations of each chain in sequence.
    """

    simulations: Simulations  # (chain, future, 1, period)
    observed: Observed
    likelihood: Float  # Of what is assumed, in the outlook's own simulations
    method: str
    pareto_k: float  # The largest of the weights; minus infinity if they have no tail
    # By weights: effective number of simulations. By the filter: effective number of the draws that
    # they descend from, or of the particles in a month, whichever is smaller.
    effective: float
    fault: str  # Why the simulations may not be used; empty if they may


def _hold(
    seen: Observed,
    period: int,
    cells: tuple[Cell, ...],
    level: Float,
    rng: np.random.Generator,
    chances: int,
) -> Float:
    """Write a month so that it holds what is assumed, and return log-likelihoods, (chain, draw, future)."""
    assert seen.kinds is not None and seen.mixes is not None
    total, kinds = seen.total[..., period], seen.kinds[..., period, :]
    chance, numbers, weight = _drawn(seen, period, cells, level, rng)
    for _ in range(chances - 1):
        *other, log_likelihood = _drawn(seen, period, cells, level, rng)
        weight = np.logaddexp(weight, log_likelihood)
        with np.errstate(invalid="ignore"):  # where neither can hold it
            stays = np.log(rng.random(level.shape)) >= log_likelihood - weight
        stays |= ~np.isfinite(weight)
        chance, numbers = np.where(stays, chance, other[0]), np.where(stays, numbers, other[1])
    free = np.ones(kinds.shape[-1])
    np.subtract.at(free, [cell.of_class for cell in cells], [cell.part for cell in cells])
    rest = _class_chances(seen, chance) * free.clip(0.0)
    kinds[...] = rng.multinomial(total - sum(numbers), rest / rest.sum(axis=-1, keepdims=True))
    for cell, number in zip(cells, numbers, strict=True):
        kinds[..., cell.of_class] += number
    seen.cooperative[..., period] = kinds[..., seen.record.zero_cut :].sum(axis=-1)
    return np.asarray(weight - np.log(chances))


def _drawn(
    seen: Observed, period: int, cells: tuple[Cell, ...], level: Float, rng: np.random.Generator
) -> tuple[Float, Index, Float]:
    """Draw a chance that events are cooperative and, given it, how many are of each sort.

    And its log-likelihood.

    The numbers are (sort, chain, draw, future).
    """
    chances = seen.chances(level, period, rng)
    by_class, left = _class_chances(seen, chances), np.ones(chances.shape)
    numbers, rest, log_likelihood = [], seen.total[..., period], np.zeros(chances.shape)
    for cell in cells:
        own = by_class[..., cell.of_class] * cell.part
        number, chance = draw_at_least(rest, np.clip(own / left, 0.0, EDGE), cell.least, rng)
        with np.errstate(divide="ignore"):
            log_likelihood = log_likelihood + np.log(chance)
        numbers.append(number)
        rest, left = rest - number, np.maximum(left - own, 1.0 - EDGE)
    return chances, np.array(numbers), log_likelihood


def _class_chances(seen: Observed, chances: Float) -> Float:
    """Return the chances that an event is of each class, (chain, draw, future, class)."""
    assert seen.mixes is not None
    hostile, cooperative = seen.mixes
    return np.concatenate(
        [(1 - chances)[..., None] * hostile, chances[..., None] * cooperative], axis=-1
    )


def draw_at_least(
    total: Index, chance: Float, least: int, rng: np.random.Generator
) -> tuple[Index, Float]:
    """Draw binomial numbers that are at least so many, or zero if `least` is."""
    from scipy.special import betainc, gammaln

    if not least:
        return np.zeros_like(total), (1.0 - chance) ** total
    enough = total >= least
    room = np.where(enough, total - least, 0)
    likelihood = np.where(enough, betainc(least, room + 1.0, chance), 0.0)
    odds = chance / (1.0 - chance)
    log_first = gammaln(total + 1.0) - gammaln(least + 1.0) - gammaln(room + 1.0)
    with np.errstate(divide="ignore"):
        mass = np.where(
            enough, np.exp(log_first + least * np.log(chance) + room * np.log1p(-chance)), 0.0
        )
    aim, reach = rng.random(total.shape) * likelihood, mass.copy()
    number = np.where(enough, least, 0)
    for m in range(
        least, int(total.max(initial=0))
    ):  # the distribution function inverted, from its lower end
        more = enough & (aim >= reach) & (total > m)
        if not more.any():
            break
        mass = mass * np.where(total > m, (total - m) / (m + 1.0), 0.0) * odds
        number, reach = number + more, reach + mass
    return number, likelihood


def condition(
    fit: FitLike, simulations: Simulations, observed: Observed, held: Held, *, seed: int
) -> Conditional:
    """Find the simulations that satisfy the scenario."""
    periods, seen = observed.total.shape[-1] - 1, _blank(observed, seed)
    log_weight, months = np.zeros(simulations.level.shape[:-1]), simulations.month_level
    for period, cells in held.items():
        rng = stream(seed, simulations.dyad, f"scenario {period}")
        log_weight += _hold(seen, period, cells, months[..., period], rng, CHANCES)
    found = _by_weights(simulations, seen, log_weight, seed)
    if found is None or found.fault:
        filtered = _by_filter(fit, observed.record, simulations, periods, held, seed)
        found = found if filtered is None else replace(filtered, likelihood=np.exp(log_weight))
    if found is None:
        raise SpecError(
            "scenario: no simulated future holds what is assumed, so that nothing can be said of it. Assume fewer "
            "events per month, or fewer months"
        )
    return found


def _blank(observed: Observed, seed: int) -> Observed:
    """Copy event data, to write what is assumed into them.

    If their kinds are not drawn, no month has events yet.
    """
    record, kinds = observed.record, observed.kinds
    mixes = draw_mixes(
        record, observed.total.shape[:-1], stream(seed, record.dyad, f"kinds {record.number}")
    )
    kinds = (
        np.zeros((*observed.total.shape, len(record.names)), dtype=np.int32)
        if kinds is None
        else kinds.copy()
    )
    return replace(observed, cooperative=observed.cooperative.copy(), kinds=kinds, mixes=mixes)


def _by_weights(
    simulations: Simulations, seen: Observed, log_weight: Float, seed: int
) -> Conditional | None:
    """Weight the outlook's own simulations, with their own event data except in the months of the scenario."""
    weights = _weights(log_weight)
    if weights is None:
        return None
    places = resampled(weights.weight, stream(seed, simulations.dyad, "scenario"))
    fault = weights.fault
    if not fault and weights.effective < KEPT * weights.weight.size:
        fault = (
            f"the weights are worth {weights.effective:.0f} of {weights.weight.size} simulations"
        )
    names = ("level", "share", "frameworks", "trend", "ceiling", "pushed")
    kept = {name: getattr(simulations, name) for name in names}
    some: dict[str, Any] = {
        name: picked(values[..., : seen.total.shape[-1]], places)
        for name, values in kept.items()
        if values is not None
    }
    some |= {
        name: picked(getattr(simulations, name), places) for name in ("before", "trend_before")
    }
    months = round((seen.total.shape[-1] - 1) / simulations.clock.per_month)
    return Conditional(
        replace(simulations, months=months, **some),
        seen.at(places),
        np.exp(log_weight),
        "weights",
        weights.pareto_k,
        weights.effective,
        fault,
    )


def _weights(log_weight: Float) -> Weights | None:
    """Smooth the weights of each chain's simulations; None if a chain has none left."""
    flat = log_weight.reshape(len(log_weight), -1)
    return smoothed(flat) if np.isfinite(flat).any(axis=1).all() else None


def _by_filter(
    fit: FitLike,
    record: DatasetRecord,
    simulations: Simulations,
    periods: int,
    held: Held,
    seed: int,
) -> Conditional | None:
    """Follow many particles, picked in the months that something is assumed of.

    None if none is left.
    """
    own, dyad = dyad_draws(fit, simulations.dyad), simulations.dyad
    chains, draws, each = simulations.level.shape[:3]
    blank = upcoming(
        fit,
        record,
        (chains, draws, PARTICLES),
        periods,
        stream(seed, dyad, f"volume {record.number}"),
    )
    assert isinstance(blank, Observed)  # as it was before the scenario
    seen, weights, lost = _blank(blank, seed), list[Weights](), False
    draw = np.broadcast_to(
        np.arange(draws)[:, None], (chains, draws, PARTICLES)
    )  # That each particle descends from

    def steer(period: int, level: Float) -> Index | None:
        nonlocal seen, lost, draw
        if period not in held or lost:
            return None
        rng = stream(seed, dyad, f"filter {period}")
        found = _weights(_hold(seen, period, held[period], level, rng, CHANCES_OF_PARTICLES))
        if found is None:
            lost = True
            return None
        weights.append(found)
        places = resampled(found.weight, rng, draws * each if period == max(held) else None)
        seen, draw = seen.at(places), picked(draw, places)
        return places

    found = simulate(
        fit, own, round(periods / simulations.clock.per_month), seed, PARTICLES, steer=steer
    )
    if lost:
        return None
    rng, level = stream(seed, dyad, "filter"), found.month_level
    assert seen.kinds is not None and seen.mixes is not None
    for period in range(1, periods + 1):
        if period not in held:
            total = seen.total[..., period]
            cooperative = rng.binomial(total, seen.chances(level[..., period], period, rng))
            seen.cooperative[..., period] = cooperative
            seen.kinds[..., period, :] = draw_kinds(seen.mixes, total, cooperative, rng)
    shares = [np.bincount(one.ravel(), minlength=draws) / one.size for one in draw]
    ancestors = float(len(shares) ** 2 / np.square(shares).sum())
    fault = next((one.fault for one in weights if one.fault), "")
    if not fault and ancestors < ESS_LIMIT:
        fault = (
            f"the simulations descend from as few draws as {ancestors:.0f} of equal weight, "
            f"at least {ESS_LIMIT} needed"
        )
    effective = min(ancestors, *(one.effective for one in weights))
    pareto_k = max(one.pareto_k for one in weights)
    return Conditional(found, seen, np.ones(()), "filter", pareto_k, effective, fault)
