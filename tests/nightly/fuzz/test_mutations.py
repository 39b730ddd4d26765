"""A sample of the damaged inputs that ``python -m tests.nightly.fuzz`` tries by the thousand."""

from pathlib import Path

import pytest

from tests.nightly.fuzz.mutations import KINDS
from tests.systems import posix

pytestmark = posix
QUICK = {"fit": 3, "table": 16}
SLOW = {"fit": 2500, "table": 4500}


@pytest.mark.parametrize("kind", KINDS)
def test_some_damaged_inputs(kind: str, tmp_path: Path) -> None:
    for seed in range(1, 1 + QUICK.get(kind, 6)):
        KINDS[kind](tmp_path, seed)


@pytest.mark.parametrize(("kind", "seed"), [("fit", 59)])  # bytes of a text are none of UTF-8
def test_what_once_went_wrong(kind: str, seed: int, tmp_path: Path) -> None:
    KINDS[kind](tmp_path, seed)


@pytest.mark.nightly
@pytest.mark.parametrize("kind", KINDS)
def test_hundreds_of_damaged_inputs(kind: str, tmp_path: Path) -> None:
    cases = SLOW.get(kind, 500)
    read = sum(KINDS[kind](tmp_path, seed) for seed in range(1, 1 + cases))
    assert 0 < read < cases
