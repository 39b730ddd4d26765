"""The command `forecast backtest`: what it writes and prints, and how it answers bad input."""

import json
import re
import shutil
from datetime import date

import pytest
from typer.testing import CliRunner

from forecast import read_chronology
from forecast.base.errors import DataError
from forecast.cli import app
from forecast.study.evaluation import Record
from tests.pages import leave_figures_empty

SMALL = ["CHN-JPN", "--every", "12", "--horizons", "3,12", "--models", "no", "--processes", "1"]


def forecast(*arguments):
    return CliRunner().invoke(app, ["backtest", *(str(argument) for argument in arguments)])


def test_a_run_writes_its_files_and_prints_the_scores(tmp_path):
    options = [
        *SMALL,
        "--from",
        "2018-01",
        "--to",
        "2020-01",
        "--benchmarks",
        "base_rate_10y,base_rate_2y",
    ]
    result = forecast(*options, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    content = json.loads((tmp_path / "skill.json").read_text())
    assert content["choices"]["origins"] == ["2018-01-01", "2019-01-01", "2020-01-01"]
    assert content["choices"]["dyads"] == ["CHN-JPN"]
    (row,) = [
        row
        for row in content["rows"]
        if row["model"] == "base_rate_10y"
        and row["horizon"] == 12
        and not row["given_n"]
        and (row["dyad"], row["period"]) == ("all", "2015-")
    ]
    assert f"{row['crps']:.2f}" in result.output
    assert "origins 2015-" in result.output
    page = (tmp_path / "index.html").read_text("utf-8")
    assert "The ten-year base rate was" in page and "The ten-year base rate was" in result.output
    with pytest.MonkeyPatch.context() as patch:
        leave_figures_empty(patch)
        again = forecast(*options, "--out", tmp_path, "--json")
    assert json.loads(again.stdout) == content
    (tmp_path / "index.html").unlink()
    remade = forecast("--remake", "--out", tmp_path)
    assert remade.exit_code == 0 and f"{row['crps']:.2f}" in remade.output
    assert (tmp_path / "index.html").read_text("utf-8") == page


def test_a_page_is_made_again_of_a_run_only(tmp_path):
    result = forecast("--remake", "--out", tmp_path / "nothing")
    assert result.exit_code == 2 and "is no skill.json of a backtest" in result.output.replace(
        "\n", " "
    )
    assert not (tmp_path / "nothing").exists()


def test_a_page_without_its_run_is_replaced_only_if_that_is_said(tmp_path, undrawn):
    options = [
        *SMALL,
        "--from",
        "2019-01",
        "--to",
        "2019-01",
        "--benchmarks",
        "base_rate_10y",
        "--out",
        tmp_path / "run",
    ]
    assert forecast(*options).exit_code == 0
    shutil.rmtree(tmp_path / "run" / "origins")
    (tmp_path / "run" / "run.json").unlink()
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    result = forecast(*options)
    assert result.exit_code == 2 and "--replace" in result.output
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before
    assert forecast(*options, "--replace").exit_code == 0


def test_a_page_of_somebody_else_is_left_alone_before_any_work(tmp_path):
    (tmp_path / "index.html").write_text("mine")
    result = forecast(
        *SMALL,
        "--from",
        "2019-01",
        "--to",
        "2020-01",
        "--benchmarks",
        "base_rate_10y",
        "--out",
        tmp_path,
    )
    assert result.exit_code == 2 and [path.name for path in tmp_path.iterdir()] == ["index.html"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--benchmarks", "tea_leaves"], "Name some of base_rate_all, "),
        (["--models", "best"], "Name some of pendulum, "),
        (["--benchmarks", "no"], "nothing is chosen"),
        (["--from", "2020-13"], "--from"),
        (["--from", "2020-01", "--to", "2019-01"], "swap them"),
        (["--from", "1950-01", "--to", "1950-01"], "five years"),
        (["--from", "2026-03", "--to", "2026-03"], "shorter horizons"),
        (["--every", "0"], "greater than or equal to 1"),
        (["--horizons", "0"], "horizons"),
        (["USA-FRA"], "USA-FRA"),
        (["--eras", "mine"], "given, none"),
        (["--with", "CHN-JPN", "--alone"], "choose one"),
        (["--with", "USA-FRA"], "USA-FRA"),
        (["--improvement", "-5"], "improvement"),
        (["--processes", "0"], "processes"),
        (["--batch", "0"], "batch"),
        (["--out", ""], "--out"),
    ],
)
def test_bad_input_is_answered_before_long_work(options, words, tmp_path):
    rest = [] if "--out" in options else ["--out", tmp_path / "run"]
    given = [
        *SMALL,
        "--from",
        "2019-01",
        "--to",
        "2020-01",
        "--benchmarks",
        "base_rate_10y",
        *options,
        *rest,
    ]
    result = forecast(*given)
    assert result.exit_code == 2, result.output
    assert words in result.output.replace("\n", " ")
    assert not (tmp_path / "run").exists()


def test_the_last_origin_is_the_last_whose_shortest_window_is_recorded():
    record = Record.of(read_chronology(dyads=["CHN-JPN"]))
    last = record.last_origin(3)
    view = record.view(last)
    assert record.window(view, "CHN-JPN", 3) is not None
    assert record.window(view, "CHN-JPN", 4) is None
    assert last.day == 1 and last > date(2025, 1, 1)


def test_what_drivers_do_needs_drivers(tmp_path):
    result = forecast(*SMALL, "--driver-future", "carried", "--out", tmp_path / "run")
    assert result.exit_code == 2 and "there are none" in result.output
    assert not (tmp_path / "run").exists()


def test_a_run_with_drivers_has_the_model_with_them_and_without(tmp_path, monkeypatch):
    def stopped(record, origins, *, forecasters, **choices):
        raise DataError(
            f"stopped: {' '.join(one.code for one in forecasters)}; {forecasters[-1].drivers}"
        )

    monkeypatch.setattr("forecast.backtest", stopped)
    drivers = ["--drivers", "calendar", "--driver-acts", "cycle", "--driver-future", "carried"]
    result = forecast(*SMALL, "--benchmarks", "base_rate_10y", *drivers, "--out", tmp_path / "run")
    words = " ".join(result.output.split())
    assert re.search("stopped: base_rate_10y pendulum drivers_carried_[0-9a-f]{6};", words), words
    assert "source='calendar', acts='cycle', future='carried'" in words
    wrong = forecast(
        *SMALL, "--drivers", "calendar", "--driver-future", "soon", "--out", tmp_path / "run"
    )
    assert (
        wrong.exit_code == 2
        and "driver-future: got 'soon'; expected one of given, carried" in wrong.output
    )
