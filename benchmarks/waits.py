"""What a user waits for: a fit just long enough, an update, the start.

And how large a saved fit is.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from benchmarks.engines.ours import quantities
from benchmarks.machine import load, machine, now
from benchmarks.measures import diagnose
from benchmarks.problems import CHRONOLOGY, SPEC, make_problem
from benchmarks.runs import CHAINS, Run, cores
from benchmarks.table import describe, spread, summary
from forecast import Fit, build_panel, fit, read_chronology, update
from forecast.base.errors import NotUpdatable
from forecast.base.files import write_json, write_text
from forecast.data.events import hierarchy

SHORT = (("1x300", 5, 800, 5.0), (CHRONOLOGY, None, 700, 30.0))
"""Size, events per month, draws per chain, and the seconds that a fit with 400 effective draws may
take."""
TUNE = 300
UPDATES = pd.date_range("2025-05-31", "2026-05-31", freq="ME")
STARTS = (
    ("import forecast", ("-c", "import forecast"), 1.0),
    ("forecast --help", ("-m", "forecast", "--help"), 0.5),
)


@dataclass(frozen=True)
class Wait:
    """One thing waited for.

    It has its unit, the most that is aimed at, what was measured, and what else is to be said.
    """

    what: str
    unit: str
    limit: float
    values: tuple[float, ...]
    note: str = ""


def short_fit(
    size: str, density: int | None, draws: int, limit: float, seeds: Sequence[int]
) -> Wait:
    """Fit as often as there are seeds, compiled before; the note tells the effective draws."""
    problem = make_problem(size, density, seeds[0])
    options = {"chains": CHAINS, "cores": cores()}
    fit(problem.panel, SPEC, draws=10, tune=10, seed=seeds[0], **options)
    seconds, smallest, r_hat = [], [], []
    for seed in seeds:
        with Run.clock() as clock:
            fitted = fit(problem.panel, SPEC, draws=draws, tune=TUNE, seed=seed, **options)
        (ess, _), (worst, _) = diagnose(quantities(fitted.posterior))
        seconds.append(clock.seconds)
        smallest.append(ess)
        r_hat.append(worst)
    name = "the chronology" if density is None else f"{size}, {density} events per month"
    note = f"smallest bulk ESS {spread(summary(smallest))}, largest R-hat {max(r_hat):.3f}"
    return Wait(
        f"a fit of {name}, {CHAINS} x ({TUNE} + {draws}) draws", "s", limit, tuple(seconds), note
    )


def updates(seed: int, folder: Path, what: str, dyads: Sequence[str]) -> list[Wait]:
    """Bring a default fit of dyads forward month by month while that is valid.

    Save what it began with.
    """
    events = read_chronology()
    fitted = fit(build_panel(events, dyads=dyads, as_of=UPDATES[0].date().isoformat()), seed=seed)
    saved = fitted.save(folder / "fit.zarr")
    size = sum(path.stat().st_size for path in saved.rglob("*") if path.is_file()) / 1e6
    with Run.clock() as loading:
        Fit.load(saved)
    seconds, k = [], []
    for day in UPDATES[1:]:
        try:
            with Run.clock() as clock:
                fitted = update(
                    fitted, events, as_of=day.date().isoformat(), seed=seed, refit=False
                )
        except NotUpdatable:
            break
        seconds.append(clock.seconds)
        k.append(fitted.updates[-1]["pareto_k"] or 0.0)
    note = (
        f"{len(seconds)} months one after the other were valid, "
        f"largest Pareto k {max(k, default=0.0):.2f}"
    )
    return [
        Wait(f"a month's update of the fit of {what}", "s", 1.0, tuple(seconds), note),
        Wait(f"a saved fit of {what}", "MB", 400.0, (size,), f"loaded in {loading.seconds:.1f} s"),
    ]


def start(what: str, arguments: Sequence[str], limit: float, repetitions: int) -> Wait:
    """Start Python so often with these arguments.

    The first start, with a cold file cache, does not count.
    """
    seconds = []
    for _ in range(repetitions + 1):
        with Run.clock() as clock:
            subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        seconds.append(clock.seconds)
    return Wait(f"Python with `{what}`", "s", limit, tuple(seconds[1:]))


def write_waits(folder: Path, seed: int, repetitions: int, say: Callable[[str], None]) -> None:
    """Measure, and write ``waits.md`` and ``waits.json``."""
    found = {"written": now(), "load": load(), "machines": [machine()]}
    waits = []
    with tempfile.TemporaryDirectory() as scratch:
        for wait in _measured(seed, repetitions, Path(scratch)):
            say(f"{wait.what}: {spread(summary(wait.values))} {wait.unit}")
            waits.append(wait)
    write_json(folder / "waits.json", found | {"waits": [asdict(wait) for wait in waits]})
    write_text(
        folder / "waits.md", _markdown(found["written"], found["load"], found["machines"], waits)
    )


def _measured(seed: int, repetitions: int, scratch: Path) -> Iterator[Wait]:
    yield from (start(*given, repetitions) for given in STARTS)
    yield from (short_fit(*given, range(seed, seed + repetitions)) for given in SHORT)
    yield from updates(seed, scratch, "the chronology", hierarchy("USA-CHN"))
    yield from updates(seed, scratch, "USA-CHN alone", ["USA-CHN"])


def _markdown(written: str, busy: float | None, machines: list[dict], waits: Sequence[Wait]) -> str:
    lines = [
        "# Waits: what a user waits for",
        "",
        f"Measured {written}; load before {busy}.",
        *describe(machines),
        "",
    ]
    lines += [
        "Median [smallest to largest].",
        "",
        "| what | measured | at most | |",
        "| --- | --- | --- | --- |",
    ]
    for wait in waits:
        values = f"{spread(summary(wait.values))} {wait.unit}"
        lines.append(f"| {wait.what} | {values} | {wait.limit:g} {wait.unit} | {wait.note} |")
    return "\n".join(lines) + "\n"
