"""A trend, a cycle, a feed and a claim from outside the package.

Each one object and its name, and all knows of it.
"""

import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from forecast import build_panel, read_chronology
from forecast.base.errors import SpecError
from forecast.cli import app
from forecast.data.feeds import FEEDS, read_feed
from forecast.data.feeds.feed import Feed, FeedLayout, Named
from forecast.model import PendulumSpec, Priors, fit, prior_draws, simulate_panel
from forecast.model.process.component import Transitions
from forecast.model.process.cycle import Cycle, register_cycle, unregister_cycle
from forecast.model.process.declarations import Free, Prior, Variable
from forecast.model.process.trend import Trend, register_trend, trends, unregister_trend
from forecast.outlook import simulate_ahead
from forecast.study.hypotheses import pooled_tests
from forecast.study.hypotheses.claims import CLAIMS
from forecast.study.hypotheses.engine import PooledClaim
from forecast.study.hypotheses.outcome import Outcome
from tests.made import make_panel
from tests.pages import choices_shown

ROOT = Path(__file__).parents[1]


class Drifting(Trend):
    """A walk that rises or falls by the same amount in every period on average."""

    name = "drifting"
    hint = "a walk with a mean step"
    words = "a walk with a mean step, the same in every period"
    has_mean = False
    priors = (Prior("drift", (0.0, 0.05), "log-odds per month"),)
    variables = (Variable("drift", (), "log-odds", "Mean step.", reported="drift of the trend"),)

    def declare(self, priors, pool, jumps):
        return super().declare(priors, pool, jumps) | {"drift": Free("drift", priors.drift)}

    def next(self, x, p, backend=np):
        return x + p["drift"]

    def moments(self, p, periods, begins=0.0, backend=np):
        _, retention, scale = super().moments(p, periods, begins, backend)
        return Transitions(p["drift"] * periods, retention, scale)


class Slower(Cycle):
    """A cycle of half the pace near the trend."""

    name = "slower"
    title = "slower reversion near the trend"
    words = "slower: reversion of half the pace near the trend"

    def next(self, y, p, backend=np):
        near = backend.exp(-((y / p["sd"]) ** 2))
        return y * (1.0 - (1.0 - p["retention"]) * (1.0 - 0.5 * near))


@pytest.fixture(scope="module", autouse=True)
def registered():
    register_trend(Drifting)
    register_cycle(Slower)
    yield
    unregister_trend("drifting")
    unregister_cycle("slower")


@pytest.fixture(scope="module")
def fitted():
    panel = make_panel(dyads=1, periods=30, eras=2, empty=0.3, seed=2)
    spec = PendulumSpec(trend="drifting", cycle="slower")
    return fit(panel, spec, draws=60, tune=60, chains=2, seed=1, cores=1)


def test_a_trend_is_a_choice_like_the_others():
    spec = PendulumSpec(trend="drifting", priors=Priors(drift=(0.0, 0.1)))
    assert PendulumSpec.from_dict(spec.to_dict()) == spec
    assert spec.moves and spec.has_ceiling and not spec.dense
    assert (
        PendulumSpec(trend="drifting", cycle="none").components == 1
    )  # it does not revert: no cycle by itself
    with pytest.raises(
        SpecError, match="trend: got 'rising'; expected one of reverting, walk, constant, drifting"
    ):
        PendulumSpec(trend="rising")
    with pytest.raises(SpecError, match="drift was changed, but it belongs to trend='drifting'"):
        PendulumSpec(priors=Priors(drift=(0.0, 0.1)))
    with pytest.raises(SpecError, match="'drifting' is registered already"):
        register_trend(Drifting)
    unregister_trend("walk")
    assert [trend.name for trend in trends()] == ["reverting", "walk", "constant", "drifting"]


def test_over_many_periods_it_moves_as_period_by_period():
    trend, motion = (
        Drifting(),
        {"mean": 0.3, "step": 0.2, "jump": 0.0, "retention": 1.0, "drift": 0.1},
    )
    once, often = trend.moments(motion, 1), trend.moments(motion, 7)
    assert often.drift == pytest.approx(7 * once.drift)
    assert often.scale == pytest.approx(np.sqrt(7.0) * once.scale)
    assert trend.next(0.4, motion) == pytest.approx(once.drift + once.retention * 0.4)


def test_help_and_report_name_it():
    shown = CliRunner().invoke(app, ["report", "--help"], env={"COLUMNS": "300"}).output
    assert "drifting (a walk with a mean step)" in re.sub(r"[\s│]+", " ", shown)
    assert choices_shown(PendulumSpec(trend="drifting"))["Trend"] == Drifting.words


def test_trend_and_cycle_are_fitted_and_their_own_parameters_reported(fitted):
    assert fitted.posterior["drift"].dims == ("chain", "draw")
    assert np.isfinite(fitted.posterior["level"].to_numpy()).all()
    assert "drift of the trend" in set(fitted.gate.table["quantity"])


def test_simulations_ahead_move_as_the_trend_says(fitted):
    """Two hundred thousand steps: the mean is within five standard errors of the drift."""
    own = simulate_ahead(fitted, "USA-CHN", 1, seed=1, simulations_per_draw=1000, hazard=0.0)
    steps = np.log(own.trend / (100.0 - own.trend))
    moved = (steps[..., 1] - steps[..., 0]).mean()
    drift, step = (fitted.posterior[name].to_numpy() for name in ("drift", "trend_step"))
    error = np.sqrt((step**2).mean() / steps[..., 0].size)
    assert moved <= drift.mean() + 5.0 * error  # a ceiling may hold it back


def test_data_are_simulated_from_trend_and_cycle():
    panel, spec = (
        make_panel(dyads=2, periods=600, eras=1),
        PendulumSpec(trend="drifting", cycle="slower", ceiling="none"),
    )
    truth = prior_draws(panel, spec, draws=1, seed=1).isel(draw=0)
    truth["drift"] = truth["drift"] * 0.0 + 0.02
    simulated, level = simulate_panel(panel, truth, spec, seed=1)
    rise = (level.isel(time=-1) - level.isel(time=0)).to_numpy()
    steps = truth["trend_step"].to_numpy()
    noise = np.sqrt(600 * steps**2 + 2.0 * truth["cycle_sd"].to_numpy() ** 2)
    assert (np.abs(rise - 599 * 0.02) < 5.0 * noise).all()
    assert int(simulated["counts"].sum()) == int(panel["counts"].sum())


COLUMNS = ("number", "day", "from", "to", "code")
TOY = Feed(
    name="toy",
    title="toy feed",
    recognise=lambda lines: (
        FeedLayout("toy", COLUMNS, ";", header=True) if lines[:1] == [";".join(COLUMNS)] else None
    ),
    fields=lambda columns, since: {
        "id": "number",
        "date": "TRY_CAST(day AS DATE)",
        "known": "TRY_CAST(day AS DATE)",
        "source": '"from"',
        "target": '"to"',
        "code": "code",
        "goldstein": "''",
        "source_quad": "''",
        "reports": "'1'",
        "mentions": "'1'",
        "actor": "''",
        "summary": "''",
        "reference": "''",
    },
    acts=lambda side, settings: "TRUE",
    named=Named,
)


def test_a_feed_is_one_object_and_its_name(tmp_path, monkeypatch):
    monkeypatch.setitem(FEEDS, "toy", TOY)
    path = tmp_path / "toy.csv"
    path.write_text("number;day;from;to;code\n1;2020-01-05;USA;CHN;042\n2;2020-01-07;CHN;USA;190\n")
    events = read_feed(path, feed="toy", dyads=["USA-CHN"]).events
    assert events["cameo"].tolist() == ["042", "190"]


def test_a_claim_is_one_object_and_its_name(monkeypatch):
    def test(engine):
        return Outcome(float(len(engine.record.dyads)), "undecided", ("All dyads are counted.",))

    toy = PooledClaim("X1", "Are there dyads?", "there are dyads", test, months=24)
    monkeypatch.setitem(CLAIMS, "X1", toy)
    panel = build_panel(read_chronology(dyads=["USA-CHN", "USA-RUS", "CHN-RUS"]))
    verdict = pooled_tests(panel, claims=["X1"])["X1"]
    assert verdict.outcome.log_bayes_factor == 3.0
    assert verdict.question == "Are there dyads?"


def test_what_the_table_of_the_architecture_names_is_there():
    text = (
        (ROOT / "ARCHITECTURE.md").read_text("utf-8").split("## To add a ...")[1].split("\n## ")[0]
    )
    paths = re.findall(r"`((?:forecast|data|scripts|docs)/[^`]+)`", text)
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists()] == []
