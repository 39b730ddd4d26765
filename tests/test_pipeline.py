"""The whole way, from the command line to the files, and what it rejects."""

import json
import time
from contextlib import chdir
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from forecast.base.digests import digest
from forecast.base.errors import DataError, SpecError
from forecast.base.progress import Steps, silent
from forecast.cli import app
from forecast.data.events import add_events, read_chronology
from forecast.data.panel import build_panel
from forecast.data.sources import Records
from forecast.model import fit
from forecast.runs import fitting, job, wording
from forecast.runs.pipeline import make_report
from forecast.runs.settings import ReportSettings
from tests.pages import leave_figures_empty

run = CliRunner().invoke
PAST = ["--as-of", "2023-10-31", "--alone"]
TINY = ["--alone", "--draws", "40", "--tune", "60", "--chains", "2"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, int]:
    out = tmp_path_factory.mktemp("made") / "report"
    result = run(app, ["report", "CHN-IND", "--as-of", "2023-10", "--out", str(out), *TINY])
    return out, result.output, result.exit_code


def test_too_few_draws_are_stamped_and_end_with_code_3(made: tuple[Path, str, int]) -> None:
    # 80 draws cannot reach an effective sample size of 400: the gate must close, whatever the data.
    out, printed, code = made
    stated = json.loads((out / "forecast.json").read_text())
    assert code == 3
    assert stated["converged"] is False
    assert "NOT CONVERGED" in printed
    assert "NOT CONVERGED" in (out / "index.html").read_text()


def test_the_report_is_whole(made: tuple[Path, str, int]) -> None:
    out, _, _ = made
    names = {path.name for path in out.iterdir()}
    assert {"index.html", "forecast.json", "levels.csv", "fit.zarr"} <= names
    assert not [name for name in names if "partial" in name]


def test_the_hierarchy_is_stated(made: tuple[Path, str, int]) -> None:
    assert "CHN-IND was fitted alone." in made[1]


def test_how_good_such_forecasts_have_been_is_said_or_that_it_is_not_known(
    made: tuple[Path, str, int],
) -> None:
    """No backtest is of this dyad fitted alone."""
    out, printed, _ = made
    reason = json.loads((out / "forecast.json").read_text())["skill"]["not_defined"]
    assert f"How good such forecasts have been is not known: {reason}." in " ".join(printed.split())


def test_a_hierarchy_is_chosen_once(tmp_path: Path) -> None:
    for arguments, words in (
        (["--alone", "--with", "USA-RUS"], "--alone, --with"),
        (["--with", " , "], "--with: no dyad"),
        (["--with", "USA-XXX"], "USA-XXX"),
    ):
        result = run(app, ["report", "USA-CHN", "--out", str(tmp_path / "r"), *arguments])
        assert result.exit_code == 2
        assert words in result.output.replace("\n", " ")
    with pytest.raises(SpecError, match="saved fit has its own dyads"):
        make_report(
            ReportSettings(dyad="USA-CHN", hierarchy=("USA-RUS",), fit_path=tmp_path / "fit.zarr")
        )


def test_nothing_known_later_is_used(made: tuple[Path, str, int]) -> None:
    from forecast.model.fitted import Fit

    fit = Fit.load(made[0] / "fit.zarr")
    assert str(fit.panel["time"].to_numpy()[-1])[:7] == "2023-10"
    assert fit.panel.attrs["as_of"] == "2023-10-31"


@pytest.mark.usefixtures("undrawn")
def test_a_saved_fit_forecasts_again_with_the_same_numbers(
    made: tuple[Path, str, int], tmp_path: Path
) -> None:
    out, _, _ = made
    again = run(
        app,
        [
            "report",
            "CHN-IND",
            "--fit",
            str(out / "fit.zarr"),
            "--out",
            str(tmp_path / "r"),
            "--json",
        ],
    )
    first = json.loads((out / "forecast.json").read_text())
    second = json.loads((tmp_path / "r" / "forecast.json").read_text())
    assert again.exit_code == 3
    assert second["headline"] == first["headline"]
    assert second["horizons"] == first["horizons"]


WEEK = """date,source,target,code,kind,summary
2023-10-05,IND,CHN,,talks,The two sides meet again on the frontier
2023-10-19,CHN,IND,,sanctions,Exports of machines are stopped
2023-10-20,CHN,IND,,warfare,No kind of event
"""


@pytest.fixture(scope="module")
def with_week(
    made: tuple[Path, str, int], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """The report of the fit with three rows added, two of them usable, in a folder of its own
    accord.
    """
    folder = tmp_path_factory.mktemp("week")
    (folder / "week.csv").write_text(WEEK)
    with chdir(folder), pytest.MonkeyPatch.context() as patch:
        leave_figures_empty(patch)
        arguments = ["CHN-IND", "--fit", str(made[0] / "fit.zarr"), "--add", "week.csv"]
        result = run(app, ["report", *arguments])
    assert result.exit_code == 3, result.output
    return folder, " ".join(result.output.split())


def test_events_are_added_to_a_saved_fit(
    with_week: tuple[Path, str], made: tuple[Path, str, int]
) -> None:
    from forecast.model.fitted import Fit

    folder, printed = with_week
    assert "week.csv: 2 of 3 rows added to chronology; not added: line 4: kind 'warfare'" in printed
    out = folder / "report" / "CHN-IND-2023-10-31"  # the day stays that of the fit
    before, after = (json.loads((path / "forecast.json").read_text()) for path in (made[0], out))
    counted = [one["provenance"]["data"]["counted"] for one in (before, after)]
    assert counted[1] == counted[0] + 2
    assert [one["line"] for one in after["provenance"]["additions"][0]["events"]] == [2, 3]
    baselines = [one["recorded"][2]["baseline"]["events"] for one in (before, after)]
    assert baselines[1] == baselines[0] + 2
    fit = Fit.load(out / "fit.zarr")
    assert fit.provenance["additions"][0]["lines"] == [2, 3]
    assert fit.provenance["additions"][0]["sha256"] == digest(WEEK.encode())
    assert "week.csv,4," in (out / "rejects.csv").read_text()
    assert "warfare" in (out / "index.html").read_text()


def test_what_was_announced_moves_the_day_as_far_as_it_extends_coverage() -> None:
    table = read_chronology(dyads=["USA-CHN"])
    late = table.events[table.events["date"] > "2026-06-13"].iloc[-1]
    row = {name: str(late[name]) for name in ("source", "target", "cameo")} | {
        "date": f"{late['date']:%Y-%m-%d}"
    }
    added = add_events(table, [row])
    assert len(added.additions[0].events) == 1 and added.additions[0].repeated == 0
    saved = SimpleNamespace(dyads=["USA-CHN"], panel=build_panel(table, as_of="2026-05-31"))
    for given, day in ((added, late["date"].date()), (table, None)):
        records = Records(given, {})
        a_job = job.Job(ReportSettings(dyad="USA-CHN"), records, "USA-CHN", Steps(silent))
        assert fitting.day_of_update(a_job, saved) == day  # type: ignore[arg-type]


def test_a_last_month_that_is_known_in_part_is_said() -> None:
    table = read_chronology(dyads=["USA-CHN"])
    day = date(2026, 6, 13)
    (words,) = wording.describe_end(build_panel(table, as_of=day), "USA-CHN", day)
    assert "known to 13 June 2026" in words and "begins on 1 July 2026" in words
    whole = date(2026, 5, 31)
    assert not wording.describe_end(build_panel(table, as_of=whole), "USA-CHN", whole)


@pytest.mark.parametrize("every", [False, True])
def test_an_updated_fit_is_no_way_around_the_shortest_record(
    every: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, day = read_chronology(dyads=["USA-CHN"]), date(1950, 6, 30)
    updated = SimpleNamespace(panel=build_panel(table, as_of=day))
    monkeypatch.setattr("forecast.model.update", lambda *_, **__: updated)
    monkeypatch.setattr(fitting, "describe_update", lambda fit: ("updated",))
    a_job = job.Job(ReportSettings(as_of=day), Records(table, {}), "USA-CHN", Steps(silent), every)
    saved = SimpleNamespace(provenance={})
    if every:
        assert fitting.update_saved_fit(a_job, saved) == (updated, ("updated",))
        return
    with pytest.raises(DataError, match="USA-CHN has 9 covered months by 1950-06-30"):
        fitting.update_saved_fit(a_job, saved)


@pytest.mark.usefixtures("undrawn")
def test_a_fit_does_not_forget_what_was_added(with_week: tuple[Path, str]) -> None:
    folder, _ = with_week
    (folder / "next.csv").write_text(WEEK.replace("2023-10", "2023-11"))
    fit = str(folder / "report" / "CHN-IND-2023-10-31" / "fit.zarr")
    with chdir(folder):
        alone = run(app, ["report", "CHN-IND", "--fit", fit, "--add", "next.csv"])
        again = run(app, ["report", "CHN-IND", "--fit", fit])
    assert alone.exit_code == 2
    assert "2 events of week.csv added to chronology, which are not given now" in " ".join(
        alone.output.split()
    )
    assert (
        again.exit_code == 3
    )  # too few draws, as before; but the report is there, next to the first
    second = folder / "report" / "CHN-IND-2023-10-31-2"
    assert "added to the chronology from week.csv" in (second / "index.html").read_text()
    assert {path.name for path in (folder / "report").iterdir()} == {
        "CHN-IND-2023-10-31",
        second.name,
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--add", "no-such-file.csv"], "no-such-file.csv"),
        (
            ["--covered-to", "USA-CHN:2026-06-30"],
            "--covered-to: says how far added events complete",
        ),
        (["USA-XXX"], "USA-XXX"),
        (["--as-of", "1930-01-01"], "1930"),
        (["--as-of", "1950-06-30", "--alone"], "36"),
        (["--as-of", (date.today() + timedelta(days=40)).isoformat()], "future"),
        (["--as-of", "2023-13-01"], "as-of"),
        (["--horizons", "0"], "horizon"),
        (["--horizons", "3,-6"], "horizon"),
        (["--improvement", "0"], "improvement"),
        (
            ["--above", "0"],
            "above: got 0; expected a share in per cent, more than 0 and less than 100",
        ),
        (["--above", "0.6"], "above: got 0.6; expected per cent, 0 to 100. For 60% write 60"),
        (["--above", "100"], "above: got 100"),
        (["--by", "2027-01"], "give the share too, with above"),
        (["--above", "60", "--by", "2027-01", "--at", "2027-01"], "give one of them"),
        (["--at", "2027-01", "--horizons", "6"], "--horizons, --at: both say how far ahead"),
        (
            ["--as-of", "2023-10-31", "--alone", "--at", "2023-10"],
            "at: 2023-10 is not after 2023-10",
        ),
        (
            ["--as-of", "2023-10-31", "--alone", "--above", "60", "--by", "2043-10"],
            "at most 120, up to 2033-10",
        ),
        (["--ceiling", "glass"], "ceiling"),
        (["--cycle", "circular"], "cycle"),
        (["--trend", "river"], "trend"),
        (["--eras", "middle"], "expected given, none or the path of a CSV file"),
        (["--eras", "no-such-eras.csv", *PAST], "no-such-eras.csv"),
        (
            ["--priors", "no-such-priors.yaml"],
            "no-such-priors.yaml: the table of priors cannot be read",
        ),
        (["--trend", "constant", "--ceiling", "framework"], "trend='constant' does not"),
        (["--seed", "-1"], "seed"),
        (["--fit", "no-such-fit.zarr"], "no-such-fit.zarr"),
        (["--skill", "no-such-skill.json"], "no-such-skill.json"),
        (["--drivers", "no-such-drivers.csv"], "no-such-drivers.csv"),
        (["--driver-acts", "cycle", *PAST], "there are none; give drivers as well"),
        (["--drivers", "calendar", "--driver-acts", "mood", *PAST], "one of month, cycle, trend"),
        (
            ["--drivers", "calendar", "--driver-acts", "moon=month", *PAST],
            "there is no driver 'moon'",
        ),
        (
            ["--drivers", "calendar", "--driver-future", "hoped", *PAST],
            "one of given, carried, simulated",
        ),
        (["--drivers", "calendar", "--driver-future", "carried", *PAST], "a value from the future"),
        (["--drivers", "calendar", "--fit", "fit.zarr"], "a saved fit has its own drivers"),
        (["--mapping", "m.yaml"], "--events"),
        (["--events", "no-such-folder"], "no-such-folder"),
        (["--events", "table.csv", "--mapping", "m.yaml"], "m.yaml"),
    ],
)
def test_nonsense_is_refused_in_words(arguments: list[str], words: str, tmp_path: Path) -> None:
    dyad = ["USA-CHN"] if arguments[0].startswith("-") else []
    result = run(app, ["report", *dyad, "--out", str(tmp_path / "r"), *arguments])
    assert result.exit_code == 2, result.output
    assert words in result.output.replace("\n", " ")
    assert not (tmp_path / "r" / "index.html").exists()


@pytest.mark.usefixtures("undrawn")
def test_eras_and_priors_of_ones_own_are_used_and_stated(tmp_path: Path) -> None:
    eras, priors = tmp_path / "eras.csv", tmp_path / "priors.yaml"
    eras.write_text(
        "dyad,era,start,recognised_at,name\nUSA-CHN,apart,1949-10-01,1949-10-01,Apart\n"
        "USA-CHN,open,1972-02-21,1972-02-21,Open\n"
    )
    priors.write_text("cycle_sd: [-1.0, 0.2]\n")
    words = [
        "USA-CHN",
        "--alone",
        "--as-of",
        "1990-12-31",
        "--draws",
        "20",
        "--tune",
        "30",
        "--chains",
        "2",
    ]
    given = [
        "--eras",
        str(eras),
        "--priors",
        str(priors),
        "--no-save-fit",
        "--out",
        str(tmp_path / "r"),
    ]
    assert run(app, ["report", *words, *given]).exit_code == 3
    found = json.loads((tmp_path / "r" / "forecast.json").read_text())
    assert [era["name"] for era in found["frameworks"]["eras"]] == ["Apart", "Open"]
    assert found["provenance"]["choices"]["priors"] == {"cycle_sd": [-1.0, 0.2]}
    assert "cycle_sd: [-1.0, 0.2]" in (tmp_path / "r" / "index.html").read_text()
    priors.write_text("cycle_sd: wide\n")
    refused = run(app, ["report", *words, *given, "--replace"])
    assert (
        refused.exit_code == 2
        and "priors.yaml: priors: cycle_sd is 'wide'" in refused.output.replace("\n", " ")
    )


def test_an_unwritable_folder_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    start = time.perf_counter()
    result = run(app, ["report", "USA-CHN", "--out", str(tmp_path / "file")])
    assert result.exit_code == 2
    assert "file" in result.output
    assert time.perf_counter() - start < 5


@pytest.mark.usefixtures("undrawn")
def test_a_fit_of_the_default_length_that_misses_a_check_is_sampled_twice_as_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, object]] = []

    def short(panel, spec, **options):
        asked.append(options)
        return fit(panel, spec, **{"draws": 25, "tune": 25, "chains": 2, **options, "cores": 2})

    monkeypatch.setattr("forecast.model.fit", short)
    monkeypatch.setattr("forecast.model.sampling.fit", short)
    settings = ReportSettings(dyad="CHN-JPN", alone=True, as_of=date(2001, 12, 31), save_fit=False)
    report = make_report(replace(settings, out=tmp_path / "default"))
    assert [options.get("draws") for options in asked] == [None, 50]
    assert asked[1]["target_accept"] > 0.8
    assert "Sampled again with 50 draws per chain, because at first" in report.warnings[-1]
    assert (
        json.loads((tmp_path / "default" / "forecast.json").read_text())["converged"]
        is report.gate.passed
    )
    asked.clear()
    make_report(replace(settings, out=tmp_path / "asked", draws=30))
    assert [options["draws"] for options in asked] == [30]


@pytest.mark.slow
def test_the_default_report_passes_the_gate(tmp_path: Path) -> None:
    report = make_report(ReportSettings(dyad="USA-CHN", out=tmp_path, save_fit=False))
    assert report.gate.passed, report.gate.reasons
    stated = json.loads((tmp_path / "forecast.json").read_text())
    assert stated["converged"] is True


def test_a_record_to_compare_with_must_begin_before_the_day_of_the_report(tmp_path):
    settings = ReportSettings(
        dyad="USA-CHN", as_of=date(1990, 12, 31), since=date(2001, 1, 1), out=tmp_path / "report"
    )
    with pytest.raises(SpecError, match="since: 2001-01-01 is not before 1990-12-31"):
        make_report(settings)
    assert not (tmp_path / "report").exists()


def test_a_day_long_after_the_data_ends_before_a_fit(tmp_path, monkeypatch):
    monkeypatch.setattr("forecast.model.fit", lambda *_, **__: pytest.fail("a fit was begun"))
    rows = [
        f"{year}-{month:02}-15,USA,CHN,042" for year in range(2000, 2011) for month in range(1, 13)
    ]
    (tmp_path / "old.csv").write_text("\n".join(["date,source,target,cameo", *rows, ""]))
    columns = ", ".join(f"{name}: {name}" for name in ("date", "source", "target", "cameo"))
    (tmp_path / "old.yaml").write_text(f"dataset: old\ncolumns: {{{columns}}}\n")
    own = [
        "--events",
        str(tmp_path / "old.csv"),
        "--mapping",
        str(tmp_path / "old.yaml"),
        "--as-of",
        "2012-06-30",
    ]
    done = run(app, ["report", "USA-CHN", "--alone", *own, "--out", str(tmp_path / "out")])
    said = " ".join(done.output.split())
    assert done.exit_code == 2 and not (tmp_path / "out").exists()
    assert (
        "--as-of: the data end on 2010-12-31, 547 days before 2012-06-30; expected at most 31"
        in said
    )
