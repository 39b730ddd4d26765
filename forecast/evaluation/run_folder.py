"""The folder of a run: what its origins rest on, and the files of those that are finished."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from forecast.errors import SpecError
from forecast.evaluation.tasks import Setup
from forecast.files import check_writable, write_json

RUN_FILE = "run.json"
ORIGINS = "origins"


@dataclass(frozen=True)
class RunFolder:
    """The folder of a run."""

    path: Path

    @property
    def origins(self) -> Path:
        """Where the files of finished origins are."""
        return self.path / ORIGINS

    def claim(self, setup: Setup) -> None:
        """Note in the folder what its origins rest on, and reject the folder of another run."""
        check_writable(self.path)
        choices = {**setup.choices, "data": setup.record.digest}
        mine = {"identity": setup.identity, **choices}
        if not (self.path / RUN_FILE).exists():
            write_json(self.path / RUN_FILE, mine)
            return
        other = self._account()
        if other.get("identity") != mine["identity"]:
            differing = [name for name, value in choices.items() if other.get(name) != value]
            raise SpecError(
                f"{self.path}: holds a run with other {', '.join(differing)}; choose another --out, or remove that "
                "folder"
            )

    def _account(self) -> dict[str, Any]:
        path = self.path / RUN_FILE
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(found, dict):
                raise ValueError(f"it holds a {type(found).__name__}")
        except (OSError, ValueError) as error:
            raise SpecError(f"{path}: is no account of a run ({error}); choose another --out") from error
        return found

    def finished(self) -> dict[date, dict[str, list[Path]]]:
        """Return the files of finished origins, by origin and forecaster, in order."""
        found: dict[date, dict[str, list[Path]]] = {}
        for path in sorted(self.origins.glob("*.json")):
            with _of_a_run(path):
                month, code, *_ = path.name.split(".")
                found.setdefault(date.fromisoformat(f"{month}-01"), {}).setdefault(code, []).append(path)
        return found


def read_finished(path: Path) -> dict[str, Any]:
    """Return what the file of a finished origin holds."""
    with _of_a_run(path):
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        date.fromisoformat(content["origin"])
    return content


@contextmanager
def _of_a_run(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SpecError(
            f"{path}: is no file of a finished origin ({error!r}); remove it and run the same command again"
        ) from error
