"""Verdicts, gates and results that nobody had to fit, for tests of what is done with them."""

from dataclasses import dataclass, field
from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd

from forecast.events import read_chronology
from forecast.hypotheses import Comparison, Drawing, Number, Series, Verdict
from forecast.hypotheses.plan import freeze, make_plan
from forecast.hypotheses.registry import CLAIMS
from forecast.hypotheses.run import Results
from forecast.hypotheses.unit_roots import UnitRoot
from forecast.model.gate import Miss
from forecast.sources import Source, gather

SCRIPT = "<script>alert('5 > 4 & \"3\"')</script>"


@dataclass(frozen=True)
class FakeGate:
    """A gate that was passed, or not for a reason."""

    reasons: tuple[str, ...] = ()

    @property
    def passed(self):
        return not self.reasons

    @property
    def misses(self):
        parts = (reason.partition(": ") for reason in self.reasons)
        return tuple(Miss(quantity, words, 2.0) for quantity, _, words in parts)

    def to_dict(self):
        return {
            "passed": self.passed,
            "limits": {"r_hat": 1.01, "ess": 400, "bfmi": 0.3, "divergence_share": 0.001},
            "quantities": [
                {"quantity": "half-life", "number": 1, "r_hat": 1.004, "ess_bulk": 912.0, "ess_tail": None},
                {"quantity": "level", "number": 160, "r_hat": 1.002, "ess_bulk": 1510.0, "ess_tail": 1404.0},
            ],
            "divergence_share": 0.0,
            "bfmi": 0.81,
            "reasons": list(self.reasons),
        }


def densities():
    x = np.linspace(1, 120, 60)
    curves = {
        "prior": ("prior", np.exp(-0.5 * ((np.log(x) - 3.2) / 0.5) ** 2) / x),
        "posterior": ("posterior", np.exp(-0.5 * ((np.log(x) - 3.6) / 0.3) ** 2) / x),
    }
    series = tuple(
        Series(label, tuple(map(float, x)), tuple(map(float, y)), role=role) for label, (role, y) in curves.items()
    )
    return Drawing("densities", "Half-life before and after the data", "half-life, months", "density", series)


def bars():
    names = ("random walk", "linear pull", "band")
    first = Series("log Bayes factor", names, (0.0, 1.4, -2.2), error=(0.1, 0.2, 0.1), role="posterior", places="names")
    second = Series("leave-future-out", names, (0.0, -0.5, 1.0), error=(0.0, 1.2, 1.9), role="data", places="names")
    return Drawing("bars", "Evidence against the random walk", "model", "log evidence", (first, second))


def line():
    days = tuple(str(day.date()) for day in pd.date_range("1980-01-01", periods=160, freq="QS"))
    wave = 50 + 20 * np.sin(np.arange(160) / 12)
    level = Series(
        "level", days, tuple(wave), low=tuple(wave - 8), high=tuple(wave + 8), role="posterior", places="dates"
    )
    seen = Series("observed", days[::5], tuple(wave[::5] + 3), role="data", places="dates")
    return Drawing("line", "Share after a visit", "", "share, 0 to 100", (level, seen))


DRAWINGS = {"S5": densities, "S6": bars, "S2": line}


def make_verdict(code, answer="undecided", **changes):
    """Return a verdict in the form of a real one."""
    table = pd.DataFrame(
        {
            "model": ["linear pull", "random walk"],
            "log_evidence": [-2503.4, -2504.8],
            "error": [0.12, np.nan],
            "since": pd.to_datetime(["1949-10-01", None]),
        }
    )
    given = {
        "code": code,
        "claim": f"There is {CLAIMS[code].title}.",
        "null": f"There is no such thing ({CLAIMS[code].models[-1]}).",
        "answer": answer,
        "numbers": (
            Number("half_life", 41.3, 12.0, 118.0, 0.9, "months", "half-life"),
            Number("probability_half_life", 0.71, error=0.01, words="it is below 60 months", kind="probability"),
            Number("not_defined", float("nan"), unit="points of share", words="what this record does not have"),
        ),
        "comparisons": (Comparison("linear pull", "none", 1.4, 0.2, decides=False, by_factor_alone=True),),
        "table": table,
        "drawing": DRAWINGS.get(code, densities)(),
        "prose": ("The half-life is 41 months.", "The data could not tell a slow pull from none."),
    }
    return Verdict(**(given | changes))


CHECK = UnitRoot(
    "Augmented Dickey-Fuller", "It is a random walk.", -3.1, 0.0262, 4, "rejects its null: it is no random walk"
)


@dataclass(frozen=True)
class FakePower:
    """A power analysis."""

    claim: str = "S5"
    words: str = "The test says so in 46 % of pendulums with a half-life of 24 months, and in 4 % of random walks."
    table: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(
            {
                "alternative": ["random walk", "half-life 24 months"],
                "half_life": [np.nan, 24.0],
                "simulations": [200, 200],
                "supported": [0.04, 0.46],
                "rejected": [0.3, 0.02],
                "undecided": [0.66, 0.52],
                "low": [0.02, 0.4],
                "high": [0.07, 0.52],
            }
        )
    )


def fake_candidates(gates=None, **known):
    return SimpleNamespace(gates={"linear pull": FakeGate()} if gates is None else gates, **known)


def sensitivity(_=None):
    return pd.DataFrame(
        {
            "change": ["none", "scale goldstein", "without binding commitments"],
            "half_life": [41.3, 38.0, 44.9],
            "low": [12.0, 11.0, 13.0],
            "high": [118.0, 105.0, np.inf],
            "log_bayes_factor": [1.4, 1.1, 0.7],
        }
    )


def small_data(dyad="USA-CHN", as_of=date(1980, 12, 31), **options):
    return gather(Source(), dyad, as_of=as_of, **options)


def fake_results(verdicts=None, *, planned=False, gates=None, notes=(), data=None, **choices):
    """Return results as a run would, of the embedded chronology."""
    data = data or small_data()
    verdicts = verdicts or (
        make_verdict("S2", "rejected"),
        make_verdict("S5", "supported", power=FakePower(), checks=(CHECK,)),
        make_verdict("S6"),
    )
    plan = make_plan(data, Source(), claims=tuple(verdict.code for verdict in verdicts), **choices)
    return Results(
        plan=freeze(plan, date(2026, 1, 2)) if planned else plan,
        data=data,
        verdicts=tuple(verdicts),
        sensitivity=sensitivity(),
        gates={"USA-CHN, linear under era+depth": FakeGate(), "USA-CHN, none": FakeGate()} if gates is None else gates,
        notes=notes,
        seconds={"S2": 61.0, "S5": 190.5, "S6": 3.0, "sensitivity": 70.0},
    )


def chronology():
    return read_chronology(dyads=["USA-CHN"])
