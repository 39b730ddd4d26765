"""`forecast test`: claims about a relation, tested."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecast.bounds import require_whole
from forecast.cli.options import (
    Archive,
    AsOf,
    Chains,
    Claims,
    Cores,
    Counts,
    Datasets,
    Draws,
    Dyad,
    Events,
    FeedSetting,
    Frequency,
    HalfLives,
    Index,
    Mapping,
    Seed,
    Sensitivity,
    Simulations,
    Tune,
    With,
    not_converged,
    plan_from_options,
    source,
)
from forecast.cli.paths import output
from forecast.cli.progress import progress
from forecast.cli.terminal import escape
from forecast.errors import SpecError

if TYPE_CHECKING:
    from forecast.hypotheses import Results

TESTED = Path("hypotheses")
"""Where pages stand whose folder is not named."""
BESIDE_PLAN = {"plan", "out", "replace", "kept", "cores", "as_json"}
"""Options that change no number, and so may be given together with a plan."""


def test(
    context: typer.Context,
    dyad: Dyad = "USA-CHN",
    claims: Claims = None,
    plan: Annotated[
        Path | None, typer.Option("--plan", help="Carry out this frozen plan, exactly (`forecast plan new`).")
    ] = None,
    as_of: AsOf = None,
    out: Annotated[
        Path | None,
        output("Folder of the page. Default: hypotheses/DYAD-DAY, with a number if there is one of that name."),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="With --out: replace the earlier page that is in the folder.")
    ] = False,
    datasets: Datasets = None,
    archive: Archive = None,
    feed_setting: FeedSetting = None,
    events: Events = None,
    counts: Counts = None,
    index: Index = None,
    mapping: Mapping = None,
    frequency: Frequency = "month",
    together: With = None,
    half_lives: HalfLives = None,
    simulations: Simulations = None,
    sensitivity: Sensitivity = True,
    kept: Annotated[
        Path | None, typer.Option("--kept", help="File of `forecast power`: its simulations are not done again.")
    ] = None,
    seed: Seed = 1,
    draws: Draws = None,
    tune: Tune = None,
    chains: Chains = None,
    cores: Cores = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print tests.json for programs.")] = False,
) -> None:
    """Test claims about a relation: one HTML page, tests.json and tests.csv. Exit code 3 if not converged.

    With --plan the run is planned: it is rejected if plan or data have changed since the plan was frozen. Without
    it the run is exploratory, and the page says so.
    """
    from forecast.kept import check_kept
    from forecast.report.folder import TESTS, chosen_folder, require_place

    require_whole("cores", 1 if cores is None else cores)
    require_place(out, TESTED, TESTS, [plan, *(events or []), counts, index, *(mapping or [])], replace=replace)
    if kept:
        check_kept(kept, [plan, *(events or []), counts, index, *(mapping or [])])
    with progress() as tell:
        if plan:
            reject_beside_plan(context)
            from forecast.hypotheses.plan import read_plan
            from forecast.hypotheses.run import gathered

            chosen = read_plan(plan)
            data = gathered(chosen)
        else:
            tell("gathering the data", 0, 0)
            data, chosen = plan_from_options(
                dyad, claims, as_of,
                source(events, counts, index, mapping, None, feed_setting, data=datasets, archive=archive),
                frequency, together,
                half_lives=half_lives,
                simulations=simulations, sensitivity=sensitivity, seed=seed, draws=draws, tune=tune, chains=chains,
            )  # fmt: skip
        tell("loading the libraries", 0, 0)
        from forecast.hypotheses import run_tests

        results = run_tests(chosen, data=data, kept=kept, cores=cores, progress=tell)
        tell("writing the report", 0, 0)
        from forecast.report import write_tests

        with chosen_folder(out, TESTED, chosen.dyad, chosen.as_of) as folder:
            page = write_tests(results, folder)
    if as_json:
        typer.echo((page.parent / "tests.json").read_text("utf-8"))
    else:
        _print(results, page)
    if not results.converged:
        raise not_converged(results.misses)


def reject_beside_plan(context: typer.Context) -> None:
    """Reject options that would change what a plan says."""
    sources = {option: context.get_parameter_source(str(option.name)) for option in context.command.params}
    written = [option for option, source in sources.items() if source is not None and source.name == "COMMANDLINE"]
    if given := [option.opts[0] for option in written if option.name not in BESIDE_PLAN]:
        raise SpecError(f"{', '.join(given)}: the plan says this already; leave it out, or make a new plan")


def _print(results: "Results", page: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    from forecast.report.tests_page import headline
    from forecast.report.verdict_words import deciding, power_words

    colors = {"supported": "green", "rejected": "red", "undecided": "yellow"}
    console = Console(highlight=False)
    console.print(f"[bold]{escape(headline(results))}[/]\n")
    shown = Table("", "claim", "answer", "what decides", "power", box=None, padding=(0, 2, 1, 0))
    for verdict in results.verdicts:
        answer = f"[{colors[verdict.answer]}]{verdict.answer}[/]"
        decides = escape("\n".join(deciding(verdict)), keep="\n")
        shown.add_row(verdict.code, escape(verdict.claim), answer, decides, escape(power_words(verdict.power)))
    console.print(shown)
    for note in results.notes:
        console.print(f"[yellow]{escape(note)}[/]")
    minutes = sum(results.seconds.values()) / 60
    console.print(f"{escape(str(page))}\n[dim]{results.stamp}; {minutes:.1f} minutes in all[/]", soft_wrap=True)
