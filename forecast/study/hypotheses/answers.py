"""Test whether persistence comes from answers (S5d): both directions of each pair of states.

The claim is a model in which each side answers the other (`answers_model`); its alternative has
only each side's own persistence. Answers within a period cannot be told from shocks that both sides
share. The log Bayes factors of the pairs of a record are added.

- The claim is supported if the sum is above 2.3, and answers make deviations longer: the 5% point
of
  their share of the half-life is above 0.
- A sum below -2.3 is not enough to reject it, because many sparse pairs add up small penalties of a
  prior on which they have no information. It is rejected only if none of 40 simulated records in
  the shape of the record, in which answers carry 72% of the half-life, has as low a sum.

Answers alone, without own persistence, are compared as well. The share that answers carry is the
part of the half-life of a common deviation that is lost without them. It is negative where answers
are inverse, and then a share of the half-life without answers. If shocks are alike, the past of one
side is nearly that of the other, and the data only show the sum of own persistence and answers. So
the share is averaged over models with and without answers, equally likely before the data.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import expit

from forecast.base.arguments import checked
from forecast.base.dates import periods_a_month
from forecast.base.errors import DataError
from forecast.base.typing import Float
from forecast.data.panel.kinds import DIRECTIONS, panel_kind
from forecast.data.panel.relative_counts import relative_counts
from forecast.study.hypotheses.answers_model import (
    ANSWERS_ALONE,
    CORRELATION,
    OWN_ALONE,
    WITH_ANSWERS,
    DirectedPair,
    PairFit,
    fit_pair,
    half_life,
    largest_eigenvalue,
    periods_per_month,
    shared_retention,
)
from forecast.study.hypotheses.answers_simulation import (
    PROCESSES,
    AnswersProcess,
    simulate_answers,
)
from forecast.study.hypotheses.outcome import LIMIT, ClaimAnswer, decide

# Simulated records of strong answers, none of which may have as low a sum as a rejected one.
REJECTING_SETS = 40
DRAWS = 2000  # of phi around the mode, for the share
# periods with events or values, of each direction of a pair; fewer show no answers of a month
MIN_DIRECTION_PERIODS = 48
MIN_ANSWERING_PAIRS = 2  # pairs; one has no spread of phi between pairs


@dataclass(frozen=True)
class PairAnswers:
    """Result of the test of answers on one pair."""

    pair: str
    log_bayes_factor: float  # Of answers against none
    # Share of the half-life that answers carry if there are any: 5%, 50% and 95% points
    share: tuple[float, float, float]
    half_life: float  # Of deviations that both sides share, months, with answers
    correlation: float  # Of the shocks of both sides within a period
    periods: int  # In which either direction has events or values


@dataclass(frozen=True)
class Answers:
    """Result of the test of answers on all pairs of a record."""

    answer: ClaimAnswer
    log_bayes_factor: float  # Sum over pairs
    answers_alone: float  # Sum of log Bayes factors of answers alone against own persistence alone
    without_pair: tuple[str, float]  # The pair without which the sum changes most, and that sum
    # Mean over pairs, averaged with the model without answers, in which it is 0
    share: tuple[float, float, float]
    frequency: str  # `month` or `week`
    pairs: tuple[PairAnswers, ...]


@checked
def answers_test(panel: xr.Dataset, *, seed: int = 1) -> Answers:
    """Test on a panel with directions whether deviations last because each side answers the other.

    Parameters
    ----------
    panel : xarray.Dataset
        Monthly or weekly counts with ``directed=True`` of at least two dyads, each of one dataset.
    seed : int
        Of the draws that give the share.

    Returns
    -------
    Answers

    Raises
    ------
    DataError
        If the panel has no directions, is an index, or fewer than two pairs have 48 periods with
        events of each direction.

    Examples
    --------
    >>> from forecast import build_panel, read_keds
    >>> from forecast.study.hypotheses.answers import answers_test
    >>> events = read_keds("TURKEY.TXT")  # doctest: +SKIP
    >>> answers_test(build_panel(events, directed=True, frequency="week")).answer  # doctest: +SKIP
    'rejected'
    """
    pairs = directed_pairs(panel)
    return test_answers(pairs, str(panel.attrs["frequency"]), seed)


def directed_pairs(panel: xr.Dataset) -> list[DirectedPair]:
    """Return the pairs of a panel that have events of both directions in enough periods."""
    if not panel_kind(panel).coded or tuple(panel["direction"].to_numpy()) != DIRECTIONS[True]:
        raise DataError("panel: has no directions; build it with build_panel(..., directed=True)")
    counts = panel["counts"].transpose("dyad", "dataset", "time", "direction", "class")
    hostile = int(panel.attrs["zero_cut"])
    events = counts.sum(("dataset", "class")).to_numpy().astype(np.int64)
    cooperative = counts.isel({"class": slice(hostile, None)})
    cooperative_events = cooperative.sum(("dataset", "class")).to_numpy().astype(np.int64)
    covered = panel["covered"].any("dataset").transpose("dyad", "time").to_numpy()
    volume = np.stack(
        [relative_counts(events[..., side], covered, periods_a_month(panel)) for side in (0, 1)],
        axis=-1,
    )
    pairs = []
    for row, dyad in enumerate(panel["dyad"].to_numpy()):
        pair = DirectedPair(
            str(dyad),
            cooperative_events[row],
            events[row],
            value=np.zeros(volume[row].shape),
            volume=volume[row],
        )
        if (pair.events != 0).sum(axis=0).min() >= MIN_DIRECTION_PERIODS:
            pairs.append(_between_first_and_last(pair))
    if len(pairs) < MIN_ANSWERING_PAIRS:
        raise DataError(
            f"panel: {len(pairs)} pairs have {MIN_DIRECTION_PERIODS} periods with events of each "
            f"direction; {MIN_ANSWERING_PAIRS} are needed. Give longer or denser records"
        )
    return pairs


def directed_index(pair: str, values: pd.DataFrame) -> DirectedPair:
    """Return a pair from the values of an index: a row per period, a column per direction.

    Missing values are NaN. The pair has the signed square roots of the values, standardised for
    each direction, because weights of events have long tails.
    """
    raw = values.to_numpy(np.float64)
    root = np.sign(raw) * np.sqrt(np.abs(raw))
    standardised = (root - np.nanmean(root, axis=0)) / np.nanstd(root, axis=0)
    has_value = np.isfinite(standardised)
    return DirectedPair(
        pair,
        cooperative=np.zeros(raw.shape, dtype=np.int64),
        events=np.where(has_value, -1, 0),
        value=np.where(has_value, standardised, 0.0),
        volume=np.zeros(raw.shape),
    )


def _between_first_and_last(pair: DirectedPair) -> DirectedPair:
    """Cut a pair to the periods from its first event to its last."""
    periods = np.flatnonzero((pair.events != 0).any(axis=1))
    within = slice(int(periods[0]), int(periods[-1]) + 1)
    return replace(
        pair,
        cooperative=pair.cooperative[within],
        events=pair.events[within],
        value=pair.value[within],
        volume=pair.volume[within],
    )


def test_answers(
    pairs: Sequence[DirectedPair], frequency: str, seed: int = 1, *, brief: bool = False
) -> Answers:
    """Test answers on pairs whose periods are months or weeks.

    A brief test does not compare answers alone, and rejects by the sum of log Bayes factors. Weeks
    reject nothing, because only months are simulated.
    """
    rng = np.random.default_rng(seed)
    months_per_period = 1.0 / periods_per_month(frequency)
    rows, shares = [], []
    answers_alone = math.nan if brief else 0.0
    for pair in pairs:
        without_answers = fit_pair(pair, OWN_ALONE, frequency)
        with_answers = fit_pair(pair, WITH_ANSWERS, frequency)
        if not brief:
            alone = fit_pair(pair, ANSWERS_ALONE, frequency)
            answers_alone += alone.log_evidence - without_answers.log_evidence
        shares_of_pair = _draw_shares(with_answers, rng)
        shares.append(rng.choice(shares_of_pair, DRAWS))
        phi = with_answers.phi(with_answers.mode[None])[0]
        rows.append(
            PairAnswers(
                pair.pair,
                with_answers.log_evidence - without_answers.log_evidence,
                _interval(shares_of_pair),
                float(half_life(shared_retention(phi))) * months_per_period,
                math.tanh(with_answers.value(CORRELATION)),
                int((pair.events != 0).any(axis=1).sum()),
            )
        )
    factors = {row.pair: row.log_bayes_factor for row in rows}
    total = sum(factors.values())
    without_pair = {pair: total - factor for pair, factor in factors.items()}
    most_influential = max(without_pair, key=lambda pair: abs(without_pair[pair] - total))
    share = np.mean(shares, axis=0)
    averaged = np.where(rng.random(DRAWS) < float(expit(total)), share, 0.0)
    answer = decide(total, total)
    if answer == "supported" and np.quantile(share, 0.05) <= 0.0:
        answer = "undecided"
    if answer == "rejected" and not brief:
        unlike = frequency == "month" and _unlike_strong_answers(pairs, total, seed)
        answer = "rejected" if unlike else "undecided"
    return Answers(
        answer,
        total,
        answers_alone,
        (most_influential, without_pair[most_influential]),
        _interval(averaged),
        frequency,
        tuple(rows),
    )


def _unlike_strong_answers(pairs: Sequence[DirectedPair], total: float, seed: int) -> bool:
    """Check whether no simulated record of strong answers has as low a sum of log Bayes factors."""
    for number in range(REJECTING_SETS):
        rng = np.random.default_rng((seed, REJECTING_SETS, number))
        simulated = simulate_answers(pairs, PROCESSES[0], rng)
        if test_answers(simulated, "month", brief=True).log_bayes_factor <= total:
            return False
    return True


def _interval(values: Float) -> tuple[float, float, float]:
    """Return 5%, 50% and 95% points."""
    low, middle, high = np.quantile(values, (0.05, 0.5, 0.95)).tolist()
    return low, middle, high


def _draw_shares(fit: PairFit, rng: np.random.Generator) -> Float:
    """Draw the share of the half-life of deviations that answers carry."""
    points = rng.multivariate_normal(fit.mode, fit.covariance, DRAWS)
    phi = fit.phi(points)
    phi = phi[largest_eigenvalue(phi) < 1.0]
    without_answers = phi * np.eye(2)
    with_answers = half_life(shared_retention(phi))
    without = half_life(shared_retention(without_answers))
    return np.asarray((with_answers - without) / np.maximum(with_answers, without))


@dataclass(frozen=True)
class AnswersRate:
    """Results of the test of answers on simulated records of a process."""

    truth: str  # Name of the process
    sets: int
    supported: int
    below: int  # Sets whose log Bayes factor is below -2.3
    true_share: float  # Share of the half-life that answers carry
    share: tuple[float, float, float]  # Medians over sets of its 5%, 50% and 95% points
    contained: int  # Sets whose 90% interval contains the true share


def answers_power(
    pairs: Sequence[DirectedPair],
    sets: int,
    processes: Sequence[AnswersProcess] = PROCESSES,
    seed: int = 1,
) -> tuple[AnswersRate, ...]:
    """Count the results of the test on simulated months with the event counts of given pairs."""
    rates = []
    for index, process in enumerate(processes):
        tested = []
        for number in range(sets):
            rng = np.random.default_rng((seed, index, number))
            simulated = simulate_answers(pairs, process, rng)
            tested.append(test_answers(simulated, "month", brief=True))
        answers = [test.answer for test in tested]
        shares = np.array([test.share for test in tested])
        low, middle, high = np.median(shares, axis=0).tolist()
        true_share = process.share
        contained = (shares[:, 0] <= true_share) & (true_share <= shares[:, 2])
        rates.append(
            AnswersRate(
                process.name,
                sets,
                answers.count("supported"),
                sum(test.log_bayes_factor < -LIMIT for test in tested),
                true_share,
                (low, middle, high),
                int(contained.sum()),
            )
        )
    return tuple(rates)
