"""A plan carried out: rejections before any fitting, and what the results hold."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from forecast.errors import DataError, PlanError, SpecError, UnknownDyadError
from forecast.hypotheses import run
from forecast.hypotheses.hypothesis import Words
from forecast.hypotheses.plan import freeze, make_plan
from forecast.hypotheses.registry import CLAIMS
from forecast.hypotheses.run import Results, run_tests
from forecast.hypotheses.verdict import Found
from forecast.sources import Source, gather, panel_digest

from .fakes import FakeGate, FakePower, fake_candidates, make_verdict, sensitivity, small_data

WORDS = Words("It is so.", "It is not.", "Undecided, because nothing was measured.", ())


@pytest.fixture(scope="module")
def data():
    return small_data()


@pytest.fixture
def fitted(monkeypatch):
    """Tests that answer at once; the list says what was asked of which candidates."""
    asked = []

    def measured(code):
        def measure(candidates):
            candidates.progress("sampling", 1, 2)
            asked.append((code, candidates))
            made = make_verdict(code)
            return Found(None, (), made.numbers, made.table, made.drawing)

        return measure

    def sensitive(candidates):
        asked.append(("sensitivity", candidates))
        return sensitivity()

    def candidates(plan, data, *, cores, progress):
        return fake_candidates(plan=plan, data=data, rule=plan.rule, progress=progress)

    def simulated(candidates, claim, half_lives, simulations, *, kept=None, cores=1):
        asked.append(("power", (claim, half_lives, simulations, kept)))
        return FakePower(claim)

    for code, claim in CLAIMS.items():
        made = replace(claim, measure=measured(code), decide=lambda *_: "undecided", word=lambda *_: WORDS)
        monkeypatch.setitem(CLAIMS, code, made)
    monkeypatch.setattr("forecast.hypotheses.sensitivity.sensitivity", sensitive)
    monkeypatch.setattr(run, "make_candidates", candidates)
    monkeypatch.setattr("forecast.hypotheses.power.power", simulated)
    return asked


def test_every_claim_asked_for_is_answered_in_order(data, fitted, tmp_path):
    plan = make_plan(data, Source(), claims=("S2", "S5", "S8"), half_lives=(12.0, 24.0), simulations=7)
    results = run_tests(plan, data=data, kept=tmp_path / "kept")
    assert [verdict.code for verdict in results.verdicts] == ["S2", "S5", "S8"]
    assert [what for what, _ in fitted] == ["S2", "power", "S5", "power", "S8", "sensitivity"]
    assert dict(fitted)["power"] == ("S5", (12.0, 24.0), 7, tmp_path / "kept")
    assert [verdict.power is not None for verdict in results.verdicts] == [True, True, False]
    assert [len(verdict.checks) for verdict in results.verdicts] == [0, 4, 0]
    assert set(results.seconds) == {"S2", "S5", "S8", "sensitivity"}
    assert results.converged and results.reasons == () and results.notes == ()
    assert list(results.without_power) == ["S8"]


def test_a_frozen_plan_makes_planned_results(data, fitted):
    plan = make_plan(data, Source(), claims=("S6",), sensitivity=False)
    assert run_tests(plan, data=data).stamp == "exploratory"
    results = run_tests(freeze(plan))
    assert results.stamp == "planned"
    assert results.sensitivity is None


def test_the_plan_is_what_the_candidates_are_made_of(data):
    plan = make_plan(data, Source(), claims=("S5",), seed=7, draws=11, tune=12, chains=3, smallest_effect=4.0)
    candidates = run.make_candidates(plan, data, cores=1, progress=lambda *_: None)
    assert candidates.panel is data.panel and candidates.events is data.table
    assert (candidates.seed, candidates.smallest_effect, candidates.rule) == (7, 4.0, plan.rule)
    assert (candidates.sampler.draws, candidates.sampler.tune, candidates.sampler.chains) == (11, 12, 3)
    assert candidates.spec == plan.spec


def test_a_changed_plan_or_changed_data_are_refused_before_any_fit(data, fitted):
    frozen = freeze(make_plan(data, Source(), claims=("S6",)))
    with pytest.raises(PlanError, match="changed since it was frozen"):
        run_tests(frozen.model_copy(update={"seed": 2}), data=data)
    with pytest.raises(PlanError, match=r"USA-CHN\.csv has changed"):
        run_tests(frozen, data=replace(data, files={**data.files, "USA-CHN.csv": "0" * 64}))
    assert fitted == []


def test_a_record_of_less_than_three_years_is_refused_before_any_fit(fitted):
    short = small_data(as_of=date(1952, 8, 31))
    with pytest.raises(DataError, match="35 covered months"):
        run_tests(make_plan(short, Source(), claims=("S6",)), data=short)
    assert fitted == []


@pytest.mark.parametrize(
    ("dyad", "as_of", "error"),
    [("USA-XXX", None, UnknownDyadError), ("USA-CHN", date.today() + timedelta(days=2), SpecError)],
)
def test_what_there_is_no_record_of_is_refused(dyad, as_of, error):
    with pytest.raises(error):
        gather(Source(), dyad, as_of=as_of)


def test_a_fit_that_has_not_converged_is_told_by_its_model(data, fitted, monkeypatch):
    gates = {"linear": FakeGate(), "walk": FakeGate(("half-life: R-hat 1.2, limit 1.01",))}
    monkeypatch.setattr(
        run,
        "make_candidates",
        lambda plan, *_, progress, **__: fake_candidates(gates, rule=plan.rule, progress=progress),
    )
    results = run_tests(make_plan(data, Source(), claims=("S6",)), data=data)
    assert not results.converged
    assert results.reasons == ("walk: half-life: R-hat 1.2, limit 1.01",)


def test_progress_tells_the_claim_its_place_and_the_time_left(data, fitted):
    told = []
    plan = make_plan(data, Source(), claims=("S2", "S6"), simulations=0)
    run_tests(plan, data=data, progress=lambda step, done, total: told.append((step, done, total)))
    words = [step for step, _, _ in told]
    assert words[0].startswith("S2, ") and "1 of 3" in words[0] and "left" not in words[0]
    assert any(step.startswith("S6, ") and "2 of 3" in step and "left" in step for step in words)
    assert any(step.endswith("sampling") and (done, total) == (1, 2) for step, done, total in told)


def test_the_time_left_follows_the_time_gone(data, fitted, monkeypatch):
    clock = iter([0.0, 600.0, 600.0, 600.0])  # the first claim takes ten minutes, the second none
    monkeypatch.setattr("forecast.progress.time.perf_counter", lambda: next(clock))
    told = []
    plan = make_plan(data, Source(), claims=("S2", "S5"), simulations=0, sensitivity=False)
    results = run_tests(plan, data=data, progress=lambda step, done, total: told.append(step))
    expected = round(10 * CLAIMS["S5"].work / CLAIMS["S2"].work)
    assert any(step.startswith("S5, ") and f"about {expected} min left" in step for step in told)
    assert results.seconds == {"S2": 600.0, "S5": 0.0}


def index_data(months=80):
    times = pd.date_range("2001-01-01", periods=months, freq="MS")
    return pd.DataFrame({"month": times.strftime("%Y-%m"), "value": np.sin(np.arange(months))})


MAPPING = """
dataset: made
columns: {time: month, value: value}
constants: {dyad: USA-CHN}
"""


def test_an_index_is_tested_where_it_can_be_and_says_what_it_cannot(tmp_path, fitted):
    index_data().to_csv(tmp_path / "index.csv", index=False)
    (tmp_path / "index.yaml").write_text(MAPPING)
    source = Source(kind="index", path=str(tmp_path / "index.csv"), mapping=str(tmp_path / "index.yaml"))
    data = gather(source, "chn-usa")
    assert (data.dyad, data.as_of, data.offers) == ("USA-CHN", date(2007, 8, 31), "panel")
    plan = make_plan(data, source)
    assert plan.claims == ("S2", "S5", "S6", "S8")
    assert plan.spec.observation == "index"
    results = run_tests(freeze(plan))
    assert any("no single events" in note for note in results.notes)
    assert any("so regular" in note for note in results.notes)
    with pytest.raises(SpecError, match="S10"):
        run_tests(make_plan(data, source, claims=("S10",)), data=data)
    (tmp_path / "index.yaml").write_text(MAPPING + "# edited\n")
    with pytest.raises(PlanError, match=r"index\.yaml has changed"):
        run_tests(freeze(plan))


def test_counts_are_tested_too(tmp_path, fitted):
    months = pd.date_range("2001-01-01", periods=60, freq="MS")
    frame = pd.DataFrame({"month": months.strftime("%Y-%m"), "bad": range(60), "good": 3, "better": 1})
    frame.to_csv(tmp_path / "counts.csv", index=False)
    (tmp_path / "counts.yaml").write_text(
        "dataset: made\ncolumns: {time: month}\nconstants: {dyad: USA-CHN}\nclasses:\n"
        "- {name: bad, side: conflict, columns: [bad]}\n- {name: good, side: cooperation, columns: [good]}\n"
    )
    deep = "- {name: better, side: cooperation, columns: [better]}\n"
    (tmp_path / "deep.yaml").write_text((tmp_path / "counts.yaml").read_text() + deep)
    source = Source(kind="counts", path=str(tmp_path / "counts.csv"), mapping=str(tmp_path / "counts.yaml"))
    data = gather(source, "USA-CHN")
    assert data.as_of == date(2005, 12, 31) and data.offers == "panel"
    plan = make_plan(data, source)
    assert plan.claims == ("S2", "S5", "S6", "S8") and plan.spec.trend == "reverting"
    assert isinstance(run_tests(plan, data=data), Results)
    with pytest.raises(SpecError, match="S4 needs events counted by class, at least two of them cooperative"):
        run_tests(make_plan(data, source, claims=("S4", "S5")), data=data)
    source = source.model_copy(update={"mapping": str(tmp_path / "deep.yaml")})
    data = gather(source, "USA-CHN")
    assert data.offers == "classes"
    assert isinstance(run_tests(make_plan(data, source, claims=("S4", "S5")), data=data), Results)


def test_a_plan_of_another_version_is_said(data, fitted, monkeypatch):
    plan = make_plan(data, Source(), claims=("S6",), package="0.0.1")
    assert any("0.0.1" in note for note in run_tests(plan, data=data).notes)


def test_a_series_without_enough_months_has_no_cross_check(data, fitted, monkeypatch):
    def refuse(_):
        raise DataError("35 periods have a value")

    monkeypatch.setattr(run, "unit_roots", refuse)
    results = run_tests(make_plan(data, Source(), claims=("S5",), simulations=0), data=data)
    assert results.verdicts[0].checks == () and results.verdicts[0].power is None
    assert any("35 periods" in note for note in results.notes)


def test_a_panel_has_a_digest_of_all_that_it_holds(data):
    panel = data.panel
    assert panel_digest(panel) == panel_digest(panel.copy(deep=True)) == data.digest
    counts = panel["counts"].copy(deep=True)
    counts[..., 0, 0] += 1
    covered = panel["covered"].copy(deep=True)
    covered[..., 0] = ~covered[..., 0]
    others = [
        panel.assign(counts=counts),
        panel.assign(covered=covered),
        panel.assign_coords(era=[f"{era}x" for era in panel["era"].to_numpy()]),
        panel.isel(time=slice(1, None)),
        panel.assign_attrs(digest="0" * 64),
    ]
    assert len({panel_digest(other) for other in [panel, *others]}) == 6


def test_the_same_numbers_in_another_width_have_the_same_digest(data):
    wide = data.panel.assign(counts=data.panel["counts"].astype("int64"))
    assert panel_digest(wide) == data.digest


def test_other_events_in_the_same_cells_are_other_data(data):
    table = replace(data.table, events=data.table.events.assign(summary="another wording"))
    from forecast.panel import build_panel

    panel = build_panel(table, dyads=["USA-CHN"], as_of=data.as_of)
    assert panel_digest(panel) != data.digest
