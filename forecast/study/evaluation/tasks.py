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

SCHEMA = 4
"""Version of the files of finished forecast dates, and of the computation of their numbers."""


RUN_FILE = "run.json"
LARGEST = 1_000_000_000
"""Bytes of a file of a finished forecast date."""
ORIGINS = "origins"


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

    def fresh(self) -> "Setup":
        """Return the same to be sent elsewhere, without what has been computed on the way."""
        return replace(self, record=replace(self.record), _parts={})

    @cached_property
    def batches(self) -> dict[int | None, tuple[str, ...]]:
        """The dyads of each batch by its number; under None if all are together."""
        if self.batch is None:
            return {None: self.record.dyads}
        return dict(enumerate(batched(self.record.dyads, self.batch)))

    def part(self, number: int | None) -> "Setup":
        """Return the part of one batch.

        The last one is kept, because many successive tasks need it.
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
        """Settings as plain values."""
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


type Finished = tuple[str, str]
"""Name and text of the file of a finished origin."""


def file_name(origin: date, code: str, batch: int | None = None) -> str:
    """Return the name of the file of an origin, a forecaster and a batch."""
    return f"{origin:%Y-%m}.{code}{'' if batch is None else f'.{batch:04d}'}.json"


def carry_out(setup: Setup, task: Task) -> Iterator[Finished]:
    """Do a task of a setup, or of a part, and yield the file of each forecaster when finished."""
    view = setup.record.view(task.origin)
    for code in task.codes:
        # Where no dyad has a past long enough, the answer is empty.
        answer = (
            setup.forecasters[code].answer(view, setup.request)
            if view
            else DatedForecast(task.origin, {})
        )
        text = json.dumps(_content(setup, code, view, answer), separators=(",", ":"))
        yield file_name(task.origin, code, task.batch), f"{text}\n"


def carry_out_here(setup: Setup, task: Task, folder: Path) -> int:
    """Do a task where the folder of the run is, and return how many files were written.

    Each file is written as soon as it is finished.
    """
    number = 0
    for name, text in carry_out(setup.part(task.batch), task):
        write_text(folder / name, text)
        number += 1
    return number


def _content(setup: Setup, code: str, view: View | None, answer: DatedForecast) -> dict[str, Any]:
    """Return the contents of the file of a forecaster at an origin.

    Without a view, it has predicted nothing.
    """
    pairs = [
        (dyad, horizon) for dyad, chances in answer.chances.items() for horizon in sorted(chances)
    ]
    windows = [setup.record.window(view, dyad, horizon) for dyad, horizon in pairs] if view else []
    over = [window for window in windows if window]
    cases = [
        _case(setup, view, recorded, answer.chances[recorded.dyad][recorded.horizon])
        for recorded in over
        if view and not recorded.void
    ]
    return {
        "origin": answer.origin.isoformat(),
        "forecaster": code,
        "rival": setup.forecasters[code].benchmark,
        "words": setup.forecasters[code].words,
        "notes": answer.notes,
        "void": len(over) - len(cases),
        "unfinished": len(windows) - len(over),
        "cases": cases,
    }


def _case(
    setup: Setup, view: View, window: RecordedWindow, chances: Float | GivenVolume
) -> dict[str, Any]:
    # Events of all forecasters are drawn from the same stream: what differs between them is their
    # own.
    rng = setup.request.stream(window.origin, window.dyad, f"happenings {window.horizon}")
    volume = recording_level(view.recorded[window.dyad]).simulate(
        (setup.request.draws, window.horizon), rng
    )
    free = predict_free(_at(chances, volume), volume, window, rng, setup.improvement)
    given = predict_given(_at(chances, window.counts.total), window, rng, setup.improvement)
    up, down = outcomes(window.share, window.before, setup.improvement)
    scores, tone = view.scores[window.dyad], None
    if window.tone is not None and not isinstance(scores, NotDefined):
        stream = setup.request.stream(window.origin, window.dyad, f"tone {window.horizon}")
        prediction = predict_tone(_at(chances, volume), volume, window, scores, stream)
        rose, fell = outcomes(window.tone, window.tone_before, SMALLEST_CHANGE)
        tone = {
            "recorded": window.tone,
            "before": window.tone_before,
            "up": rose,
            "down": fell,
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
        "free": free.to_dict(),
        "tone": tone,
    }


def _at(chances: Float | GivenVolume, total: Index) -> Float:
    """Return chances given the events of each month."""
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
        """Note in the folder what its origins rest on, and reject the folder of another run."""
        check_writable(self.path)
        clear_leftovers(self.origins)
        mine = {"batch": None, **setup.choices, "data": setup.record.digest}
        if not (self.path / RUN_FILE).exists():
            made_by = commit()
            write_json(self.path / RUN_FILE, mine | ({"commit": made_by} if made_by else {}))
            return
        other = self._account()
        if differing := [name for name, value in mine.items() if other.get(name) != value]:
            raise SpecError(
                f"{self.path}: holds a run with other {', '.join(differing)}; choose another "
                "--out, or remove that folder"
            )

    @property
    def commit(self) -> dict[str, str]:
        """The commit of the code that began the run, where the code is a checkout."""
        commit = self._account().get("commit")
        return {"commit": str(commit)} if commit else {}

    def _account(self) -> dict[str, Any]:
        path = self.path / RUN_FILE
        try:
            content = json.loads(read_bytes(path, LARGEST))
            if not isinstance(content, dict):
                raise ValueError(f"it holds a {type(content).__name__}")
        except (OSError, ValueError) as error:
            raise SpecError(
                f"{path}: is no account of a run ({error}); choose another --out"
            ) from error
        return content

    def finished(self) -> dict[date, dict[str, list[Path]]]:
        """Return the files of finished origins, by origin and forecaster, in order."""
        by_origin: dict[date, dict[str, list[Path]]] = {}
        for path in sorted(self.origins.glob("*.json")):
            with _of_a_run(path):
                month, code, *_ = path.name.split(".")
                by_origin.setdefault(date.fromisoformat(f"{month}-01"), {}).setdefault(
                    code, []
                ).append(path)
        return by_origin


def read_finished(path: Path) -> dict[str, Any]:
    """Return the contents of the file of a finished forecast date."""
    with _of_a_run(path):
        content: dict[str, Any] = json.loads(read_bytes(path, LARGEST))
        date.fromisoformat(content["origin"])
    return content


@contextmanager
def _of_a_run(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SpecError(
            f"{path}: is no file of a finished origin ({error!r}); remove it and run the same "
            "command again"
        ) from error
