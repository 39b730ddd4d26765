"""Records at the ends of what there can be.

A report has intervals and no certainty, or says why there is none.
"""

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.records import run

FIRST, LAST = date(2010, 1, 1), date(2023, 12, 1)
TALKS, THREAT = "046", "138"
type Row = tuple[date, str, int]


def months(first: date, codes: str) -> Iterator[Row]:
    """Yield three events a month up to the last one, of one code or of both by turns."""
    for number in range(12 * first.year + first.month - 1, 12 * LAST.year + LAST.month):
        for day in (3, 13, 23):
            code = codes if codes != "both" else (TALKS, THREAT)[(number * day) // 4 % 2]
            yield date(number // 12, number % 12 + 1, day), code, 1


RECORDS: dict[str, list[Row]] = {
    "all cooperative": [*months(FIRST, TALKS)],
    "all hostile": [*months(FIRST, THREAT)],
    "one event": [(FIRST, TALKS, 1)],
    "a million events in a month": [*months(FIRST, "both"), (date(2020, 3, 5), THREAT, 1_000_000)],
    "fifty years without an event": [
        (date(1970, 1, 5), TALKS, 1),
        *months(date(2021, 1, 1), "both"),
    ],
}


def numbers(value: Any) -> Iterator[dict[str, Any]]:
    """Yield what is stated with an interval or an error."""
    if isinstance(value, dict):
        if "mcse" in value:
            yield value
        for one in value.values():
            yield from numbers(one)
    elif isinstance(value, list):
        for one in value:
            yield from numbers(one)


@pytest.mark.nightly
@pytest.mark.parametrize("name", RECORDS)
def test_a_report_on_an_extreme_record(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [f"{day},USA,CHN,{code},{n}" for day, code, n in RECORDS[name]]
    Path("record.csv").write_text("\n".join(["date,source,target,code,n", *rows, ""]))
    columns = {"date": "date", "source": "source", "target": "target", "cameo": "code", "n": "n"}
    Path("record.yaml").write_text(yaml.safe_dump({"dataset": "mine", "columns": columns}))
    done = run(
        "report",
        "USA-CHN",
        "--events",
        "record.csv",
        "--mapping",
        "record.yaml",
        "--alone",
        "--horizons",
        "3,12",
        "--out",
        "out",
        "--draws",
        100,
        "--tune",
        100,
        "--chains",
        2,
    )
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    if done.exit_code == 2:
        assert name == "one event" and "at least 36 are needed" in done.output
        return
    assert done.exit_code in (0, 3), done.output
    stated = json.loads(Path("out/forecast.json").read_text("utf-8"))
    assert stated["converged"] == (done.exit_code == 0)
    text = re.sub(r"<[^>]+>", " ", Path("out/index.html").read_text("utf-8"))
    assert not re.search(r"\b(nan|NaN|inf)\b", text)
    assert ("NOT CONVERGED" in text.upper()) == (done.exit_code == 3)
    for one in stated["horizons"]:
        assert one["level"]["low"] < one["level"]["high"]
    assert not re.search(
        r"\b(0|100)% (similar|more|less|higher|lower)", f"{stated['title']} {stated['verdict']}"
    )
    for one in stated["recorded"]:
        assert one["share"]["low"] < one["share"]["high"]
        certain = [side for side in ("up", "down") if one[side]["value"] in (0, 1)]
        assert not certain or "cannot be" in stated["headline"]  # beyond all or none of the events
    assert all(one.get("low", 0) <= one.get("high", 0) for one in numbers(stated))
