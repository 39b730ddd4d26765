"""Sentences of README.md and the table of docs/hypotheses.md on claims.

They are made from reports/hypotheses/tests.json.

The answers are those of the tests alone. `--write` puts the text between the markers of the
documents; a test compares it with what they hold.
"""

import json
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from skill_words import put  # noqa: E402

from forecast.base.wording import join  # noqa: E402
from forecast.study.hypotheses.claims import CLAIMS  # noqa: E402
from forecast.study.hypotheses.family import family_words  # noqa: E402
from forecast.study.hypotheses.nulls import NULL_KINDS  # noqa: E402
from forecast.study.hypotheses.power_tables import Rate, family_rates, rates_of  # noqa: E402

TESTS = ROOT / "reports/hypotheses/tests.json"
WIDTH = 120  # columns of the documents
MANY_SETS = 40  # from which the number of sets is not printed beside a percentage


def text(tests: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return by document and marker what stands there."""
    claims = {claim["code"]: claim for claim in tests["claims"]}
    return {
        "README.md": {"claims": readme(claims, len(tests["dyads"]))},
        "docs/hypotheses.md": {"claims": table(claims), "power": power_table()},
    }


def readme(claims: Mapping[str, Any], dyads: int) -> str:
    """Return the paragraph of the README."""
    returning, ranging, alike, jumping = (claims[code] for code in ("S5b", "S8", "S5a", "S2"))
    years = [returning["answer"], ranging["answer"]]
    if "supported" in years:
        pendulum = "these data support a pendulum of years"
    else:
        pendulum = "**these data cannot yet tell whether there is a pendulum of years**"
    limit = f"{returning['limit']:.1f}"
    low, high = ranging["details"]["bound_points"]
    half_life = interval(alike["details"]["half_life_months"])
    against = jumping["details"]["against"]
    sentences = [
        f"On [all {dyads} pairs](reports/hypotheses/index.html), exploratory: {pendulum}.",
        f"That the trend returns to a mean is {returning['answer']} (least log Bayes factor "
        f"{number(returning['least'])}, supported from {limit}).",
        f"That it keeps to a range is {ranging['answer']} "
        f"({number(ranging['least'])}{null_clause(ranging)}); the range would be shares of "
        f"{low:.0f} to {high:.0f}%, nearly the whole scale.",
        f"That events stay alike for about a quarter is {alike['answer']} "
        f"({number(alike['least'])}): deviations from the trend halve in {half_life} months.",
        f"Jumps where named eras begin are {jumping['answer']}: {number(against['all starts'])} "
        f"with all starts, {number(against['starts recognised within a week'])} with those that "
        "were recognised within a week.",
    ]
    paragraph = " ".join(sentences)
    return textwrap.fill(paragraph, WIDTH, break_on_hyphens=False, break_long_words=False)


def null_clause(claim: Mapping[str, Any]) -> str:
    """Describe how many null sets are as good as the data, if they were simulated."""
    parts = [
        f"{null['as_good']} of {null['sets']} sets of {null['name']}" for null in claim["nulls"]
    ]
    return f", which {' and '.join(parts)} reach as well" if parts else ""


def table(claims: Mapping[str, Any]) -> str:
    """Return the table of answers."""
    rows = [
        f"| {code} {claim['question']} | {claim['answer']} | {number(claim['least'])} to "
        f"{number(claim['most'])} | {claim['sentences'][0]} |"
        for code, claim in claims.items()
        if claim["least"] is not None
    ]
    heads = "| claim | answer | log Bayes factors | finding |\n|---|---|---|---|"
    return "\n".join([heads, *rows])


def power_table() -> str:
    """Return how often each claim is supported where it is true, in its null sets and elsewhere."""
    heads = [
        "claim",
        "limit",
        "where it is true",
        "turned back alike",
        "hindsight",
        "repeated events",
        "long memory alike",
        "elsewhere, at most",
    ]
    rows = [power_row(code, rates) for code in CLAIMS if (rates := rates_of(code))]
    return "\n".join(
        [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}", *rows, "", family_text()]
    )


def family_text() -> str:
    """Return how often any false claim is supported, in lines."""
    rates = family_rates()
    claims = join(sorted({code for rate in rates for code in rate.claims}, key=list(CLAIMS).index))
    words = f"**One rule for all claims.** {family_words(rates)} Tested together: {claims}."
    return textwrap.fill(words, WIDTH, break_on_hyphens=False, break_long_words=False)


def power_row(code: str, rates: Sequence[Rate]) -> str:
    """Return the row of a claim."""
    shares: dict[int, list[str]] = {}
    for rate in rates:
        if rate.true and rate.truth not in NULL_KINDS:
            shares.setdefault(round(100 * rate.share), []).append(rate.truth)
    true = [
        f"{share} ({'; '.join(names)})" for share, names in sorted(shares.items(), reverse=True)
    ]
    in_nulls = {rate.truth: "true" if rate.true else share_of(rate) for rate in rates}
    others = [rate for rate in rates if not rate.true and rate.truth not in NULL_KINDS]
    worst = max(others, key=lambda rate: rate.share, default=None)
    cells = [
        code,
        f"{max(rate.limit for rate in rates):.1f}",
        ", ".join(true),
        *(in_nulls.get(name, "") for name in NULL_KINDS),
        "" if worst is None else f"{100 * worst.share:.0f} ({worst.truth})",
    ]
    return f"| {' | '.join(cells)} |"


def share_of(rate: Rate) -> str:
    """Return the percentage of sets that support a claim, with their number if it is small."""
    number_of_sets = "" if rate.sets >= MANY_SETS else f" of {rate.sets} sets"
    return f"{100 * rate.share:.0f}{'%' if number_of_sets else ''}{number_of_sets}"


def number(value: float) -> str:
    """Format a log Bayes factor."""
    return f"{value:.1f}".replace("-0.0", "0.0")


def interval(ends: list[float]) -> str:
    """Format a median with its 90% interval, from its 5%, 50% and 95% points."""
    low, middle, high = ends
    return f"{middle:.1f} ({low:.1f} to {high:.1f})"


def main(arguments: list[str]) -> None:
    """Write the documents, or say which of them are stale."""
    texts = text(json.loads(TESTS.read_text("utf-8")))
    made = {ROOT / path: put(ROOT / path, parts) for path, parts in texts.items()}
    if "--write" in arguments:
        for path, words in made.items():
            path.write_text(words, "utf-8")
    elif stale := [str(path) for path, words in made.items() if path.read_text("utf-8") != words]:
        raise SystemExit(
            f"{', '.join(stale)}: not what tests.json says; run scripts/claims_words.py --write"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
