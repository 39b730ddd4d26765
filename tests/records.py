"""A made-up record of two pairs up to the end of 2023, with commands on it, for fits that take no
sampling.
"""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from forecast.cli import app

PAIRS = ("USA-CHN", "USA-RUS")
DATA = ("--events", "record.csv", "--mapping", "record.yaml")


def run(*words: object) -> Any:
    return CliRunner().invoke(app, [str(word) for word in words])


def run_monday(day: date, *words: object, pairs: tuple[str, ...] = PAIRS) -> Any:
    """Run `forecast monday` as on a day."""
    stated = [
        word for pair in pairs for word in ("--covered-to", f"{pair}:{day - timedelta(days=1)}")
    ]
    covered = () if "--covered-to" in words else stated
    own = (*pairs, "--day", day, "--horizons", "3,6")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("forecast.runs.weekly_questions.today", lambda: day)
        return run("monday", *DATA, *own, *covered, *words)


def write_record(*more: str) -> None:
    """Write the record, with more rows if they are given, and a folder for what is added."""
    rng = np.random.default_rng(1)
    days = [
        date(2020, 1, 1) + timedelta(days=int(one)) for one in np.sort(rng.integers(0, 1461, 300))
    ]
    codes = rng.choice(["111", "138", "163", "046", "042", "057"], len(days))
    rows = [
        f"{day},{pair[:3]},{pair[4:]},{code}"
        for day, code in zip(days, codes, strict=True)
        for pair in PAIRS
    ]
    rows += [f"2023-12-{day},{pair[:3]},{pair[4:]},046" for pair in PAIRS for day in (30, 31)]
    Path("record.csv").write_text("\n".join(["date,source,target,code", *rows, *more, ""]))
    mapping = {
        "dataset": "mine",
        "columns": {"date": "date", "source": "source", "target": "target", "cameo": "code"},
    }
    Path("record.yaml").write_text(yaml.safe_dump(mapping))
    Path("added").mkdir()
