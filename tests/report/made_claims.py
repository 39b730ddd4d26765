"""Results of pooled tests that no engine has computed: one claim of every answer, and numbers that are missing."""

import math

from forecast.study.hypotheses.family import FamilyRate
from forecast.study.hypotheses.outcome import NullSets, Outcome, Picture, Rerun, Series
from forecast.study.hypotheses.power_tables import Rate
from forecast.study.hypotheses.results import DyadResult, PooledResults, PooledVerdict

MISSING = math.nan
YEARS = (2.0, 8.0, 32.0)
DYADS = {"USA-CHN": 0.4, "USA-RUS": 2.6, "CHN-IND": -0.7, "EGY-ISR": MISSING}
RATES = (
    Rate("return in 10 years", true=True, sets=100, supported=92, rejected=0, dyads=4, months=5103),
    Rate("return in 20 years", true=True, sets=100, supported=41, rejected=3),
    Rate("walk + cycle", true=False, sets=100, supported=1, rejected=60),
)
FAMILY = FamilyRate("walks that turned back as these dyads did", 100, 3, ("S2", "S5b"))
PROFILE = Picture(
    "Evidence by half-life",
    "half-life, years",
    "log Bayes factor",
    "line",
    (Series("evidence", YEARS, (1.0, 9.0, MISSING)),),
    (2.3, -2.3),
)
BARS = Picture(
    "What each dyad adds",
    "dyad",
    "log Bayes factor",
    "bars",
    (Series("adds", tuple(DYADS), tuple(DYADS.values())),),
)
VISITS = Picture(
    "Months after visits",
    "months",
    "points",
    "intervals",
    (
        Series("visit", ("first", "later"), (1.8, 0.4), (0.2, -0.8), (3.4, 1.6)),
        Series("a year later", ("first", "later"), (0.1, 0.0), (-1.4, -1.0), (1.5, 1.0)),
    ),
)


def outcome(answer="supported", value=10.8, **changes):
    given = {
        "log_bayes_factor": value,
        "answer": answer,
        "sentences": ("Half of a displacement is undone in 8 years.",),
        "picture": PROFILE,
        "dyads": DYADS,
        "without_dyad": ("USA-RUS", 8.2),
        "without_state": ("USA", 7.1),
        "priors": {"with priors half as wide": Rerun(9.9, 8.9, 12.0, answer)},
        "details": {},
        "parts": {
            "in the first half of the record": Rerun(MISSING, MISSING, MISSING, "cannot be tested"),
            "without the dyads that turned back most": Rerun(7.0, 6.0, 8.0, answer),
        },
        "windows": {"months 13 to 24": (0.21, 0.1)},
        "nulls": (NullSets("walks that turned back as these dyads did", 200, 3, 30.9, 31.5),),
    }
    return Outcome(**(given | changes))


def verdict(
    code="S5b", question="Does the trend return?", rates=RATES, limit=2.3, error=0.1, **changes
):
    return PooledVerdict(
        code, question, "the trend returns", outcome(**changes), error, rates, limit
    )


def untested(code="S7", **details):
    """Return a verdict without any number."""
    found = outcome(
        "cannot be tested",
        MISSING,
        sentences=("One coder's data cannot test it.",),
        picture=None,
        dyads={},
        without_dyad=("", MISSING),
        without_state=("", MISSING),
        priors={},
        parts={},
        windows={},
        details=details,
    )
    return PooledVerdict(code, "Is it less hostile?", "it is less hostile", found, MISSING, (), 2.3)


OWN = DyadResult(
    "USA-CHN",
    (
        {
            "quantity": "half-life of deviations",
            "unit": "months",
            "low": 1.2,
            "median": 2.9,
            "high": 6.0,
            "prior_low": 0.8,
            "prior_median": 4.0,
            "prior_high": 20.0,
        },
    ),
    {"S5a": 2.2, "S5b": -0.3},
)
VERDICTS = (
    verdict("S2", "Do eras begin with jumps?", answer="supported", value=12.6, picture=BARS),
    verdict("S4", "Is there a ceiling?", answer="rejected", value=-13.0, picture=None),
    verdict("S5a", "Do deviations fade?", answer="supported", value=66.0, picture=BARS),
    verdict(),
    verdict("S8", "Do trends keep to a range?", value=10.5, least=3.0, most=12.1),
    verdict("S10", "Do visits matter?", answer="undecided", value=0.2, picture=VISITS, rates=()),
    untested(would_decide="One feed that codes both relations."),
)


def results(verdicts=VERDICTS, stamp="exploratory", own=None, notes=()):
    turned = dict(zip(DYADS, (42.0, 35.0, 59.0, 22.0), strict=True))
    return PooledResults(
        tuple(DYADS),
        "1946-02",
        "2026-05",
        5103,
        tuple(verdicts),
        tuple(notes),
        stamp,
        own,
        turned_back=turned,
        power_of="these data",
        family=(FAMILY,),
    )
