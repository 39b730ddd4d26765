"""The public names: what there is, for people, type checkers and `dir`; and mistakes answered in the user's words."""

import ast
import inspect
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from outlook.conftest import make_fit

import forecast
from forecast import ForecastError
from forecast.model.gate import Gate
from forecast.outlook import assess

ROOT = Path(forecast.__file__).parent.parent


@pytest.fixture(scope="module")
def events():
    return forecast.read_chronology(dyads=["USA-IRN"])


@pytest.fixture(scope="module")
def made():
    return make_fit(("USA-CHN",), draws=20)


def test_type_checkers_people_and_dir_see_the_same_names():
    tree = ast.parse((ROOT / "forecast" / "__init__.py").read_text("utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    typed = {alias.asname for node in ast.walk(block) if isinstance(node, ast.ImportFrom) for alias in node.names}
    typed |= {node.target.id for node in block.body if isinstance(node, ast.AnnAssign)}
    assert typed == set(forecast.__all__) == set(dir(forecast))
    assert len(forecast.__all__) == len(set(forecast.__all__))
    for name in forecast.__all__:
        assert getattr(forecast, name) is not None


def test_importing_all_names_imports_nothing_heavy_before_they_are_used():
    code = "import sys, forecast; dir(forecast); print(sorted({'pymc', 'pandas', 'numba'} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


@pytest.mark.slow
def test_a_type_checker_knows_every_name_imported_with_a_star(tmp_path):
    program = "from forecast import *\n" + "".join(f"print({name})\n" for name in forecast.__all__)
    program += "panel = build_panel(read_chronology())\nreveal_type(fit(panel).dyads)\nfit(5)\n"
    (tmp_path / "program.py").write_text(program)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--follow-imports=silent", "program.py"]
    done = subprocess.run(
        command, cwd=tmp_path, env={"MYPYPATH": str(ROOT), "PATH": ""}, text=True, capture_output=True, check=False
    )
    told = [line for line in done.stdout.splitlines() if line.startswith("program.py")]
    assert len(told) == 2, done.stdout + done.stderr
    assert 'Revealed type is "list[str]"' in told[0].replace("builtins.", "")
    assert 'incompatible type "int"' in told[1]


WRONG = [object(), 5, 2.5, "words", b"bytes", ["USA-CHN"], {"a": 1}, True, date(2020, 1, 1)]
# What a wrong value is not wrong for: a text is a path, a list of codes a list of texts, and so on.
RIGHT = {
    "folder": "str", "path": "str", "out": "str", "fit_name": "str", "kept": "str", "mapping": "str dict",
    "eras": "str", "coverage": "str", "dyad": "str", "scale": "str", "contrast_with": "str", "contrast_era": "str",
    "sampler": "str", "dyads": "list", "claims": "list", "start": "str date", "end": "str date", "as_of": "str date",
    "since": "date", "seed": "int", "draws": "int", "tune": "int", "chains": "int", "cores": "int", "months": "int",
    "futures_per_draw": "int", "smallest_improvement": "int float", "extreme_share": "int float",
    "band_mass": "int float", "target_accept": "float int", "directed": "bool", "evidence": "bool", "refit": "bool",
    "frozen": "bool", "others": "bool", "labels": "dict",
}  # fmt: skip


def given(name, events, made):
    """Return arguments with which a function would go on to its work."""
    spec = forecast.PendulumSpec()
    return {
        "read_chronology": {}, "read_table": {"path": "t.csv", "mapping": "m.yaml"},
        "read_counts": {"path": "t.csv", "mapping": "m.yaml"}, "read_index": {"path": "t.csv", "mapping": "m.yaml"},
        "read_eras": {}, "read_coverage": {}, "build_panel": {"table": events},
        "fit": {"panel": made.panel, "spec": spec, "draws": 4}, "update": {"fit": made, "new_events": events},
        "assess": {"fit": made, "dyad": "USA-CHN"}, "simulate_futures": {"fit": made, "dyad": "USA-CHN", "months": 3},
        "gather": {"source": forecast.Source(), "dyad": "USA-IRN"}, "read_plan": {"path": "p.yaml"},
        "describe_panel": {"panel": made.panel},
    }.get(name, {})  # fmt: skip


def wrong_arguments(function):
    """Every argument of a function with every value of a wrong type."""
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD or (function.__name__, name) in UNCHECKED:
            continue
        for value in WRONG:
            if type(value).__name__ not in RIGHT.get(name, "").split():
                yield name, value


UNCHECKED = {
    ("assess", "headroom_prior"), ("simulate_futures", "hazard"), ("write_report", "others"),
    ("write_report", "events"), ("write_report", "gate"),
}  # fmt: skip
FUNCTIONS = [name for name in forecast.__all__ if name.islower() and name not in ("__version__", "read_dyads")]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_argument_of_a_wrong_type_is_named(name, events, made):
    function = getattr(forecast, name)
    for argument, value in wrong_arguments(function):
        arguments = given(name, events, made) | {argument: value}
        for other, parameter in inspect.signature(function).parameters.items():
            if parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD:
                arguments.setdefault(other, value)
        with pytest.raises(ForecastError) as caught:
            function(**arguments)
        assert str(caught.value).split(":")[0] in arguments, (argument, value, caught.value)
        assert "expected" in str(caught.value), (argument, value, caught.value)


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (lambda f: f.read_chronology(dyads="USA-CHN"), "dyads: got 'USA-CHN' (str); expected a list of dyads"),
        (lambda f: f.build_panel("USA-CHN"), "table: got 'USA-CHN' (str); expected an EventTable"),
        (lambda f: f.fit(f.read_chronology(dyads=["USA-IRN"])), "panel: got an object of type EventTable; expected a"),
        (lambda f: f.PendulumSpec(priors={"half_life": (3.2, 0.5)}), "priors: got an object of type dict"),
        (lambda f: f.Priors(half_life=(24, 0.5)), "For 24 months write half_life=(3.18, 0.5)"),
        (lambda f: f.Priors(period=(120.0, 0.4)), "For 120 months write period=(4.79, 0.4)"),
        (lambda f: f.Priors(half_life=24), "half_life is 24; expected a pair"),
        (lambda f: f.PendulumSpec(dynamics=5), "dynamics: got 5; expected one of"),
        (lambda f: f.PendulumSpec(nodes="7"), "nodes: got '7'"),
        (lambda f: f.Source(kind="events"), "need a path and a mapping"),
        (lambda f: f.Source(kind="feed"), "there is no source 'feed'"),
        (lambda f: f.build_index_panel(pd.DataFrame({"dyad": ["USA-CHN"], "value": [1.0]})), "no column 'time'"),
        (
            lambda f: f.build_index_panel(pd.DataFrame({"dyad": ["A"], "time": ["2020-01"], "value": [1.0]})),
            "column 'time' holds",
        ),
    ],
)  # fmt: skip
def test_common_mistakes_are_answered_in_the_users_words(mistake, words):
    with pytest.raises(ForecastError) as caught:
        mistake(forecast)
    assert words in str(caught.value)


def test_one_horizon_without_its_list_is_told_apart_and_the_seed_may_be_left_out(made):
    with pytest.raises(ForecastError, match=r"horizons: got 6 \(int\); expected a list of months"):
        assess(made, "USA-CHN", horizons=6)
    assert assess(made, "USA-CHN", horizons=[6]).headline == assess(made, "USA-CHN", horizons=[6], seed=1).headline


def test_eras_may_be_a_table_with_days_as_text(events):
    eras = forecast.read_eras().query("dyad == 'USA-IRN'")
    texts = eras.assign(**{name: eras[name].dt.strftime("%Y-%m-%d") for name in ("start", "recognised_at")})
    panels = [forecast.build_panel(events, as_of="2023-10", eras=table) for table in (eras, texts)]
    assert panels[0].identical(panels[1])
    with pytest.raises(ForecastError, match="eras, line 2: start is 'spring', not a day"):
        forecast.build_panel(events, eras=texts.assign(start="spring"))
    with pytest.raises(ForecastError, match="eras: there is no column 'start'"):
        forecast.build_panel(events, eras=texts.drop(columns="start"))


def shown(thing):
    text, page = repr(thing), thing._repr_html_()
    assert 1 < len(text.splitlines()) <= 20
    assert "array(" not in text and "<xarray" not in text
    return text, page


def test_what_one_holds_is_told_in_a_few_lines(events, made):
    outlook = assess(made, "USA-CHN")
    text, page = shown(outlook)
    assert outlook.headline in text and "better" in text and "<table>" in page
    text, _ = shown(forecast.describe_panel(forecast.build_panel(events, as_of="2023-10")))
    assert "USA-IRN" in text and "months" in text and "violence to binding commitment" in text
    table = pd.DataFrame([{"quantity": "level", "number": 3, "r_hat": 1.2, "ess_bulk": 40.0, "ess_tail": np.nan}])
    gate = Gate(False, table, 0.0, 0.9, tuple(f"reason {i}" for i in range(9)))
    text, _ = shown(gate)
    assert "NOT passed" in text and "reason 0" in text and "and 5 more" in text


def test_what_is_shown_in_a_notebook_is_escaped(made):
    outlook = replace(assess(made, "USA-CHN"), headline="<script>alert(1)</script>")
    assert "<script>" not in outlook._repr_html_()
    assert "&lt;script&gt;" in outlook._repr_html_()
