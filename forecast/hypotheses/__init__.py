"""Tests of claims about relations, on all dyads at once, and comparison of models.

Entry point: `pooled_tests` tests general claims. Public names are imported on first use.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forecast.hypotheses.pooled.run import PooledResults as PooledResults
    from forecast.hypotheses.pooled.run import PooledVerdict as PooledVerdict
    from forecast.hypotheses.pooled.run import pooled_tests as pooled_tests

_HOMES = {"PooledResults": "pooled.run", "PooledVerdict": "pooled.run", "pooled_tests": "pooled.run"}

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"forecast.hypotheses.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
