"""`forecast plan`: the plan of a run of hypothesis tests, made, frozen and shown."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecast.cli.options import (
    Archive,
    AsOf,
    Chains,
    Claims,
    Counts,
    Datasets,
    Draws,
    Dyad,
    Events,
    FeedSetting,
    Frequency,
    HalfLives,
    Index,
    Json,
    Mapping,
    Seed,
    Sensitivity,
    Simulations,
    Tune,
    With,
    plan_from_options,
    source,
)
from forecast.cli.paths import output
from forecast.cli.terminal import escape
from forecast.errors import SpecError
from forecast.escaping import json_text, printable

if TYPE_CHECKING:
    from forecast.hypotheses import Plan

app = typer.Typer(name="plan", help="Fix every choice of a run of tests before the look.", no_args_is_help=True)
File = Annotated[Path, typer.Argument(metavar="FILE", help="A plan, such as plan.yaml.")]


@app.command()
def new(
    dyad: Dyad = "USA-CHN",
    claims: Claims = None,
    out: Annotated[Path, output("File of the plan.", "FILE")] = Path("plan.yaml"),
    as_of: AsOf = None,
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
    seed: Seed = 1,
    draws: Draws = None,
    tune: Tune = None,
    chains: Chains = None,
) -> None:
    """Write a plan, to be edited and frozen: data, claims, models, priors, rule, seed."""
    from forecast.hypotheses.plan import write_plan
    from forecast.hypotheses.run import require_runnable

    if out.exists():
        raise SpecError(f"--out: {out} is there already; choose another name, or remove it")
    data, plan = plan_from_options(
        dyad, claims, as_of, source(events, counts, index, mapping, None, feed_setting, data=datasets, archive=archive),
        frequency, together,
            half_lives=half_lives,
        simulations=simulations, sensitivity=sensitivity, seed=seed, draws=draws, tune=tune, chains=chains,
    )  # fmt: skip
    require_runnable(plan, data)
    write_plan(out, plan)
    typer.echo(f"{out}: {', '.join(plan.claims)} on {plan.dyad} as of {plan.as_of}, not frozen.")
    typer.echo(f"Look it over, edit what you mean otherwise, then: forecast plan freeze {out}")


@app.command()
def freeze(path: File) -> None:
    """Freeze a plan before its results are seen: from then on it is run unchanged, or rejected."""
    from forecast.hypotheses.plan import freeze as frozen
    from forecast.hypotheses.plan import read_plan, write_plan
    from forecast.hypotheses.run import gathered, require_runnable

    plan, name = read_plan(path, frozen=False), printable(str(path))
    if plan.frozen == plan.digest:
        typer.echo(f"{name}: frozen on {plan.created} already, and unchanged since: {plan.digest[:12]}.")
        return
    loose = plan.model_copy(update={"frozen": None})
    require_runnable(loose, gathered(loose))
    done = frozen(loose)
    write_plan(path, done)
    if plan.frozen:
        typer.echo(f"{name}: it had been frozen on {plan.created} and changed since. Say so where you publish.")
    typer.echo(f"{name}: frozen on {done.created}, digest {done.digest[:12]}.")
    typer.echo(f"Carry it out: forecast test --plan {name}")


@app.command()
def show(path: File, as_json: Json = False) -> None:
    """Show a plan, and whether it is frozen and unchanged since."""
    import json

    from forecast.hypotheses.plan import read_plan

    plan = read_plan(path, frozen=False)
    if as_json:
        typer.echo(json_text(json.dumps(plan.model_dump(mode="json") | {"digest": plan.digest}, indent=2)))
    else:
        _print(plan)


def _print(plan: "Plan") -> None:
    from rich.console import Console
    from rich.table import Table

    from forecast.report.tests_page import choices, standing

    shown = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    shown.add_row("Plan", standing(plan))
    shown.add_row("Dyad", f"{plan.dyad} as of {plan.as_of}, by {plan.frequency}")
    for name, text in choices(plan):
        shown.add_row(name, escape(text))
    for code, models in plan.models.items():
        shown.add_row(f"Models of {code}", escape("; ".join(models)))
    Console(highlight=False).print(shown)
