"""The folder of a run: what its origins rest on, and the files of those that are finished."""

import json
from collections.abc import Iterator
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
    """The folder of a run.

    Attributes
    ----------
    path : pathlib.Path
    """

    path: Path

    @property
    def origins(self) -> Path:
        """Where the files of finished origins are."""
        return self.path / ORIGINS

    def claim(self, setup: Setup) -> None:
        """Note in the folder what its origins rest on, and reject the folder of another run.

        Raises
        ------
        SpecError
            If the folder is of another run.
        """
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

    def finished(self) -> Iterator[tuple[date, dict[str, Any]]]:
        """Yield what each finished origin holds, by origin and forecaster.

        Raises
        ------
        SpecError
            If a file is not one of a run.
        """
        for path in sorted(self.origins.glob("*.json")):
            try:
                content = json.loads(path.read_text(encoding="utf-8"))
                origin = date.fromisoformat(content["origin"])
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise SpecError(
                    f"{path}: is no file of a finished origin ({error!r}); remove it and run the same command again"
                ) from error
            yield origin, content
