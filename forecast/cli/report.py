"""`forecast report` and `forecast monday`: the probability report of a dyad, and a week's work in one command."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer
from typer.core import TyperCommand

import forecast
from forecast.base import dates
from forecast.base.errors import NotConverged, SpecError
from forecast.base.escaping import printable
from forecast.base.forms import read_form
from forecast.base.wording import day as words_of_day
from forecast.base.wording import fitted_together
from forecast.cli.declaring import AS_OF, MODEL, OUTPUT, WINDOW, arg, grouped, opt, output, shared
from forecast.cli.options import Added, Driven, Sampler, Window, day_of, dyads_of
from forecast.cli.question import folder_option
from forecast.cli.terminal import (
    console,
    not_converged,
    of_page,
    print_lines,
    progress,
    say,
    show_result,
)

if TYPE_CHECKING:
    from forecast.model.process.component import Component
    from forecast.outlook import Assessment
    from forecast.runs.monday import Monday
    from forecast.runs.pipeline import Report

model, written = partial(opt, panel=MODEL), partial(opt, panel=OUTPUT)
TRENDS = "The slow component: {trends}. Default: reverting."
CYCLES = "The cycle: {cycles}, or none."


class ReportCommand(TyperCommand):
    """The command with trends and cycles named in its help, which are read only if the help is."""

    def get_help(self, ctx: Any) -> str:
        """Return the help."""
        from forecast.base.wording import join
        from forecast.model.process.cycle import cycles
        from forecast.model.process.trend import trends

        def named(kind: "Component") -> str:
            return f"{kind.name} ({kind.hint})" if kind.hint else kind.name

        full = {
            TRENDS: TRENDS.format(trends=join([named(kind) for kind in trends()], "or")),
            CYCLES: CYCLES.format(cycles=", ".join(named(kind) for kind in cycles())),
        }
        for parameter in self.params:
            if getattr(parameter, "help", None) in full:
                parameter.help = full[parameter.help]  # type: ignore[attr-defined]
        return super().get_help(ctx)


@grouped(
    "report USA-CHN",
    "report USA-CHN --as-of 2023-10-31 --out october",
    "report --events mine.csv --mapping mine.yaml",
)
def report(
    data: Added,
    driven: Driven,
    sampler: Sampler,
    window: Window,
    dyad: str | None = shared.dyad(),
    as_of: str | None = opt(
        f"{AS_OF}; with --fit, update it to this day. Default: the coverage end."
    ),
    out: Path | None = output(
        "Folder of the report. Default: report/DYAD-DAY, with a number if there is one of that name."
    ),
    replace: bool = shared.replace(),
    alone: bool = model("Fit this dyad without the others.", False),
    every: bool = opt(
        "Report on every dyad that is fitted together with this one, or, without DYAD, on all that share a fit, and "
        "write a page of them all. Dyads with too short a record are named.",
        False,
        name="--all",
    ),
    together: str | None = shared.together(),
    since: str | None = opt(
        "Compare with the record from this day. Default: the reference date of the dyad.",
        panel=WINDOW,
    ),
    eras: str = model(
        "The dyad's eras: given (the embedded ones), none, or a CSV file with the columns dyad, era, start, "
        "recognised_at, name.",
        "given",
    ),
    trend: str | None = model(TRENDS),
    cycle: str | None = model(CYCLES),
    ceiling: str | None = model(
        "What bounds the trend: framework (each era's ceiling; the default where a dyad has eras) or none."
    ),
    priors: Path | None = model(
        "YAML file of priors by name, each a number or a list of centre and spread (`forecast help model`)."
    ),
    nodes: int = model("Quadrature nodes of the month noise; busy feeds may need more.", 7),
    frequency: Literal["month", "week"] = shared.frequency(),
    fit: Path | None = opt(
        "Forecast from this saved fit instead of fitting; --as-of and --add update it."
    ),
    save_fit: bool = written(
        "Save the fit in the report's folder (some 40 MB per dyad).",
        True,
        name="--save-fit/--no-save-fit",
    ),
    export: bool = written(
        "Also write every figure as SVG, PNG and PDF, and every table as CSV and for LaTeX, into the report's folder "
        "export.",
        False,
    ),
    skill: Path | None = written(
        "skill.json of a backtest to quote; default: that of the package."
    ),
    as_json: bool = written("Print forecast.json for programs.", False, name="--json"),
) -> None:
    """Make the report: one HTML page, forecast.json, levels.csv and the fit.

    Exit code 3 if not converged.
    """
    source = data.given
    if fit and data.source and not as_of:
        raise SpecError(
            "--events: with --fit they need --as-of, the day to which the fit is to be updated; give it"
        )
    chosen = {
        "nodes": nodes,
        "trend": trend,
        "cycle": cycle,
        "ceiling": ceiling,
        "priors": _priors(priors),
    }
    settings = forecast.ReportSettings(
        dyad=dyad,
        as_of=day_of(as_of, "as-of"),
        out=out,
        replace=replace,
        source=source,
        frequency=frequency,
        alone=alone,
        hierarchy=dyads_of(together),
        eras=eras,
        since=day_of(since, "since"),
        model={name: value for name, value in chosen.items() if value or name == "nodes"},
        fit_path=fit,
        save_fit=save_fit,
        export=export,
        skill=skill,
        **window.asked,
        **vars(driven),
        **vars(sampler),
    )
    if every:
        _report_all(settings, as_json=as_json)
        return
    with progress("loading the libraries") as report_progress:
        done = forecast.make_report(settings, progress=report_progress)
    show_result(done.page, "forecast.json", lambda: _print(done), as_json=as_json)
    if not done.gate.passed:
        raise not_converged(done.gate.misses)


def _priors(path: Path | None) -> "forecast.Priors | None":
    """Read priors from a file; none without one."""
    if path is None:
        return None
    pairs = read_form(path, "table of priors", SpecError)
    if not isinstance(pairs, dict):
        raise SpecError(f"{path}: expected priors by name, such as `cycle_sd: [-1.0, 0.2]`")
    values = {
        str(name): tuple(value) if isinstance(value, list) else value
        for name, value in pairs.items()
    }
    try:
        return forecast.Priors(**values)
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from error


def _report_all(settings: "forecast.ReportSettings", *, as_json: bool) -> None:
    """Make the reports of all dyads of a fit, in a folder of one each, and the page of them all."""
    from forecast.data.panel.record import last_known
    from forecast.report.folder import PAIRS, chosen_folder
    from forecast.report.pairs_page import Pair, write_pairs
    from forecast.runs.pipeline import REPORTS, SAVED_FIT, check_place, prepare_reports

    if settings.eras != "given":
        raise SpecError("--all, --eras: eras are chosen for one dyad; leave out one of them")
    check_place(settings, PAIRS)
    with progress("loading the libraries") as report_progress:
        made = prepare_reports(settings, every=True, progress=report_progress)
        with chosen_folder(settings.out, REPORTS, "all", last_known(made.fit.panel)) as out:
            if settings.save_fit and not made.unchanged:
                made.fit.save(out / SAVED_FIT)
            done = [
                made.write(dyad, out / dyad, links={"All pairs": "../index.html"})
                for dyad in made.dyads
            ]
            page = write_pairs(
                [Pair.read(out / dyad, f"{dyad}/index.html") for dyad in made.dyads],
                out,
                made.skipped,
            )
    warnings = dict.fromkeys(words for one in done for words in one.warnings)
    shown = partial(
        print_lines, "reports", done=done, warnings=warnings, skipped=made.skipped, page=page
    )
    show_result(page, "pairs.json", shown, as_json=as_json)
    if misses := [miss for one in done if not one.gate.passed for miss in one.gate.misses]:
        raise not_converged(misses)


def _print(done: "Report") -> None:
    """Print the forecast in about twenty lines, the likeliest outcome last.

    The page has the rest.
    """
    from forecast.outlook import NotDefined
    from forecast.report.skill import skill_sentence
    from forecast.report.tables import level_table, recorded_table

    result = done.assessment
    recorded = not isinstance(result.recorded, NotDefined)
    console().print(of_page(recorded_table(result) if recorded else level_table(result)))
    alone = fitted_together(result.dyad, done.dyads) if len(done.dyads) == 1 else ""
    skill = skill_sentence(done.skill)
    print_lines(
        "report",
        done=done,
        result=result,
        skill=skill,
        alone=alone,
        baseline=_baseline(result),
    )


def _baseline(result: "Assessment") -> str:
    """Return the days that the months ahead are compared with, in brackets.

    Empty where these are not defined.
    """
    from forecast.outlook import NotDefined

    windows = [] if isinstance(result.recorded, NotDefined) else list(result.recorded.values())
    before = windows[0].baseline if windows else None
    if before is None or isinstance(before, NotDefined):
        return ""
    return f" ({words_of_day(before.first)} to {words_of_day(before.last)})"


ADDED = Path("added")
"""Folder of added events, which is read if it is there."""


@grouped("monday", "monday --covered-to USA-CHN:2026-06-21 --commit")
def monday(
    data: Added,
    sampler: Sampler,
    window: Window,
    dyads: list[str] | None = arg(
        "Pairs, such as USA-CHN USA-RUS. A single pair is fitted with those that `forecast dyads` lists as fitted "
        "together. Default: all of these, later those of the fit.",
        metavar="DYAD",
    ),
    alone: bool = opt("Fit a single pair without the others.", False),
    day: str | None = opt("Name of the week's folders, YYYY-MM-DD. Default: today."),
    folder: Path = folder_option(),
    export: bool = opt("Also write figures and tables of each report as files.", False),
    commit: bool = opt(
        "Commit what is new to the git repository of the folder, without the fits.", False
    ),
) -> None:
    """Do a week's work in this folder: update, report on all pairs, compare, answer, resolve, score, commit.

    Reads added/ and questions/, writes reports/DAY, changes/DAY and reports/index.html (`forecast
    help every-monday`). A second run on the same day continues the first. Exit code 1 if a part
    failed or an added row was rejected or a forecast has to be confirmed, 3 if a fit has not
    converged; what succeeded is kept.
    """
    from forecast.runs.monday import Monday

    if not data.add and any(ADDED.glob("*.csv")):
        data.add = [ADDED]
    asked = dyads_of(dyads, "DYAD")
    settings = forecast.ReportSettings(
        dyad=asked[0] if asked else None,
        alone=alone,
        source=data.given,
        export=export,
        hierarchy=asked[1:] if asked and len(asked) > 1 else None,
        replace=True,
        **window.asked,
        **vars(sampler),
    )
    name = day_of(day, "day") or dates.today()
    with progress("loading the libraries") as tell:
        week = Monday(settings, name.isoformat(), folder, asked, commit, tell, say)
        week.run()
    _print_week(week)


def _print_week(done: "Monday") -> None:
    """Print a line for each pair and question; end with the exit code of what failed."""
    pairs = sorted(done.pairs, key=lambda one: (one.moved is None, -abs(one.moved or 0.0)))
    print_lines("week", soft_wrap=True, week=done, pairs=pairs)
    print_lines("loud", soft_wrap=True, week=done)
    for what, error in done.failures.items():
        typer.echo(f"Failed: {what}: {printable(str(error))}", err=True)
    if done.failures or done.rejected:
        raise typer.Exit(1)
    if not done.converged:
        raise NotConverged(
            "NOT CONVERGED: do not use the numbers of the pairs named so. Take more --draws and --tune"
        )
