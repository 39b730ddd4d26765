"""Progress without a terminal: lines on the error stream, of a piped run or under cron."""

from forecast.cli import terminal


def test_a_piped_run_prints_a_line_per_step_and_one_a_minute(monkeypatch, capsys):
    times = iter([0.0, 1.0, 2.0, 31.0, 62.0, 63.0])
    monkeypatch.setattr(terminal, "monotonic", lambda: next(times))
    with terminal.progress("reading\x1b[31m") as tell:
        tell("sampling", 0, 100)
        tell("sampling", 40, 100)
        tell("sampling", 60, 100)
        tell("writing", 0, 0)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "[1 s] reading\\x1b[31m",
        "[2 s] sampling",
        "[62 s] sampling, 60 of 100, 40 s left",
        "[63 s] writing",
    ]
