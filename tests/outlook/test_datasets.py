"""What each of several datasets says.

What it is off, where it disagrees, what it is worth for the present.
"""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from forecast.model import Priors
from forecast.model.observation.readings import knots, shift_of_panel
from forecast.outlook import dataset_outlooks, datasets_finding
from forecast.outlook.dataset_algebra import (
    GaussianAlgebra,
    Observations,
    drifting_offset_covariance,
)
from forecast.outlook.dataset_reading import DatasetReading
from forecast.outlook.recorded import DatasetRecord
from tests.made import Spec, make_fit, with_feed


@pytest.fixture(scope="module")
def alone():
    return make_fit(dyads=("USA-CHN",))


@pytest.fixture(scope="module")
def found(alone):
    return dataset_outlooks(with_feed(alone, off=-1.0, drift=0.3), "USA-CHN")


def test_one_dataset_has_nothing_to_compare(alone):
    assert dataset_outlooks(alone, "USA-CHN") == ()


def test_a_dyad_that_the_feed_does_not_cover_has_one_dataset():
    both = with_feed(make_fit(dyads=("USA-CHN", "USA-RUS")))
    covered = both.panel["covered"].copy()
    covered[1, 1] = False
    panel = both.panel.assign(covered=covered, counts=both.panel["counts"] * covered)
    some = type(both)(both.posterior, panel, both.spec)
    assert dataset_outlooks(some, "USA-RUS") == ()
    assert [one.name for one in dataset_outlooks(some, "USA-CHN")] == ["chronology", "feed"]


def test_offset_and_drift_are_in_points_at_the_level_of_the_day(alone, found):
    first, feed = found
    assert (first.offset, first.drift, first.main, feed.main) == (None, None, True, False)
    level = alone.posterior["level"].isel(time=-1, dyad=0).to_numpy()
    now = -1.0 + 0.3 * (2024 + 336 / 366 - 2012) / 5
    then = -1.0 + 0.3 * (2000 - 2012) / 5
    share = [100 / (1 + np.exp(-(level + one))) for one in (0.0, now, then)]
    assert feed.offset.median == pytest.approx(np.median(share[1] - share[0]), abs=0.1)
    assert feed.drift.median == pytest.approx(np.median(share[1] - share[2]), abs=0.1)


@pytest.mark.parametrize("frequency", ["month", "week"])
def test_the_effect_of_volume_is_that_of_the_model(frequency):
    both = with_feed(make_fit(dyads=("USA-CHN",), frequency=frequency))
    effect = np.full((2, 150, 1, 2), -0.4)
    posterior = both.posterior.assign(
        dataset_volume_effect=(("chain", "draw", "dyad", "dataset"), effect)
    )
    record = DatasetRecord.of(both.panel, "USA-CHN", 0)
    reading = DatasetReading.of(both.panel, posterior.isel(dyad=0), 0, record)
    expected = shift_of_panel(both.panel, posterior.isel(chain=0, draw=0))[0, :, 0]
    np.testing.assert_allclose(reading.offset[0], expected, atol=1e-12)


def test_a_year_of_another_tone_is_a_disagreement(alone):
    """Both records are simulated at the level itself.

    Then two years of one are made what the other does not say.
    """
    level = alone.posterior["level"].mean(("chain", "draw")).transpose("dyad", "time").to_numpy()
    cooperative = np.random.default_rng(4).binomial(5, 1 / (1 + np.exp(-level)))
    told = alone.panel["counts"] * 0
    told[0, :, :, 0, 4], told[0, :, :, 0, 3] = cooperative, 5 - cooperative
    feed = with_feed(replace(alone, panel=alone.panel.assign(counts=told)), off=-1.0)
    assert not {2007, 2019} & set(dataset_outlooks(feed, "USA-CHN")[1].disagrees)
    counts = feed.panel["counts"].copy()
    odd = counts["time"].dt.year.isin([2007, 2019]).to_numpy()
    counts[1, 0, odd] = counts[1, 0, odd] * 0
    counts[1, 0, odd, 0, 0] = 40
    panel = feed.panel.assign(counts=counts)
    first, second = dataset_outlooks(type(feed)(feed.posterior, panel, feed.spec), "USA-CHN")
    assert {2007, 2019} <= set(second.disagrees)
    worst = {one.year: one for one in second.years}[2007]
    assert (worst.share, worst.events) == (0.0, 480)
    assert worst.residual < -2 and worst.low > 0
    assert "2007" in datasets_finding((first, second))


def test_the_busy_one_decides_unless_it_has_ended(alone, found):
    first, feed = found
    assert feed.worth > first.worth > 0
    assert feed.without.high - feed.without.low > feed.with_all.high - feed.with_all.low
    assert datasets_finding(found).startswith("“feed” decides most")
    over = dataset_outlooks(with_feed(alone, ends=240), "USA-CHN")
    assert over[1].worth == pytest.approx(0.0, abs=1e-9)
    assert str(over[1].last) == "2019-12-31"
    assert datasets_finding(over).startswith("The chronology decides most")


def test_the_algebra_is_that_of_normal_variables():
    """Against conditioning written down the long way.

    Level, common news, an offset and errors of twelve months.
    """
    rng = np.random.default_rng(1)
    months, news, centre = 12, 0.1, 0.3
    apart = np.abs(np.arange(months)[:, None] - np.arange(months))
    moves = 0.4 * 0.8**apart
    variance = [rng.uniform(0.2, 0.6, months), rng.uniform(0.02, 0.05, 6)]
    seen = [
        Observations(
            np.arange(months), rng.standard_normal(months), variance[0], np.zeros((months, months))
        ),
        Observations(np.arange(6), rng.standard_normal(6), variance[1], np.full((6, 6), 0.5)),
    ]
    at = [*range(months), *range(6)]
    # level, news, offset, error: all of them are normal, so the joint covariance is a sum.
    reads = np.eye(months)[at]
    off = np.array([0.0] * months + [1.0] * 6)
    joint = reads @ (moves + news * np.eye(months)) @ reads.T + 0.5 * np.outer(off, off)
    joint += np.diag(np.concatenate(variance))
    both = np.block([[moves[-1:, -1:], moves[-1:] @ reads.T], [reads @ moves[:, -1:], joint]])
    precision = np.linalg.inv(both)
    values = np.concatenate([one.value for one in seen]) - centre
    algebra = GaussianAlgebra(dict(enumerate(seen)), moves, centre, news, np.arange(months), 0)
    level = algebra.present_level()
    assert level.sd == pytest.approx(precision[0, 0] ** -0.5)
    assert level.mean == pytest.approx(centre - precision[0, 1:] @ values / precision[0, 0])


def test_a_year_is_held_against_the_rest():
    """Against leaving it out and predicting it from the normal law of the others, the long way."""
    rng = np.random.default_rng(2)
    moves = 0.4 * 0.9 ** np.abs(np.arange(24)[:, None] - np.arange(24))
    seen = {
        place: Observations(
            np.arange(24),
            rng.standard_normal(24),
            rng.uniform(0.1, 0.4, 24),
            np.full((24, 24), off),
        )
        for place, off in ((0, 0.0), (1, 0.5))
    }
    algebra = GaussianAlgebra(seen, moves, 0.3, 0.1, 2000 + np.arange(24) // 12, 0)
    month, value, covariance = algebra._joint(list(seen.values()))
    own = np.arange(24, 36)  # the first year of the second dataset
    rest = np.setdiff1d(np.arange(48), own)
    across = covariance[np.ix_(own, rest)] @ np.linalg.inv(covariance[np.ix_(rest, rest)])
    error = value[own] - 0.3 - across @ (value[rest] - 0.3)
    spread = covariance[np.ix_(own, own)] - across @ covariance[np.ix_(rest, own)]
    weight = 1 / (seen[1].variance[:12] + 0.1)
    found = algebra.residuals()
    assert found[1][2000] == pytest.approx(weight @ error / np.sqrt(weight @ spread @ weight))
    assert {place: set(years) for place, years in found.items()} == {
        0: {2000, 2001},
        1: {2000, 2001},
    }
    assert month.size == 48


def test_what_a_dataset_is_off_varies_as_its_priors_say(alone):
    off = drifting_offset_covariance(np.add(*knots(alone.panel)), Priors(), 0.2)
    assert off.mean() == pytest.approx(0.7**2 + 0.3**2)
    apart = off[0, 0] + off[-1, -1] - 2 * off[0, -1]
    assert apart == pytest.approx(0.2**2 * 299 / 60, rel=0.01), "a walk of so many years"


@dataclass(frozen=True)
class SpecWithPriors(Spec):
    priors: Priors = Priors()  # noqa: RUF009 - frozen


def test_the_trend_starts_with_the_prior_of_the_fit():
    """With few months of data the start of the trend still matters for the present level."""
    eras = {"USA-CHN": (("containment", -40), ("engagement", 12))}
    feed = with_feed(make_fit(dyads=("USA-CHN",), months=24, eras=eras))
    usual, narrow = (
        dataset_outlooks(replace(feed, spec=SpecWithPriors(priors=priors)), "USA-CHN")[0].with_all
        for priors in (Priors(), Priors(trend_start=0.1))
    )
    assert narrow.high - narrow.low < usual.high - usual.low
