"""What will be recorded.

Chances that add up, void windows, thresholds, rules that a stranger can follow.
"""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecast.outlook import Assessment, NotDefined, assess, printed_changes, probability, quoted
from forecast.outlook.observed import SimulatedEvents
from forecast.outlook.question_types import PassageQuestion
from forecast.outlook.recorded import MIN_WINDOW_EVENTS, DatasetRecord, WindowCounts, main_record
from forecast.outlook.windows import threshold_outlook, window_outlook
from tests.made import make_fit

SIZE = (2, 3, 4)  # chains, draws, simulations
MONTHS = 6
ERAS = {"USA-CHN": (("containment", -9), ("engagement", 20))}
FIT = make_fit(("USA-CHN",), chains=2, draws=3, months=60, eras=ERAS)


def recording(total, cooperative, past=(4, 1), fit=FIT):
    """Record so much in each future (the last axis is the month), and `past` events per month
    before."""
    total = np.broadcast_to(np.asarray(total), (*SIZE, MONTHS))
    ahead = [
        np.concatenate([np.zeros((*SIZE, 1), int), np.broadcast_to(counts, total.shape)], -1)
        for counts in (total, cooperative)
    ]
    whole = DatasetRecord.of(fit.panel, "USA-CHN", 0, "US-China")
    before = [
        np.full(len(whole.total), value) if np.isscalar(value) else np.asarray(value)
        for value in past
    ]
    counts = np.zeros_like(whole.counts)
    counts[:, 0], counts[:, -1] = before[0] - before[1], before[1]
    return SimulatedEvents(replace(whole, counts=counts), *ahead)


def window_of(made, months, *asked):
    return window_outlook(made.record, made.ahead(months), months, made.record.baseline(12), *asked)


def threshold_of(made, months, threshold, window=None, baseline_months=12):
    before = made.record.baseline(window or baseline_months)
    return threshold_outlook(
        made.record, made.ahead(months), months, threshold, before, window, baseline_months
    )


COUNTS = arrays(np.int64, (*SIZE, MONTHS), elements=st.integers(0, 3))


@st.composite
def recordings(draw):
    total = draw(COUNTS)
    return recording(
        total, np.minimum(total, draw(COUNTS)), draw(st.sampled_from([(4, 1), (1, 1), (2, 0)]))
    )


@given(recordings(), st.floats(0.0, 100.0, exclude_min=True), st.sampled_from([1, 3, 6]))
@settings(max_examples=30)
def test_chances_add_up_exactly_and_are_of_windows_that_are_not_void(made, improvement, months):
    outlook = window_of(made, months, improvement)
    total = made.total[..., 1 : months + 1].sum(-1)
    there = total >= MIN_WINDOW_EVENTS
    assert outlook.void.value == pytest.approx(1 - there.mean(), abs=1e-11)
    if not there.any() or outlook.baseline.share is None:
        assert {type(one) for one in (outlook.up, outlook.same, outlook.down)} == {NotDefined}
        assert printed_changes(outlook) == {}
        assert "is not defined" in outlook.sentence
        return
    assert outlook.up.value + outlook.same.value + outlook.down.value == 1
    assert min(outlook.up.value, outlook.same.value, outlook.down.value) >= 0
    assert sum(printed_changes(outlook).values()) == 100
    shares = 100 * made.cooperative[..., 1 : months + 1].sum(-1)[there] / total[there]
    assert outlook.share.mean == pytest.approx(shares.mean())
    assert outlook.share.low <= outlook.share.median <= outlook.share.high
    reached = shares - outlook.baseline.share >= improvement - min(1e-6, improvement / 2)
    assert outlook.up.value == pytest.approx(reached.mean())


@given(recordings(), st.tuples(st.floats(0.01, 100), st.floats(0.01, 100)), st.sampled_from([1, 6]))
@settings(max_examples=25)
def test_a_greater_change_is_never_likelier(made, improvements, months):
    less, more = (window_of(made, months, one) for one in sorted(improvements))
    if isinstance(less.up, NotDefined):
        assert isinstance(more.up, NotDefined)
    else:
        assert more.up.value <= less.up.value and more.down.value <= less.down.value


@given(recordings(), st.tuples(st.floats(0.01, 99.9), st.floats(0.01, 99.9)))
@settings(max_examples=25)
def test_a_higher_share_is_never_likelier(made, thresholds):
    for chances in (
        [threshold_of(made, 6, one).chance for one in sorted(thresholds)],
        [threshold_of(made, 6, one, 3).chance for one in sorted(thresholds)],
    ):
        if not isinstance(chances[0], NotDefined):
            assert chances[1].value <= chances[0].value


@given(COUNTS, COUNTS, st.integers(1, 5), st.floats(1, 99))
@settings(max_examples=30)
def test_rolling_windows_are_counted_one_by_one(total, cooperative, window, threshold):
    cooperative = np.minimum(total, cooperative)
    past = np.array([2, 0, 1, 4, 1]), np.array([1, 0, 0, 4, 0])
    before = [*zip(*(counts[len(counts) - window + 1 :] for counts in past), strict=True)]
    question = PassageQuestion.model_construct(
        when="by", span=window, before=before, threshold=threshold
    )
    hit, there = question.settle(WindowCounts(total, cooperative))
    for place in np.ndindex(SIZE):
        n, k = (
            np.concatenate([before, ahead[place]])
            for before, ahead in zip(past, (total, cooperative), strict=True)
        )
        windows = [
            (n[end - window : end].sum(), k[end - window : end].sum()) for end in range(6, 12)
        ]
        kept = [100 * k / n for n, k in windows if n >= MIN_WINDOW_EVENTS]
        assert there[place] == bool(kept)
        assert hit[place] == any(share >= threshold - 1e-6 for share in kept)


def test_a_hand_made_case():
    # Half of the simulations of a draw: 6 of 12 cooperative; the other half 1 of 2 events, which is
    # void at 3 months.
    total = np.where(np.arange(4)[:, None] < 2, [4, 4, 4, 0, 0, 0], [1, 1, 0, 0, 0, 0])
    made = recording(total, np.where(total == 4, 2, 0), past=(4, 1))
    outlook = window_of(made, 3, 5.0)
    assert (outlook.void.value, outlook.events.mean) == (0.5, 7.0)
    assert (outlook.share.mean, outlook.baseline.share, outlook.baseline.events) == (50.0, 25.0, 48)
    assert (outlook.up.value, outlook.same.value, outlook.down.value) == (1.0, 0.0, 0.0)
    assert window_of(made, 3, 25.0).up.value == 1.0  # exactly on the boundary
    assert window_of(made, 3, 25.1).same.value == 1.0
    assert threshold_of(made, 3, 50.0).chance.value == 1.0
    assert threshold_of(made, 3, 50.1).chance.value == 0.0


def test_the_error_of_a_chance_given_that_a_window_is_not_void_is_that_of_a_ratio():
    rng = np.random.default_rng(1)
    found = [
        probability(rng.random((2, 50, 4)) < 0.3, "up", rng.random((2, 50, 4)) < 0.6)
        for _ in range(200)
    ]
    assert np.mean([one.value for one in found]) == pytest.approx(0.3, abs=0.01)
    assert np.mean([one.mcse for one in found]) == pytest.approx(
        np.sqrt(0.3 * 0.7 / (400 * 0.6)), rel=0.1
    )


def test_too_little_before_leaves_thresholds():
    made = recording(2, 1, past=(np.zeros(60, int), np.zeros(60, int)))
    outlook = window_of(made, 6)
    assert outlook.baseline.share is None and "fewer than 3 were recorded" in outlook.up.reason
    assert "Higher" not in outlook.rule
    assert threshold_of(made, 6, 50.0).chance.value == 1.0
    assert "in the 12 months before" not in threshold_of(made, 6, 50.0).sentence


def test_nothing_ahead_is_void():
    outlook = window_of(recording(0, 0), 6)
    assert (
        outlook.void.value == 1
        and isinstance(outlook.share, NotDefined)
        and isinstance(outlook.up, NotDefined)
    )
    assert isinstance(threshold_of(recording(0, 0), 6, 50.0).chance, NotDefined)


def test_a_likely_void_is_told():
    total = np.where(np.arange(4)[:, None] < 1, 0, 4)
    assert window_of(recording(total, total), 6).sentence.endswith(
        "The chance of fewer than 3 events, and so of no answer, is 25%."
    )


def test_what_cannot_be_is_told():
    high = window_of(recording(4, 2, past=(4, 4)), 6)
    assert high.sentence == (
        "The cooperative share of US-China events in the chronology cannot be 5 points higher in "
        "the 6 months to June 2005 than in the 12 months before (100%, 48 of 48); the chance that "
        "it is at least 5 points lower is >99%."
    )
    assert "cannot be 5 points lower" in window_of(recording(4, 2, past=(4, 0)), 6).sentence
    assert "cannot" not in window_of(recording(4, 2), 6).sentence


def test_the_baseline_is_of_the_last_covered_months():
    covered = FIT.panel["covered"].copy()
    covered[..., -2:] = False
    counts = FIT.panel["counts"].where(covered, 0).astype(np.int32)
    fit = type(FIT)(FIT.posterior, FIT.panel.assign(covered=covered, counts=counts), FIT.spec)
    baseline = recording(2, 1, fit=fit).record.baseline(3)
    assert (baseline.first, baseline.last) == (date(2004, 8, 1), date(2004, 10, 31))
    sentence = window_of(recording(2, 1, fit=fit), 3).sentence
    assert "than in the 12 months to October 2004 (25%, 12 of 48)" in sentence
    assert "than in the 12 months before (25%, 12 of 48)" in window_of(recording(2, 1), 3).sentence
    assert isinstance(recording(2, 1).record.baseline(61), NotDefined)


def test_a_threshold_is_compared_with_the_baseline_asked_for():
    made = recording(4, 2)
    asked = threshold_of(made, 6, 50.0, baseline_months=24)
    assert (
        asked.baseline == made.record.baseline(24) and "in the 24 months before" in asked.sentence
    )
    assert threshold_of(made, 6, 50.0).baseline == made.record.baseline(12)
    rolling = threshold_of(made, 6, 50.0, 3, baseline_months=24)
    assert rolling.baseline == made.record.baseline(3)


def test_one_month_and_weeks_read_well():
    assert (
        "in the month to January 2005 than in the 12 months before"
        in window_of(recording(4, 1), 1).sentence
    )
    weekly = make_fit(("USA-CHN",), chains=2, draws=3, months=60, frequency="week", eras=ERAS)
    result = assess(weekly, "USA-CHN", (3,), seed=1)
    assert (
        "in the 13 weeks to 27 May 2001 than in the 52 weeks before" in result.recorded[3].sentence
    )


def test_a_stranger_can_resolve_it_from_the_rule_alone():
    outlook = assess(FIT, "USA-CHN", (3,), seed=1, labels={"USA-CHN": "US-China"}).recorded[3]
    rule, before = outlook.rule, outlook.baseline
    for words in (
        "the first edition of the chronology whose coverage of USA-CHN reaches 31 March 2005",
        "a two-sided event with a row for each side counts once",
        "of the US-China events that the chronology records from 1 January 2005 to 31 March 2005 "
        "are cooperative",
        "Cooperative: class 4; class 5; class 6; class 7 (CAMEO codes that begin with 01, 02",
        f"({before.cooperative} of {before.events}) from 1 January 2004 to 31 December 2004.",
        f"Higher: At least {before.share + 5:.2f}%",
        f"Lower: At most {before.share - 5:.2f}%",
        "as of 31 December 2004",
        "Void: fewer than 3 events in it",
    ):
        assert words in rule, words
    counts = FIT.panel["counts"].sel(dyad="USA-CHN").isel(time=slice(-12, None))
    assert before.events == int(counts.sum())
    assert before.cooperative == int(counts.isel({"class": slice(4, None)}).sum())


def test_the_headline_is_what_was_asked_and_can_be_observed():
    result = assess(FIT, "USA-CHN", (3, 12), seed=1)
    assert isinstance(result, Assessment) and result.threshold is None
    assert result.headline == result.recorded[12].sentence == quoted(result).sentence
    above = assess(FIT, "USA-CHN", (3, 12), seed=1, above=60.0)
    assert list(above.threshold) == [3, 12] and above.headline == above.threshold[12].sentence
    assert above.recorded[12].up.value == result.recorded[12].up.value
    by = assess(FIT, "USA-CHN", (3, 12), seed=1, above=60.0, by=date(2006, 6, 30))
    assert list(by.threshold) == [18] and by.headline == by.threshold[18].sentence
    assert by.threshold[18].window == 12
    assert "in the 12 months to the end of some month up to June 2006" in by.headline
    assert by.threshold[18].chance.value >= above.threshold[12].chance.value
    at = assess(FIT, "USA-CHN", seed=1, at=date(2005, 5, 1))
    assert at.horizons == (5,) and at.recorded[5].until == date(2005, 5, 31)


def test_where_nothing_can_be_compared_the_level_is_the_headline():
    counts = FIT.panel["counts"].copy()
    counts[:, :, -12:] = 0
    result = assess(
        type(FIT)(FIT.posterior, FIT.panel.assign(counts=counts), FIT.spec),
        "USA-CHN",
        (12,),
        seed=1,
    )
    assert quoted(result) is None
    assert "they now stand at about" in result.headline
    assert isinstance(result.recorded[12].up, NotDefined)


def test_of_two_datasets_the_first_is_forecast_and_named_however_much_the_other_counts():
    counts = xr.concat([FIT.panel["counts"], 3 * FIT.panel["counts"]], "dataset").assign_coords(
        dataset=["a", "b"]
    )
    covered = (counts.sum(["direction", "class"]) >= 0).transpose("dataset", "dyad", "time")
    panel = FIT.panel.drop_vars(["counts", "covered", "dataset"]).assign(
        counts=counts, covered=covered
    )
    own = [name for name, values in FIT.posterior.items() if "dataset" in values.dims]
    both = xr.concat([FIT.posterior[own], FIT.posterior[own]], "dataset")
    fit = type(FIT)(FIT.posterior.drop_vars(own).merge(both), panel, FIT.spec)
    window = assess(fit, "USA-CHN", (3,), seed=1).recorded[3]
    assert window.dataset == "a" and "in “a” is at least" in window.sentence
    assert "Data: the first edition of “a” whose coverage of USA-CHN" in window.rule
    assert window.baseline.events == int(
        counts.sel(dataset="a", dyad="USA-CHN").isel(time=slice(-12, None)).sum()
    )


def test_an_index_and_a_dyad_never_covered_have_no_baseline():
    index = FIT.panel.drop_vars(["counts", "covered"]).assign(index=0.0 * FIT.panel["era_index"])
    unseen = FIT.panel.assign(covered=FIT.panel["covered"] & False)
    assert isinstance(main_record(index, "USA-CHN"), NotDefined)
    assert isinstance(main_record(unseen, "USA-CHN").baseline(12), NotDefined)


def test_the_title_says_where_the_data_end_if_that_is_long_before():
    covered = FIT.panel["covered"].copy()
    assert "data through" not in assess(FIT, "USA-CHN", (12,), seed=1).title
    for missing, words in ((2, None), (3, "(data through September 2004)")):
        covered[..., -missing:] = False
        counts = FIT.panel["counts"].where(covered, 0).astype(np.int32)
        fit = type(FIT)(FIT.posterior, FIT.panel.assign(covered=covered, counts=counts), FIT.spec)
        title = assess(fit, "USA-CHN", (12,), seed=1).title
        assert title.endswith(words) if words else "data through" not in title
