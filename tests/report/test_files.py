"""What a report leaves in its folder, and what it does not."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest

from forecast.base.errors import SpecError
from forecast.report import page as report_page
from forecast.report.page import COLUMNS, levels_table, write_report

from .conftest import FAILED, assessed


def test_a_report_has_its_files(fit, assessment, others, events, tmp_path):
    page = write_report(
        fit, assessment, events=events, others=others, out=tmp_path / "new", fit_name="fit.nc"
    )
    assert page == tmp_path / "new" / "index.html"
    assert {path.name for path in page.parent.iterdir()} == {
        "index.html",
        "dots.svg",
        "forecast.json",
        "levels.csv",
        "pendulum.svg",
        "share.svg",
        "summary.md",
        "rejects.csv",
        "fit.nc",
        "manifest.json",
    }
    content = json.loads((page.parent / "forecast.json").read_text(encoding="utf-8"))
    assert content["converged"] is True
    html = page.read_text(encoding="utf-8").replace("\N{NO-BREAK SPACE}", " ")
    assert content["headline"] in html
    for name in (
        "forecast.json",
        "levels.csv",
        "pendulum.svg",
        "summary.md",
        "rejects.csv",
        "fit.nc",
    ):
        assert f'href="{name}"' in html
    assert len(pd.read_csv(page.parent / "rejects.csv")) == 1


def test_the_same_report_is_the_same_to_the_byte(fit, assessment, events, tmp_path):
    for name in ("one", "two"):
        write_report(fit, assessment, events=events, out=tmp_path / name)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_the_manifest_has_the_digest_of_every_file_even_of_those_that_stay(
    fit, assessment, events, tmp_path, undrawn
):
    write_report(fit, assessment, events=events, out=tmp_path)
    write_report(fit, assessment, out=tmp_path)
    stated = json.loads((tmp_path / "manifest.json").read_text())
    there = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in tmp_path.iterdir()
    }
    assert "rejects.csv" in there
    del there["manifest.json"]
    assert stated == {"generator": "pendulum-forecast", "files": there}


@pytest.mark.parametrize(
    "step",
    [
        "page.illustrations",
        "publishing.write_json",
        "manifest.write_json",
        "page.levels_table",
        "page.page",
        "page.write_rejects",
    ],
)
@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit, MemoryError])
def test_a_run_killed_half_way_leaves_what_was_there(
    fit, assessment, events, tmp_path, monkeypatch, step, end, illustrated
):
    old = "the old report"
    (tmp_path / "index.html").write_text(old)
    known = {"index.html": hashlib.sha256(old.encode()).hexdigest()}
    (tmp_path / "manifest.json").write_text(
        json.dumps({"generator": "pendulum-forecast", "files": known})
    )

    def killed(*_, **__):
        raise end

    monkeypatch.setattr(report_page, "illustrations", lambda _: illustrated)
    monkeypatch.setattr(f"forecast.report.{step}", killed)
    with pytest.raises(end):
        write_report(fit, assessment, events=events, out=tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"index.html", "manifest.json"}
    assert (tmp_path / "index.html").read_text() == old
    assert json.loads((tmp_path / "manifest.json").read_text())["files"] == known


@pytest.fixture
def illustrated(figures):
    return figures


def test_others_must_be_others(fit, assessment, tmp_path):
    with pytest.raises(SpecError, match="Give assessments of other dyads"):
        write_report(fit, assessment, others=[assessed(fit)], out=tmp_path / "never")
    assert not (tmp_path / "never").exists()


def test_failed_convergence_checks_are_in_page_and_json(fit, assessment, tmp_path):
    page = write_report(fit, assessment, gate=FAILED, out=tmp_path)
    content = json.loads((tmp_path / "forecast.json").read_text(encoding="utf-8"))
    assert content["converged"] is False
    assert content["stamp"] == "NOT CONVERGED" and content["convergence_checks"]["reasons"] == list(
        FAILED.reasons
    )
    assert page.read_text(encoding="utf-8").count("NOT CONVERGED") > 5
    assert "NOT CONVERGED" in (tmp_path / "pendulum.svg").read_text(encoding="utf-8")


def test_levels_are_those_of_the_fit(fit, assessment):
    table = levels_table(fit)
    ends = ("", "_low", "_high")
    tone = [f"{name}{end}" for name in ("depth", "severity") for end in ends]
    assert tuple(table.columns) == (*COLUMNS, *tone)
    for name in ("depth", "severity"):
        low, middle, high = (table[f"{name}{end}"] for end in ("_low", "", "_high"))
        known = middle.notna()
        assert known.any() and (low <= middle)[known].all() and (middle <= high)[known].all()
    assert len(table) == fit.panel.sizes["dyad"] * fit.panel.sizes["time"]
    quantiles = table[["q05", "q25", "median", "q75", "q95"]].to_numpy()
    assert (
        (np.diff(quantiles, axis=1) >= 0).all() and quantiles.min() >= 0 and quantiles.max() <= 100
    )
    now = table[table["dyad"] == "USA-CHN"].iloc[-1]
    # One is the level in single precision, the other the state through the ceiling.
    assert now["median"] == pytest.approx(assessment.standing.level.median, abs=0.02)
    assert now["period"] == "2024-12-01" and now["covered"] == "yes"
    counts = fit.panel["counts"].sum(["dataset", "direction", "class"])
    assert table["events"].to_numpy().tolist() == counts.to_numpy().ravel().tolist()
