"""Questions about one of several datasets: its own record, and answers from how it reads the level."""

import numpy as np
import pytest

from forecast.base.errors import QuestionError
from forecast.desk.questions import answer_question, apply_question, make_question
from forecast.outlook import observe, simulate_ahead
from forecast.outlook.recorded import DatasetRecord
from tests.made import make_fit, with_feed


@pytest.fixture(scope="module")
def both():
    made = with_feed(make_fit(dyads=("USA-CHN",)), off=-1.0)
    return type(made)(made.posterior, made.panel.assign_attrs(digest="0" * 64), made.spec)


def test_a_question_names_its_dataset_and_compares_with_its_record(both):
    main, feed = (
        make_question(both.panel, "USA-CHN", months=12, higher=5, dataset=name)
        for name in (None, "feed")
    )
    assert (main.dataset, feed.dataset) == ("chronology", "feed")
    assert feed.baseline.events == 12 * 40 > 4 * main.baseline.events
    assert "“feed” records" in feed.sentence


def test_it_is_answered_as_the_dataset_reads_the_level(both):
    main, feed = (
        make_question(both.panel, "USA-CHN", months=12, above=45, dataset=name)
        for name in (None, "feed")
    )
    simulations = simulate_ahead(both, "USA-CHN", 12, seed=1)
    seen = observe(both, simulations, 12, DatasetRecord.of(both.panel, "USA-CHN", 1), seed=1)
    total, cooperative = (values[..., 1:].sum(axis=-1) for values in (seen.total, seen.cooperative))
    yes, there = apply_question(both, feed).simulate(both)
    assert yes.sum() / there.sum() == pytest.approx(
        np.mean(cooperative[total >= 3] >= 0.45 * total[total >= 3])
    )
    pooled = [answer_question(both, one).chance.value for one in (feed, main)]
    assert pooled[0] < pooled[1] - 0.2, (
        "it reads the level 24 points lower, and so do the benchmarks"
    )


def test_a_dataset_that_is_not_there_or_has_stopped_is_rejected(both):
    with pytest.raises(QuestionError, match="'gdelt'; these data are chronology and feed"):
        make_question(both.panel, "USA-CHN", months=12, higher=5, dataset="gdelt")
    over = with_feed(make_fit(dyads=("USA-CHN",)), ends=200).panel.assign_attrs(digest="0" * 64)
    with pytest.raises(QuestionError, match="'feed' has stopped reporting"):
        make_question(over, "USA-CHN", months=12, higher=5, dataset="feed")
