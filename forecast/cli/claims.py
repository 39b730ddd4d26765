"""`forecast test`, `forecast power` and `forecast plan`: tests of claims on all dyads, their power, frozen plans."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

import forecast
from forecast.base.arguments import named_values
from forecast.base.errors import SpecError
from forecast.base.escaping import printable
from forecast.cli.declaring import arg, grouped, opt, output, shared
from forecast.cli.options import Tested, day_of, dyads_of
from forecast.cli.terminal import (
    console,
    echo_json,
    escape,
    print_caveats,
    progress,
    records,
    say,
    table,
)

if TYPE_CHECKING:
    from forecast.study.hypotheses import Choice, Plan

CAMEO = "cameo"  # Scheme of a table of KEDS that names none
WITH_PLAN = {
    "plan",
    "dyad",
    "power",
    "as_of",
    "out",
    "replace",
    "cores",
    "as_json",
    "events",
    "format",
    "scheme",
}
"""Options that may be given together with a plan."""
MOST_LINES = 20


@grouped("test", "test USA-CHN --claims S2,S5 --out tests")
def test(
    context: typer.Context,
    asked: Tested,
    dyad: str | None = arg(
        "A dyad that is also shown within the hierarchy, such as USA-CHN.", metavar="DYAD"
    ),
    power: int | None = opt(
        "Simulate power and false alarms on so many record sets of the data's own shape for each truth; "
        "10 take about a minute. Default: those of the embedded data, with these alone."
    ),
    plan: Path | None = opt(
        "Carry out this frozen plan; with --as-of, on the months after the freeze."
    ),
    out: Path | None = output(
        "Folder of a page with figures, tests.json and tests.csv. Default: no page."
    ),
    replace: bool = shared.replace(),
    cores: int | None = shared.cores(),
    as_json: bool = shared.json(),
) -> None:
    """Test general claims on all dyads of the data at once, in about 20 lines and, with --out, on a page.

    Without a frozen plan the results are exploratory, and say so.
    """
    if out is not None:
        from forecast.report.folder import TESTS, require_report_folder

        require_report_folder(out, TESTS, [plan, *asked.paths], replace=replace)
    if plan is not None:
        _reject_with_plan(context)
    with progress("loading the libraries") as tell:
        from forecast.data.events import find_dyad
        from forecast.study.hypotheses.run import parse_claims

        if plan is None:
            parse_claims(asked.codes)
            tell("gathering the data", 0, 0)
            data = asked.gathered()
            results = forecast.pooled_tests(
                data.panel,
                events=data.events,
                claims=asked.codes,
                seed=asked.seed,
                progress=tell,
                dyad=find_dyad(dyad, list(data.dyads)) if dyad else None,
                power=power,
                cores=cores or os.cpu_count() or 1,
            )
        else:
            later, frozen = day_of(asked.as_of, "as-of"), forecast.read_plan(plan)
            results = forecast.run_plan(
                frozen,
                path=_path_for(frozen, asked),
                dyad=dyad,
                as_of=later,
                power=power,
                cores=cores,
                progress=tell,
            )
        if out is not None:
            tell("writing the page", 0, 0)
            page = forecast.write_tests(results, out)
    if out is not None:
        say(str(page))
    if as_json:
        from forecast.outlook import plain

        echo_json(plain(results.to_dict()))
    else:
        lines = results.lines()
        if len(lines) > MOST_LINES:  # of many claims the answers alone
            answers = [line for line in lines if not line.startswith(" ")][: MOST_LINES - 1]
            lines = [
                *answers,
                "Findings, simulated power and figures are on the page: --out FOLDER.",
            ]
        for line in lines:
            console().print(escape(line), soft_wrap=True)
        print_caveats(results.data_notes.caveats)


def _path_for(plan: "Plan", asked: Tested) -> str | None:
    """Return the file that is named for the data of a plan, if one is."""
    if not (asked.events or asked.format or asked.scheme):
        return None
    given = asked.source
    if given is None or (given.kind, given.scheme or CAMEO) != (
        plan.source.kind,
        plan.source.scheme or CAMEO,
    ):
        scheme = f" --scheme {plan.source.scheme}" if plan.source.scheme else ""
        raise SpecError(
            f"--events: the plan is of {plan.source.words}; give --events FILE --format {plan.source.kind}{scheme}"
        )
    return given.path


def _reject_with_plan(context: typer.Context) -> None:
    """Reject options that would change what a plan says."""
    sources = {
        option: context.get_parameter_source(str(option.name)) for option in context.command.params
    }
    written = [
        option
        for option, source in sources.items()
        if source is not None and source.name == "COMMANDLINE"
    ]
    if given := [option.opts[0] for option in written if option.name not in WITH_PLAN]:
        raise SpecError(
            f"{', '.join(given)}: the plan says this already; leave it out, or make a new plan"
        )


@grouped("power --claims S2 --sets 20")
def power(
    asked: Tested,
    sets: int | None = opt(
        "Simulated record sets per truth. Default: 200, as in the tables of the package."
    ),
    more_dyads: int = opt("Times as many dyads as the data have.", 1),
    more_events: int = opt("Times as many events per month as the data have.", 1),
    checkpoint: Path | None = opt(
        "File of finished sets; with it, the same command continues after an interruption."
    ),
    cores: int | None = shared.cores(),
    as_json: bool = shared.json(),
) -> None:
    """Simulate how often the tests find what is there, and how often what is not.

    Record sets are as long and dense as the data, or larger. Each set takes seconds to a minute.
    """
    from forecast.outlook import plain
    from forecast.study.hypotheses.checkpoint import check_checkpoint
    from forecast.study.hypotheses.power import SETS

    if checkpoint is not None:
        check_checkpoint(checkpoint, asked.paths)
    with progress("gathering the data") as tell:
        data = asked.gathered()
        found = forecast.simulate_power(
            data.panel,
            events=data.events,
            claims=asked.codes,
            sets=SETS if sets is None else sets,
            more_dyads=more_dyads,
            more_events=more_events,
            checkpoint=checkpoint,
            cores=cores or os.cpu_count() or 1,
            seed=asked.seed,
            progress=tell,
        )
    if as_json:
        echo_json(plain(found))
    else:
        console().print(
            records(
                [
                    {
                        "claim": code,
                        "simulated": one.truth,
                        "true": "yes" if one.true else "no",
                        "sets": one.sets,
                        "supported": one.supported,
                        "rejected": one.rejected,
                    }
                    for code, rates in found.items()
                    for one in rates
                ]
            )
        )


app = typer.Typer(
    name="plan",
    help="Fix every choice of tests of claims before their results.",
    no_args_is_help=True,
)


@app.command()
@grouped("plan new --claims S2,S5 --unseen --out plan.yaml")
def new(
    asked: Tested,
    unseen: bool = opt(
        "You state that you have not looked at these data, nor at results from them.", False
    ),
    choose: str | None = opt(
        "In place of data that you do not have: the rule by which their dyads are chosen, such as "
        "events=300,months=96. Needs --unseen and --as-of."
    ),
    without: str | None = opt("With --choose: dyads that are left out, such as EGY-ISR,IRN-USA."),
    predicted: list[str] | None = opt(
        "What you expect: CLAIM=TEXT or a log Bayes factor, such as S5b=3. Repeat it."
    ),
    reason: list[str] | None = opt("Why you expect that: CLAIM=TEXT. Repeat it."),
    remark: list[str] | None = opt("What readers of the results have to know. Repeat it."),
    out: Path = output("File of the plan.", Path("plan.yaml"), kind="FILE"),
) -> None:
    """Write a plan, to be edited and frozen: claims, dyads, data with their digests, rule, predictions, seed."""
    from forecast.study.hypotheses import write_plan

    if out.exists():
        raise SpecError(f"--out: {out} exists; choose another name, or remove it")
    expected = {
        code: _number_or_text(one)
        for code, one in named_values(predicted or [], "predicted", "S5b=3").items()
    }
    said: dict[str, Any] = {
        "claims": asked.codes,
        "seed": asked.seed,
        "predicted": expected,
        "reasons": named_values(reason or [], "reason", "S5b='too few years'"),
        "remarks": remark or [],
    }
    if choose is None:
        if without:
            raise SpecError(
                "--without: says which dyads --choose leaves out, which is missing; give both"
            )
        plan = forecast.make_plan(asked.gathered(), seen=not unseen, **said)
    else:
        plan = _ahead(asked, choose, without, unseen, said)
    write_plan(out, plan)
    dyads = (
        f"{len(plan.dyads)} dyads"
        if plan.choice is None
        else f"dyads to be chosen ({plan.choice.words})"
    )
    typer.echo(f"{out}: {', '.join(plan.claims)} on {dyads} as of {plan.as_of}, not frozen.")
    typer.echo(f"Check and edit it, then: forecast plan freeze {out}")


def _ahead(
    asked: Tested, choose: str, without: str | None, unseen: bool, said: "dict[str, Any]"
) -> "Plan":
    """Make a plan of data that its author does not have."""
    from forecast.study.hypotheses import plan_ahead

    as_of = day_of(asked.as_of, "as-of")
    if not unseen or as_of is None or asked.together:
        raise SpecError(
            "--choose: is for data that you do not have; give --unseen and --as-of DAY, and leave --with out"
        )
    if any((asked.events, asked.counts, asked.index, asked.mapping, asked.datasets, asked.archive)):
        raise SpecError(
            "--choose: the plan is made without data; leave them out, or leave --choose out"
        )
    if asked.format is None:
        raise SpecError("--choose: say what the data will be, such as --format keds --scheme cameo")
    source = forecast.Source(kind=asked.format, scheme=asked.scheme)
    return plan_ahead(source, _choice(choose, without), as_of, **said)


def _choice(text: str, without: str | None) -> "Choice":
    """Read a rule such as events=300,months=96."""
    from forecast.study.hypotheses import Choice

    given = named_values(text.split(","), "choose", "events=300,months=96")
    if set(given) != {"events", "months"} or not all(
        value.isdecimal() and int(value) for value in given.values()
    ):
        raise SpecError(
            f"--choose: {text!r:.60} is no rule; give both numbers, such as events=300,months=96"
        )
    dyads = dyads_of(without, "--without") or ()
    return Choice(events=int(given["events"]), months=int(given["months"]), without=dyads)


def _number_or_text(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


file_argument = arg("A plan, such as plan.yaml.", ..., metavar="FILE")


@app.command()
@grouped("plan freeze plan.yaml")
def freeze(path: Path = file_argument) -> None:
    """Freeze a plan before its results are seen: from then on it is run unchanged, or rejected."""
    from forecast.study.hypotheses import freeze_plan, write_plan
    from forecast.study.hypotheses.plan import other_rules, require_data
    from forecast.study.hypotheses.run import check_tests

    plan, name = forecast.read_plan(path, frozen=False), printable(str(path))
    if plan.frozen == plan.digest and not other_rules(plan):
        typer.echo(
            f"{name}: frozen on {plan.created} already, and unchanged since: {plan.digest[:12]}."
        )
        return
    if plan.data is not None:  # else they are not there yet
        data = forecast.gather(plan.source, plan.dyads, as_of=plan.as_of)
        require_data(plan, data)
        check_tests(data.panel, data.events, plan.claims)
    done = freeze_plan(plan)
    write_plan(path, done)
    if plan.frozen:
        typer.echo(
            f"{name}: it had been frozen on {plan.created}, and has changed or is tested in another way since. "
            "Say so where you publish."
        )
    typer.echo(
        f"{name}: frozen on {done.created}, digest {done.digest[:12]}; stamp of its results: {done.stamp}."
    )
    typer.echo(f"Publish it, then carry it out: forecast test --plan {name}")


@app.command()
@grouped("plan show plan.yaml")
def show(path: Path = file_argument, as_json: bool = shared.json()) -> None:
    """Show a plan, its deviations, and whether it is frozen and unchanged since."""
    from forecast.study.hypotheses.plan import describe

    plan = forecast.read_plan(path, frozen=False)
    if as_json:
        echo_json(plan.model_dump(mode="json") | {"digest": plan.digest, "stamp": plan.stamp})
    else:
        console().print(table(["", ""], describe(plan), show_header=False))


@app.command(name="deviate")
@grouped("plan deviate plan.yaml 'IRN-SAU left out: too few events'")
def deviate_command(
    path: Path = file_argument,
    text: str = arg("What was done in another way than planned, and why.", ..., metavar="TEXT"),
) -> None:
    """Log a deviation from a plan: results print it, and the freeze stays."""
    from forecast.study.hypotheses import deviate, write_plan

    plan = deviate(forecast.read_plan(path), text)
    write_plan(path, plan)
    typer.echo(
        f"{printable(str(path))}: deviation {len(plan.deviations)} of {plan.deviations[-1].day} logged."
    )
