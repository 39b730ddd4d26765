"""The help of every command, and the commands with which a new user begins.

Dyads, init, open, help.
"""

import json
import os
import re
import shlex
import webbrowser
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from forecast.base.resources import manual
from forecast.cli import app
from tests.commands import unknown
from tests.made import leave_out_sampling
from tests.records import run

ROOT = Path(__file__).parents[1]


def leaves(command=None, *path: str) -> Iterator[tuple[tuple[str, ...], typer.main.TyperCommand]]:
    """Every command with its words."""
    command = command or typer.main.get_command(app)
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name, one in command.commands.items():
        yield from leaves(one, *path, name)


COMMANDS = dict(leaves())


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_help_has_panels_and_an_example_that_works(words: tuple[str, ...]) -> None:
    shown = run(*words, "--help")
    assert shown.exit_code == 0
    examples = re.findall(r"^ +forecast (.+?) *$", shown.output, re.MULTILINE)
    assert 1 <= len(examples) <= 3 and "Examples:" in shown.output
    for example in examples:
        given = shlex.split(example)
        assert given[: len(words)] == list(words) and not unknown(given)
    panels = {
        parameter.rich_help_panel
        for parameter in COMMANDS[words].params
        if "--json" in parameter.opts
    }
    assert panels <= {"Output"}
    assert "docs/" not in shown.output and "data/" not in shown.output


def test_a_long_help_is_in_panels() -> None:
    titles = re.findall(r"^╭─ (.+?) ─", run("report", "--help").output, re.MULTILINE)
    assert titles[:2] == ["Arguments", "Options"]
    assert {"Forecast", "Model", "Computation", "Data", "Covariates", "Output"} == set(titles[2:])
    listed = re.findall(r"^╭─ (.+?) ─", run("--help").output, re.MULTILINE)
    assert listed == ["Options", "Start", "Forecast", "Explain", "Evaluate", "Data"]


def test_an_option_has_one_meaning() -> None:
    """It has one type wherever it is, but for those that may be repeated in one command alone."""
    kinds: dict[str, set[str]] = {"--version": {"<class 'bool'>"}}  # That of the program
    for command in COMMANDS.values():
        for parameter in command.params:
            for name in parameter.opts:
                if name.startswith("--"):
                    kinds.setdefault(name, set()).add(str(parameter.type_descriptor.annotation))
    assert {name for name, types in kinds.items() if len(types) > 1} == {"--question"}


def test_every_topic_that_is_named_is_in_the_manual() -> None:
    named = {
        topic
        for path in ROOT.glob("forecast/**/*.py")
        for topic in re.findall(r"`forecast\s+help\s+([a-z-]+)`", path.read_text("utf-8"))
    }
    assert {"events", "hypotheses", "feeds", "every-monday"} <= named <= set(manual())
    assert "events" in run("help").output
    assert "mapping" in run("help", "events").output
    wrong = run("help", "evnts")
    assert wrong.exit_code == 2 and "Did you mean events?" in wrong.output


def test_the_embedded_dyads_are_listed() -> None:
    lines = run("dyads").output.splitlines()
    assert len(lines) == 17 and lines[1].startswith("USA-CHN")
    assert lines[-1].startswith(
        "Rows after the last covered day are announced or later, and not counted before "
        "--covered-to states their days to be complete: USA-CHN "
    )
    found = {row["dyad"]: row for row in json.loads(run("dyads", "--json").output)}
    assert found["USA-CHN"]["since"] < "1950" and found["USA-CHN"]["fitted"] == "together"
    assert found["RUS-UKR"]["fitted"] == "together" and all(
        row["events"] > 100 for row in found.values()
    )


@pytest.mark.usefixtures("undrawn")
def test_a_folder_of_ones_own_is_made_once_and_reported_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = run("init", "my data")
    assert made.exit_code == 0, made.output
    (following,) = re.findall(r"^Next: forecast (.*)$", made.output, re.MULTILINE)
    again = run("init", "my data")
    assert again.exit_code == 2 and "events.csv exists" in again.output
    checked = run(
        "events", "check", "my data/events.csv", "--mapping", "my data/mapping.yaml", "--json"
    )
    assert json.loads(checked.output)["rejected"] == 0
    leave_out_sampling(monkeypatch)
    report = run(*shlex.split(following), "--draws", "100", "--no-save-fit")
    assert report.exit_code in (0, 3), report.output
    assert [path.parent.name[:7] for path in tmp_path.glob("report/*/index.html")] == ["DEU-FRA"]
    lines = report.stdout.rstrip().splitlines()
    chances = [int(chance) for chance in re.findall(r"(\d+)%", " ".join(lines[-2:]))]
    assert len(lines) <= 20 and chances == sorted(
        chances, reverse=True
    )  # the title, the likeliest outcome first


def test_a_page_is_opened_and_its_path_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address))
    none = run("open")
    assert none.exit_code == 2 and "no page in this folder" in none.output
    for place, name in enumerate(("report/USA-CHN", "report/USA-RUS", "elsewhere")):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        (folder / "index.html").write_text("page")
        if name != "elsewhere":
            (folder / "manifest.json").write_text("{}")
        os.utime(folder / "index.html", (place, place))
    last = run("open")
    assert last.stdout.strip() == str(Path("report/USA-RUS/index.html"))
    assert "no browser here" in last.stderr  # the one above says that it opened nothing
    assert run("open", "report/USA-CHN").stdout.strip() == str(Path("report/USA-CHN/index.html"))
    assert [address.rsplit("/", 2)[1] for address in opened] == ["USA-RUS", "USA-CHN"]
    assert run("open", "nowhere.html").exit_code == 2


@pytest.mark.parametrize(
    "words", [["report"], ["events", "show"], ["question", "new", "--higher", "5"]]
)
def test_no_dyad_is_assumed(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*words)
    told = " ".join(done.output.split())
    assert (
        done.exit_code == 2
        and "dyad: none is named, and there are 15" in told
        and "`forecast dyads` lists" in told
    )
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_dyad_may_be_brought_along() -> None:
    done = run("report", "FRA-DEU")
    assert done.exit_code == 2 and "`forecast init FOLDER` makes a table to fill in" in " ".join(
        done.output.split()
    )
