"""Records that are made up: counts of two sides by month, with a share that follows a rule of the test's choice."""

from copy import deepcopy
from datetime import date
from importlib.metadata import version

import numpy as np
import pandas as pd

from forecast.data.events.table import CountTable
from forecast.study.evaluation import Record, Results
from forecast.study.evaluation.misses import worst_misses
from forecast.study.evaluation.score_tables import skill_rows, without_dyads
from forecast.study.evaluation.skill import Skill, subject_of

FIRST = "1990-01-01"


def counts_of(shares, *, volume=6.0, dyad="USA-CHN", seed=1):
    """Draw counts by month around shares, 0 to 1."""
    rng = np.random.default_rng(seed)
    total = rng.poisson(volume, len(shares))
    cooperative = rng.binomial(total, shares)
    months = pd.date_range(FIRST, periods=len(shares), freq="MS").as_unit("s")
    rows = [
        pd.DataFrame(
            {
                "date": months,
                "known_at": months + pd.offsets.MonthEnd(0),
                "source": "",
                "target": "",
                "dyad": dyad,
                "class": level,
                "n": n,
                "dataset": "made",
            }
        )
        for level, n in ((0, total - cooperative), (1, cooperative))
    ]
    return pd.concat(rows, ignore_index=True).astype({"n": "int64", "class": "int64"})


def record_of(*counts, dyads=None):
    """Make a record of counts."""
    table = CountTable(
        counts=pd.concat(counts, ignore_index=True),
        classes=("hostile", "cooperative"),
        zero_cut=1,
        frequency="month",
        rejects=pd.DataFrame(columns=["file", "line", "reason", "row"]),
        files=(),
    )
    return Record.of(table, dyads=dyads)


def walk(months=420, *, step=0.25, news=0.0, seed=3):
    """Return shares whose log-odds are a random walk, with news of the month."""
    rng = np.random.default_rng(seed)
    level = 0.8 * np.tanh(np.cumsum(step * rng.standard_normal(months)) / 4) * 3
    return 1 / (1 + np.exp(-(level + news * rng.standard_normal(months))))


ORIGINS = tuple(date(year, 1, 1) for year in range(2000, 2024))

MODELS = {
    "pool": False,
    "pendulum": False,
    "no_cycle": False,
    "base_rate_10y": True,
    "local_level": True,
}


_MADE = {}


def results_of(lead=0.0, **choices):
    """Make results in which the pool and the model are ahead of everybody by so many points of CRPS.

    They take a second, and are made once.
    """
    key = repr((lead, sorted(choices.items())))
    if key not in _MADE:
        _MADE[key] = _results(lead, **choices)
    return deepcopy(_MADE[key])


def _results(
    lead,
    *,
    years=range(2009, 2024),
    dyads=("USA-CHN", "CHN-JPN"),
    models=MODELS,
    summary="",
    spec=None,
):
    rng = np.random.default_rng(10)
    rows = []
    for dyad in dyads:
        for year in years:
            for horizon in (3, 12):
                rows += _cases(dyad, f"{year}-01-01", horizon, models, lead, rng)
    cases = pd.DataFrame(rows)
    members = (
        tuple(code for code in models if code not in ("pool", "no_cycle"))
        if "pool" in models
        else ()
    )
    subject = subject_of(models, members)
    choices = {
        "dataset": "chronology",
        "dyads": list(dyads),
        "horizons": [3, 12],
        "improvement": 5.0,
        "draws": 2000,
        "seed": 1,
        "version": version("pendulum-forecast"),
        "schema": 2,
        "eras": "given",
        "together": "default",
        "data": "0" * 64,
        "data_by_dyad": dict.fromkeys(dyads, "0" * 64),
        "spec": spec,
        "origins": [f"{year}-01-01" for year in years],
    }
    counted = {"words": "what it does", "origins": len(years), "void": 2, "unfinished": 1}
    account = [{"model": code, **counted} for code in models if code != "pool"]
    account[0] |= {"fits": 30, "not_converged": 4}
    event = {
        "date": f"{years[-1]}-02-03",
        "source": "USA",
        "target": "CHN",
        "actor": "",
        "kind": "threat",
        "summary": f"A note is sent {summary}",
        "reference": "unchecked: a newspaper",
    }
    own, reference = (cases[cases["model"] == code] for code in (subject, "base_rate_10y"))
    misses = [
        {**miss, "events": [event]}
        for miss in worst_misses(own, reference, record_of(counts_of(walk())).table)
    ]
    subjects = (subject, *members[:1])
    without, rows = without_dyads(cases, subjects), skill_rows(cases, subjects)
    pool = dict.fromkeys(members, 1 / max(len(members), 1))
    skill = Skill(subject, choices, account, misses, pool, without, rows, [])
    return Results(cases, skill, cases.iloc[:0])


def _cases(dyad, origin, horizon, models, lead, rng):
    n, share, before = (
        int(rng.integers(4, 40)),
        float(rng.uniform(20, 80)),
        float(rng.uniform(20, 80)),
    )
    up, down = share >= before + 5, share <= before - 5
    rows = []
    for code, benchmark in models.items():
        for given_n in (True, False):
            mean, said = (
                float(np.clip(share + 12 * rng.standard_normal(), 1, 99)),
                float(rng.uniform(0.05, 0.5)),
            )
            rows.append(
                {
                    "model": code,
                    "benchmark": benchmark,
                    "dyad": dyad,
                    "origin": origin,
                    "horizon": horizon,
                    "given_n": given_n,
                    "n": n,
                    "k": round(n * share / 100),
                    "share": share,
                    "before": before,
                    "mean": mean,
                    "low": mean - 1,
                    "high": mean + 1,
                    "crps": 10 + rng.normal() / 2 + (0 if code in ("pool", "pendulum") else lead),
                    "log_score": 2.0 if given_n else None,
                    "p_up": said,
                    "up": up,
                    "p_down": 0.9 - said,
                    "down": down,
                    "pit": float(rng.uniform()),
                    "covered_50": bool(rng.uniform() < 0.5),
                    "covered_80": bool(rng.uniform() < 0.8),
                    "covered_90": bool(rng.uniform() < 0.9),
                }
            )
    return rows
