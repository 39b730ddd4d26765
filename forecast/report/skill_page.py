"""Page of a backtest: scores against every benchmark, calibration and largest misses."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.base.arguments import checked
from forecast.base.dates import add_months
from forecast.base.wording import DASH, capital, count, interval, join, month, number, percent
from forecast.data.panel.notes import DataNotes, notes_of_pairs, read_edition
from forecast.outlook.benchmarks import REFERENCE
from forecast.outlook.query import main_horizon
from forecast.report import score_figures
from forecast.report import skill as say
from forecast.report.folder import (
    SKILL,
    Files,
    Page,
    callable_by_name,
    publish,
    require_report_folder,
)
from forecast.report.illustration import Illustration
from forecast.report.provenance import vintage_of
from forecast.report.score_figures import Curve, PanelChoices
from forecast.report.skill import Compared
from forecast.report.table import Table
from forecast.report.words import label, part_of_weight
from forecast.study.evaluation import Results
from forecast.study.evaluation.misses import RULE
from forecast.study.evaluation.scores import CalibrationBand, calibration, pit_band
from forecast.study.evaluation.skill import (
    CHOSEN_ON,
    DERIVED,
    NO_CHANGE,
    POOL_WITHOUT_MODEL,
    REPORTED_ON,
    SPLIT,
    Row,
    Skill,
    forecaster_name,
    within,
)

if TYPE_CHECKING:
    import pandas as pd

SHOWN_MISSES = 3
_HAPPENED = {"up": "risen", "down": "fallen"}


def other_forms(skill: Skill) -> list[str]:
    """Return the other forms of the model, the best first."""
    forecasters = [row["model"] for row in skill.account]
    codes = [
        code for code in forecasters if not skill.models.get(code, True) and code != skill.model
    ]
    return sorted(codes, key=_lead(skill, skill.model))


def others(skill: Skill) -> list[str]:
    """Return all forecasters except the other forms of the model, the best first."""
    left_out = {skill.subject, *other_forms(skill)}
    return sorted((code for code in skill.models if code not in left_out), key=_lead(skill))


def _lead(skill: Skill, model: str | None = None) -> Callable[[str], float]:
    """Return the order of how far a forecaster is ahead, on the page's forecast dates.

    By default it is the subject.
    """

    def order(code: str) -> float:
        difference = skill.against(code, _main(skill), period=skill.period, model=model)
        return -difference["difference"] if difference else float("inf")

    return order


def _scored_dyads(skill: Skill) -> list[str]:
    scored = {row["dyad"] for row in skill.rows}
    return [dyad for dyad in skill.choices["dyads"] if dyad in scored]


def months(skill: Skill) -> dict[int, str]:
    """Return the horizons, each in words."""
    return {horizon: count(horizon, "month") for horizon in skill.choices["horizons"]}


def overview(skill: Skill, period: str, code: str, *, given_n: bool = False) -> Table:
    """Return the scores of a forecaster, and how it compares with the others.

    There is a column a horizon.
    """
    where: dict[str, Any] = {"period": period, "given_n": given_n, "model": code}
    columns = []
    for horizon, ahead in months(skill).items():
        best = skill.best_benchmark(horizon, given_n=given_n)
        if row := skill.row(horizon, **where):
            compared = (
                say.versus(skill, code_of_other, horizon, **where)
                for code_of_other in (REFERENCE, POOL_WITHOUT_MODEL, best)
            )
            base, *rest = map(say.cell, compared)
            difference = skill.against(REFERENCE, horizon, **where)
            unchanged = skill.row(horizon, **{**where, "model": NO_CHANGE})
            named = (
                code_of_other
                for code_of_other, benchmark in skill.models.items()
                if benchmark and code_of_other not in DERIVED
            )
            each = (say.versus(skill, code_of_other, horizon, **where) for code_of_other in named)
            columns.append(
                [
                    ahead,
                    f"{row['n']:,}",
                    number(row["crps"], say.DIGITS),
                    number(row.get("mae"), 1),
                    number(unchanged["crps"] if unchanged else None, 1),
                    number(row["bias"], 1),
                    number(row["sharpness"], 0),
                    base,
                    percent(difference["relative"]) if difference else DASH,
                    *rest,
                    forecaster_name(best) if best else DASH,
                    say.ahead_words(filter(None, each)),
                ]
            )
    names = (
        "",
        "Windows",
        "CRPS",
        "Absolute error",
        "of no change",
        "Bias",
        "Sharpness",
        "Against the ten-year base rate",
        "Relative skill",
        "Against the pool's benchmarks",
        "Against the best benchmark",
        "Best benchmark",
        "Benchmarks better",
    )
    heads, *rows = zip(names, *columns, strict=True)
    return Table.of(heads, rows if columns else [])


def without_table(skill: Skill, code: str) -> Table:
    """Return the differences of a forecaster with each dyad left out.

    There is a column for each horizon and other.
    """
    rows_by_key = {
        (row["without"], row["against"], row["horizon"]): row
        for row in skill.without
        if row["model"] == code
    }
    columns = list(dict.fromkeys((row["against"], row["horizon"]) for row in rows_by_key.values()))
    rows = [
        [
            f"Without {label(dyad)}",
            *(
                interval(row["difference"], row["low"], row["high"], say.DIGITS)
                for other, horizon in columns
                if (row := rows_by_key.get((dyad, other, horizon)))
            ),
        ]
        for dyad in skill.choices["dyads"]
        if any(key[0] == dyad for key in rows_by_key)
    ]
    heads = [
        f"{capital(forecaster_name(other))}, {count(horizon, 'month')}"
        for other, horizon in columns
    ]
    return Table.of(["", *heads], rows)


def others_table(
    skill: Skill,
    codes: Sequence[str],
    period: str,
    *,
    given_n: bool = False,
    model: str | None = None,
) -> Table:
    """Return the differences from other forecasters, a column a horizon.

    They stand under the number of the subject's windows.
    """
    where: dict[str, Any] = {"period": period, "given_n": given_n, "model": model}
    scored = {horizon: skill.row(horizon, **where) for horizon in months(skill)}
    rows = [["Windows", *(f"{row['n']:,}" if row else DASH for row in scored.values())]]
    for code in codes:
        cells = [
            _cell(say.versus(skill, code, horizon, **where), row) for horizon, row in scored.items()
        ]
        rows.append([capital(forecaster_name(code)), *cells])
    return Table.of(["", *months(skill).values()], rows if codes else [])


def dyad_table(skill: Skill, horizon: int, period: str) -> Table:
    """Return by dyad the subject's score and its differences from every other forecaster."""
    codes = others(skill)
    rows = []
    for dyad in ["all", *_scored_dyads(skill)]:
        if row := skill.row(horizon, dyad=dyad, period=period):
            cells = [
                _cell(say.versus(skill, code, horizon, dyad=dyad, period=period), row)
                for code in codes
            ]
            name = "All dyads" if dyad == "all" else label(dyad)
            rows.append([name, f"{row['n']:,}", number(row["crps"], say.DIGITS), *cells])
    return Table.of(
        ["Dyad", "Windows", "CRPS", *(capital(forecaster_name(code)) for code in codes)], rows
    )


def _scored(
    skill: Skill, horizon: int, period: str, *codes: str | None
) -> Iterator[tuple[str, Row]]:
    """Yield the scores of some forecasters, each once, with horizon and name in words."""
    for code in filter(None, dict.fromkeys(codes)):
        if row := skill.row(horizon, model=code, period=period):
            yield f"{count(horizon, 'month')}, {{}}{forecaster_name(code)}", row


def coverage_table(skill: Skill, period: str) -> Table:
    """Return the interval coverage by horizon, of the subject and of the base rate."""
    return Table.of(
        ["", "Windows", "50% intervals", "80% intervals", "90% intervals"],
        [
            [
                name.format(""),
                f"{row['n']:,}",
                *(percent(row[f"coverage_{mass}"]) for mass in (50, 80, 90)),
            ]
            for horizon in months(skill)
            for name, row in _scored(skill, horizon, period, skill.subject, skill.model, REFERENCE)
        ],
    )


def brier_table(skill: Skill, period: str) -> Table:
    """Return Brier scores with their parts: of subject, base rate and best benchmark."""
    parts = ("reliability", "resolution", "uncertainty", "within_bins", "discrimination")
    return Table.of(
        ["", "Windows", "Brier", *(capital(part.replace("_", " ")) for part in parts)],
        [
            [
                name.format(f"{event}, "),
                f"{row['n_moves']:,}",
                number(row[f"brier_{event}"], 3),
                *(number(row[f"{event}_parts"][part], 3) for part in parts),
            ]
            for horizon in months(skill)
            for event in ("up", "down")
            for name, row in _scored(
                skill, horizon, period, skill.subject, REFERENCE, skill.best_benchmark(horizon)
            )
            if row["n_moves"]
        ],
    )


def account_table(skill: Skill) -> Table:
    """Return how many windows each forecaster was asked for and could not be scored on."""
    return Table.of(
        ["", "Forecast dates", "Void windows", "Windows not over"],
        [
            [
                capital(forecaster_name(row["model"])),
                *(f"{row[name]:,}" for name in ("origins", "void", "unfinished")),
            ]
            for row in skill.account
        ],
    )


def forecasters(skill: Skill) -> list[tuple[str, str]]:
    """Return the forecasters with what they are."""
    return [(capital(forecaster_name(row["model"])), row["words"]) for row in skill.account]


def of_tone(skill: Skill) -> Skill:
    """Return the skill with the scores of tones in place of shares."""
    return replace(skill, rows=skill.tone)


def bias_table(skill: Skill) -> Table:
    """Return the mean real-time error of subject, model and base rate by horizon and period."""
    return Table.of(
        ["", *months(skill).values()],
        [
            [
                f"{capital(forecaster_name(code))}, {words}",
                *(
                    say.bias(skill.row(horizon, model=code, period=period))
                    for horizon in months(skill)
                ),
            ]
            for period, words in _periods(skill).items()
            for code in dict.fromkeys((skill.subject, skill.model, REFERENCE))
        ],
    )


def fits_table(skill: Skill) -> Table:
    """Return how often each form of the model was fitted, and how often it had not converged."""
    return Table.of(
        ["", "Fits", "not converged"],
        [
            [
                capital(forecaster_name(row["model"])),
                f"{row['fits']:,}",
                f"{row['not_converged']:,}",
            ]
            for row in skill.account
            if "fits" in row
        ],
    )


def _cell(compared: Compared | None, row: Row | None) -> str:
    """Format a comparison, with the number of windows if both predicted fewer than the subject."""
    fewer = compared is not None and row is not None and compared.n < row["n"]
    return say.cell(compared) + (f" (n {compared.n:,})" if fewer and compared else "")


def skill_figures(results: "Results") -> dict[str, Illustration]:
    """Draw the figures by name, in the order of the page; one with nothing to show is left out."""
    skill = results.skill
    ahead = f"{count(_main(skill), 'month')} ahead"
    facts = {
        "subject": say.subject_words(skill),
        "where": say.PERIODS[skill.period],
        "ahead": ahead,
    }
    forms = _by_horizon(skill, other_forms(skill), skill.model)
    figures = {
        "benchmarks": score_figures.differences(
            skill, _by_horizon(skill, others(skill)), "benchmarks", **facts
        ),
        "dyads": score_figures.differences(skill, _by_dyad(skill), "dyads", **facts),
        "outcomes": score_figures.over_time(_over_time(results), "outcomes", **facts),
        "calibration": score_figures.calibration(_curves(results), "calibration", **facts),
        "forms": score_figures.differences(skill, forms, "forms", **facts),
    }
    return {name: figure for name, figure in figures.items() if figure is not None}


def skill_page(results: "Results", figures: Mapping[str, Illustration] | None = None) -> Page:
    """Combine text, tables and figures, by default its own."""
    skill = results.skill
    choices = skill.choices
    datasets, notes = choices.get("datasets", [choices["dataset"]]), notes_on_data(skill)
    content = {
        "helpers": callable_by_name(
            account_table,
            all_numbers,
            bias_table,
            brier_table,
            coverage_table,
            dyad_table,
            findings,
            fits_table,
            forecaster_name,
            forecasters,
            months,
            of_tone,
            other_forms,
            others_table,
            overview,
            predicted,
            reliability_table,
            say.bias_sentence,
            span,
            use_of,
            window,
            part_of_weight,
            without_table,
        ),
        "chosen_on": CHOSEN_ON,
        "reported_on": REPORTED_ON,
        "split": SPLIT,
        "all_periods": say.PERIODS,
        "shown_misses": SHOWN_MISSES,
        "skill": skill,
        "title": title(skill),
        "comparison": comparison(skill),
        "main": _main(skill),
        "subject": say.subject_words(skill),
        "period": say.PERIODS[skill.period],
        "periods": _periods(skill),
        "vintage": vintage_of(
            datasets, choices.get("vintaged", ()), "the day before each forecast date"
        ),
        "rule": RULE,
    }
    return Page(
        "skill.html.j2",
        content,
        skill_figures(results) if figures is None else figures,
        notes=notes,
    )


def notes_on_data(skill: Skill) -> DataNotes:
    """Return what readers have to know of the data of a backtest."""
    choices = skill.choices
    datasets = choices.get("datasets", [choices["dataset"]])
    caveats = notes_of_pairs((dyad, name) for dyad in choices["dyads"] for name in datasets).caveats
    return DataNotes(caveats, read_edition(choices.get("edition")))


def use_of(period: str) -> str:
    """Describe what the forecast dates of a period are used for: choices, or a report of skill."""
    if period == REPORTED_ON:
        return (
            f"Choices are made on forecast dates up to {SPLIT - 1}; skill is reported on forecast "
            f"dates from {SPLIT} on."
        )
    if period == CHOSEN_ON:
        return (
            "Choices, of the model and of the best benchmark, are made on these forecast dates: "
            "not a "
            "report of skill."
        )
    return "Choices are made on some of these forecast dates: not a report of skill."


def title(skill: Skill) -> str:
    """Return the verdict of the backtest, as reports state it.

    Without a benchmark it is the comparison.
    """
    main = _main(skill)
    if say.versus(skill, skill.best_benchmark(main), main) is None:
        return comparison(skill)
    return say.plain_verdict(skill, main).rstrip(".")


def comparison(skill: Skill) -> str:
    """Describe who is ahead: the subject, the ten-year base rate or the best benchmark."""
    return (
        f"{capital(say.subject_words(skill))} was {say.verdicts(_main_pairs(skill))}, "
        f"{_where(skill)}"
    )


def finding(skill: Skill) -> str:
    """Describe the same with numbers: differences with their intervals, and n."""
    return " ".join(findings(skill))


def findings(skill: Skill) -> list[str]:
    """Return the finding by part.

    Parts are mean CRPS, errors of the mean forecast, and what the model adds.
    """
    row = skill.row(_main(skill), period=skill.period)
    if row is None:
        return [f"No window was scored {_where(skill)}."]
    numbers = join(
        say.numbers(
            compared, f"{other}, {compared.name}" if other == "the best benchmark" else other
        )
        for compared, other in _main_pairs(skill)
    )
    score = f"a mean CRPS of {number(row['crps'], say.DIGITS)} points"
    first = f"{capital(count(row['n'], 'window'))}, {score}{': ' if numbers else ''}{numbers}."
    errors = say.errors_sentence(skill, _main(skill), skill.period)
    worth = say.model_worth(skill, skill.period)
    return [part for part in (first, errors, worth) if part]


def reliability_table(skill: Skill, period: str, horizon: int | None = None) -> Table:
    """Return how often a higher and a lower share happened, by the probability stated."""
    rows = [
        reliability
        for reliability in skill.reliability
        if (reliability["period"], reliability["horizon"]) == (period, horizon)
    ]
    return Table.of(
        ["", "Windows", "Stated", "Happened", "Gap, points"],
        [
            [
                f"{capital(reliability['outcome'])}, {bin_words(reliability)}",
                f"{reliability['n']:,}",
                percent(reliability["said"]),
                (percent(reliability["frequency"]), f"{reliability['happened']:,}"),
                gap(reliability),
            ]
            for reliability in rows
        ],
    )


def gap(reliability: Mapping[str, Any]) -> str:
    """Format the mean probability of a bin less the frequency, points, with its interval."""
    middle, low, high = (
        None if reliability[name] is None else 100 * reliability[name]
        for name in ("gap", "gap_low", "gap_high")
    )
    return DASH if middle is None else interval(middle, low, high)


def bin_words(reliability: Mapping[str, Any]) -> str:
    """Name a bin of probabilities."""
    low, high = reliability["low"], reliability["high"]
    if (low, high) == (0.0, 1.0):
        return "all"
    if low == 0.0:
        return f"below {percent(high)}"
    return f"{percent(low)} or more" if high == 1.0 else f"{100 * low:.0f} to {percent(high)}"


def _main(skill: Skill) -> int:
    return main_horizon(skill.choices["horizons"])


def _where(skill: Skill) -> str:
    return f"{count(_main(skill), 'month')} ahead, {say.PERIODS[skill.period]}"


def _main_pairs(skill: Skill) -> list[tuple[say.Compared, str]]:
    """Compare the subject with the ten-year base rate and the best benchmark, or the pool's."""
    main = _main(skill)
    codes = (REFERENCE, POOL_WITHOUT_MODEL if skill.pool else None, skill.best_benchmark(main))
    return say.named_pair(*(say.versus(skill, code, main, period=skill.period) for code in codes))


def _periods(skill: Skill) -> dict[str, str]:
    """Return the periods that have scores, each in words, the page's own first."""
    scored = {row["period"] for row in skill.rows}
    return {period: say.PERIODS[period] for period in (REPORTED_ON, CHOSEN_ON) if period in scored}


def _by_horizon(
    skill: Skill, codes: Sequence[str], model: str | None = None
) -> dict[str, PanelChoices]:
    horizons = months(skill).items() if codes else ()
    return {
        ahead: {"horizon": horizon, "against": codes, "model": model} for horizon, ahead in horizons
    }


def _by_dyad(skill: Skill) -> dict[str, PanelChoices]:
    """Return by dyad, if there are several, differences from base rate and best benchmark."""
    main, dyads = _main(skill), _scored_dyads(skill)
    best = skill.best_benchmark(main)
    titles = {
        REFERENCE: capital(forecaster_name(REFERENCE)),
        best: f"Best benchmark: {forecaster_name(best)}" if best else "",
    }
    if len(dyads) < 2:
        return {}
    return {
        title: {"horizon": main, "against": [code], "dyads": dyads}
        for code, title in titles.items()
        if code and code != skill.subject
    }


def span(skill: Skill) -> str:
    """Return the number of origins, the first and the last."""
    origins = sorted(date.fromisoformat(origin) for origin in skill.choices["origins"])
    return f"{count(len(origins), 'forecast date')}, {month(origins[0])} to {month(origins[-1])}"


def all_numbers(skill: Skill, period: str) -> list[tuple[str, Table]]:
    """Return the tables of a period that are not in sight, with their titles."""
    benchmarks, tables = others(skill), []
    for given_n, counts in ((False, "real-time"), (True, "event counts known")):
        if given_n or period != skill.period:  # else it is in sight already
            for code in dict.fromkeys((skill.subject, skill.model)):
                short = overview(skill, period, code, given_n=given_n)
                tables.append((f"In short, {forecaster_name(code)}, {counts}", short))
        every = others_table(skill, benchmarks, period, given_n=given_n)
        tables.append((f"Against every benchmark, {counts}", every))
    return tables


def _over_time(results: "Results") -> "dict[str, pd.DataFrame]":
    """Return forecasts of the main horizon with what was recorded, by dyad and time."""
    skill, cases = results.skill, results.cases
    forecasts = cases[
        (cases["model"] == skill.subject)
        & (cases["horizon"] == _main(skill))
        & ~cases["given_n"].astype(bool)
    ]
    by_dyad = dict(list(forecasts.sort_values("origin").groupby("dyad")))
    return {label(dyad): by_dyad[dyad] for dyad in _scored_dyads(skill) if dyad in by_dyad}


def _curves(results: "Results") -> list[Curve]:
    """Return real-time calibration curves of the main horizon on the page's forecast dates."""
    skill, cases = results.skill, results.cases
    free = cases[(cases["horizon"] == _main(skill)) & ~cases["given_n"].astype(bool)]
    inside = free[within(free["origin"].str[:4].astype(int), skill.period)]
    forecasts, reference = (inside[inside["model"] == code] for code in (skill.subject, REFERENCE))
    reference = reference[:0] if skill.subject == REFERENCE else reference
    curves = [
        Curve(
            f"Share {word} (n {forecasts[f'p_{event}'].notna().sum():,})",
            band,
            _moves(reference, event),
            True,
        )
        for event, word in _HAPPENED.items()
        if (band := _moves(forecasts, event)) is not None
    ]
    pit, other = (
        pit_band(cases["pit"]) if len(cases) > 1 else None for cases in (forecasts, reference)
    )  # one has no band
    return (
        curves
        if pit is None
        else [*curves, Curve(f"PIT (n {len(forecasts):,})", pit, other, False)]
    )


def _moves(cases: "pd.DataFrame", event: str) -> CalibrationBand | None:
    with_baseline = cases[cases[f"p_{event}"].notna()]
    return (
        calibration(with_baseline[f"p_{event}"].astype(float), with_baseline[event].astype(bool))
        if len(with_baseline)
        else None
    )


def window(miss: Mapping[str, Any]) -> str:
    """Name the window of a miss."""
    first = date.fromisoformat(miss["origin"])
    last = add_months(first, miss["horizon"] - 1)
    return (
        f"{count(miss['horizon'], 'month')}, {month(first, short=True)} to "
        f"{month(last, short=True)}"
    )


def predicted(prediction: Mapping[str, Any]) -> str:
    """Return a prediction with its score."""
    share = interval(prediction["mean"], prediction["low"], prediction["high"])
    return f"{share}, CRPS {number(prediction['crps'], 1)}"


@checked
def write_skill(results: "Results", out: str | Path) -> Path:
    """Write the results of a backtest.

    There is a page, ``skill.json``, and tables of its rows and of the cases.

    Parameters
    ----------
    results : Results
        What `backtest` returned.
    out : path-like
        Folder of the page; files of an earlier one are replaced.

    Returns
    -------
    pathlib.Path
        The page, ``index.html``.

    Examples
    --------
    >>> from forecast import write_skill
    >>> write_skill(results, "skill")  # doctest: +SKIP
    """
    return _publish(results, out, {".": results.write})


@checked
def write_skill_page(folder: str | Path) -> Path:
    """Write the page of a backtest again, from the files in its folder."""
    from forecast.study.evaluation import Results

    require_report_folder(folder, SKILL)
    return _publish(Results.read(folder), folder, {})


def _publish(results: "Results", out: str | Path, files: Files) -> Path:
    names = ("skill.json", "skill.csv", "cases.csv.gz", "tone.csv.gz")
    return publish(
        out,
        SKILL,
        lambda: replace(skill_page(results), files=files),
        subfolders=["origins"],
        names=names,
    )
