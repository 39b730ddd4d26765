"""Does the pull grow with the displacement (S6)? A cubic pull and a band against a linear one, and which side."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forecast.hypotheses.verdict import Verdict
from forecast.hypotheses.verdict_parts import (
    chance,
    evidence_bars,
    evidence_numbers,
    evidence_prose,
    evidence_table,
    learning_prose,
    median_interval,
    number,
    percent,
    prior_of,
    reason,
    rope_chances,
    rope_prose,
)
from forecast.model.dynamics import find_pull
from forecast.outlook.draws import dyad_draws
from forecast.outlook.frameworks import learned

if TYPE_CHECKING:
    from forecast.hypotheses.candidates import Candidates

CUBIC, BAND, LINEAR = "a pull that grows", "a band without pull", "a linear pull"
MONTHS = 12
# A unit of log-odds is 25 points around an even share, and less elsewhere.
POINTS = 25.0


def test_extremes(candidates: "Candidates") -> Verdict:
    """Test whether the pull grows more than in proportion to the displacement.

    Decided by the evidence for a cubic pull against a linear one, for that is the form of the claim. A band without
    pull makes extremes dearer in another way, and its evidence stands beside. Whether the hostile side is the stronger
    one is asked within the cubic pull, whose prior favours neither: of a displacement by one spread to either side the
    pull alone undoes so much in twelve months, and the difference is put in points of share around an even share.

    Parameters
    ----------
    candidates : Candidates

    Returns
    -------
    Verdict
        Of S6, with the strength of the pull one spread away and the difference between the sides.

    Examples
    --------
    >>> from forecast.hypotheses.extremes import test_extremes
    >>> test_extremes(candidates).answer  # doctest: +SKIP
    'undecided'
    """
    rule = candidates.rule
    growing, flat, linear = ({"dynamics": name, **candidates.unbounded} for name in ("cubic", "band", "linear"))
    cubic = candidates.compare(growing, linear, scales=("stiffening", "lean"))
    band = candidates.compare(flat, linear, scales=("band",))
    own = dyad_draws(candidates.fit(**growing), candidates.dyad)
    growth, lean = own.scalars["stiffening"], own.scalars["lean"]
    before = {str(name): drawn.to_numpy() for name, drawn in prior_of(candidates, **growing).squeeze("dyad").items()}
    learning = learned(growth, before["stiffening"], "the prior")
    times, one_away = "times as strong", "the pull one spread away against that near the equilibrium"
    strength = number("strength", 1.0 + growth, times, f"{one_away}, were the sides alike")
    hostile = number("strength_hostile", 1.0 + growth * np.exp(lean), times, f"{one_away}, on the hostile side")
    friendly = number("strength_friendly", 1.0 + growth * np.exp(-lean), times, f"{one_away}, on the friendly side")
    leaning = number("lean", lean, "log ratio", "growth of the pull on the hostile side against the middle")
    harder = chance("probability_hostile_stronger", lean > 0, "the hostile side has the stronger pull")
    apart, apart_before = (_apart(drawn, own.clock.periods(MONTHS)) for drawn in (own.scalars, before))
    what = f"the difference of the sides in what {MONTHS} months undo"
    asymmetry = number("asymmetry", apart, "points of share", f"{what}, hostile less friendly")
    comparisons = {f"{CUBIC} against {LINEAR}": cubic, f"{BAND} against {LINEAR}": band}
    return Verdict(
        code="S6",
        claim="Extremes are costly: the pull grows more than in proportion to the displacement.",
        null="The pull is in proportion to the displacement.",
        answer=rule.decide(cubic),
        numbers=(
            *evidence_numbers(cubic, f"{CUBIC} against {LINEAR}"),
            *evidence_numbers(band, f"{BAND} against {LINEAR}", "band"),
            strength, hostile, friendly, leaning, harder, asymmetry,
            *rope_chances("asymmetry", apart, rule.rope, what),
        ),
        table=evidence_table(comparisons),
        drawing=evidence_bars("Evidence for pulls of other forms than linear", comparisons),
        prose=(
            *evidence_prose(cubic, CUBIC, LINEAR, rule),
            *evidence_prose(band, BAND, LINEAR, rule),
            f"If it grows, the pull is {median_interval(strength, 1)} times as strong one spread away as near the "
            f"equilibrium. {learning_prose(learning, 'its growth')}",
            f"The chance that the hostile side has the stronger pull is {percent(harder)}, where 50 % is no knowledge: "
            f"{median_interval(hostile, 1)} times one spread away, against {median_interval(friendly, 1)} on the other "
            f"side; {what} is {median_interval(asymmetry, 1)} points of share.",
            rope_prose(apart, rule.rope, rule, what, apart_before),
            reason(cubic, CUBIC, LINEAR, rule),
        ),
    )  # fmt: skip


def undone(drawn: Mapping[str, NDArray[np.float64]], spreads: float, periods: int) -> NDArray[np.float64]:
    """Tell how much of a displacement, in long-run spreads, a growing pull alone undoes in some periods, log-odds.

    Parameters
    ----------
    drawn : mapping of str to array
        ``phi``, ``sd``, ``stiffening`` and ``lean``.
    spreads : float
        Negative on the hostile side.
    periods : int
    """
    left = start = spreads * drawn["sd"]
    for _ in range(periods):
        left = find_pull("cubic").next(left, left, drawn)
    return np.asarray(np.abs(start) - np.abs(left))


def _apart(drawn: Mapping[str, NDArray[np.float64]], periods: int) -> NDArray[np.float64]:
    """Hostile less friendly side, in points of share around an even share."""
    return POINTS * (undone(drawn, -1.0, periods) - undone(drawn, 1.0, periods))
