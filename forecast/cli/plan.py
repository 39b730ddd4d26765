"""`forecast plan`: fix every choice of tests of claims before their results."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import forecast
from forecast.base.errors import SpecError
from forecast.base.escaping import printable
from forecast.base.forms import named_values
from forecast.cli.command import Command
from forecast.cli.groups import ClaimOptions, day_of, dyads_of
from forecast.cli.help_text import with_examples
from forecast.cli.options import (
    OUTPUT,
    ArchiveOption,
    AsOfOption,
    ClaimsOption,
    CountsOption,
    DatasetsOption,
    EventsOption,
    FeedOption,
    FeedSettingOption,
    FormatOption,
    FrequencyOption,
    IndexOption,
    JsonOption,
    MappingOption,
    PlanArgument,
    SchemeOption,
    SeedOption,
    TestedTogetherOption,
    output_path,
)
from forecast.cli.terminal import console, echo_json, table

if TYPE_CHECKING:
    from forecast.study.hypotheses import Choice, Plan


app = typer.Typer(
    name="plan",
    help="Fix every choice of tests of claims before their results.",
    no_args_is_help=True,
)


@with_examples("plan new --claims S2,S5 --unseen --out plan.yaml")
def new(
    unseen: Annotated[
        bool,
        typer.Option(
            "--unseen",
            help="You state that you have not looked at these data, nor at results from them.",
        ),
    ] = False,
    choose: Annotated[
        str | None,
        typer.Option(
            "--choose",
            help="In place of data that you do not have: the rule by which their dyads are "
            "chosen, such as events=300,months=96. Needs --unseen and --as-of.",
        ),
    ] = None,
    without: Annotated[
        str | None,
        typer.Option(
            "--without", help="With --choose: dyads that are left out, such as EGY-ISR,IRN-USA."
        ),
    ] = None,
    predicted: Annotated[
        list[str] | None,
        typer.Option(
            "--predicted",
            help="What you expect: CLAIM=TEXT or a log Bayes factor, such as S5b=3. Repeat it.",
        ),
    ] = None,
    reason: Annotated[
        list[str] | None,
        typer.Option("--reason", help="Why you expect that: CLAIM=TEXT. Repeat it."),
    ] = None,
    remark: Annotated[
        list[str] | None,
        typer.Option("--remark", help="What readers of the results have to know. Repeat it."),
    ] = None,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            help="File of the plan.",
            parser=output_path,
            metavar="FILE",
            rich_help_panel=OUTPUT,
        ),
    ] = Path("plan.yaml"),
    as_of: AsOfOption = None,
    frequency: FrequencyOption = "month",
    together: TestedTogetherOption = None,
    claims: ClaimsOption = None,
    seed: SeedOption = 1,
    datasets: DatasetsOption = None,
    archive: ArchiveOption = None,
    events: EventsOption = None,
    mapping: MappingOption = None,
    counts: CountsOption = None,
    index: IndexOption = None,
    format: FormatOption = None,
    scheme: SchemeOption = None,
    feed: FeedOption = None,
    feed_setting: FeedSettingOption = None,
) -> None:
    """Write a plan to be edited and frozen: claims, dyads, digests of data, rule, predictions."""
    from forecast.study.hypotheses import write_plan

    options = ClaimOptions(
        as_of=as_of,
        frequency=frequency,
        together=together,
        claims=claims,
        seed=seed,
        datasets=datasets,
        archive=archive,
        events=events,
        mapping=mapping,
        counts=counts,
        index=index,
        format=format,
        scheme=scheme,
        feed=feed,
        feed_setting=feed_setting,
    )

    if out.exists():
        raise SpecError(f"--out: {out} exists; choose another name, or remove it")
    expected = {
        code: _number_or_text(expectation)
        for code, expectation in named_values(predicted or [], "predicted", "S5b=3").items()
    }
    said: dict[str, Any] = {
        "claims": options.codes,
        "seed": options.seed,
        "predicted": expected,
        "reasons": named_values(reason or [], "reason", "S5b='too few years'"),
        "remarks": remark or [],
    }
    if choose is None:
        if without:
            raise SpecError(
                "--without: says which dyads --choose leaves out, which is missing; give both"
            )
        plan = forecast.make_plan(options.read(), seen=not unseen, **said)
    else:
        plan = _ahead(options, choose, without, unseen, said)
    write_plan(out, plan)
    dyads = (
        f"{len(plan.dyads)} dyads"
        if plan.choice is None
        else f"dyads to be chosen ({plan.choice.words})"
    )
    typer.echo(f"{out}: {', '.join(plan.claims)} on {dyads} as of {plan.as_of}, not frozen.")
    typer.echo(f"Check and edit it, then: forecast plan freeze {out}")


def _ahead(
    options: ClaimOptions, choose: str, without: str | None, unseen: bool, said: "dict[str, Any]"
) -> "Plan":
    """Make a plan of data that its author does not have."""
    from forecast.study.hypotheses import plan_ahead

    as_of = day_of(options.as_of, "as-of")
    if not unseen or as_of is None or options.together:
        raise SpecError(
            "--choose: is for data that you do not have; give --unseen and --as-of DAY, and leave "
            "--with out"
        )
    if any(
        (
            options.events,
            options.counts,
            options.index,
            options.mapping,
            options.datasets,
            options.archive,
        )
    ):
        raise SpecError(
            "--choose: the plan is made without data; leave them out, or leave --choose out"
        )
    if options.format is None:
        raise SpecError("--choose: say what the data will be, such as --format keds --scheme cameo")
    source = forecast.Source(kind=options.format, scheme=options.scheme)
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


@with_examples("plan freeze plan.yaml")
def freeze(
    path: PlanArgument,
) -> None:
    """Freeze a plan before its results are seen: from then on it is run unchanged, or rejected."""
    from forecast.study.hypotheses import freeze_plan, write_plan
    from forecast.study.hypotheses.plan_execution import other_rules, require_data
    from forecast.study.hypotheses.run import check_tests

    plan, name = forecast.read_plan(path, frozen=False), printable(str(path))
    if plan.frozen == plan.digest and not other_rules(plan):
        typer.echo(
            f"{name}: frozen on {plan.created} already, and unchanged since: {plan.digest[:12]}."
        )
        return
    if plan.data is not None:  # else they are not there yet
        data = forecast.read_sources(plan.source, plan.dyads, as_of=plan.as_of)
        require_data(plan, data)
        check_tests(data.panel, data.events, plan.claims)
    done = freeze_plan(plan)
    write_plan(path, done)
    if plan.frozen:
        typer.echo(
            f"{name}: it had been frozen on {plan.created}, and has changed or is tested in "
            "another way since. "
            "Say so where you publish."
        )
    typer.echo(
        f"{name}: frozen on {done.created}, digest {done.digest[:12]}; stamp of its results: "
        f"{done.stamp}."
    )
    typer.echo(f"Publish it, then carry it out: forecast test --plan {name}")


@with_examples("plan show plan.yaml")
def show(
    path: PlanArgument,
    as_json: JsonOption = False,
) -> None:
    """Show a plan, its deviations, and whether it is frozen and unchanged since."""
    from forecast.study.hypotheses.plan import describe

    plan = forecast.read_plan(path, frozen=False)
    if as_json:
        echo_json(plan.model_dump(mode="json") | {"digest": plan.digest, "stamp": plan.stamp})
    else:
        console().print(table(["", ""], describe(plan), show_header=False))


@with_examples("plan deviate plan.yaml 'IRN-SAU left out: too few events'")
def deviate_command(
    path: PlanArgument,
    text: Annotated[
        str,
        typer.Argument(help="What was done in another way than planned, and why.", metavar="TEXT"),
    ],
) -> None:
    """Log a deviation from a plan: results print it, and the freeze stays."""
    from forecast.study.hypotheses import deviate, write_plan

    plan = deviate(forecast.read_plan(path), text)
    write_plan(path, plan)
    typer.echo(
        f"{printable(str(path))}: deviation {len(plan.deviations)} of {plan.deviations[-1].day} "
        "logged."
    )


COMMANDS: dict[str, Callable[..., None]] = {
    "new": new,
    "freeze": freeze,
    "show": show,
    "deviate": deviate_command,
}
for name, command in COMMANDS.items():
    app.command(name, cls=Command)(command)
