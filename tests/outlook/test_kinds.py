"""Depth and severity as series: the share of the stronger kinds of a side, near in time."""

import numpy as np
import pytest

from forecast.outlook import NotDefined, kind_series, kinds_sentence
from forecast.outlook.kinds import ShareOfStronger
from forecast.outlook.recorded import main_record
from tests.made import make_panel


def series_of(panel, dyad):
    return kind_series(panel, main_record(panel, dyad))


@pytest.fixture(scope="module")
def panel():
    return make_panel(dyads=2, periods=150, events=6, seed=4)


def test_the_share_is_that_of_the_stronger_half_of_a_side(panel):
    found = series_of(panel, "USA-RUS")
    assert found["depth"].kinds == ("class 6", "class 7")
    assert found["severity"].kinds == ("class 1", "class 0")
    counts = panel["counts"].sel(dyad="USA-RUS").sum(("dataset", "direction", "time")).to_numpy()
    for name, stronger, side in (
        ("depth", [6, 7], [4, 5, 6, 7]),
        ("severity", [0, 1], [0, 1, 2, 3]),
    ):
        share = 100 * counts[stronger].sum() / counts[side].sum()
        low, median, high = found[name].share
        assert (low < median).all() and (median < high).all()
        assert median.mean() == pytest.approx(share, abs=5)


def test_intervals_contain_a_share_that_drifts_about_as_often_as_they_say():
    rng, covered = np.random.default_rng(1), []
    for _ in range(60):
        path = 1 / (1 + np.exp(-np.cumsum(rng.normal(0, 0.3 / 60**0.5, 360)) - rng.normal(0, 0.5)))
        events = rng.poisson(2.0, 360)
        found = ShareOfStronger.of(rng.binomial(events, path), events, 0.5, 1.0)
        low, high = (found.quantile(which) / 100 for which in (0.05, 0.95))
        covered.append(((low <= path) & (path <= high)).mean())
    assert 0.8 < np.mean(covered) < 0.97


def test_counts_that_scatter_more_than_independent_events_widen_the_interval():
    rng = np.random.default_rng(2)
    events = np.full(240, 12)
    alike = rng.binomial(events, 0.5)
    bursts = 12 * rng.binomial(1, 0.5, 240)
    widths = [
        np.ptp([ShareOfStronger.of(one, events, 0.5, 1.0).quantile(q)[-1] for q in (0.05, 0.95)])
        for one in (alike, bursts)
    ]
    assert widths[1] > 2 * widths[0]


def test_what_was_recorded_is_counted_by_year(panel):
    one = series_of(panel, "USA-CHN")["severity"]
    counts = panel["counts"].sel(dyad="USA-CHN").sum(("dataset", "direction"))
    own = counts.isel(time=counts["time"].dt.year == 2003)
    place = list(one.years).index(2003)
    assert one.events[place] == int(own.isel({"class": slice(0, 4)}).sum())
    assert one.stronger[place] == int(own.isel({"class": slice(0, 2)}).sum())
    assert (one.events > 0).all()


def test_of_three_kinds_the_strongest_counts_and_of_one_there_is_no_series():
    panel = make_panel(classes=4, zero_cut=1, periods=30)
    found = series_of(panel, "USA-CHN")
    assert set(found) == {"depth"}
    assert found["depth"].kinds == ("class 3",)
    assert isinstance(found["depth"].change, NotDefined)
    assert "ten years" not in kinds_sentence(found)
    assert "hostile" not in kinds_sentence(found)


def test_months_that_nobody_covered_have_neither(panel):
    short = panel.copy(deep=True)
    short["covered"][:, 0, 140:] = False
    short["counts"][:, 0, 140:] = 0
    one = series_of(short, "USA-CHN")["depth"]
    assert np.isnan(one.share[:, 140:]).all()
    assert np.isfinite(one.share[:, :140]).all()
    assert str(one.last) == "2011-08-31"
    short["covered"][:, 0] = False
    short["counts"][:, 0] = 0
    assert isinstance(series_of(short, "USA-CHN"), NotDefined)


@pytest.mark.parametrize(("late", "words"), [(7, ", more than"), (4, ", fewer than")])
def test_a_change_is_said_to_be_one_if_its_interval_excludes_zero(late, words):
    panel = make_panel(dyads=1, periods=240, events=6, seed=4).copy(deep=True)
    early = {7: 4, 4: 7}[late]
    counts = np.zeros(panel["counts"].shape, dtype=panel["counts"].dtype)
    counts[..., :120, :, early] = 5
    counts[..., 120:, :, late] = 5
    panel["counts"][:] = counts
    assert f"{words} ten years before" in kinds_sentence(
        {"depth": series_of(panel, "USA-CHN")["depth"]}
    )


def test_a_record_that_is_not_defined_has_none(panel):
    assert isinstance(kind_series(panel, NotDefined("an index")), NotDefined)
