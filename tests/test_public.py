"""The public names: what there is, for people, type checkers and `dir`.

And mistakes answered in the user's words.
"""

import ast
import importlib
import inspect
import subprocess
import sys
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import forecast
from forecast import ForecastError
from forecast.data.records import IndexTable
from forecast.model.gate import Gate, Miss
from forecast.outlook import NotDefined, assess
from forecast.runs.pipeline import Report
from forecast.study.hypotheses import freeze_plan
from tests.made import make_fit

ROOT = Path(forecast.__file__).parent.parent


@pytest.fixture(scope="module")
def events():
    return forecast.read_chronology(dyads=["USA-IRN"])


@pytest.fixture(scope="module")
def made():
    return make_fit(("USA-CHN",), draws=20)


def test_type_checkers_people_and_dir_see_the_same_names():
    tree = ast.parse((ROOT / "forecast" / "__init__.py").read_text("utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    typed = {
        alias.name
        for node in ast.walk(block)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    typed |= {node.target.id for node in block.body if isinstance(node, ast.AnnAssign)}
    assert typed == set(forecast.__all__) == set(dir(forecast))
    assert len(forecast.__all__) == len(set(forecast.__all__))
    for name in forecast.__all__:
        assert getattr(forecast, name) is not None


@pytest.mark.parametrize("package", ["", "model", "desk/questions", "study/hypotheses"])
def test_names_are_imported_from_where_type_checkers_see_them(package):
    path = ROOT / "forecast" / package / "__init__.py"
    block = next(
        node for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.If)
    )
    typed = {
        (node.module, alias.name)
        for node in block.body
        if isinstance(node, ast.ImportFrom) and node.module != "forecast"
        for alias in node.names
    }
    module = importlib.import_module(".".join(["forecast", *package.split("/")]).rstrip("."))
    exported = [(home, name) for home, names in module._NAMES_BY_MODULE.items() for name in names]
    assert len(exported) == len(set(exported))
    assert set(exported) == typed


def test_every_public_name_has_an_example():
    for name in set(forecast.__all__) - {"__version__", "plots"}:
        assert "\n>>> " in inspect.getdoc(getattr(forecast, name)), name


def test_nothing_else_is_there_before_something_is_used():
    code = (
        "import forecast; "
        "print(sorted(name for name in vars(forecast) if not name.startswith('_')))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
    with pytest.raises(AttributeError, match="no attribute 'read_everything'"):
        forecast.read_everything  # noqa: B018


def test_importing_all_names_imports_nothing_heavy_before_they_are_used():
    code = (
        "import sys, forecast; dir(forecast); "
        "print(sorted({'pymc', 'pandas', 'numba'} & set(sys.modules)))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


@pytest.mark.slow
def test_a_type_checker_knows_every_name_imported_with_a_star(tmp_path):
    program = "from forecast import *\n" + "".join(f"print({name})\n" for name in forecast.__all__)
    program += "panel = build_panel(read_chronology())\nreveal_type(fit(panel).dyads)\nfit(5)\n"
    program += "import forecast\nforecast.read_everything\n"
    (tmp_path / "program.py").write_text(program)
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--no-incremental",
        "--follow-imports=silent",
        "program.py",
    ]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={"MYPYPATH": str(ROOT), "PATH": ""},
        text=True,
        capture_output=True,
        check=False,
    )
    told = [line for line in done.stdout.splitlines() if line.startswith("program.py")]
    assert len(told) == 3, done.stdout + done.stderr
    assert 'Revealed type is "list[str]"' in told[0].replace("builtins.", "")
    assert 'incompatible type "int"' in told[1]
    assert 'Module has no attribute "read_everything"' in told[2]


WRONG = [object(), 5, 2.5, "words", b"bytes", ["USA-CHN"], {"a": 1}, True, date(2020, 1, 1)]
# What a wrong value is not wrong for: a text is a path, a list of codes a list of texts, and so on.
RIGHT = {
    "folder": "str",
    "path": "str",
    "out": "str",
    "fit_name": "str",
    "checkpoint": "str",
    "mapping": "str dict",
    "eras": "str",
    "coverage": "str",
    "dyad": "str",
    "scale": "str",
    "contrast_with": "str",
    "contrast_era": "str",
    "sampler": "str",
    "dyads": "list",
    "hierarchy": "list",
    "present": "list",
    "claims": "list",
    "start": "str date",
    "end": "str date",
    "as_of": "str date",
    "since": "str date",
    "at": "str date",
    "by": "str date",
    "above": "int float",
    "last": "str date",
    "first": "str date",
    "today": "str date",
    "coverage_end": "str date",
    "as_of_day": "str date",
    "seed": "int",
    "draws": "int",
    "tune": "int",
    "chains": "int",
    "cores": "int",
    "power": "int",
    "months": "int",
    "baseline_months": "int",
    "simulations_per_draw": "int",
    "improvement": "int float",
    "extreme_share": "int float",
    "band_mass": "int float",
    "target_accept": "float int",
    "directed": "bool",
    "evidence": "bool",
    "refit": "bool",
    "paths": "str list",
    "feed": "str",
    "archive": "str",
    "datasets": "list",
    "version": "int",
    "stream": "str",
    "doi": "str",
    "edition": "str",
    "server": "str",
    "lists": "bool",
    "dry_run": "bool",
    "held_out": "bool",
    "seen": "bool",
    "predicted": "dict",
    "reasons": "dict",
    "remarks": "list",
    "dataset": "str",
    "answer_events by": "str",
    "ask by": "str",
    "make_event_question by": "str",
    "forecast_events by": "str",
    "backtest origins": "list",
    "choose_forecasters models": "str list",
    "choose_forecasters benchmarks": "str list",
    "count_sql table": "str",
    "count_sql dialect": "str",
    "count_sql where": "str",
    "frozen": "bool",
    "monthly": "bool",
    "labels": "dict",
    "hazard": "int float",
}


@cache
def planned():
    data = forecast.read_sources(
        forecast.Source(), ["USA-CHN", "USA-IRN"], as_of=date(1980, 12, 31)
    )
    return data, freeze_plan(forecast.make_plan(data, seen=True))


def given(name, events, made):
    """Return arguments with which a function would go on to its work."""
    spec = forecast.PendulumSpec()
    data, plan = planned()
    return {
        "read_chronology": {},
        "read_table": {"path": "t.csv", "mapping": "m.yaml"},
        "read_counts": {"path": "t.csv", "mapping": "m.yaml"},
        "read_index": {"path": "t.csv", "mapping": "m.yaml"},
        "read_eras": {},
        "read_coverage": {},
        "build_panel": {"table": events},
        "fit": {"panel": made.panel, "spec": spec, "draws": 4},
        "update": {"fit": made, "new_events": events},
        "assess": {"fit": made, "dyad": "USA-CHN"},
        "simulate_ahead": {"fit": made, "dyad": "USA-CHN", "months": 3},
        "hierarchy": {"dyad": "USA-CHN"},
        "read_feed": {"paths": "f.CSV"},
        "count_feed": {"paths": "f.CSV"},
        "read_sources": {"source": forecast.Source(), "dyads": ["USA-IRN"]},
        "describe_panel": {"panel": made.panel},
        "read_archive": {"archive": "a"},
        "archive_status": {"archive": "a"},
        "repair_archive": {"archive": "a"},
        "read_plan": {"path": "p.yaml"},
        "run_plan": {"plan": plan},
        "make_plan": {"data": data, "seen": True},
        "compare_models": {"panel": made.panel, "models": {"one": spec, "two": spec}},
        "import_files": {"paths": "f.CSV", "archive": "a"},
        "fetch_feed": {"feed": "gdelt", "out": "gdelt", "start": "2020-01", "end": "2020-01"},
    }.get(name, {})


def wrong_arguments(function):
    """Every argument of a function with every value of a wrong type."""
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            continue
        for value in WRONG:
            right = RIGHT.get(f"{function.__name__} {name}", RIGHT.get(name, ""))
            if type(value).__name__ not in right.split():
                yield name, value


FUNCTIONS = [
    name
    for name in forecast.__all__
    if name.islower() and name not in ("__version__", "plots", "read_dyads")
]


@pytest.mark.parametrize("name", [*FUNCTIONS, "read_dyads"])
def test_what_a_function_returns_is_described(name):
    documented = inspect.getdoc(getattr(forecast, name))
    returned = documented.partition("Returns\n-------\n")[2]
    assert returned.strip(), name


DAYS = ("2023-10-31", date(2023, 10, 31), pd.Timestamp("2023-10-31"))


@pytest.mark.parametrize("day", DAYS, ids=["text", "date", "Timestamp"])
def test_a_day_is_text_a_date_or_a_timestamp(day):
    assert forecast.ReportSettings(dyad="USA-CHN", as_of=day).as_of == date(2023, 10, 31)
    assert forecast.Assumed(day, "USA", "CHN", kind="visit").date == date(2023, 10, 31)
    assert forecast.origins_between(day, "2024-04", 6) == (date(2023, 10, 1), date(2024, 4, 1))
    panel = forecast.build_panel(forecast.read_chronology(dyads=["USA-CHN"]), as_of=day)
    assert forecast.make_question(panel, "USA-CHN", last="2024-04", higher=5).last == date(
        2024, 4, 30
    )
    moment = pd.Timestamp("2024-04-01")
    assert forecast.make_question(panel, "USA-CHN", last=moment, higher=5).last == date(2024, 4, 30)
    asked = forecast.AskedEvents(
        forecast.find_set("violence"), pd.Timestamp("2024-04-30"), day, at_least=2
    )
    assert (asked.first, asked.last) == (date(2023, 10, 31), date(2024, 4, 30))
    events = forecast.read_chronology(dyads=["USA-CHN"])
    asked = forecast.AskedEvents(asked.wanted, "2024-04", at_least=2)
    made = forecast.make_event_question(events, "USA-CHN", asked, as_of=day)
    assert (made.asked, made.last, made.at_least) == (date(2023, 10, 31), date(2024, 4, 30), 2)


@pytest.mark.parametrize(
    ("misuse", "words"),
    [
        (lambda: forecast.hierarchy("FRA-DEU"), "There is no dyad 'FRA-DEU'"),
        (lambda: forecast.Assumed("2023-11-15", "USA", "CHN"), "neither code nor kind"),
        (lambda: forecast.Assumed("15/11/2023", "USA", "CHN", kind="visit"), "is not a date"),
        (
            lambda: forecast.Assumed("2023-11-15", "USA", "CHN", kind="summit"),
            "kind 'summit': there is no such kind; the kinds are",
        ),
        (lambda: forecast.Assumed("2023-11-15", "USA", "CHN", kind="visit", n=-1), "n is -1"),
        (lambda: forecast.Assumed("2023-11-15", "USA", "CHN", code="42"), "042 is meant?"),
        (lambda: forecast.Assumed(7, "USA", "CHN", kind="visit"), "date: got 7"),
        (
            lambda: forecast.Record(forecast.read_chronology(dyads=["USA-CHN"])),
            "expected Record.of(table)",
        ),
        (lambda: forecast.choose_forecasters("pendulm"), "Did you mean pendulum?"),
        (lambda: forecast.choose_forecasters("nothing"), "or `no` for none"),
    ],
)
def test_a_misuse_is_named_with_its_remedy(misuse, words):
    with pytest.raises(ForecastError) as caught:
        misuse()
    assert words in str(caught.value)


def test_settings_of_a_report_are_given_by_name():
    with pytest.raises(TypeError, match="positional"):
        forecast.ReportSettings("USA-CHN")
    assert forecast.hierarchy("chn-usa")[0] == "USA-CHN"


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
        (
            lambda f: f.read_chronology(dyads="USA-CHN"),
            "dyads: got 'USA-CHN' (str); expected a list of dyads",
        ),
        (lambda f: f.build_panel("USA-CHN"), "table: got 'USA-CHN' (str); expected an EventTable"),
        (
            lambda f: f.fit(f.read_chronology(dyads=["USA-IRN"])),
            "panel: got an object of type EventTable; expected a",
        ),
        (
            lambda f: f.PendulumSpec(priors={"cycle_half_life": (3.2, 0.5)}),
            "priors: got an object of type dict",
        ),
        (
            lambda f: f.Priors(cycle_half_life=(24, 0.5)),
            "months write Priors(cycle_half_life=(np.log(24), 0.5))",
        ),
        (lambda f: f.Priors(cycle_half_life=(6, 0.5)), "exp(6) = 403.4 months are more than 240"),
        (
            lambda f: f.Priors(trend_half_life=(120.0, 0.4)),
            "months write Priors(trend_half_life=(np.log(120), 0.4))",
        ),
        (lambda f: f.Priors(cycle_half_life=24), "cycle_half_life is 24; expected a pair"),
        (lambda f: f.PendulumSpec(cycle=5), "cycle: got 5; expected one of"),
        (lambda f: f.PendulumSpec(nodes="7"), "nodes: got '7'"),
        (lambda f: f.Source(kind="events"), "need a path and a mapping"),
        (lambda f: f.Source(kind="wire"), "there is no source 'wire'"),
        (lambda f: f.Source(kind="feed"), "a feed is given under `paths`"),
        (
            lambda f: f.build_index_panel(pd.DataFrame({"dyad": ["USA-CHN"], "value": [1.0]})),
            "no column 'time'",
        ),
        (
            lambda f: f.build_index_panel(
                pd.DataFrame({"dyad": ["A"], "time": [2020], "value": [1.0]})
            ),
            "column 'time' holds",
        ),
    ],
)
def test_common_mistakes_are_answered_in_the_users_words(mistake, words):
    with pytest.raises(ForecastError) as caught:
        mistake(forecast)
    assert words in str(caught.value)


def test_one_horizon_without_its_list_is_told_apart_and_the_seed_may_be_left_out(made):
    with pytest.raises(ForecastError, match=r"horizons: got 6 \(int\); expected a list of months"):
        assess(made, "USA-CHN", horizons=6)
    assert (
        assess(made, "USA-CHN", horizons=[6]).headline
        == assess(made, "USA-CHN", horizons=[6], seed=1).headline
    )


def test_eras_may_be_a_table_with_days_as_text(events):
    eras = forecast.read_eras().query("dyad == 'USA-IRN'")
    texts = eras.assign(
        **{name: eras[name].dt.strftime("%Y-%m-%d") for name in ("start", "recognised_at")}
    )
    panels = [forecast.build_panel(events, as_of="2023-10", eras=table) for table in (eras, texts)]
    assert panels[0].identical(panels[1])
    with pytest.raises(ForecastError, match="eras, line 2: start is 'spring'; expected a day"):
        forecast.build_panel(events, eras=texts.assign(start="spring"))
    with pytest.raises(ForecastError, match="eras: there is no column 'start'"):
        forecast.build_panel(events, eras=texts.drop(columns="start"))


def test_eras_after_the_record_are_not_left_out_in_silence():
    events, table = forecast.read_chronology(dyads=["USA-CUB"]), forecast.read_eras()
    last = table[table["dyad"] == "USA-CUB"].index[-1]
    for name in ("start", "recognised_at"):
        table.loc[last, name] = pd.Timestamp("2026-10-01")
    with pytest.raises(
        ForecastError, match="USA-CUB: 'siege' begins on 2026-10-01, after the last period"
    ):
        forecast.build_panel(events, eras=table)
    assert "USA-CUB:siege" not in forecast.build_panel(events, eras=table, end="2025-01")["era"]


def test_a_dyad_of_two_events_is_not_fitted():
    panel = forecast.build_panel(
        forecast.read_chronology(dyads=["USA-CUB"]), start="1968-01", end="1968-12"
    )
    with pytest.raises(ForecastError, match="USA-CUB has 2 of the at least 3 events"):
        forecast.fit(panel, draws=20, tune=20, chains=2)


def shown(thing):
    text, page = repr(thing), thing._repr_html_()
    assert 1 < len(text.splitlines()) <= 20
    assert "array(" not in text and "<xarray" not in text
    return text, page


def test_what_one_holds_is_told_in_a_few_lines(events, made):
    outlook = assess(made, "USA-CHN")
    text, page = shown(outlook)
    assert outlook.headline in text and "higher" in text and "<table>" in page
    text, _ = shown(forecast.describe_panel(forecast.build_panel(events, as_of="2023-10")))
    assert "USA-IRN" in text and "months" in text and "violence to binding commitment" in text
    table = pd.DataFrame(
        [{"quantity": "level", "number": 3, "r_hat": 1.2, "ess_bulk": 40.0, "ess_tail": np.nan}]
    )
    gate = Gate(
        False, table, 0.0, 0.9, tuple(Miss(f"reason {i}", "R-hat 1.2", 20.0) for i in range(9))
    )
    text, _ = shown(gate)
    assert "NOT passed" in text and "reason 0" in text and "and 5 more" in text


HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e"


def hostile_things(events, made):
    """Everything that shows itself, with text of others in every place that can have it."""
    rows = events.events.head(3).assign(dataset=HOSTILE)
    files = (events.files[0]._replace(name=HOSTILE),)
    data = forecast.read_sources(forecast.Source(), ["USA-IRN"], as_of=date(1980, 12, 31))
    panel = forecast.build_panel(replace(events, events=rows), as_of="2023-10")
    outlook = replace(assess(made, "USA-CHN"), headline=HOSTILE)
    return {
        "events": replace(events, events=rows, files=files),
        "index": IndexTable(
            pd.DataFrame({"dyad": ["USA-CHN"], "value": [1.0]}), events.rejects, files
        ),
        "panel": forecast.describe_panel(panel),
        "data": replace(data, files={HOSTILE: "digest"}),
        "outlook": outlook,
        "gate": Gate(
            False, pd.DataFrame({"quantity": []}), 0.0, 0.9, (Miss(HOSTILE, HOSTILE, 2.0),)
        ),
        "report": Report(
            Path(HOSTILE),
            outlook,
            Gate(True, pd.DataFrame(), 0.0, 0.9, ()),
            {},
            (HOSTILE,),
            ("USA-CHN",),
            NotDefined(HOSTILE),
        ),
    }


def test_what_is_shown_is_a_few_lines_and_escaped(events, made):
    for name, thing in hostile_things(events, made).items():
        text, page = shown(thing)
        assert "script" in text, name
        assert "\x1b" not in text + page and "\u202e" not in text + page, name
        assert "<script>" not in page and "&lt;script&gt;" in page, name


def test_many_dyads_files_and_simulations_are_counted_not_listed(events, made):
    codes = [f"A{first}{second}-USA" for first in "BCDEFGH" for second in "BCDEFGH"]
    text, _ = shown(
        replace(forecast.describe_panel(forecast.build_panel(events)), dyads=tuple(codes))
    )
    assert "and 43 more" in text
    text, _ = shown(forecast.simulate_ahead(made, "USA-CHN", 3))
    assert "Simulations of USA-CHN" in text and "3 months" in text


def test_a_rate_of_new_frameworks_is_checked(made):
    for wrong in (-0.1, np.nan, np.full(3, 0.1)):
        with pytest.raises(ForecastError, match=r"hazard: .*expected"):
            forecast.simulate_ahead(made, "USA-CHN", 3, hazard=wrong)


def test_a_prior_of_a_monthly_pull_is_not_taken_for_months_in_weeks():
    slow = forecast.Priors(cycle_half_life=(float(np.log(200)), 0.5))
    assert slow.rescale_time(4.35).cycle_half_life[0] == pytest.approx(np.log(200 * 4.35))


def test_a_seed_may_be_a_generator(made):
    one, other = (assess(made, "USA-CHN", seed=np.random.default_rng(5)) for _ in range(2))
    assert one.title == other.title and one.seed == other.seed == int(
        np.random.default_rng(5).integers(2**63 - 1)
    )
    numbers = np.random.default_rng(5)
    assert assess(made, "USA-CHN", seed=numbers).seed != assess(made, "USA-CHN", seed=numbers).seed


def test_a_fit_as_a_table_has_its_level():
    fit = forecast.Fit.load(ROOT / "tests" / "model" / "data" / "fit_v1.nc")
    frame = fit.to_frame()
    assert list(frame.columns) == ["dyad", "time", "mean", "median", "low", "high"]
    assert len(frame) == fit.panel.sizes["dyad"] * fit.panel.sizes["time"]
    assert (frame["low"] <= frame["median"]).all() and frame["high"].between(0, 100).all()
    last = assess(fit, "USA-CHN").standing.level.median
    assert frame[frame["dyad"] == "USA-CHN"]["median"].iloc[-1] == pytest.approx(last, abs=0.01)
