"""A record of several datasets: one is predicted, benchmarks see it alone, and a model sees all as known on the day."""

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from forecast.base.errors import DataError, SpecError
from forecast.cli import app
from forecast.data.archive import import_files
from forecast.study.evaluation import (
    BENCHMARKS,
    ForecastRequest,
    Record,
    Variant,
    backtest,
    choose_forecasters,
)
from tests.evaluation.made import counts_of, record_of
from tests.feeds.made import gdelt_row, written

ORIGIN = date(2005, 1, 1)
ASKED = ForecastRequest((3, 12), draws=200)


def record_with(other, **choices):
    own = counts_of(np.full(240, 0.6), seed=1)
    alone = record_of(own)
    table = replace(alone.table, counts=pd.concat([own, other], ignore_index=True))
    return alone, Record.of(table, dataset="made", **choices)


def hostile(dataset="another", **choices):
    return counts_of(np.full(240, 0.1), seed=2, **choices).assign(dataset=dataset)


def test_one_of_several_datasets_has_to_be_chosen():
    table = record_with(hostile())[1].table
    with pytest.raises(
        DataError,
        match=r"another, made, and a prediction is resolved by one; choose it \(--dataset",
    ):
        Record.of(table)
    with pytest.raises(SpecError, match="there is no 'gdelt'; the data hold another, made"):
        Record.of(table, dataset="gdelt")
    assert Record.of(table, dataset="another").dataset == "another"


@pytest.mark.parametrize("name", ["another", "zebra"])
def test_what_is_predicted_and_what_benchmarks_see_is_one_dataset(name):
    alone, record = record_with(hostile(name, volume=30))
    assert (record.dyads, record.last_origin(3)) == (alone.dyads, alone.last_origin(3))
    view, own = record.view(ORIGIN), alone.view(ORIGIN)
    assert sorted(view.panel["dataset"].to_numpy()) == sorted(["made", name])
    assert np.array_equal(view.past("USA-CHN").total, own.past("USA-CHN").total)
    ours, theirs = record.window(view, "USA-CHN", 12), alone.window(own, "USA-CHN", 12)
    assert (ours.n, ours.k, ours.before) == (theirs.n, theirs.k, theirs.before)
    for code in ("base_rate_10y", "local_level"):
        found, expected = (BENCHMARKS[code].answer(one, ASKED) for one in (view, own))
        assert np.array_equal(found.chances["USA-CHN"][12], expected.chances["USA-CHN"][12])


def test_a_view_holds_every_dataset_as_it_was_known():
    other = hostile()
    late = other[(other["date"] >= "2003-01-01") & (other["date"] < "2005-01-01")]
    told = pd.concat(
        [other, late.assign(n=99, known_at=pd.Timestamp("2005-01-01"))], ignore_index=True
    )
    view, honest = record_with(told)[1].view(ORIGIN), record_with(other)[1].view(ORIGIN)
    assert np.array_equal(view.panel["counts"], honest.panel["counts"])
    assert (
        view.record.view(date(2005, 2, 1)).panel["counts"].sum() > honest.panel["counts"].sum() + 99
    )


def test_a_dyad_of_another_dataset_alone_is_not_predicted():
    _, record = record_with(hostile(dyad="CHN-JPN"))
    assert record.dyads == ("USA-CHN",)
    assert record.view(ORIGIN).dyads == ["USA-CHN"]


def test_choices_and_digests_say_which_datasets_there_are():
    alone, record = record_with(hostile())
    assert "datasets" not in alone.choices and record.choices["datasets"] == ["another", "made"]
    other = Record.of(record.table, dataset="another")
    assert len({alone.digest, record.digest, other.digest}) == 3


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Return an archive with a few events of GDELT a month, from 2004 to 2012."""
    folder = tmp_path_factory.mktemp("gdelt")
    for year in range(2004, 2013):
        rows = [
            gdelt_row(
                1000 * year + 20 * month + one,
                f"{year}{month:02}{7 * one + 3:02}",
                width=57,
                code="042" if (one + month + year) % 3 else "112",
            )
            for month in range(1, 13)
            for one in range(4)
        ]
        written(folder / f"{year}.csv", rows)
    import_files(folder, folder / "archive")
    return folder / "archive"


def run(archive, out, *options):
    given = [
        "backtest",
        "--archive",
        archive,
        "USA-CHN",
        "--from",
        "2011-01",
        "--to",
        "2012-01",
        "--every",
        "6",
        "--horizons",
        "3",
        "--models",
        "no",
        "--benchmarks",
        "base_rate_10y,last_window",
        "--processes",
        "1",
        "--out",
        out,
        *options,
    ]
    return CliRunner().invoke(app, [str(one) for one in given])


def test_the_first_dataset_named_is_predicted(archive, tmp_path, undrawn):
    cases = {}
    for place, (data, options, own) in enumerate(
        (
            ("gdelt,chronology", [], "gdelt"),
            ("chronology,gdelt", ["--dataset", "gdelt"], "gdelt"),
            ("gdelt", [], "gdelt"),
            ("chronology,gdelt", [], "chronology"),
        )
    ):
        done = run(archive, tmp_path / f"{place}", "--data", data, *options)
        assert done.exit_code == 0, done.output
        assert (
            json.loads((tmp_path / f"{place}" / "skill.json").read_text())["choices"]["dataset"]
            == own
        )
        cases[place] = (tmp_path / f"{place}" / "cases.csv.gz").read_bytes()
    assert cases[0] == cases[1] == cases[2] != cases[3]
    assert "chronology and gdelt" in (tmp_path / "0" / "index.html").read_text("utf-8")
    wrong = run(archive, tmp_path / "wrong", "--data", "chronology,gdelt", "--dataset", "icews")
    assert wrong.exit_code == 2 and "there is no 'icews'" in wrong.output.replace("\n", " ")


@pytest.mark.slow
def test_a_model_is_fitted_to_all_datasets(tmp_path):
    _, record = record_with(hostile())
    member = Variant("quick", "few draws", sampler={"draws": 30, "tune": 60, "chains": 2})
    results = backtest(
        record,
        [ORIGIN],
        horizons=(3,),
        forecasters=[member, *choose_forecasters("no", "base_rate_10y")],
        out=tmp_path,
        draws=200,
    )
    quick = results.cases[results.cases["model"] == "quick"]
    # The other dataset has a tenth of cooperation: what is predicted is the share of the one that
    # resolves.
    assert len(quick) and quick["mean"].between(40, 75).all()
