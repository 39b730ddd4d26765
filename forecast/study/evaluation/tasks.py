"""Tasks of a backtest, and the run folder with one file per finished forecast date."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from itertools import batched
from pathlib import Path
from typing import Any

import numpy as np

from forecast.base.errors import SpecError
from forecast.base.files import check_writable, write_json, write_text
from forecast.base.reading import read_bytes
from forecast.base.resources import commit
from forecast.base.typing import Float, Index
from forecast.base.unfinished import clear_leftovers
from forecast.outlook.recording import recording_level
from forecast.outlook.summary import NotDefined
from forecast.outlook.tone import SMALLEST_CHANGE
from forecast.study.evaluation.benchmarks import (
    DatedForecast,
    Forecaster,
    ForecastRequest,
    GivenVolume,
)
from forecast.study.evaluation.origins import Record, RecordedWindow, View
from forecast.study.evaluation.scores import (
    IMPROVEMENT,
    outcomes,
    predict_free,
    predict_given,
    predict_tone,
)

SCHEMA = 4  # version of the files of finished forecast dates, and of how their numbers are computed
RUN_FILE = "run.json"
ORIGINS = "origins"  # folder of the files of finished forecast dates
# bytes of a file of a finished forecast date; a larger one is not read
MAX_ORIGIN_FILE = 1_000_000_000


@dataclass(frozen=True)
class Setup:
    """Settings that all tasks of a run share."""

    record: Record
    request: ForecastRequest
    forecasters: Mapping[str, Forecaster]
    improvement: float = IMPROVEMENT  # Smallest improvement of interest, points of share
    # Dyads per task and file; all of them if it is not given. Changes no number.
    batch: int | None = None
    _parts: dict[int, "Setup"] = field(default_factory=dict, repr=False, compare=False)

    def without_caches(self) -> "Setup":
        """Return the same settings without computed data, to be sent to another process."""
        return replace(self, record=replace(self.record), _parts={})

    @cached_property
    def batches(self) -> dict[int | None, tuple[str, ...]]:
        """Dyads of each batch by its number; the number is None if all dyads are together."""
        if self.batch is None:
            return {None: self.record.dyads}
        return dict(enumerate(batched(self.record.dyads, self.batch)))

    def of_batch(self, number: int | None) -> "Setup":
        """Return the settings for the dyads of one batch.

        Those of the last batch are cached, because many successive tasks need them.
        """
        if number is None:
            return self
        if number not in self._parts:
            self._parts.clear()
            record = self.record.only(self.batches[number])
            self._parts[number] = replace(self, record=record, batch=None, _parts={})
        return self._parts[number]

    @property
    def choices(self) -> dict[str, Any]:
        """Settings as plain values for JSON."""
        from importlib.metadata import version

        return {
            "dataset": self.record.dataset,
            "dyads": list(self.record.dyads),
            "horizons": list(self.request.horizons),
            "improvement": self.improvement,
            "draws": self.request.draws,
            "seed": self.request.seed,
            "version": version("pendulum-forecast"),
            "schema": SCHEMA,
            **({"batch": self.batch} if self.batch else {}),
        }


@dataclass(frozen=True)
class Task:
    """Some forecasters at an origin, for all dyads or a batch of them."""

    codes: tuple[str, ...]
    origin: date
    batch: int | None = None


type FinishedFile = tuple[str, str]
"""Name and text of the file of a finished forecast date."""


def file_name(origin: date, code: str, batch: int | None = None) -> str:
    """Return the name of the file of an origin, a forecaster and a batch."""
    return f"{origin:%Y-%m}.{code}{'' if batch is None else f'.{batch:04d}'}.json"


def run_task(setup: Setup, task: Task) -> Iterator[FinishedFile]:
    """Run a task, and yield the file of each forecaster when it is finished."""
    view = setup.record.view(task.origin)
    for code in task.codes:
        forecast = DatedForecast(task.origin, {})  # if no dyad has a past long enough
        if view:
            forecast = setup.forecasters[code].answer(view, setup.request)
        content = _file_content(setup, code, view, forecast)
        text = json.dumps(content, separators=(",", ":"))
        yield file_name(task.origin, code, task.batch), f"{text}\n"


def run_task_here(setup: Setup, task: Task, folder: Path) -> int:
    """Run a task, write each file as soon as it is finished, and return the number of files."""
    number = 0
    for name, text in run_task(setup.of_batch(task.batch), task):
        write_text(folder / name, text)
        number += 1
    return number


def _file_content(
    setup: Setup, code: str, view: View | None, forecast: DatedForecast
) -> dict[str, Any]:
    """Return the content of the file of a forecaster at an origin.

    Without a view the forecaster predicts nothing. A window is void if it has too few events, and
    unfinished if its data are incomplete.
    """
    cases, void, unfinished = [], 0, 0
    if view is not None:
        for dyad, chances in forecast.chances.items():
            for horizon in sorted(chances):
                window = setup.record.window(view, dyad, horizon)
                if window is None:
                    unfinished += 1
                elif window.void:
                    void += 1
                else:
                    cases.append(_case(setup, view, window, chances[horizon]))
    return {
        "origin": forecast.origin.isoformat(),
        "forecaster": code,
        "rival": setup.forecasters[code].benchmark,
        "words": setup.forecasters[code].words,
        "notes": forecast.notes,
        "void": void,
        "unfinished": unfinished,
        "cases": cases,
    }


def _case(
    setup: Setup, view: View, window: RecordedWindow, chances: Float | GivenVolume
) -> dict[str, Any]:
    """Return the predictions of one window, and what was recorded of it."""
    # All forecasters draw events from the same stream, so that differences are their own.
    rng = setup.request.stream(window.origin, window.dyad, f"happenings {window.horizon}")
    volume = recording_level(view.recorded[window.dyad]).simulate(
        (setup.request.draws, window.horizon), rng
    )
    real_time = predict_free(_given_events(chances, volume), volume, window, rng, setup.improvement)
    given = predict_given(
        _given_events(chances, window.counts.total), window, rng, setup.improvement
    )
    up, down = outcomes(window.share, window.before, setup.improvement)
    scores, tone = view.scores[window.dyad], None
    if window.tone is not None and not isinstance(scores, NotDefined):
        stream = setup.request.stream(window.origin, window.dyad, f"tone {window.horizon}")
        prediction = predict_tone(_given_events(chances, volume), volume, window, scores, stream)
        tone_up, tone_down = outcomes(window.tone, window.tone_before, SMALLEST_CHANGE)
        tone = {
            "recorded": window.tone,
            "before": window.tone_before,
            "up": tone_up,
            "down": tone_down,
            "said": prediction.to_dict(),
        }
    return {
        "dyad": window.dyad,
        "horizon": window.horizon,
        "n": window.n,
        "k": window.k,
        "before": window.before,
        "up": up,
        "down": down,
        "given": given.to_dict(),
        "free": real_time.to_dict(),
        "tone": tone,
    }


def _given_events(chances: Float | GivenVolume, total: Index) -> Float:
    """Return the chances, (draw, month), given the number of events of each month."""
    return chances if isinstance(chances, np.ndarray) else chances.given(total)


@dataclass(frozen=True)
class RunFolder:
    """The folder of a run."""

    path: Path

    @property
    def origins(self) -> Path:
        """Folder of the files of finished forecast dates."""
        return self.path / ORIGINS

    def claim(self, setup: Setup) -> None:
        """Write the settings of the run into its folder, and reject the folder of another run."""
        check_writable(self.path)
        clear_leftovers(self.origins)
        settings = {"batch": None, **setup.choices, "data": setup.record.digest}
        if not (self.path / RUN_FILE).exists():
            made_by = commit()
            write_json(self.path / RUN_FILE, settings | ({"commit": made_by} if made_by else {}))
            return
        stored = self._settings()
        if differing := [name for name, value in settings.items() if stored.get(name) != value]:
            raise SpecError(
                f"{self.path}: holds a run with other {', '.join(differing)}; choose another "
                "--out, or remove that folder"
            )

    @property
    def commit(self) -> dict[str, str]:
        """The commit of the code that began the run, where the code is a checkout."""
        commit = self._settings().get("commit")
        return {"commit": str(commit)} if commit else {}

    def _settings(self) -> dict[str, Any]:
        """Read the settings of the run."""
        path = self.path / RUN_FILE
        try:
            content = json.loads(read_bytes(path, MAX_ORIGIN_FILE))
            if not isinstance(content, dict):
                raise ValueError(f"it holds a {type(content).__name__}")
        except (OSError, ValueError) as error:
            raise SpecError(
                f"{path}: has no settings of a run ({error}); choose another --out"
            ) from error
        return content

    def finished(self) -> dict[date, dict[str, list[Path]]]:
        """Return the files of finished origins, by origin and forecaster, in order."""
        by_origin: dict[date, dict[str, list[Path]]] = {}
        for path in sorted(self.origins.glob("*.json")):
            with _reject_malformed(path):
                month, code, *_ = path.name.split(".")
                by_origin.setdefault(date.fromisoformat(f"{month}-01"), {}).setdefault(
                    code, []
                ).append(path)
        return by_origin


def read_finished(path: Path) -> dict[str, Any]:
    """Return the contents of the file of a finished forecast date."""
    with _reject_malformed(path):
        content: dict[str, Any] = json.loads(read_bytes(path, MAX_ORIGIN_FILE))
        date.fromisoformat(content["origin"])
    return content


@contextmanager
def _reject_malformed(path: Path) -> Iterator[None]:
    """Turn errors of reading into one that names the file and the remedy."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SpecError(
            f"{path}: is no file of a finished origin ({error!r}); remove it and run the same "
            "command again"
        ) from error
