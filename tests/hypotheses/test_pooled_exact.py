"""Filter and evidence of pooled tests against exact ones that share no code with them."""

from dataclasses import replace

import numpy as np
import pytest

from forecast.study.hypotheses.evidence import FINE_QUADRATURE, evidence_of
from forecast.study.hypotheses.filter.inputs import NEW_SOURCE
from forecast.study.hypotheses.filter.likelihood import likelihoods
from forecast.study.hypotheses.models import RETURN_CYCLE, SOURCES_CYCLE, WALK, WALK_CYCLE
from forecast.study.hypotheses.simulate import SimulatedProcess, simulate
from tests.hypotheses import exact
from tests.hypotheses.test_pooled import made

TRUTH = SimulatedProcess("", 0.15, 10.0, cycle=(3.0, 0.9), trend_half_life=60.0)
CYCLE = ("step", "cycle_sd", "cycle")
NAMES = {
    WALK: ("step",),
    WALK_CYCLE: CYCLE,
    RETURN_CYCLE: (*CYCLE, "return"),
    SOURCES_CYCLE: (*CYCLE, "source_sd"),
}


@pytest.mark.parametrize(
    ("model", "values", "jump_sd", "tolerance"),
    [
        # A walk alone has no noise between the level and the counts, so that its posteriors are
        # least Gaussian: one dyad of three is off by 0.53.
        (WALK, [-2.0], 0.0, 0.6),
        (SOURCES_CYCLE, [-2.0, 0.0, 1.3, -0.5], 0.0, 0.25),
        (RETURN_CYCLE, [-2.0, 0.0, 1.3, 4.8], 0.4, 0.25),
        # What these do is part of what the last two do.
        pytest.param(WALK_CYCLE, [-2.3, 0.0, 1.5], 0.0, 0.25, marks=pytest.mark.slow),
        pytest.param(RETURN_CYCLE, [-2.0, 0.0, 1.3, 4.8], 0.0, 0.25, marks=pytest.mark.slow),
    ],
)
def test_the_filter_has_the_exact_likelihood(model, values, jump_sd, tolerance):
    """Per dyad of twenty years, in log units: the filter keeps a Gaussian of the level where the truth is not one."""
    record = simulate(made(3, 240), TRUTH, 3)
    months = [exact.months_of(record, d, source_months=60) for d in range(3)]
    record = record if jump_sd else record.without_eras()
    sourced = (
        record.anchored(NEW_SOURCE, np.arange(240) % 60 == 0) if model is SOURCES_CYCLE else record
    )
    point = replace(model, jump_sd=jump_sd).points(np.array([[*values, 2.5]]))
    found = likelihoods(sourced.steps, point)[0, :, 0]
    own = dict(zip((*NAMES[model], "concentration"), np.exp([*values, 2.5]), strict=True))
    own |= {"mean_sd": 1.2, "jump_sd": jump_sd}
    rng = np.random.default_rng(1)
    assert found == pytest.approx(
        [exact.log_likelihood(one, own, rng, 400) for one in months], abs=tolerance
    )


@pytest.mark.slow
def test_the_evidence_is_the_exact_one():
    """Of a walk, with a cycle, and with a return, on two dyads of twelve years: log Bayes factors within 0.3."""
    record, rng = (
        simulate(made(2, 144, rate=1.2), TRUTH, 4).without_eras(),
        np.random.default_rng(1),
    )
    months = [exact.months_of(record, d) for d in range(2)]
    found, right, errors = [], [], []
    for model in (WALK, WALK_CYCLE, RETURN_CYCLE):
        found.append(evidence_of(model, record.steps, quadrature=FINE_QUADRATURE).total())
        log, error = exact.evidence(months, NAMES[model], rng)
        right.append(log)
        errors.append(error)
        print(f"{model.name}: {found[-1]:.2f}, exact {log:.2f} +- {error:.2f}")
    assert max(errors) < 0.2
    for at in (1, 2):
        tolerance = 0.3 + 2.0 * np.hypot(errors[at], errors[at - 1])
        assert found[at] - found[at - 1] == pytest.approx(right[at] - right[at - 1], abs=tolerance)
        assert found[at] == pytest.approx(right[at], abs=tolerance)
