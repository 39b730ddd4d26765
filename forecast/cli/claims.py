"""`forecast test`, `forecast power` and `forecast plan`: hypothesis tests, their power, and frozen plans."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from forecast.arguments import require_whole
from forecast.cli.options import (
    Tested,
    arg,
    echo_json,
    grouped,
    not_converged,
    opt,
    output,
    own_folder,
    say,
    shared,
    show_result,
)
from forecast.cli.terminal import console, escape, progress, table
from forecast.errors import SpecError
from forecast.escaping import printable

if TYPE_CHECKING:
    from forecast.hypotheses import Plan, Results
    from forecast.hypotheses.power import Power

TESTED = Path("hypotheses")
"""Default folder of the pages."""
BESIDE_PLAN = {"plan", "out", "replace", "kept", "cores", "as_json"}
"""Options that change no number, and so may be given together with a plan."""
POOLED = {
    "claims", "cores", "as_json", "seed", "as_of", "together", "frequency",
    "events", "mapping", "counts", "index", "datasets", "archive", "feed_setting",
}  # fmt: skip
"""Options of `forecast test` without a dyad."""
claims_option = partial(opt, "Codes such as S5,S6. Default: all that the data can answer.")
simulations_option = partial(opt, "Simulated records per alternative for the power; 0 for none.")
sensitivity_option = partial(
    opt, "Go through other codings, eras and priors.", True, name="--sensitivity/--no-sensitivity"
)
file_argument = partial(arg, "A plan, such as plan.yaml.", ..., metavar="FILE")


@grouped
def test(
    context: typer.Context,
    asked: Tested,
    claims: str | None = claims_option(),
    plan: Path | None = opt("Carry out this frozen plan, exactly (`forecast plan new`)."),
    out: Path | None = own_folder("hypotheses"),
    replace: bool = shared.replace(),
    simulations: int | None = simulations_option(),
    sensitivity: bool = sensitivity_option(),
    kept: Path | None = opt("File of `forecast power`: its simulations are not done again."),
    cores: int | None = shared.cores(),
    as_json: bool = shared.json(),
) -> None:
    """Test general claims on all dyads at once; with --dyad, claims about one dyad.

    Without --dyad: S2, S5a and S5b, printed in 20 lines. With it: one HTML page, tests.json and tests.csv; exit code 3
    if not converged. With --plan the run is planned: it is rejected if plan or data have changed since the plan was
    frozen. Otherwise the run is exploratory, and the page says so.
    """
    if asked.dyad is None and plan is None:
        test_pooled(context, asked, claims, cores, as_json=as_json)
        return
    from forecast.journal import check_kept
    from forecast.report.folder import TESTS, chosen_folder, require_place

    require_whole("cores", 1 if cores is None else cores)
    require_place(out, TESTED, TESTS, [plan, *asked.paths], replace=replace)
    if kept:
        check_kept(kept, [plan, *asked.paths])
    with progress() as tell:
        if plan:
            reject_beside_plan(context)
            from forecast.hypotheses.plan import read_plan
            from forecast.hypotheses.run import gathered

            chosen = read_plan(plan)
            data = gathered(chosen)
        else:
            tell("gathering the data", 0, 0)
            data, chosen = asked.plan(claims, simulations=simulations, sensitivity=sensitivity)
        tell("loading the libraries", 0, 0)
        from forecast.hypotheses import run_tests

        results = run_tests(chosen, data=data, kept=kept, cores=cores, progress=tell)
        tell("writing the report", 0, 0)
        from forecast.report import write_tests

        with chosen_folder(out, TESTED, chosen.dyad, chosen.as_of) as folder:
            page = write_tests(results, folder)
    show_result(page, "tests.json", lambda: _print_results(results, page), as_json=as_json)
    if not results.converged:
        raise not_converged(results.misses)


def test_pooled(context: typer.Context, asked: Tested, claims: str | None, cores: int | None, *, as_json: bool) -> None:
    """Test general claims on all dyads of the data."""
    import os

    if given := _written(context, POOLED):
        raise SpecError(f"{', '.join(given)}: for tests of one dyad; name it with --dyad, or leave the option out")
    require_whole("cores", 1 if cores is None else cores)
    with progress() as tell:
        tell("gathering the data", 0, 0)
        codes = tuple(code.strip() for code in claims.split(",")) if claims else ()
        from forecast.hypotheses.pooled.run import parse_claims, pooled_tests

        parse_claims(codes)
        panel = asked.panel()
        results = pooled_tests(
            panel, claims=codes, cores=cores or os.cpu_count() or 1, seed=asked.seed, progress=tell
        )  # fmt: skip
    if as_json:
        from forecast.outlook import plain

        echo_json(plain(results.to_dict()))
    else:
        from forecast.hypotheses.pooled.words import lines

        shown = console()
        for line in lines(results):
            shown.print(escape(line), soft_wrap=True)


def reject_beside_plan(context: typer.Context) -> None:
    """Reject options that would change what a plan says."""
    if given := _written(context, BESIDE_PLAN):
        raise SpecError(f"{', '.join(given)}: the plan says this already; leave it out, or make a new plan")


def _written(context: typer.Context, allowed: set[str]) -> list[str]:
    """Return the options on the command line, but for those that are allowed."""
    sources = {option: context.get_parameter_source(str(option.name)) for option in context.command.params}
    written = [option for option, source in sources.items() if source is not None and source.name == "COMMANDLINE"]
    return [option.opts[0] for option in written if option.name not in allowed]


def _print_results(results: "Results", page: Path) -> None:
    from forecast.report.tests_page import deciding, headline, power_words

    shown = console()
    shown.print(f"[bold]{escape(headline(results))}[/]\n")
    rows = [
        [one.code, one.claim, one.answer, "\n".join(deciding(one)), power_words(one.power)] for one in results.verdicts
    ]
    shown.print(table(["", "claim", "answer", "what decides", "power"], rows, keep="\n", padding=(0, 2, 1, 0)))
    for note in results.notes:
        shown.print(f"[yellow]{escape(note)}[/]")
    minutes = sum(results.seconds.values()) / 60
    shown.print(f"{escape(str(page))}\n[dim]{results.stamp}; {minutes:.1f} minutes in all[/]", soft_wrap=True)


@grouped
def power(
    asked: Tested,
    claim: str = opt("Code of the claim whose test is tried.", "S5"),
    simulations: int = opt("Simulated records per alternative.", 200),
    kept: Path | None = opt("File of what is done; with it, the same command continues. Default: by the dyad."),
    cores: int | None = shared.cores(),
    as_json: bool = shared.json(),
) -> None:
    """Simulate how often the test of a claim would find what is there, and how often what is not.

    Records are simulated at the dyad's own length and density. Each is kept as soon as it is done: after an
    interruption the same command continues where it stopped.
    """
    import os

    from forecast.hypotheses.registry import parse_claims
    from forecast.journal import check_kept
    from forecast.outlook import plain

    require_whole("cores", 1 if cores is None else cores)
    codes = parse_claims(claim)
    if len(codes) != 1:
        raise SpecError(f"--claim: got {claim}; give one claim, such as S5")
    if kept:
        check_kept(kept, asked.paths)
    with progress() as tell:
        tell("gathering the data", 0, 0)
        data, plan = asked.plan(codes[0], simulations=simulations)
        kept = kept or Path(f"power-{data.dyad}.jsonl")
        say(f"Simulations are kept in {kept} as they are done; interrupted, the same command continues from there.")
        tell("loading the libraries", 0, 0)
        from forecast.hypotheses.power import power as simulate
        from forecast.hypotheses.run import make_candidates

        candidates = make_candidates(plan, data, cores=cores, progress=tell)
        found = simulate(
            candidates, codes[0], plan.half_lives, plan.simulations,
            kept=kept, cores=cores or os.cpu_count() or 1, progress=tell,
        )  # fmt: skip
    if as_json:
        echo_json(plain(found))
    else:
        _print_power(found)


def _print_power(found: "Power") -> None:
    from forecast.report.tests_page import power_grid

    shown = console()
    power = power_grid(found)
    shown.print(table(power.columns, power.plain))
    shown.print(f"\n{escape(found.words)}")


app = typer.Typer(name="plan", help="Fix every choice of a run of tests before the look.", no_args_is_help=True)


@app.command()
@grouped
def new(
    asked: Tested,
    claims: str | None = claims_option(),
    out: Path = output("File of the plan.", Path("plan.yaml"), kind="FILE"),
    simulations: int | None = simulations_option(),
    sensitivity: bool = sensitivity_option(),
) -> None:
    """Write a plan, to be edited and frozen: data, claims, models, priors, rule, seed."""
    from forecast.hypotheses.plan import write_plan
    from forecast.hypotheses.run import require_runnable

    if out.exists():
        raise SpecError(f"--out: {out} is there already; choose another name, or remove it")
    data, plan = asked.plan(claims, simulations=simulations, sensitivity=sensitivity)
    require_runnable(plan, data)
    write_plan(out, plan)
    typer.echo(f"{out}: {', '.join(plan.claims)} on {plan.dyad} as of {plan.as_of}, not frozen.")
    typer.echo(f"Look it over, edit what you mean otherwise, then: forecast plan freeze {out}")


@app.command()
@grouped
def freeze(path: Path = file_argument()) -> None:
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
@grouped
def show(path: Path = file_argument(), as_json: bool = shared.json()) -> None:
    """Show a plan, and whether it is frozen and unchanged since."""
    from forecast.hypotheses.plan import read_plan

    plan = read_plan(path, frozen=False)
    if as_json:
        echo_json(plan.model_dump(mode="json") | {"digest": plan.digest})
    else:
        _print_plan(plan)


def _print_plan(plan: "Plan") -> None:
    from forecast.report.tests_page import choices, standing

    rows = [
        ("Plan", standing(plan)),
        ("Dyad", f"{plan.dyad} as of {plan.as_of}, by {plan.frequency}"),
        *choices(plan),
        *((f"Models of {code}", "; ".join(models)) for code, models in plan.models.items()),
    ]
    console().print(table(["", ""], rows, show_header=False))
