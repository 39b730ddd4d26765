"""What follows high-level visits (S10): the events after them, and the level, against months that looked alike."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from forecast import wording
from forecast.clock import Clock
from forecast.errors import SpecError
from forecast.hypotheses.evidence.matched import AFTER, NEAR_MONTHS, Followed, Matching
from forecast.hypotheses.verdict import Drawing, Number, Role, Rule, Series, Verdict
from forecast.hypotheses.verdict_parts import median_interval, number, percent, rope_chances, rope_prose
from forecast.outlook.draws import dyad_draws
from forecast.outlook.summary import estimate
from forecast.typing import Float, Index

if TYPE_CHECKING:
    from forecast.events.table import EventTable
    from forecast.hypotheses.candidates import Candidates


VISIT, HOST = "042", "043"
"""CAMEO codes of the two rows of a visit."""
HIGH = re.compile(
    r"\b(?:President|Premier|Prime Minister|Chairman|Chancellor|General Secretary|Secretary|Minister|State Councillor"
    r"|National Security Adviser|Leader|King|Shah|Emperor|Crown Prince)\b"
)
"""Who counts as high: heads of state and government, their deputies, ministers and their like."""
LOWER = re.compile(
    r"\b(?:Deputy(?! Premier| Prime)|Assistant|Under|Vice(?! President| Premier| Chairman)|Permanent|[Ff]ormer|[Ee]x-)"
)
CLAIM = "Relations are better after high-level visits than after months that looked alike before them."
NULL = "After a high-level visit relations go on as after any month that looked alike."
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
    """What followed visits less what followed matched months, in one window.

    Attributes
    ----------
    followed : Followed
        Pair by pair.
    placebos : (move,)
        The mean with the visits moved in time.
    """

    followed: Followed
    placebos: Float

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


def test_visits(candidates: "Candidates") -> Verdict:
    """Test whether relations are better after high-level visits than after months that looked alike before them.

    A month with a visit is matched by the events up to two months before it: their cooperative share over half a year,
    its change, and over five years; none of the matched months has a visit within two months. What followed is read
    from the events strictly after the month, without any visits: the visit itself does not count, nor does what the
    smoothing of a level would carry back. The mean over the twelve months after decides, with moved dates for its
    error. Beside it stands the level by a fit to the record without visits; its smoothing spreads a response
    over the months before as well, and so makes it smaller.

    Parameters
    ----------
    candidates : Candidates
        With a table of events.

    Returns
    -------
    Verdict
        Of S10.

    Raises
    ------
    SpecError
        If there are no single events.

    Examples
    --------
    >>> from forecast.hypotheses.visits import test_visits
    >>> test_visits(candidates).answer  # doctest: +SKIP
    'undecided'
    """
    if candidates.events is None:
        raise SpecError("S10: visits are found among single events, and there are none; leave S10 out")
    rule = candidates.rule
    without = candidates.with_events(_without_visits(candidates.events, candidates.dyad))
    visits, graded = high_visits(candidates.events, candidates.dyad, without.panel)
    matching = _matching(without.panel)
    pairs = matching.follow(visits)[DECIDES].periods.size if visits.size else 0
    if pairs < LEAST_VISITS:
        return _too_few(pairs)
    followed, moved = matching.follow(visits), matching.placebos(visits, PLACEBOS)
    responses = {name: Response(followed[name], moved[name][np.isfinite(moved[name])]) for name in AFTER}
    known = {name: one for name, one in responses.items() if one.followed.periods.size and one.placebos.size}
    level = _level(without, matching, visits)
    year = known[DECIDES]
    numbers = {name: _number(f"response_{name}", one.draws, f"response {WORDS[name]}") for name, one in known.items()}
    chances = rope_chances("response", year.draws[None], rule.rope, f"the response {WORDS[DECIDES]}")
    by_chance = Number("p_value", year.p_value, words=f"placebo p-value of the response {WORDS[DECIDES]}")
    *_, more = chances
    return Verdict(
        code="S10",
        claim=CLAIM,
        null=NULL,
        answer=rule.decide_probability(more.value),
        numbers=(
            *numbers.values(), *chances, by_chance, *level.values(), *_counts(matching, visits, year),
        ),
        table=_table(known, level),
        drawing=_drawing(known, level),
        prose=(
            *_design(matching, visits, graded, year),
            *_findings(numbers, year, more, rule),
            _level_prose(level[f"level_{DECIDES}"]),
            "A response is no proof that visits help: they are agreed when those who agree them see improvement "
            "coming, which no coded event may show beforehand. It would make visits a sign, and not yet a cause.",
        ),
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
    """Tell whether a title is that of a leader, a minister or their like.

    Examples
    --------
    >>> from forecast.hypotheses.visits import is_high
    >>> is_high("Secretary of State Kissinger"), is_high("Assistant Secretary of State Lord"), is_high("US Navy")
    (True, False, False)
    """
    return bool(HIGH.search(actor)) and not LOWER.search(actor)


def _without_visits(events: "EventTable", dyad: str) -> "EventTable":
    rows = events.events
    return replace(events, events=rows[~((rows["dyad"] == dyad) & rows["cameo"].isin((VISIT, HOST)))])


def _matching(panel: xr.Dataset) -> Matching:
    counts = panel["counts"].sum(("dataset", "direction")).isel(dyad=0).transpose("time", "class").to_numpy()
    cooperative = counts[:, int(panel.attrs["zero_cut"]) :].sum(axis=1)
    return Matching(cooperative, counts.sum(axis=1), Clock.of(panel).per_month)


def _level(without: "Candidates", matching: Matching, visits: Index) -> dict[str, Number]:
    """Rise of the level by a fit without visits, from two months before, chosen less matched months, by window."""
    fitted = without.fit(dynamics="linear", **without.unbounded)
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
        Number("visits", float(visits.size), unit=_unit(matching), words="with a high-level visit"),
        Number("visits_followed", float(year.followed.periods.size), words="of these with a year of events after them"),
        Number("matched", float(np.unique(matched).size), words="different periods among those matched"),
        Number("visited_again", 100 * float(further[own].mean()), unit="per cent",
               words="of the visits were followed by another within the year"),
        Number("visited_after_matched", 100 * float(further[matched].mean()), unit="per cent",
               words="of the matched periods were followed by a visit within the year"),
    )  # fmt: skip


def _unit(matching: Matching) -> str:
    return "weeks" if matching.per_month > 1 else "months"


def _visited(matching: Matching, visits: Index) -> NDArray[np.bool_]:
    """Tell of every period whether a visit follows within the year."""
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


def _design(matching: Matching, visits: Index, graded: bool, year: Response) -> tuple[str, ...]:
    own, matched = matching.matches(visits)
    unit = _unit(matching)
    further = _visited(matching, visits)
    which = "by a leader, a minister or their like" if graded else "of any rank, for the data give no titles"
    return (
        f"There are {visits.size} {unit} with a visit {which}; {year.followed.periods.size} have a year of events "
        f"after them and are set against {np.unique(matched).size} different {unit} that had the same cooperative "
        "share, the same change of it and the same share over five years beforehand, and no visit within "
        f"{NEAR_MONTHS} months. The visits themselves are left out of all counts.",
        f"Within a year {wording.percent(further[own].mean())} of the visits were followed by another, and "
        f"{wording.percent(further[matched].mean())} of the matched {unit} by one: the more alike the two, the less "
        "can be seen of what one visit does.",
    )


def _findings(numbers: Mapping[str, Number], year: Response, more: Number, rule: Rule) -> tuple[str, ...]:
    windows = "; ".join(f"{WORDS[name]} {median_interval(one, 1)}" for name, one in numbers.items() if name != DECIDES)
    reach = float(np.quantile(np.abs(year.placebos - year.placebos.mean()), rule.probability))
    answer = rule.decide_probability(more.value)
    return (
        f"{WORDS[DECIDES].capitalize()}, the cooperative share is {median_interval(numbers[DECIDES], 1)} points above "
        f"that after matched months: the response. By window: {windows}.",
        rope_prose(year.draws[None], rule.rope, rule, "the response"),
        f"With the visits moved to other dates a response as far from none comes up with a chance of "
        f"{wording.percent(year.p_value)} (placebo p-value {year.p_value:.2f}); one of less than "
        f"{wording.number(reach, 0)} points would not stand out at {100 * rule.probability:g} %.",
        f"{answer.capitalize()}, because the chance that the response is above {rule.rope:g} points is "
        f"{percent(more)}.",
    )


def _level_prose(level: Number) -> str:
    return (
        f"By a fit that saw no visits, the level rose by {median_interval(level, 1)} points more from two months "
        "before a visit to the year after it than around matched months. The fit smooths: it carries a part of any "
        "response back to before the visit, so that this number is too small, and its interval knows nothing of moved "
        "dates."
    )


def _too_few(pairs: int) -> Verdict:
    empty = Series("response", tuple(float(name) for name in AFTER if name != DECIDES), (float("nan"),) * 4)
    return Verdict(
        code="S10", claim=CLAIM, null=NULL, answer="undecided",
        numbers=(Number("visits_followed", float(pairs), words="high-level visits with a year of events after them"),),
        table=pd.DataFrame(),
        drawing=Drawing("line", "After high-level visits", "months after the visit", UNIT, (empty,)),
        prose=(
            f"Undecided, because only {pairs} high-level visits have events before and after them to compare, and "
            f"{LEAST_VISITS} are needed.",
        ),
    )  # fmt: skip
