"""What evidence shares: the same comparison in numbers, rows, sentences and bars, and densities that are densities."""

import numpy as np
import pytest

from forecast.hypotheses import Rule
from forecast.hypotheses.measures import (
    densities,
    difference,
    difference_sentence,
    evidence_bars,
    evidence_sentences,
    evidence_table,
    number,
    reason_of_evidence,
)

from .made import comparison


def test_evidence_is_the_same_in_numbers_table_and_bars():
    found = comparison(1.5, 0.1, -0.4, 0.9, 0.3, priors=[("cycle_half_life", 0.6), ("cycle_sd", -0.1)], name="cycle")
    values = {one.name: one for one in found.numbers}
    assert values["log_bayes_factor_cycle"].value == 1.5 and values["log_bayes_factor_cycle"].error == 0.1
    assert values["log_bayes_factor_least_cycle"].value == pytest.approx(0.9)
    assert values["log_bayes_factor_most_cycle"].value == pytest.approx(2.1)
    table = evidence_table({"cycle against walk": found, "band against walk": comparison()})
    assert list(table["comparison"]) == ["cycle against walk"] * 5 + ["band against walk"]
    assert table["prior"].tolist()[:3] == [
        "as in the plan", "prior of the half-life half as wide", "prior of the half-life twice as wide"
    ]  # fmt: skip
    assert table["ahead_difference"].notna().tolist() == [True, False, False, False, False, True]
    log, ahead = evidence_bars("evidence", {"cycle against walk": found}).series
    assert (log.y, log.error, ahead.y, ahead.error) == ((1.5,), (0.1,), (-0.4,), (0.9,))


def test_sentences_name_the_model_that_the_data_favour():
    factor, _, ahead = evidence_sentences(
        comparison(-np.log(5), ahead_difference=2.0, priors=[("cycle_sd", 0.1)]), Rule()
    )
    assert "5.0 times as likely under a walk as under a cycle" in factor
    assert "better than a walk by 2.0" in ahead and "chance may explain" in ahead
    *_, ahead = evidence_sentences(comparison(ahead_difference=2.1), Rule())
    assert "chance" not in ahead
    *_, ahead = evidence_sentences(comparison(ahead_difference=-0.2), Rule())
    assert "worse than a walk by 0.2" in ahead and "which says little" in ahead


@pytest.mark.parametrize(
    ("change", "words"),
    [(0.1, "the rule says the same"), (1.5, "would say undecided"), (np.nan, "could not be computed")],
)
def test_a_prior_that_changes_the_answer_is_told(change, words):
    prose = evidence_sentences(comparison(2.0, priors=[("cycle_half_life", change)]), Rule())
    assert words in prose[1]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (comparison(5.0), "Supported: the Bayes factor for a cycle exceeds 3"),
        (comparison(-5.0), "Rejected: the Bayes factor for a walk exceeds 3"),
        (comparison(0.5), "the data cannot tell the two apart"),
        (comparison(5.0, ahead_difference=-3.0), "speaks for a cycle, and leaving the future out for a walk"),
        (comparison(-5.0, ahead_difference=3.0), "speaks for a walk, and leaving the future out for a cycle"),
        (comparison(5.0, ahead_error=np.nan), "could not be computed in full"),
    ],
)
def test_the_reason_is_that_of_the_rule(found, words):
    rule = Rule()
    said = str(reason_of_evidence(found, rule))
    assert words in said
    assert said.lower().startswith(rule.decide(found))


def test_a_number_is_a_median_with_the_error_of_a_median():
    draws = np.exp(np.random.default_rng(1).standard_normal((4, 2000)))
    found = number("x", draws, "months")
    assert found.low < found.value < found.high
    # The error of the median of n independent draws: sqrt(pi / 2n) times the spread, here about 1; give it a quarter.
    assert found.error == pytest.approx(np.sqrt(np.pi / 2 / 8000), rel=0.25)
    assert abs(found.value - 1.0) < 5 * found.error
    assert number("x", np.full((2, 10), 3.0)).error == 0.0


@pytest.mark.parametrize(
    ("centre", "words"),
    [(0.0, "is none"), (9.0, "practically above zero"), (-9.0, "practically below zero"), (2.5, "could not tell")],
)
def test_a_difference_in_words(centre, words):
    draws = centre + np.random.default_rng(2).standard_normal((2, 500))
    found = difference("drop", draws, Rule(), "the drop")
    said = difference_sentence(found, Rule(), "the drop since January")
    assert words in said and "he drop since January" in said
    assert sum(one.value for one in found.numbers) == pytest.approx(1.0)
    assert [one.name for one in found.numbers] == ["drop_below_rope", "drop_in_rope", "drop_above_rope"]


def test_what_the_prior_said_already_is_no_finding():
    draws = np.random.default_rng(2).standard_normal((2, 500))
    found = [difference("drop", draws, Rule(), "the drop", spread * draws) for spread in (1.1, 9.0)]
    said = [difference_sentence(one, Rule(), "the drop") for one in found]
    assert "rather than a finding" in said[0]
    assert "finding" not in said[1] and "Before the data it was 2" in said[1]


def test_what_is_certain_is_drawn_as_a_peak():
    certain, free = densities("t", "x", {"a": ("null", np.full(50, 3.0)), "b": ("data", np.linspace(0, 9, 500))}).series
    assert certain.x[int(np.argmax(certain.y))] == pytest.approx(3.0, abs=0.05) and max(certain.y) > max(free.y)


def test_curves_are_densities_where_most_draws_are_even_against_an_edge():
    rng = np.random.default_rng(3)
    draws = {
        "edge": ("prior", np.abs(rng.standard_normal((2, 2000)))),
        "free": ("posterior", rng.normal(5.0, 2.0, 4000)),
    }
    drawing = densities("title", "x", draws)
    edge, free = drawing.series
    assert edge.x == free.x and edge.role == "prior"
    for curve in drawing.series:  # what lies outside the axis is at most the outer hundredth on either side
        assert np.trapezoid(curve.y, curve.x) == pytest.approx(0.98, abs=0.03)
    # Half-normal: sqrt(2 / pi) at zero. A kernel that looks over the edge would halve it.
    assert max(edge.y) == pytest.approx(0.8, abs=0.1)
