"""Power and false positive rate of a test, by simulation.

Datasets are simulated with the dyad's own length, eras and event counts, from parameters that are plausible under the
fits to the real data (`forecast.hypotheses.hypothesis.Truth`). Each is tested by the Bayes factor alone, because
leave-future-out scores for every simulation would take hours.
"""

import json
from collections.abc import Generator, Hashable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast import wording
from forecast.errors import SpecError
from forecast.files import digest
from forecast.hypotheses.hypothesis import Contest, Factor, Truth
from forecast.hypotheses.registry import CLAIMS
from forecast.hypotheses.verdict import ANSWERS, Answer, Rule, least_favourable
from forecast.journal import Kept, Rows
from forecast.progress import Progress, side_by_side
from forecast.sources import panel_digest
from forecast.wording import Card, Displayed

if TYPE_CHECKING:
    import pandas as pd

    from forecast.hypotheses.candidates import Candidates

FOUND = ("log_bayes_factor", "error")
"""Results stored for a simulated dataset, for each alternative."""


@dataclass(frozen=True, repr=False)
class Power(Displayed):
    """Power and false alarms of a test.

    References
    ----------
    .. [1] Brown, Cai and DasGupta (2001), Interval estimation for a binomial proportion,
       https://doi.org/10.1214/ss/1009213286
    """

    claim: str
    # A row an alternative, the one without what is claimed first: `alternative`; `size` (NaN where there is none) and
    # its `unit`; `simulations`; `supported`, `rejected`, `undecided` (shares of the simulations); `low` and `high`,
    # the 90 % interval of `supported` by Jeffreys' prior [1]_; `error`, the median Monte Carlo error of a simulated
    # log Bayes factor.
    table: "pd.DataFrame"
    words: str

    def _card(self) -> Card:
        facts = [
            (
                row["alternative"],
                f"supported in {wording.percent(row['supported'])} of {row['simulations']:,} records",
            )
            for row in self.table.to_dict("records")
        ]
        return Card(f"Power of the test of {self.claim}", tuple(facts))


def power(
    candidates: "Candidates",
    claim: str = "S5",
    half_lives: tuple[float, ...] = (24.0,),
    simulations: int = 200,
    *,
    kept: Path | None = None,
    cores: int = 2,
    progress: "Progress | None" = None,
) -> Power:
    """Simulate and test.

    A simulated record is a draw from the posterior of the fit to the real one, with the quantity in question set to its
    size: power is averaged over what this record leaves uncertain, and is that of a record like this one.

    Its Bayes factor comes from short fits, whose Monte Carlo error is larger than that of the real test. So that the
    real test's rule is tried and not a stricter one, a simulated Bayes factor must clear its bound by the real test's
    errors. The noise of the short fits remains, and blurs the answers a little.
    """
    import pandas as pd

    if simulations < 1 or cores < 1 or min(half_lives, default=1.0) <= 0:
        raise SpecError(
            f"power: {simulations} simulations at half-lives {half_lives} on {cores} cores; expected positive numbers"
        )
    contests = {code: one.contest for code, one in CLAIMS.items() if one.contest}
    if claim not in contests:
        raise SpecError(f"claim: power of {claim!r} cannot be simulated; known are {', '.join(contests)}")
    done = Kept.open(kept, identity(candidates), FOUND)
    tried = contests[claim](candidates, half_lives)
    tell = progress or candidates.progress
    keys = [_key(claim, truth, i) for i in range(simulations) for truth in tried.truths]
    with closing(_tested(candidates, claim, tried, simulations, done.found, cores)) as results:
        tell("testing simulated records", sum(key in done.found for key in keys), len(keys))
        for key, found in results:
            done.add(key, found)
            tell("testing simulated records", sum(key in done.found for key in keys), len(keys))
    rows = []
    for truth in tried.truths:
        findings = [_pairs(done.found[_key(claim, truth, i)]) for i in range(simulations)]
        answers = [_answer(candidates.rule, found, tried.errors) for found in findings]
        error = float(np.median([error for found in findings for _, error in found]))
        rows.append({**_shares(truth, answers), "unit": tried.unit, "error": error})
    table = pd.DataFrame(rows)
    return Power(claim, table, _words(table, candidates.rule))


def _tested(
    candidates: "Candidates", claim: str, tried: Contest, simulations: int, done: dict[str, Any], cores: int
) -> Generator[tuple[str, tuple[Factor, ...]]]:
    """Test the records that are not done, the alternatives by turns."""

    def work(task: tuple[Truth, str], stop: Event) -> tuple[str, tuple[Factor, ...]]:
        truth, key = task
        sequence = np.random.SeedSequence(candidates.seed, spawn_key=tuple(key.encode()))
        record = truth.record(np.random.default_rng(sequence))
        return key, tried.test(record, int(sequence.generate_state(1)[0]) % 2**31, stop)

    tasks = [(truth, _key(claim, truth, i)) for i in range(simulations) for truth in tried.truths]
    return side_by_side(work, [task for task in tasks if task[1] not in done], cores)


def _pairs(rows: Rows) -> tuple[Factor, ...]:
    return tuple((log, error) for log, error in rows)


def _key(claim: str, truth: Truth, i: int) -> str:
    return f"{claim}/{truth.name}/{i}"


def identity(candidates: "Candidates") -> str:
    """Describe the inputs of the simulations, so that results for other data are not reused."""
    sampler = {name: value for name, value in vars(candidates.sampler).items() if name != "cores"}
    facts = [panel_digest(candidates.panel), candidates.spec.to_dict(), candidates.seed, sampler]
    return digest(json.dumps([*facts, version("pendulum-forecast")]).encode())


def _answer(rule: Rule, found: tuple[Factor, ...], errors: tuple[float, ...]) -> Answer:
    """Decide as the real test does; of several alternatives the least favourable counts."""
    return least_favourable(
        rule.decide_factor(log_bayes_factor, min(error, real))
        for (log_bayes_factor, error), real in zip(found, errors, strict=True)
    )


def _shares(truth: Truth, answers: Sequence[Answer]) -> dict[str, Any]:
    from scipy.stats import beta

    number, hits = len(answers), answers.count("supported")
    low, high = beta(hits + 0.5, number - hits + 0.5).ppf([0.05, 0.95])
    shares = {str(answer): answers.count(answer) / number for answer in ANSWERS}
    # Jeffreys' interval reaches the end where nothing, or everything, was found.
    low, high = 0.0 if hits == 0 else float(low), 1.0 if hits == number else float(high)
    return {"alternative": truth.name, "size": truth.size, "simulations": number, **shares, "low": low, "high": high}


def _words(table: "pd.DataFrame", rule: Rule) -> str:
    null, *others = table.to_dict("records")
    found = "; ".join(f"{_percent(row)} of records with {row['alternative']}" for row in others)
    return (
        f"At the length and density of this record, with all else as its fits leave it, the test says 'supported' in "
        f"{found}; and in {_percent(null)} of records with {null['alternative']}, which are false alarms (it rejects "
        f"{wording.percent(null['rejected'])} of those). {null['simulations']} simulations each, intervals of 90 %, "
        f"decided by a Bayes factor of {rule.bayes_factor:g} alone."
    )


def _percent(row: Mapping[Hashable, Any]) -> str:
    low, high = (wording.number(100 * row[end], 0) for end in ("low", "high"))
    return f"{wording.percent(row['supported'])} ({low} to {high})"
