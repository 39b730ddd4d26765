"""Is there a pendulum at all? Claims about a relation, each tested against a rival that may win.

Start at `run_tests`: a plan says what is asked and by which rule it is decided, every claim asked for answers
with a `Verdict`. The public names are imported from their homes on first use.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forecast.hypotheses.verdict import Drawing as Drawing
    from forecast.hypotheses.verdict import Number as Number
    from forecast.hypotheses.verdict import Rule as Rule
    from forecast.hypotheses.verdict import Series as Series
    from forecast.hypotheses.verdict import Verdict as Verdict

_HOMES = {
    "Drawing": "verdict",
    "Number": "verdict",
    "Rule": "verdict",
    "Series": "verdict",
    "Verdict": "verdict",
}

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"forecast.hypotheses.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
