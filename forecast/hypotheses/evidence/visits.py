"""What follows high-level visits: the events after them, and the level, against months that looked alike."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from forecast.clock import Clock
from forecast.errors import SpecError
from forecast.events.codebook import HOST, VISIT
from forecast.hypotheses.evidence.matched import AFTER, Followed, Matching
from forecast.hypotheses.evidence.measures import Difference, difference, number
from forecast.hypotheses.verdict import Drawing, Found, Number, Role, Series
from forecast.outlook.draws import dyad_draws
from forecast.outlook.summary import estimate
from forecast.theory import VISITS
from forecast.typing import Bool, Float, Index

if TYPE_CHECKING:
    from forecast.events.table import EventTable
    from forecast.hypotheses.candidates import Candidates

HIGH = re.compile(
    r"\b(?:President|Premier|Prime Minister|Chairman|Chancellor|General Secretary|Secretary|Minister|State Councillor"
    r"|National Security Adviser|Leader|King|Shah|Emperor|Crown Prince)\b"
)
"""Who counts as high: heads of state and government, their deputies, ministers and their like."""
LOWER = re.compile(
    r"\b(?:Deputy(?! Premier| Prime)|Assistant|Under|Vice(?! President| Premier| Chairman)|Permanent|[Ff]ormer|[Ee]x-)"
)
UNIT = "points of share"
DECIDES = "year"
WORDS = {
    "1": "in the month after",
    "3": "in months 2 and 3 after",
    "6": "in months 4 to 6 after",
    "12": "in months 7 to 12 after",
    "year": "over the twelve months after",
}
PLACEBOS = 400
LEAST_VISITS = 10
# The level before is that of two months before: the eve of a visit has its preparations.
EVE_MONTHS = 2


@dataclass(frozen=True)
class Response:
    """What followed visits less what followed matched months, in one window."""

    followed: Followed  # Pair by pair
    placebos: Float  # The mean with the visits moved in time

    @property
    def draws(self) -> Float:
        """Values of the response (draw,) that its mean and the placebos, taken for its error, leave possible."""
        return np.asarray(self.followed.mean - self.placebos)

    @property
    def p_value(self) -> float:
        """Share of the placebos that stray from their own mean at least as far, both sides, the visits among them."""
        centre = self.placebos.mean()
        far = np.abs(self.placebos - centre) >= abs(self.followed.mean - centre)
        return float((1 + far.sum()) / (1 + far.size))


@dataclass(frozen=True)
class Visits:
    """What is found of visits beside the numbers."""

    unit: str  # Of periods
    graded: bool  # Whether titles of actors tell which visits are high
    enough: bool  # Whether there are visits enough to compare
    windows: tuple[str, ...] = ()  # Of time after a visit, see `WORDS`
    response: Difference | None = None  # Over the year after; None if there are too few visits
    reach: float = float("nan")  # Points of share below which a response would not stand out from visits moved in time


def measure_visits(candidates: "Candidates") -> Found[Visits]:
    """Measure whether relations are better after high-level visits than after months that looked alike before them.

    A month with a visit is matched by the events up to two months before it: their cooperative share over half a year,
    its change, and over five years; none of the matched months has a visit within two months. What followed is read
    from the events strictly after the month, without any visits: the visit itself does not count, nor does what the
    smoothing of a level would carry back. The mean over the twelve months after decides, with moved dates for its
    error. For comparison there is the level by a fit to the record without visits; its smoothing spreads a response
    over the months before as well, and so makes it smaller.
    """
    if candidates.events is None:
        code = VISITS.code
        raise SpecError(f"{code}: visits are found among single events, and there are none; leave {code} out")
    without = candidates.with_events(_without_visits(candidates.events, candidates.dyad))
    visits, graded = high_visits(candidates.events, candidates.dyad, without.panel)
    matching = _matching(without.panel)
    pairs = matching.follow(visits)[DECIDES].periods.size if visits.size else 0
    findings = Visits(_unit(matching), graded, enough=pairs >= LEAST_VISITS)
    if not findings.enough:
        return _too_few(findings, pairs)
    followed, moved = matching.follow(visits), matching.placebos(visits, PLACEBOS)
    responses = {name: Response(followed[name], moved[name][np.isfinite(moved[name])]) for name in AFTER}
    known = {name: one for name, one in responses.items() if one.followed.periods.size and one.placebos.size}
    level = _level(without, matching, visits)
    year, rule = known[DECIDES], candidates.rule
    numbers = [_number(f"response_{name}", one.draws, f"response {WORDS[name]}") for name, one in known.items()]
    gap = difference("response", year.draws[None], rule, f"the response {WORDS[DECIDES]}")
    by_chance = f"placebo p-value of the response {WORDS[DECIDES]}"
    return Found(
        findings=replace(
            findings, windows=tuple(known), response=gap,
            reach=float(np.quantile(np.abs(year.placebos - year.placebos.mean()), rule.probability)),
        ),
        comparisons=(),
        numbers=(
            *numbers, *gap.numbers, Number("p_value", year.p_value, words=by_chance, kind="value"), *level.values(),
            *_counts(matching, visits, year),
        ),
        table=_table(known, level),
        drawing=_drawing(known, level),
    )  # fmt: skip


def high_visits(events: "EventTable", dyad: str, panel: xr.Dataset) -> tuple[Index, bool]:
    """Find the periods of a panel with a high-level visit, and tell whether the actors' titles could say which are.

    Without such titles every visit counts.
    """
    rows = events.events[(events.events["dyad"] == dyad) & (events.events["cameo"] == VISIT)]
    last = str(panel.attrs.get("as_of", "")) or Clock.of(panel).last_day().isoformat()
    rows = rows[(rows["known_at"] <= pd.Timestamp(last)) & (rows["date"] <= pd.Timestamp(Clock.of(panel).last_day()))]
    high = rows["actor"].map(is_high).astype(bool)
    graded = bool(high.any())
    days = (rows[high] if graded else rows)["date"].to_numpy().astype("datetime64[D]")
    places = np.searchsorted(panel["time"].to_numpy().astype("datetime64[D]"), days, side="right") - 1
    return np.unique(places[places >= 0]), graded


def is_high(actor: str) -> bool:
    """Check whether a title is that of a leader, a minister or their like."""
    return bool(HIGH.search(actor)) and not LOWER.search(actor)


def _without_visits(events: "EventTable", dyad: str) -> "EventTable":
    rows = events.events
    return replace(events, events=rows[~((rows["dyad"] == dyad) & rows["cameo"].isin((VISIT, HOST)))])


def _matching(panel: xr.Dataset) -> Matching:
    """Match periods by what the first dataset counts: others begin and end, and read the level from elsewhere."""
    counts = panel["counts"].isel(dataset=0, dyad=0).sum("direction").transpose("time", "class").to_numpy()
    cooperative = counts[:, int(panel.attrs["zero_cut"]) :].sum(axis=1)
    return Matching(cooperative, counts.sum(axis=1), Clock.of(panel).per_month)


def _level(without: "Candidates", matching: Matching, visits: Index) -> dict[str, Number]:
    """Rise of the level by a fit without visits, from two months before, chosen less matched months, by window."""
    fitted = without.fit(**without.around_trend())
    share = dyad_draws(fitted, without.dyad).share.astype(np.float64)
    summed = np.concatenate([np.zeros((*share.shape[:2], 1)), share.cumsum(axis=2)], axis=2)
    eve = round(EVE_MONTHS * matching.per_month)
    found = {}
    for name, (first, last) in matching.after.items():
        own, matched = matching.matches(visits, last)

        def rise(at: Index, first: int = first, last: int = last) -> Float:
            mean = (summed[..., at + last + 1] - summed[..., at + first]) / (last + 1 - first)
            return np.asarray(mean - share[..., at - eve])

        draws = (rise(own) - rise(matched).mean(axis=-1)).mean(axis=-1)
        found[f"level_{name}"] = number(
            f"level_{name}", draws, UNIT, f"rise of the level {WORDS[name]}, without visits"
        )
    return found


def _number(name: str, draws: Float, words: str) -> Number:
    found = estimate(draws[None], UNIT, words)
    return Number(name, found.median, found.low, found.high, unit=UNIT, words=words)


def _counts(matching: Matching, visits: Index, year: Response) -> tuple[Number, ...]:
    own, matched = matching.matches(visits)
    further = _visited(matching, visits)
    return (
        Number("visits", float(visits.size), unit=_unit(matching), words="with a high-level visit", kind="count"),
        Number("visits_followed", float(year.followed.periods.size), words="of these with a year of events after them",
               kind="count"),
        Number("matched", float(np.unique(matched).size), words="different periods among those matched", kind="count"),
        Number("visited_again", 100 * float(further[own].mean()), unit="per cent", kind="value",
               words="of the visits were followed by another within the year"),
        Number("visited_after_matched", 100 * float(further[matched].mean()), unit="per cent", kind="value",
               words="of the matched periods were followed by a visit within the year"),
    )  # fmt: skip


def _unit(matching: Matching) -> str:
    return "weeks" if matching.per_month > 1 else "months"


def _visited(matching: Matching, visits: Index) -> Bool:
    """Return for every period whether a visit follows within the year."""
    there = np.zeros(matching.events.size, dtype=np.int64)
    there[visits] = 1
    total = np.append(0, there.cumsum())
    place = np.arange(there.size)
    return np.asarray(total[np.minimum(place + matching.after[DECIDES][1] + 1, there.size)] > total[place + 1])


def _table(responses: Mapping[str, Response], level: Mapping[str, Number]) -> pd.DataFrame:
    rows = []
    for name, one in responses.items():
        found, model = _number("response", one.draws, ""), level[f"level_{name}"]
        rows.append({
            "window": WORDS[name], "visits": one.followed.periods.size, "response": found.value, "low": found.low,
            "high": found.high, "p_value": one.p_value, "level": model.value, "level_low": model.low,
            "level_high": model.high,
        })  # fmt: skip
    return pd.DataFrame(rows)


def _drawing(responses: Mapping[str, Response], level: Mapping[str, Number]) -> Drawing:
    names = [name for name in responses if name != DECIDES]
    months = tuple(float(name) for name in names)
    found = [_number("response", responses[name].draws, "") for name in names]
    placebos = [_number("placebo", responses[name].placebos, "") for name in names]
    model = [level[f"level_{name}"] for name in names]
    return Drawing(
        "line", "After high-level visits, less after months alike", "months after the visit, end of window", UNIT,
        (
            _series("placebo dates", months, placebos, "null"),
            _series("events, visits left out", months, found, "posterior"),
            _series("level by a fit without visits", months, model, "other"),
        ),
    )  # fmt: skip


def _series(label: str, at: tuple[float, ...], numbers: list[Number], role: Role) -> Series:
    low, high = (tuple(float(getattr(one, end)) for one in numbers) for end in ("low", "high"))
    return Series(label, at, tuple(one.value for one in numbers), low=low, high=high, role=role)


def _too_few(findings: Visits, pairs: int) -> Found[Visits]:
    empty = Series("response", tuple(float(name) for name in AFTER if name != DECIDES), (float("nan"),) * 4)
    words = "high-level visits with a year of events after them"
    return Found(
        findings=findings,
        comparisons=(),
        numbers=(Number("visits_followed", float(pairs), words=words, kind="count"),),
        table=pd.DataFrame(),
        drawing=Drawing("line", "After high-level visits", "months after the visit", UNIT, (empty,)),
    )
