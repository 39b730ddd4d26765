"""Backtests: every forecaster at every forecast date, resumable and scored."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from itertools import product
from pathlib import Path

from forecast.base.arguments import checked
from forecast.base.dates import Day, add_months, read_day
from forecast.base.errors import DataError, SpecError
from forecast.base.limits import require, require_whole, whole_seed
from forecast.base.progress import Progress, silent
from forecast.base.typing import Months, Seed
from forecast.base.wording import join, join_some
from forecast.outlook.benchmarks import MODEL
from forecast.study.evaluation.benchmarks import BENCHMARKS, Forecaster, ForecastRequest
from forecast.study.evaluation.executors import Executor, local
from forecast.study.evaluation.origins import Record
from forecast.study.evaluation.results import Results, gather
from forecast.study.evaluation.scores import IMPROVEMENT
from forecast.study.evaluation.tasks import RunFolder, Setup, Task, file_name
from forecast.study.evaluation.variants import VARIANTS

ALIASES = {"none": "no_cycle"}  # other codes of model variants


@checked
def backtest(
    record: Record,
    origins: Sequence[Day],
    *,
    horizons: Sequence[Months] = (3, 6, 12, 24),
    forecasters: Sequence[Forecaster] | None = None,
    out: str | Path,
    improvement: float = IMPROVEMENT,
    draws: int = 2000,
    seed: Seed = 1,
    batch: int | None = None,
    executor: Executor | None = None,
    progress: Progress = silent,
) -> Results:
    """Predict from every origin as of its day, and score the predictions by the later event data.

    Parameters
    ----------
    record : Record
        The event data, with the days on which they became known.
    origins : sequence of str or datetime.date
        First days of months, such as of `origins_between`.
    horizons : sequence of int
        Months ahead.
    forecasters : sequence of Forecaster, optional
        By default the model and all benchmarks: ``choose_forecasters("pendulum", "all")``.
    out : path
        Folder of the run. Origins that are finished there are not done again, and belong to the
        results: a run can be extended by other origins, and by other forecasters at fewer of them.
    improvement : float
        Smallest improvement of interest, points of share.
    draws : int
        Draws per prediction.
    seed : int or numpy.random.Generator
        The same seed gives the same numbers, whatever does the work.
    batch : int, optional
        Dyads per task and file, where there are hundreds; by default all together. Changes no
        number. A model has to be fitted to each dyad alone then: ``Record.of(...,
        together="alone")``.
    executor : Executor, optional
        Where the work is done; by default as many processes as there are cores.
    progress : callable, optional
        Called with (step in words, done, total).

    Returns
    -------
    Results

    Raises
    ------
    SpecError
        If there is nothing to predict, or the folder is of another run.
    DataError
        If no dyad has a past long enough, or no window is over.

    Examples
    --------
    >>> from forecast import read_chronology
    >>> from forecast.study.evaluation import Record, backtest, choose_forecasters, origins_between
    >>> results = backtest(
    ...     Record.of(read_chronology()),
    ...     origins_between("2005-01", "2025-07", 6),
    ...     forecasters=choose_forecasters("none", "all"),
    ...     out="skill",
    ... )  # doctest: +SKIP
    """
    seed = whole_seed(seed)
    chosen = list(forecasters) if forecasters is not None else choose_forecasters(MODEL, "all")
    request = ForecastRequest(tuple(sorted(horizons)), draws, seed)
    setup = Setup(
        record, request, {forecaster.code: forecaster for forecaster in chosen}, improvement, batch
    )
    days = sorted({read_day(day, "origins", first=True) for day in origins})
    check(setup, days)
    folder, workers = RunFolder(Path(out)), executor or local()
    tasks = missing_tasks(setup, days, folder.origins)
    if tasks:
        workers.ready()
    folder.claim(setup)
    total = len(days) * len(chosen) * len(setup.batches)
    done = total - sum(len(task.codes) for task in tasks)
    progress("predicting", done, total)
    for finished in workers.run(setup, tasks, folder.origins):
        done += finished
        progress("predicting", done, total)
    progress("scoring", 0, 0)
    return gather(setup, folder)


@checked
def choose_forecasters(
    models: str | Sequence[str] = MODEL, benchmarks: str | Sequence[str] = "all"
) -> list[Forecaster]:
    """Return forecasters by their codes.

    Parameters
    ----------
    models : str or sequence of str
        Model variants; ``all`` for all of them; ``no`` for none.
    benchmarks : str or sequence of str
        Benchmarks in the same form.

    Returns
    -------
    list of Forecaster
        Forecasters for `backtest`, models first.

    Raises
    ------
    SpecError
        If one is unknown, or nothing is chosen.

    Examples
    --------
    >>> from forecast.study.evaluation import choose_forecasters
    >>> [forecaster.code for forecaster in choose_forecasters("pendulum,none", "local_level")]
    ['pendulum', 'no_cycle', 'local_level']
    """
    forecasters: list[Forecaster] = [
        *_find_by_code("models", models, VARIANTS),
        *_find_by_code("benchmarks", benchmarks, BENCHMARKS),
    ]
    if not forecasters:
        raise SpecError("models, benchmarks: nothing is chosen; name at least one")
    return forecasters


def check(setup: Setup, origins: Sequence[date]) -> None:
    """Check before long work that something can be predicted and scored."""
    if not origins:
        raise SpecError("from, to: there is no origin")
    for code in setup.forecasters:
        if not re.fullmatch(r"[\w-]+", code):
            raise SpecError(
                f"forecasters: the code {code!r} names files; it may have letters, digits, - and _"
            )
    if setup.batch is not None:
        require_whole("batch", setup.batch)
        models = [
            code for code, forecaster in setup.forecasters.items() if not forecaster.benchmark
        ]
        if models and setup.record.together != "alone":
            raise SpecError(
                f"batch: {models[0]} is fitted to several dyads together, which a batch would "
                "divide; fit every dyad "
                'alone (--alone, or Record.of(..., together="alone")), or leave out the batch'
            )
    require("scoringrules", "benchmarks")
    obstacles = (_obstacle(setup.of_batch(batch), origins) for batch in setup.batches)
    first = next(obstacles)
    if first is not None and all(obstacle is not None for obstacle in obstacles):
        raise DataError(first)


def _obstacle(setup: Setup, origins: Sequence[date]) -> str | None:
    """Return why no prediction can be made or scored; None if one can."""
    last = origins[-1]
    if setup.record.view(last) is None:
        return (
            f"from, to: at {last:%Y-%m}, the last origin, no dyad of "
            f"{join_some(setup.record.dyads)} has a record of five years; choose later origins"
        )
    shortest = min(setup.request.horizons)
    first_view = next(view for view in map(setup.record.view, origins) if view)
    if all(setup.record.window(first_view, dyad, shortest) is None for dyad in first_view.dyads):
        end = add_months(first_view.origin, shortest - 1)
        return (
            f"from, horizons: the first windows end in {end:%Y-%m}, and no record of "
            f"{join_some(first_view.dyads)} is even up to then; choose earlier origins or shorter "
            "horizons"
        )
    return None


def missing_tasks(setup: Setup, origins: Sequence[date], folder: Path) -> list[Task]:
    """Return a task for each origin and batch, with the forecasters that have no file of it."""
    finished = {path.name for path in folder.glob("*.json")}
    tasks = []
    for batch, origin in product(setup.batches, origins):
        missing = tuple(
            code for code in setup.forecasters if file_name(origin, code, batch) not in finished
        )
        if missing:
            tasks.append(Task(missing, origin, batch))
    return tasks


def _find_by_code[Kind: Forecaster](
    field: str, codes: str | Iterable[str], choices: Mapping[str, Kind]
) -> list[Kind]:
    """Return the forecasters of some codes, such as "ar_noise,laplace", "all" or "no"."""
    listed = [code.strip() for code in (codes.split(",") if isinstance(codes, str) else codes)]
    if listed in (["no"], [], [""]):
        return []
    if listed == ["all"]:
        return list(choices.values())
    names = list(dict.fromkeys(ALIASES.get(code, code) for code in listed))
    unknown = [code for code in names if code not in choices]
    if unknown:
        near = get_close_matches(unknown[0], choices, n=1)
        guess = f" Did you mean {near[0]}?" if near else ""
        raise SpecError(
            f"{field}: there is no {unknown[0]!r}.{guess} Name some of {join(choices)}, or `all`, "
            "or `no` for none"
        )
    return [choices[code] for code in names]
