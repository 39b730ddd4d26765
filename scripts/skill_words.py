"""Sentences of README.md and docs on skill, and the tables of the site, from skill.json.

Whether something is called better is decided by `forecast.base.numeric.lead` alone. `--write` puts
the text between the markers of the documents; a test compares it with what they hold.
"""

import re
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

from forecast.base.numeric import lead
from forecast.base.wording import capital, interval, join, percent
from forecast.outlook.benchmarks import MODEL, REFERENCE
from forecast.report.skill.calibration_tables import bin_words, gap
from forecast.report.skill.comparison import Compared, difference_cell, versus
from forecast.report.skill.sentences import (
    PERIOD_WORDS,
    SHORT_VERDICTS,
    bias_cell,
    errors_sentence,
    model_worth,
)
from forecast.study.evaluation.skill import (
    BENCHMARKS_EQUAL,
    CHOSEN_ON,
    NO_CHANGE,
    POOL,
    POOL_WITHOUT_MODEL,
    REPORTED_ON,
    Skill,
    forecaster_name,
)

ROOT = Path(__file__).resolve().parents[1]
NAMES = {POOL: "pool", BENCHMARKS_EQUAL: "mean of ten benchmarks"}
BOTH = (POOL, MODEL)


def text(skill: Skill) -> dict[str, dict[str, str]]:
    """Return by document and marker what stands there."""
    return {
        "README.md": {"skill": readme(skill)},
        "docs/skill.md": {"worth": worth(skill), "leads": leads(skill)},
        "docs/calibration.md": {"record": record(skill)},
    }


def name(code: str) -> str:
    """Name a forecaster in a sentence."""
    return NAMES.get(code, forecaster_name(code))


def ends(difference: Compared) -> str:
    """Format a difference with its 90% interval."""
    if difference.low is None or difference.high is None:
        return f"{difference.difference:+.2f}"
    digits = difference.digits
    shown = (
        f"{difference.difference:+.{digits}f}, "
        f"{difference.low:.{digits}f} to {difference.high:.{digits}f}"
    )
    return re.sub(r"-(0\.0+)(?!\d)", r"\1", shown)


def table(skill: Skill, *, given_n: bool) -> str:
    """Return the scores of model and pool by horizon, and their differences."""
    heads = [
        "months",
        "windows",
        "",
        "CRPS",
        "absolute error",
        "of no change",
        "root mean square error",
        "of no change",
        "bias",
        "sharpness",
        "less ten-year base rate",
        "relative skill",
        "less pool's seven benchmarks",
        "less mean of ten benchmarks",
        "less model",
    ]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for months in skill.choices["horizons"]:
        for code in BOTH:
            where = {"model": code, "given_n": given_n}
            row = skill.row(months, **where)
            base, unchanged = (
                skill.against(REFERENCE, months, **where),
                skill.row(months, **{**where, "model": NO_CHANGE}),
            )
            if row is None or base is None or unchanged is None:
                continue
            others = (REFERENCE, POOL_WITHOUT_MODEL, BENCHMARKS_EQUAL, MODEL)
            less = [versus(skill, other, months, **where) for other in others]
            shown = [ends(difference) if difference else "" for difference in less]
            lines.append(
                f"| {months} | {row['n']} | {name(code)} | {row['crps']:.2f} | {row['mae']:.1f} "
                f"| {unchanged['mae']:.1f} | {row['rmse']:.1f} | {unchanged['rmse']:.1f} | "
                f"{row['bias']:+.1f} "
                f"| {row['sharpness']:.0f} | {shown[0]} | {100 * base['relative']:.0f}% | "
                f"{' | '.join(shown[1:])} |"
            )
    return "\n".join(lines)


def leads(skill: Skill) -> str:
    """Say which is better than which, and by which intervals none is."""
    lines = []
    for code in BOTH:
        for given_n, when in ((False, "real-time"), (True, "event counts known")):
            named: dict[str, dict[str, list[str]]] = {"this": {}, "other": {}}
            for other in (
                name for name, benchmark in skill.models.items() if benchmark or name == POOL
            ):
                for months in skill.choices["horizons"]:
                    difference = versus(skill, other, months, model=code, given_n=given_n)
                    if difference and difference.ahead in named:
                        named[difference.ahead].setdefault(name(other), []).append(str(months))
            better, worse = (_listed(named[side]) for side in ("this", "other"))
            lines.append(
                f"- **The {name(code)}, {when}**, is better than {better or 'none'}; "
                + (f"worse than {worse}." if worse else "none is better.")
            )
    return "\n".join(lines)


def _listed(words: Mapping[str, list[str]]) -> str:
    return join([f"the {other} ({', '.join(months)})" for other, months in words.items()])


def without(skill: Skill) -> str:
    """Return the differences from the ten-year base rate with each dyad left out."""
    horizons = skill.choices["horizons"]
    lines = [
        f"| without | {' | '.join(f'{code}, {h}' for code in ('pool', 'model') for h in horizons)} "
        f"|"
    ]
    lines.append("|---" * (1 + 2 * len(horizons)) + "|")
    for dyad in skill.choices["dyads"]:
        cells = []
        for code in BOTH:
            for months in horizons:
                (row,) = [
                    row
                    for row in skill.without
                    if (row["model"], row["against"], row["horizon"], row["without"])
                    == (code, REFERENCE, months, dyad)
                ]
                cells.append(
                    f"{row['difference']:+.2f}" + ("*" if row["high"] < 0 or row["low"] > 0 else "")
                )
        lines.append(f"| {dyad} | {' | '.join(cells)} |")
    return "\n".join(lines)


def biases(skill: Skill) -> str:
    """Return the mean real-time error of pool and model by period and horizon with intervals."""
    horizons = skill.choices["horizons"]
    lines = [f"|  | {' | '.join(map(str, horizons))} |", "|---" * (1 + len(horizons)) + "|"]
    for period in ("2015-", "-2014"):
        for code in BOTH:
            cells = [bias_cell(skill.row(months, model=code, period=period)) for months in horizons]
            lines.append(
                f"| {name(code)}, {PERIOD_WORDS[period].replace('origins', 'forecast dates')} | "
                f"{' | '.join(cells)} |"
            )
    return "\n".join(lines)


def readme(skill: Skill) -> str:
    """Return the paragraph of README.md."""
    codes = (POOL, POOL_WITHOUT_MODEL, MODEL, REFERENCE)
    scores = {code: skill.row(12, model=code) for code in codes}
    crps = {code: f"{row['crps']:.1f}" for code, row in scores.items() if row}
    n = scores[POOL]["n"] if scores[POOL] else 0
    first = (
        f"[Half-yearly forecasts of {len(skill.choices['dyads'])} "
        f"pairs](reports/skill/index.html), 2015 to 2026, "
        f"real-time, {n} windows of 12 months: the mean CRPS is {crps.get(POOL)} points for the "
        f"published pool of the "
        f"model and seven simple benchmarks, {crps.get(POOL_WITHOUT_MODEL, 'unknown')} for these "
        f"seven without the "
        f"model, {crps.get(MODEL)} for the model and {crps.get(REFERENCE)} for a ten-year base "
        f"rate."
    )
    verdicts = " ".join(compared(skill, code, 12) for code in BOTH)
    parts = (verdicts, model_worth(skill), errors_sentence(skill, 12), overall(skill))
    return "\n".join(
        [filled(first), "", *(filled(f"- {part}", indent="  ") for part in parts if part)]
    )


def overall(skill: Skill) -> str:
    """State the mean chances of a higher and a lower share, and how often they happened."""
    parts = [
        f"*{row['outcome']}* was forecast at {percent(row['said'])} on average and happened in "
        f"{percent(row['frequency'])} of {row['n']:,} windows"
        for row in skill.reliability
        if (row["period"], row["horizon"], row["low"], row["high"]) == (REPORTED_ON, None, 0.0, 1.0)
    ]
    return f"Over all horizons {join(parts)}." if parts else ""


def compared(skill: Skill, code: str, months: int) -> str:
    """Describe how a forecaster compares with the ten-year base rate and the pool's benchmarks."""
    parts = []
    for other in (REFERENCE, POOL_WITHOUT_MODEL):
        difference = versus(skill, other, months, model=code)
        if difference is not None:
            words = {"this": "better than", "other": "worse than"}.get(
                difference.ahead, "not distinguishable from"
            )
            parts.append(f"{words} the {name(other)} ({ends(difference)})")
    return f"The {name(code)} is {join(parts)}."


def worth(skill: Skill) -> str:
    """Return what the model adds to the pool, and errors of the mean, for docs/skill.md."""
    heads = [
        "forecast dates",
        "months",
        "CRPS of the pool",
        "less its seven benchmarks",
        "absolute error",
        "of no change",
        "difference",
        "root mean square error",
        "of no change",
        "difference of squares",
    ]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for period in (REPORTED_ON, CHOSEN_ON):
        for months in skill.choices["horizons"]:
            row, unchanged = (
                skill.row(months, model=code, period=period) for code in (POOL, NO_CHANGE)
            )
            difference = versus(skill, POOL_WITHOUT_MODEL, months, model=POOL, period=period)
            if row is None or unchanged is None or difference is None:
                continue
            squares = SHORT_VERDICTS[lead(row["mse_low"], row["mse_high"])]
            less = interval(row["mae_less_no_change"], row["mae_low"], row["mae_high"], 1)
            lines.append(
                f"| {PERIOD_WORDS[period].removeprefix('origins ')} | {months} "
                f"| {row['crps']:.2f} | {difference_cell(difference)} "
                f"| {row['mae']:.1f} | {unchanged['mae']:.1f} | {less} | {row['rmse']:.1f} | "
                f"{unchanged['rmse']:.1f} "
                f"| {squares} |"
            )
    return "\n".join([filled(model_worth(skill)), "", *lines])


def record(skill: Skill) -> str:
    """Return how often a higher and a lower share happened by the pool's probability."""
    heads = [
        "chance stated",
        *(f"{word}: windows, mean chance, happened, gap in points" for word in ("higher", "lower")),
    ]
    row_of = {
        (row["low"], row["high"], row["outcome"]): row
        for row in skill.reliability
        if (row["period"], row["horizon"]) == (REPORTED_ON, None)
    }
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for low, high in sorted(
        {key[:2] for key in row_of}, key=lambda ends: (ends[1] - ends[0] == 1, ends)
    ):
        rows = [
            row_of[low, high, outcome]
            for outcome in ("higher", "lower")
            if (low, high, outcome) in row_of
        ]
        cells = [
            f"{row['n']:,}, {percent(row['said'])}, {percent(row['frequency'])}, {gap(row)}"
            for row in rows
        ]
        lines.append(f"| {capital(bin_words(rows[0]))} | {' | '.join(cells)} |")
    return "\n".join(lines)


def filled(*parts: str, indent: str = "") -> str:
    """Return sentences in lines of a document, all but the first indented."""
    text = " ".join(filter(None, parts))
    return textwrap.fill(
        text, 120, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )


def put(path: Path, parts: Mapping[str, str]) -> str:
    """Return a document with its parts between their markers."""
    text = path.read_text("utf-8")
    for marker, words in parts.items():
        start, stop = f"<!-- {marker} -->\n", f"<!-- end {marker} -->"
        before, _, rest = text.partition(start)
        _, _, after = rest.partition(stop)
        if not rest or not after:
            raise SystemExit(f"{path}: the markers {start.strip()} and {stop.strip()} are missing")
        text = before + start + words + "\n" + stop + after
    return text


if __name__ == "__main__":
    texts = text(Skill.read(ROOT / "reports/skill/skill.json"))
    pages = {ROOT / path: put(ROOT / path, parts) for path, parts in texts.items()}
    if "--write" in sys.argv:
        for path, words in pages.items():
            path.write_text(words, "utf-8")
    elif stale := [str(path) for path, words in pages.items() if path.read_text("utf-8") != words]:
        raise SystemExit(
            f"{', '.join(stale)}: not what skill.json says; run scripts/skill_words.py --write"
        )
