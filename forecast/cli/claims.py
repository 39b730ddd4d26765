"""`forecast test` and `forecast power`: tests of claims on all dyads, and their power."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import forecast
from forecast.base.errors import SpecError
from forecast.cli.groups import ClaimOptions, day_of
from forecast.cli.help_text import with_examples
from forecast.cli.options import (
    OUTPUT,
    ArchiveOption,
    AsOfOption,
    ClaimsOption,
    CoresOption,
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
    ReplaceOption,
    SchemeOption,
    SeedOption,
    TestedTogetherOption,
    output_path,
)
from forecast.cli.terminal import (
    console,
    echo_json,
    escape,
    print_caveats,
    progress,
    say,
    table_of_rows,
)

if TYPE_CHECKING:
    from forecast.study.hypotheses import Plan


CAMEO = "cameo"  # Scheme of a table of KEDS that names none


# Lines of an answer that are printed; the page has all
MAX_CLAIM_LINES = 20


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


@with_examples("test", "test USA-CHN --claims S2,S5 --out tests")
def test(
    context: typer.Context,
    dyad: Annotated[
        str | None,
        typer.Argument(
            help="A dyad that is also shown within the hierarchy, such as USA-CHN.", metavar="DYAD"
        ),
    ] = None,
    power: Annotated[
        int | None,
        typer.Option(
            "--power",
            help="Count power and false alarms on this many simulated records like the data "
            "for each process; 10 take about a minute. Default: those of the embedded data, with "
            "these alone.",
        ),
    ] = None,
    plan: Annotated[
        Path | None,
        typer.Option(
            "--plan",
            help="Carry out this frozen plan; with --as-of, on the months after the freeze.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Folder of a page with figures, tests.json and tests.csv. Default: no page.",
            parser=output_path,
            metavar="FOLDER",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    replace: ReplaceOption = False,
    cores: CoresOption = None,
    as_json: JsonOption = False,
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
    """Test general claims on all dyads of the data at once, in 20 lines or, with --out, on a page.

    Without a frozen plan the results are exploratory, and say so.
    """
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
    if out is not None:
        from forecast.report.folder import TESTS, require_report_folder

        require_report_folder(out, TESTS, [plan, *options.paths], replace=replace)
    if plan is not None:
        _reject_with_plan(context)
    with progress("loading the libraries") as tell:
        from forecast.data.events import find_dyad
        from forecast.study.hypotheses.run import parse_claims

        if plan is None:
            parse_claims(options.codes)
            tell("reading the data", 0, 0)
            data = options.read()
            results = forecast.pooled_tests(
                data.panel,
                events=data.events,
                claims=options.codes,
                seed=options.seed,
                progress=tell,
                dyad=find_dyad(dyad, list(data.dyads)) if dyad else None,
                power=power,
                cores=cores or os.cpu_count() or 1,
            )
        else:
            later, frozen = day_of(options.as_of, "as-of"), forecast.read_plan(plan)
            results = forecast.run_plan(
                frozen,
                path=_path_for(frozen, options),
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
        if len(lines) > MAX_CLAIM_LINES:  # of many claims the answers alone
            answers = [line for line in lines if not line.startswith(" ")][: MAX_CLAIM_LINES - 1]
            lines = [
                *answers,
                "Findings, simulated power and figures are on the page: --out FOLDER.",
            ]
        for line in lines:
            console().print(escape(line), soft_wrap=True)
        print_caveats(results.data_notes.caveats)


def _path_for(plan: "Plan", options: ClaimOptions) -> str | None:
    """Return the file that is named for the data of a plan, if one is."""
    if not (options.events or options.format or options.scheme):
        return None
    given = options.source
    if given is None or (given.kind, given.scheme or CAMEO) != (
        plan.source.kind,
        plan.source.scheme or CAMEO,
    ):
        scheme = f" --scheme {plan.source.scheme}" if plan.source.scheme else ""
        raise SpecError(
            f"--events: the plan is of {plan.source.words}; give --events FILE --format "
            f"{plan.source.kind}{scheme}"
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


@with_examples("power --claims S2 --sets 20")
def power(
    sets: Annotated[
        int | None,
        typer.Option(
            "--sets",
            help="Simulated records per process. Default: 200, as in the tables of the package.",
        ),
    ] = None,
    more_dyads: Annotated[
        int, typer.Option("--more-dyads", help="Times as many dyads as the data have.")
    ] = 1,
    more_events: Annotated[
        int, typer.Option("--more-events", help="Times as many events per month as the data have.")
    ] = 1,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            "--checkpoint",
            help="File of finished sets; with it, the same command continues after an "
            "interruption.",
        ),
    ] = None,
    cores: CoresOption = None,
    as_json: JsonOption = False,
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
    """Simulate how often the tests find what is there, and how often what is not.

    Simulated records are as long and dense as the data, or larger. Each set takes seconds to a
    minute.
    """
    from forecast.outlook import plain
    from forecast.study.hypotheses.checkpoint import check_checkpoint
    from forecast.study.hypotheses.power import SETS

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

    if checkpoint is not None:
        check_checkpoint(checkpoint, options.paths)
    with progress("reading the data") as tell:
        data = options.read()
        power_by_claim = forecast.simulate_power(
            data.panel,
            events=data.events,
            claims=options.codes,
            sets=SETS if sets is None else sets,
            more_dyads=more_dyads,
            more_events=more_events,
            checkpoint=checkpoint,
            cores=cores or os.cpu_count() or 1,
            seed=options.seed,
            progress=tell,
        )
    if as_json:
        echo_json(plain(power_by_claim))
    else:
        console().print(
            table_of_rows(
                [
                    {
                        "claim": code,
                        "simulated": rate.truth,
                        "true": "yes" if rate.true else "no",
                        "sets": rate.sets,
                        "supported": rate.supported,
                        "rejected": rate.rejected,
                    }
                    for code, rates in power_by_claim.items()
                    for rate in rates
                ]
            )
        )
