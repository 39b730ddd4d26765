"""Cells are kept and found again, the table says what they hold, and the numbers in it are what they are called."""

import json

import numpy as np
import pytest
import xarray as xr

from benchmarks import waits
from benchmarks.__main__ import main
from benchmarks.budget import OverLimit, longest_run
from benchmarks.cells import Cell, Store, cells_of
from benchmarks.conduct import measure_cells
from benchmarks.engines import FULL_LENGTH, PLAIN, prepare
from benchmarks.engines.ours import Watch
from benchmarks.gradient import fit_line, seconds_a_call
from benchmarks.loops import centres, lean_loop, loop_arguments, plain_loop
from benchmarks.measures import diagnose, measure
from benchmarks.problems import CHRONOLOGY, SPEC, make_problem
from benchmarks.runs import PARAMETERS, PATHS, Run, as_dataset
from benchmarks.scaling import exponent, figure, points
from benchmarks.table import write_results
from forecast.base.errors import SpecError
from forecast.data.panel import validate_panel
from forecast.model.arrays import panel_arrays
from tests.made import python_mode


def measured(engine, repetition, rate, size="3x300", density=5, **other):
    """A cell as it is kept."""
    return {
        "engine": engine,
        "size": size,
        "density": density,
        "repetition": repetition,
        "draws": None,
        "limit": 60.0,
        "seed": 1,
        "at": "2026-01-01T00:00:00Z",
        "load": 0.1,
        "machine": {
            "cpu": "made",
            "cores": 2,
            "memory_gb": 8.0,
            "system": "Linux",
            "python": "3.13",
            "packages": {"numpy": "2"},
        },
        "status": "measured",
        "full_length": True,
        "tune": 500,
        "draws_kept": 1000,
        "compile_seconds": 3.0,
        "sampling_seconds": 10.0,
        "warmup_seconds": 4.0,
        "steps_per_draw": 15.0,
        "divergences": 0,
        "ess_min": 10 * rate,
        "ess_min_of": "sd[0]",
        "r_hat_max": 1.01,
        "r_hat_max_of": "sd[0]",
        "ess_per_second": rate,
        "ess_per_second_after_warmup": 2 * rate,
        "peak_memory_mb": 500,
    } | other


def test_engines_take_turns_within_a_problem():
    cells = list(cells_of(["a", "b"], ["1x300", CHRONOLOGY], [1, 5], 2))
    assert [(c.size, c.density, c.repetition, c.engine) for c in cells[:4]] == [
        ("1x300", 1, 0, "a"),
        ("1x300", 1, 0, "b"),
        ("1x300", 1, 1, "a"),
        ("1x300", 1, 1, "b"),
    ]
    assert len(cells) == 12
    assert {c.density for c in cells if c.size == CHRONOLOGY} == {None}


def test_repetitions_differ_in_their_seed_and_engines_do_not():
    one, two = Cell("a", "1x9", 1, 0), Cell("a", "1x9", 1, 1)
    assert one.seed(1) != two.seed(1) != two.seed(2)
    assert one.seed(1) == Cell("b", "1x9", 1, 0).seed(1)


def test_a_cell_is_kept_until_there_is_more_to_know(tmp_path):
    cell, store = Cell("ours", "1x9", 1, 0), Store(tmp_path, 10.0, 1)
    assert store.read(cell) is None
    longer = Store(tmp_path, 20.0, 1)
    for found, again_with_more_time in (
        ({"status": "measured", "full_length": True}, False),
        ({"status": "measured", "full_length": False}, True),
        ({"status": "over the limit", "reason": ""}, True),
    ):
        store.write(cell, found)
        assert store.read(cell)["status"] == found["status"]
        assert (longer.read(cell) is None) == again_with_more_time
    store.write(cell, {"status": "failed", "reason": "out of memory"})
    assert store.read(cell) is None
    store.write(cell, {"status": "over the limit", "reason": ""})
    with pytest.raises(SpecError, match="measured with --seed 1"):
        Store(tmp_path, 10.0, 2).read(cell)


@pytest.mark.slow
def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path):
    """In a process of its own: one engine measured, and then nothing left to do."""
    said, store, cells = [], Store(tmp_path, 60.0, 1), [Cell("ours", "1x30", 3, 0, draws=20)]
    measure_cells(cells, store, said.append)
    (kept,) = store.read_all()
    assert kept["status"] == "measured", kept
    measure_cells(cells, store, said.append)
    assert len(said) == 1


def sampler(seconds_a_draw, log):
    def run(tune, draws, seed):
        log.append((tune, draws))
        return Run(as_dataset({}), seconds_a_draw * (tune + draws), compiling=10.0 / len(log))

    return run


def test_a_quick_engine_gets_its_full_length():
    log = []
    _, length, compiling = longest_run(sampler(1e-4, log), (500, 1000), 60.0, 1)
    assert length == log[-1] == (500, 1000)
    assert compiling == 10.0


def test_a_slow_engine_gets_what_fits():
    log = []
    result, length, _ = longest_run(sampler(0.1, log), (500, 1000), 60.0, 1)
    assert 30 <= result.sampling <= 61
    assert length == log[-1]
    assert length[1] == pytest.approx(2 * length[0], abs=2)


def test_an_engine_that_cannot_make_the_fewest_draws_is_over_the_limit():
    with pytest.raises(OverLimit, match=r"20 \+ 20 draws of a chain took 80 s, the limit is 60 s"):
        longest_run(sampler(2.0, []), (500, 1000), 60.0, 1)


def test_the_worst_quantity_counts():
    rng = np.random.default_rng(1)
    good = rng.standard_normal((4, 500, 2))
    slow = rng.standard_normal((4, 500, 1)).cumsum(axis=1)
    pinned = np.zeros((4, 500, 1))
    run = Run(
        as_dataset({"good": good, "slow": slow, "cutpoint": pinned}), sampling=10.0, warmup=6.0
    )
    found = measure(run)
    assert found["ess_min_of"] == found["r_hat_max_of"] == "slow"
    assert found["r_hat_max"] > 1.05
    assert found["ess_per_second_after_warmup"] == pytest.approx(2.5 * found["ess_per_second"])
    fine = measure(Run(as_dataset({"good": good}), sampling=10.0))
    assert fine["ess_per_second"] == pytest.approx(200, rel=0.2)
    assert fine["ess_per_second_after_warmup"] is None


def test_chains_that_stand_still_are_worth_a_draw_each_at_most():
    stuck = np.broadcast_to(np.arange(4.0)[:, None, None], (4, 100, 1))
    (smallest, name), (worst, _) = diagnose(as_dataset({"stuck": stuck}))
    assert name == "stuck"
    assert smallest < 5
    assert worst > 1.05


def test_the_warm_up_is_told_from_the_progress(monkeypatch):
    """Two chains at once, 100 + 300 draws: the first half as fast while warming up, in two waves of 5 s."""
    monkeypatch.setattr("benchmarks.engines.ours.cores", lambda: 2)
    watch = Watch()
    watch.seen = [(2.0, 200), (5.0, 800), (7.0, 1000), (10.0, 1600)]
    assert watch.warmup(100, 300, 10.0) == pytest.approx(4.0)


def test_the_table_states_the_ratio_repetition_by_repetition(tmp_path):
    cells = [measured("ours", r, rate) for r, rate in enumerate((100.0, 200.0, 300.0))]
    cells += [measured(PLAIN, r, 1.0, r_hat_max=1.2) for r in range(3)]
    cells += [
        measured("ours", 0, 7.0, size="1x300"),
        measured("ours", 0, 7.0, size="1x300", draws=500),
    ]
    cells += [
        measured(PLAIN, 0, 0.0, size="1x300", status="over the limit", reason="40 draws took 80 s")
    ]
    write_results(cells, tmp_path)
    small, problem = json.loads((tmp_path / "fits.json").read_text("utf-8"))["problems"]
    assert small["ratio"] is None
    assert small["engines"]["ours"]["repetitions"] == 1
    assert problem["ratio"] == [200.0, 100.0, 300.0]
    page = (tmp_path / "fits.md").read_text("utf-8")
    assert (
        "**200 [100 to 300]** times the ESS/s of `pymc-plain` (aimed at: 50), which has not converged."
        in page
    )
    assert "over the limit: 40 draws took 80 s" in page
    assert "made, 2 cores, 8.0 GB" in page
    assert page.count("**not converged**") == 1


@pytest.mark.parametrize(("size", "density"), [("2x30", 3), ("1x24", 2000)])
def test_simulated_problems_are_panels_of_their_size(size, density):
    problem = make_problem(size, density, 1)
    validate_panel(problem.panel)
    dyads, months = map(int, size.split("x"))
    assert (problem.panel.sizes["dyad"], problem.panel.sizes["time"]) == (dyads, months)
    assert float(problem.panel["counts"].sum() / (dyads * months)) == pytest.approx(
        density, rel=0.5
    )
    xr.testing.assert_identical(problem.panel, make_problem(size, density, 1).panel)


@pytest.mark.parametrize("size", ["3", "3x", "0x5", "many"])
def test_a_size_that_is_none_is_refused(size):
    with pytest.raises(SpecError, match="expected dyads x months, such as 3x300"):
        make_problem(size, 5, 1)


@pytest.mark.parametrize(("size", "density"), [("2x30", 3), ("1x12", 50)])
def test_both_loops_evaluate_the_likelihood(size, density):
    problem = make_problem(size, density, 1)
    arrays = panel_arrays(problem.panel, SPEC, dense=True)
    own, sides = centres(arrays), SPEC.observation_model
    data = sides.data(arrays, own) | {"node_dyad": arrays.node_dyad}
    likelihood = sides.log_likelihood(SPEC, np.zeros(arrays.nodes), own, data)
    expected = float(likelihood.eval(mode=python_mode()))
    for loop in (plain_loop, lean_loop):
        assert sum(loop(*part) for part in loop_arguments(problem)) == pytest.approx(
            expected, rel=1e-10
        )


def test_a_call_is_timed():
    assert 1e-9 < seconds_a_call(lambda: None) < 1e-4


def test_a_line_is_fitted():
    size = np.array([1.0, 2.0, 3.0, 4.0])
    line = fit_line(size, 5.0 + 2.0 * size)
    assert line["intercept"] == pytest.approx(5.0)
    assert line["slope"] == pytest.approx(2.0)
    assert line["r_squared"] == pytest.approx(1.0)
    assert line["largest_relative_residual"] < 1e-12


def test_scaling_curves_meet_and_are_drawn():
    import pandas as pd

    all_points = list(points())
    assert len({point.cell for point in all_points}) < len(all_points)
    rows = [
        {
            "varied": p.varied,
            "dyads": p.dyads,
            "months": p.months,
            "density": p.density,
            "draws": p.draws,
            "sampling_seconds": 0.01 * p.dyads * p.draws,
            "ess_per_second": 50.0 / p.dyads,
        }
        for p in all_points
    ]
    table = pd.DataFrame(rows)
    assert exponent(table, "dyads") == pytest.approx(1.0)
    assert exponent(table, "months") == pytest.approx(0.0, abs=1e-12)
    drawn = figure(table)
    assert drawn == figure(table)
    for words in ("dyads", "events per dyad-month", "draws per chain", "sampling, seconds"):
        assert f">{words}<" in drawn


def test_ours_is_measured_at_its_own_length():
    import inspect

    from forecast import fit

    defaults = inspect.signature(fit).parameters
    assert FULL_LENGTH["ours"] == (defaults["tune"].default, defaults["draws"].default)


@pytest.mark.slow
def test_both_engines_are_measured_by_the_same_quantities():
    problem = make_problem("2x24", 5, 1)
    ours, plain = (prepare(engine, problem)(30, 30, 1).posterior for engine in FULL_LENGTH)
    assert {*ours} == {*plain} >= {*PATHS, "mu", "cycle_sd", "trend_step"}
    assert {*ours} <= {*PARAMETERS, *PATHS}
    assert {name: value.shape[2:] for name, value in ours.items()} == {
        name: value.shape[2:] for name, value in plain.items()
    }


def test_waits_are_told_with_what_they_are_held_to(tmp_path, monkeypatch):
    monkeypatch.setattr(waits, "SHORT", ())
    monkeypatch.setattr(waits, "STARTS", (("nothing", ("-c", "pass"), 9.0),))
    wait = waits.Wait("an update", "s", 1.0, (0.4, 0.2, 0.6), "k 0.1")
    monkeypatch.setattr(
        waits, "updates", lambda *given: [wait] if "the chronology" in given else []
    )
    said = []
    waits.write_waits(tmp_path, seed=1, repetitions=2, say=said.append)
    started, update = json.loads((tmp_path / "waits.json").read_text("utf-8"))["waits"]
    assert len(started["values"]) == 2
    assert 0 < min(started["values"]) < 9
    assert update["limit"] == 1.0
    assert "| an update | 0.4 [0.2 to 0.6] s | 1 s | k 0.1 |" in (tmp_path / "waits.md").read_text(
        "utf-8"
    )
    assert said[1] == "an update: 0.4 [0.2 to 0.6] s"


def test_the_command_refuses_in_words(tmp_path, capsys):
    code = main(
        [
            "--sizes",
            "none",
            "--engines",
            "ours",
            "--cells",
            str(tmp_path),
            "--results",
            str(tmp_path),
        ]
    )
    assert code == 2
    assert "size 'none'" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
