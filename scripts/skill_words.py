"""Sentences of README.md and docs/skill.md on skill, and the tables of the site, made from reports/skill/skill.json.

Whether something is called better is decided by `forecast.numeric.lead` alone. `--write` puts the text between the
markers of the documents; a test compares it with what they hold.
"""

import re
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

from forecast.evaluation.skill import BENCHMARKS_EQUAL, POOL, Skill, forecaster_name
from forecast.outlook.benchmarks import MODEL, REFERENCE
from forecast.report.skill import PERIODS, Compared, bias, versus
from forecast.wording import join

ROOT = Path(__file__).resolve().parents[1]
NAMES = {POOL: "pool", BENCHMARKS_EQUAL: "mean of ten benchmarks"}
BOTH = (POOL, MODEL)


def text(skill: Skill) -> dict[str, dict[str, str]]:
    """Return by document and marker what stands there."""
    return {"README.md": {"skill": readme(skill)}, "docs/skill.md": {"leads": leads(skill)}}


def name(code: str) -> str:
    """Name a forecaster in a sentence."""
    return NAMES.get(code, forecaster_name(code))


def ends(one: Compared) -> str:
    """Format a difference with its 90% interval."""
    if one.low is None or one.high is None:
        return f"{one.difference:+.2f}"
    shown = f"{one.difference:+.{one.digits}f}, {one.low:.{one.digits}f} to {one.high:.{one.digits}f}"
    return re.sub(r"-(0\.0+)(?!\d)", r"\1", shown)


def table(skill: Skill, *, given_n: bool) -> str:
    """Return the scores of model and pool by horizon, and their differences."""
    heads = [
        "months", "windows", "", "CRPS", "bias", "sharpness", "less ten-year base rate", "relative skill",
        "less mean of ten benchmarks", "less model",
    ]  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for months in skill.choices["horizons"]:
        for code in BOTH:
            where = {"model": code, "given_n": given_n}
            row = skill.row(months, **where)
            base = skill.against(REFERENCE, months, **where)
            if row is None or base is None:
                continue
            less = [versus(skill, other, months, **where) for other in (REFERENCE, BENCHMARKS_EQUAL, MODEL)]
            shown = [ends(one) if one else "" for one in less]
            lines.append(
                f"| {months} | {row['n']} | {name(code)} | {row['crps']:.2f} | {row['bias']:+.1f} "
                f"| {row['sharpness']:.0f} | {shown[0]} | {100 * base['relative']:.0f}% | {shown[1]} | {shown[2]} |"
            )
    return "\n".join(lines)


def leads(skill: Skill) -> str:
    """Say which is better than which, and by which intervals none is."""
    lines = []
    for code in BOTH:
        for given_n, when in ((False, "real-time"), (True, "event counts known")):
            found: dict[str, dict[str, list[str]]] = {"this": {}, "other": {}}
            for other in (own for own, benchmark in skill.models.items() if benchmark or own == POOL):
                for months in skill.choices["horizons"]:
                    one = versus(skill, other, months, model=code, given_n=given_n)
                    if one and one.ahead in found:
                        found[one.ahead].setdefault(name(other), []).append(str(months))
            better, worse = (_listed(found[side]) for side in ("this", "other"))
            lines.append(
                f"- **The {name(code)}, {when}**, is better than {better or 'none'}; "
                + (f"worse than {worse}." if worse else "none is better.")
            )
    return "\n".join(lines)


def _listed(found: Mapping[str, list[str]]) -> str:
    return join([f"the {other} ({', '.join(months)})" for other, months in found.items()])


def without(skill: Skill) -> str:
    """Return the differences from the ten-year base rate with each dyad left out."""
    horizons = skill.choices["horizons"]
    lines = [f"| without | {' | '.join(f'{code}, {h}' for code in ('pool', 'model') for h in horizons)} |"]
    lines.append("|---" * (1 + 2 * len(horizons)) + "|")
    for dyad in skill.choices["dyads"]:
        cells = []
        for code in BOTH:
            for months in horizons:
                (one,) = [
                    one for one in skill.without
                    if (one["model"], one["against"], one["horizon"], one["without"]) == (code, REFERENCE, months, dyad)
                ]  # fmt: skip
                cells.append(f"{one['difference']:+.2f}" + ("*" if one["high"] < 0 or one["low"] > 0 else ""))
        lines.append(f"| {dyad} | {' | '.join(cells)} |")
    return "\n".join(lines)


def biases(skill: Skill) -> str:
    """Return the mean real-time error of pool and model by period and horizon, with 90% intervals."""
    horizons = skill.choices["horizons"]
    lines = [f"|  | {' | '.join(map(str, horizons))} |", "|---" * (1 + len(horizons)) + "|"]
    for period in ("2015-", "-2014"):
        for code in BOTH:
            cells = [bias(skill.row(months, model=code, period=period)) for months in horizons]
            lines.append(
                f"| {name(code)}, {PERIODS[period].replace('origins', 'forecast dates')} | {' | '.join(cells)} |"
            )
    return "\n".join(lines)


def readme(skill: Skill) -> str:
    """Return the paragraph of README.md."""
    scores = {code: skill.row(12, model=code) for code in (*BOTH, BENCHMARKS_EQUAL, REFERENCE)}
    crps = {code: f"{row['crps']:.1f}" for code, row in scores.items() if row}
    n = scores[POOL]["n"] if scores[POOL] else 0
    sentences = []
    for code in BOTH:
        verdicts = []
        for other in (REFERENCE, BENCHMARKS_EQUAL):
            one = versus(skill, other, 12, model=code)
            if one is not None:
                words = {"this": "better than", "other": "worse than"}.get(one.ahead, "not distinguishable from")
                verdicts.append(f"{words} the {name(other)} ({ends(one)})")
        sentences.append(f"The {name(code)} is {join(verdicts)}.")
    first = (
        f"[Half-yearly forecasts of {len(skill.choices['dyads'])} pairs](reports/skill/index.html), 2015 to 2026, "
        f"real-time. The share of the next 12 months is missed by {crps[POOL]} points by the published pool of the "
        f"model and seven simple benchmarks, {crps[MODEL]} by the model, {crps[BENCHMARKS_EQUAL]} by the mean of ten "
        f"benchmarks and {crps[REFERENCE]} by a ten-year base rate (mean CRPS, {n} windows; differences with 90% "
        "intervals)."
    )
    return textwrap.fill(" ".join([first, *sentences]), 120, break_on_hyphens=False, break_long_words=False)


def put(path: Path, parts: Mapping[str, str]) -> str:
    """Return a document with its parts between their markers."""
    found = path.read_text("utf-8")
    for marker, words in parts.items():
        start, stop = f"<!-- {marker} -->\n", f"<!-- end {marker} -->"
        before, _, rest = found.partition(start)
        _, _, after = rest.partition(stop)
        if not rest or not after:
            raise SystemExit(f"{path}: the markers {start.strip()} and {stop.strip()} are missing")
        found = before + start + words + "\n" + stop + after
    return found


if __name__ == "__main__":
    texts = text(Skill.read(ROOT / "reports/skill/skill.json"))
    made = {ROOT / path: put(ROOT / path, parts) for path, parts in texts.items()}
    if "--write" in sys.argv:
        for path, words in made.items():
            path.write_text(words, "utf-8")
    elif stale := [str(path) for path, words in made.items() if path.read_text("utf-8") != words]:
        raise SystemExit(f"{', '.join(stale)}: not what skill.json says; run scripts/skill_words.py --write")
