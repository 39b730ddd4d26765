"""Comparison of models of one's own: each fitted once, longer if it has to be, and set against the first."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from forecast import compare_models
from forecast.base.errors import DataError, SpecError
from forecast.model import PendulumSpec
from forecast.model.updating import CAREFUL_ACCEPTANCE
from tests.made import make_panel

WALK = PendulumSpec(trend="walk", cycle="none", ceiling="none")
CYCLE = PendulumSpec(trend="walk", ceiling="none")
MODELS = {"a walk": WALK, "a cycle": CYCLE}
LOGS = {"linear": -9.0, "none": -12.0}
BLOCKS = {"linear": [-3.0, -2.0, -4.0], "none": [-4.0, -4.0, -4.5]}


@dataclass
class Settling:
    """Fits that converge with so many draws, and all that were asked for."""

    enough: int
    asked: list
    accepted: list

    def __call__(self, panel, spec, *, draws, evidence, seed, target_accept=0.85, **settings):
        assert evidence and seed == 1
        self.asked.append((spec.cycle, draws))
        self.accepted.append(target_accept)
        account = {
            "evidence": {"log": LOGS[spec.cycle], "error": 0.3},
            "seed": seed,
            "target_accept": target_accept,
        }
        gate = SimpleNamespace(passed=draws >= self.enough, reasons=("R-hat 1.02, limit 1.01",))
        posterior = SimpleNamespace(sizes={"draw": draws})
        made = SimpleNamespace(
            spec=spec, panel=panel, provenance=account, gate=gate, posterior=posterior
        )
        made.noting = lambda **facts: made
        return made


@pytest.fixture
def fits(monkeypatch):
    made = Settling(800, [], [])
    for module in ("forecast.study.hypotheses.compare", "forecast.model.sampling"):
        monkeypatch.setattr(f"{module}.fit", made)
    return made


@pytest.fixture
def held_out(monkeypatch):
    def leave_future_out(panel, spec, **_):
        months = ["2001-01-01", "2003-01-01", "2005-01-01"]
        frame = {"origin": months, "until": months, "events": 5, "log_density": BLOCKS[spec.cycle]}
        return pd.DataFrame(frame)

    monkeypatch.setattr("forecast.study.hypotheses.compare.leave_future_out", leave_future_out)


def test_models_are_compared_with_the_first(fits):
    found = compare_models(make_panel(periods=48), MODELS)
    first, other = found.to_frame().to_dict("records")
    assert (first["log_bayes_factor"], first["error"]) == (0.0, 0.0)
    assert other["model"] == "a cycle" and other["log_bayes_factor"] == 3.0
    assert other["error"] == pytest.approx(0.3 * np.sqrt(2))
    assert "held_out_difference" not in other and found.converged
    assert fits.asked == [("none", 800), ("linear", 800)]
    assert (
        "a cycle" in repr(found)
        and "3.00 ± 0.42" in repr(found)
        and "Models compared with a walk" in repr(found)
    )


def test_held_out_blocks_are_summed_with_their_spread(fits, held_out):
    found = compare_models(make_panel(periods=96), MODELS, held_out=True)
    first, other = found.to_frame().to_dict("records")
    assert other["held_out_difference"] == 3.5 and other["weight"] > 0.9
    assert other["held_out_error"] == pytest.approx(np.sqrt(3) * np.std([1.0, 2.0, 0.5], ddof=1))
    assert first["held_out_difference"] == 0.0 and np.isnan(first["weight"])
    assert found.blocks["a cycle"].tolist() == BLOCKS["linear"]
    assert "held-out score difference 3.50" in repr(found)


def test_a_fit_that_has_not_converged_is_made_once_more_and_said_so(fits):
    fits.enough = 1600
    found = compare_models(make_panel(periods=48), MODELS)
    assert fits.asked == [("none", 800), ("none", 1600), ("linear", 800), ("linear", 1600)]
    # As a report is sampled again
    assert fits.accepted == [0.85, CAREFUL_ACCEPTANCE] * 2
    assert found.converged
    fits.enough = 10_000
    found = compare_models(make_panel(periods=48), MODELS)
    assert not found.converged and not found.to_frame()["converged"].any()
    assert "do not use these numbers" in repr(found)


@pytest.mark.parametrize(
    ("models", "words"),
    [
        ({"a walk": WALK}, "models: got 1; expected two at least"),
        ({"a walk": WALK, "b": {"trend": "walk"}}, "models: 'b' is dict; expected a PendulumSpec"),
        ({"events": WALK, "b": CYCLE}, "models: 'events' cannot name a model"),
        ({"a": WALK, "b": CYCLE, "c": WALK}, "models: c is the same as one before"),
    ],
)
def test_models_that_make_no_sense_are_rejected_before_any_fit(fits, models, words):
    with pytest.raises(SpecError, match=words):
        compare_models(make_panel(periods=48), models)
    assert not fits.asked


def test_a_record_too_short_for_blocks_is_rejected_before_any_fit(fits):
    with pytest.raises(DataError, match="held_out: the panel has 60 months; expected 72"):
        compare_models(make_panel(periods=60), MODELS, held_out=True)
    assert not fits.asked


@pytest.mark.slow
def test_a_walk_is_told_from_a_cycle_that_there_is():
    """An index without error, so that the level is seen: an autoregression that forgets half in a month."""
    rng, level = np.random.default_rng(3), np.zeros(160)
    for t in range(1, 160):
        level[t] = 0.5 * level[t - 1] + 0.4 * rng.standard_normal()
    panel = make_panel(periods=160, eras=1, index=True, empty=0.0)
    panel["index"] = (("dyad", "time"), level[None])
    walk, cycle = (
        PendulumSpec(**choices, observation="index")
        for choices in (
            {"trend": "walk", "cycle": "none", "ceiling": "none"},
            {"trend": "constant", "ceiling": "none"},
        )
    )
    found = compare_models(
        panel, {"walk": walk, "cycle": cycle}, held_out=True, draws=600, chains=2, cores=1
    )
    row = found.to_frame().iloc[1]
    assert row["log_bayes_factor"] > 5 and row["error"] < 0.5
    assert row["held_out_difference"] > row["held_out_error"]
