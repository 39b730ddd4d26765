"""Is there a middle ground (S8)? Time near the equilibrium and the way back to it, against a random walk."""

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast.hypotheses.reversion import MODELS, PULL, WALK
from forecast.hypotheses.verdict import Answer, Number, Rule, Verdict
from forecast.hypotheses.verdict_parts import (
    chance,
    densities,
    evidence_numbers,
    evidence_prose,
    evidence_table,
    median_interval,
    number,
    percent,
)
from forecast.model.shocks import draw_shocks
from forecast.outlook.band import band_edges
from forecast.outlook.draws import DyadDraws, dyad_draws
from forecast.outlook.futures import stream
from forecast.outlook.passage import mean_spell
from forecast.scale import soft_ceiling
from forecast.typing import Float

if TYPE_CHECKING:
    from forecast.hypotheses.candidates import Candidates


# The band is the central half of where a pendulum is in the long run.
MASS = 0.5


@dataclass(frozen=True)
class Stay:
    """How paths keep to their own means, by draw (chain, draw).

    Attributes
    ----------
    near : array
        Per cent of the periods that are near.
    away : array
        Mean length of the spells that are not, months.
    """

    near: Float
    away: Float


def test_band(candidates: "Candidates") -> Verdict:
    """Test whether the level keeps to a middle ground more than a random walk fitted to the same record would.

    A band fitted to a record has that record inside, so the time inside the equilibrium band is stated but decides
    nothing. Record and rivals are measured by one rule instead that any path can be held to: in how many of its months
    it is near its own mean of the era, by no more than half the band's width. Random walks with the same length and
    eras are drawn from the walk's posterior, from where the record began, and the probability that the record spent
    more time near than they decides the claim [1]_. The walk's steps are learnt from the same record, so that the
    test is a cautious one. Whether the whole record tells the models apart is the question of S5; that evidence stands
    beside.

    Parameters
    ----------
    candidates : Candidates

    Returns
    -------
    Verdict
        Of S8, with the band in force, the time inside, and how long the level stays away.

    References
    ----------
    .. [1] Gelman, Meng and Stern (1996), Posterior predictive assessment of model fitness via realized discrepancies,
       Statistica Sinica 6, 733-760.

    Examples
    --------
    >>> from forecast.hypotheses.band_test import test_band
    >>> test_band(candidates).answer  # doctest: +SKIP
    'undecided'
    """
    rule = candidates.rule
    linear, none = ({"dynamics": name, **candidates.unbounded} for name in ("linear", "none"))
    comparison = candidates.compare(linear, none)
    pull, walk = (dyad_draws(candidates.fit(**choices), candidates.dyad) for choices in (linear, none))
    stays = _stays(pull, walk, candidates.seed)
    near = {
        name: number(f"near_{name}", stay.near, "per cent", f"months near its own mean of the era, {path}")
        for (name, path), stay in stays.items()
    }
    away = {
        name: number(f"away_{name}", stay.away, "months", f"mean stay away from there, {path}")
        for (name, path), stay in stays.items()
    }
    record, walks, pulls = stays.values()
    more = chance(
        "probability_more_than_walk", record.near > walks.near, "the record is near its mean more than a random walk is"
    )
    answer = rule.decide_probability(more.value)
    band_numbers, band_prose = _band(pull)
    return Verdict(
        code="S8",
        claim="There is a middle ground: relations keep near an equilibrium more than chance would have them.",
        null="There is none: relations stay or leave as a random walk does.",
        answer=answer,
        numbers=(*band_numbers, more, *near.values(), *away.values(), *evidence_numbers(comparison, MODELS)),
        table=evidence_table({MODELS: comparison}),
        drawing=densities(
            "Time near the middle of each era", "per cent of the months",
            {"record": ("posterior", record.near), WALK: ("null", walks.near), PULL: ("other", pulls.near)},
        ),
        prose=(
            band_prose,
            "Measured alike, within half that band's width of its own mean of an era: the record spent "
            f"{median_interval(near['record'])} per cent of its months there, random walks fitted to it "
            f"{median_interval(near['walk'])} and linear pulls {median_interval(near['pull'])}.",
            f"Once away, the record came back after {median_interval(away['record'])} months on average, random walks "
            f"after {median_interval(away['walk'])} and linear pulls after {median_interval(away['pull'])}.",
            *evidence_prose(comparison, PULL, WALK, rule),
            _reason(answer, more, rule),
        ),
    )  # fmt: skip


def live_again(own: DyadDraws, seed: int) -> Float:
    """Let the pendulum live through its record again, with other shocks, from the same start and in the same eras.

    Parameters
    ----------
    own : DyadDraws
    seed : int

    Returns
    -------
    array (chain, draw, time)
        Level, log-odds.

    Raises
    ------
    SpecError
        If its dynamics cannot be simulated forward.
    """
    rng = stream(seed, own.dyad, "live again")
    state, levels = own.level[..., 0].astype(np.float64), []
    for place, era in enumerate(own.eras):
        for period in range(era.first, era.stop):
            if period:
                shock = draw_shocks(rng, own.size, own.scalars.get("shock_df"))
                state = own.pull.step(state, state, own.by_era["mu"][..., place], shock, own.scalars)
            levels.append(soft_ceiling(state, own.ceiling(place), own.softness))
    return np.stack(levels, axis=-1)


def _stays(pull: DyadDraws, walk: DyadDraws, seed: int) -> dict[tuple[str, str], Stay]:
    """Measure the record, and what either model would do in its place, by name and words."""
    half = NormalDist().inv_cdf(0.5 + MASS / 2) * pull.scalars["sd"]

    def stay(level: NDArray[Any]) -> Stay:
        eras = [level[..., era.first : era.stop] for era in pull.eras]
        off = np.concatenate([here - here.mean(axis=-1, keepdims=True) for here in eras], axis=-1)
        near = np.abs(off) <= half[..., None]
        return Stay(100 * near.mean(axis=-1), mean_spell(~near, pull.clock))

    return {
        ("record", "the record"): stay(pull.level),
        ("walk", "a random walk fitted to it"): stay(live_again(walk, seed)),
        ("pull", "a linear pull fitted to it"): stay(live_again(pull, seed)),
    }


def _band(own: DyadDraws) -> tuple[tuple[Number, ...], str]:
    """State the band in force, and how much of the record lay inside the band of its time."""
    edges = [_edges(own, place) for place in range(len(own.eras))]
    inside = np.concatenate(
        [
            (low[..., None] <= here) & (here <= high[..., None])
            for (low, high), era in zip(edges, own.eras, strict=True)
            for here in (own.share[..., era.first : era.stop],)
        ],
        axis=-1,
    )
    last = own.eras[-1].name
    lower, upper = (
        number(f"band_{side}", edge, "points of share", f"{side} edge of the equilibrium band under “{last}”")
        for side, edge in zip(("low", "high"), edges[-1], strict=True)
    )
    time = number("inside", 100 * inside.mean(axis=-1), "per cent", "months of the record inside the band of their era")
    now = chance("probability_inside_now", inside[..., -1], f"the share of {own.clock.name()} is inside the band")
    return (lower, upper, time, now), (
        f"The equilibrium band under “{last}” runs from {median_interval(lower)} to {median_interval(upper)} points of "
        f"share; the relation is inside it now with a chance of {percent(now)}, and was inside the band of the time in "
        f"{median_interval(time)} per cent of the months, where {100 * MASS:.0f} is what a pendulum does by definition."
    )


def _edges(own: DyadDraws, place: int) -> tuple[Float, Float]:
    low, high = band_edges(own, place, MASS)
    assert low is not None and high is not None, "a pendulum has a band"
    return low, high


def _reason(answer: Answer, more: Number, rule: Rule) -> str:
    said = f"the record kept nearer to its means than a random walk would with a probability of {percent(more)}"
    if answer == "undecided":
        bounds = f"{100 * (1 - rule.probability):.0f} and {100 * rule.probability:.0f} %"
        return f"Undecided, because {said}, between {bounds}: walks of this length do as much by chance."
    return f"{answer.capitalize()}: {said}."
