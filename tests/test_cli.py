"""How the command ends, how fast it answers, and what `import forecast` costs."""

import errno
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

import forecast
from forecast.base import errors
from forecast.cli import EXIT_CODES, app
from scripts.docs.cli import cli_pages
from tests.systems import linux, posix

HEAVY = {
    "numpy",
    "pandas",
    "xarray",
    "scipy",
    "pymc",
    "pytensor",
    "nutpie",
    "arviz",
    "matplotlib",
    "numba",
    "pandera",
}
ERRORS = [
    kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)
]


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)


@pytest.fixture
def command() -> Iterator[Callable[[BaseException], None]]:
    """Give a way to add a command `fail` that raises."""

    def add(error: BaseException) -> None:
        @app.command("fail")
        def fail() -> None:
            raise error

    before = list(app.registered_commands)
    yield add
    app.registered_commands[:] = before


@pytest.mark.parametrize("kind", ERRORS)
def test_an_error_ends_in_its_message_and_documented_code(
    command: Callable, kind: type[Exception]
) -> None:
    command(kind("data.csv: row 3 [of 4] is bad. Mend it."))
    result = CliRunner().invoke(app, ["fail"])
    assert result.exit_code == kind.exit_code
    assert result.stderr == "Error: data.csv: row 3 [of 4] is bad. Mend it.\n"
    assert result.stdout == ""
    assert result.exit_code in EXIT_CODES


def test_debug_shows_the_traceback_as_well(command: Callable) -> None:
    command(errors.DataError("row 3 is bad"))
    result = CliRunner().invoke(app, ["--debug", "fail"])
    assert result.exit_code == 2
    assert "Traceback" in result.stderr
    assert result.stderr.endswith("Error: row 3 is bad\n")


def test_a_bug_is_not_dressed_up(command: Callable) -> None:
    command(ZeroDivisionError("oh"))
    assert isinstance(CliRunner().invoke(app, ["fail"]).exception, ZeroDivisionError)


@linux
@pytest.mark.parametrize(
    "arguments",
    ["--help", "--version", "events show USA-CHN", "events show USA-CHN --json", "events check"],
)
def test_output_that_cannot_be_written_costs_a_sentence(arguments: str) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "forecast", *arguments.split()]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: The system could not go on: No space left on device.")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "Too many open files"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
        (MemoryError("3 GB"), "not enough memory"),
    ],
)
def test_what_the_system_cannot_do_is_answered_in_a_sentence(
    command: Callable, error: BaseException, words: str
) -> None:
    command(error)
    result = CliRunner().invoke(app, ["fail"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: ") and words in result.stderr


def test_wrong_usage_ends_with_2() -> None:
    assert CliRunner().invoke(app, ["no-such-command"]).exit_code == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("question new USA-CHN --above 0.6", "--above: got 0.6; expected per cent"),
        (
            "question new USA-CHN --higher 5 --until 2026-05",
            "--until: 2026-05 is not after 2026-06",
        ),
        ("question new USA-CHN --at-least picnic", "--at-least: 'picnic': there is no such set"),
        ("question new USA-CHN --higher 5 --as-of 2026-13-01", "--as-of: '2026-13-01'"),
        (
            "report USA-CHN --as-of 2026-08-31",
            "--as-of: the data end on 2026-06-30, 62 days before 2026-08-31",
        ),
        ("report USA-CHN --alone --with CHN-RUS", "--alone, --with: a dyad alone has no others"),
    ],
)
def test_errors_name_options(words: str, message: str, tmp_path: Path, monkeypatch) -> None:
    """A user knows options, and not the arguments of the functions behind them."""
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, words.split())
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
    assert not list(tmp_path.iterdir())


def test_without_a_command_the_help_is_shown() -> None:
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 0 and "Usage: forecast" in result.stdout


def test_completion_is_that_of_the_program() -> None:
    code = """
import os, sys
os.environ["_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION"] = "1"
from forecast.cli import main
sys.argv = ["python -m forecast", "--show-completion", "bash"]
main()
"""
    script = run(code).stdout
    assert "_FORECAST_COMPLETE" in script and "python -m" not in script


@posix
@pytest.mark.parametrize(("kill", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_killed_run_leaves_nothing_half_written(
    tmp_path: Path, kill: signal.Signals, code: int
) -> None:
    program = """
import sys, time
from forecast.cli import app, main
from forecast.base.files import write_text
from forecast.base.folders import atomic_folder

@app.command("work")
def work(out: str) -> None:
    with atomic_folder(out) as folder:
        write_text(folder / "index.html", "half")
        print("working", flush=True)
        time.sleep(60)

main()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program, "work", str(tmp_path / "report")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "working\n"
        process.send_signal(kill)
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == code
    assert "Traceback" not in stderr
    assert list(tmp_path.iterdir()) == []


def test_help_answers_at_once_and_names_the_exit_codes() -> None:
    code = """
import sys
from forecast.cli import main
sys.argv = ["forecast", "--help"]
try:
    main()
finally:
    print("MODULES", *sys.modules)
"""
    before = os.times()
    out = run(code).stdout
    worked = (
        os.times().children_user - before.children_user
    )  # by the processor, however many others use it
    text, modules = out.split("MODULES")
    assert HEAVY.isdisjoint(modules.split())
    for meaning in EXIT_CODES.values():
        assert meaning in re.sub(r"\s+", " ", text)
    assert worked < 1.0  # 0.3 s on a quiet machine of two cores


def test_importing_the_package_imports_nothing_heavy() -> None:
    modules = run("import sys, forecast; dir(forecast); print(*sys.modules)").stdout.split()
    assert HEAVY.isdisjoint(modules)


def test_the_version_is_that_of_the_distribution() -> None:
    out = subprocess.run(
        [sys.executable, "-m", "forecast", "--version"], capture_output=True, text=True, check=True
    ).stdout
    assert out == f"pendulum-forecast {forecast.__version__}\n"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = forecast.no_such_name


def test_the_page_has_the_exit_codes() -> None:
    page = cli_pages()["cli/index.md"]
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)} == set(
        EXIT_CODES
    )
