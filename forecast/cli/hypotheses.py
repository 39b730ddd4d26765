"""`forecast test` and `forecast power`: claims about a relation tested, and how often such a test would find them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forecast.cli.progress import progress
from forecast.errors import NotConverged, SpecError

if TYPE_CHECKING:
    from forecast.hypotheses import Plan, Results
    from forecast.hypotheses.power import Power
    from forecast.sources import Data, Source

Dyad = Annotated[str, typer.Option("--dyad", help="Two states, such as USA-CHN.")]
Claims = Annotated[
    str | None, typer.Option("--claims", help="Codes such as S5,S6. Default: all that the data can answer.")
]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        help="Use only what was known by this day, YYYY-MM-DD or YYYY-MM. Default: the last day of an even record.",
    ),
]
Events = Annotated[Path | None, typer.Option("--events", help="Your own table (with --mapping) or chronology folder.")]
Counts = Annotated[Path | None, typer.Option("--counts", help="Your own counts by class (with --mapping).")]
Index = Annotated[Path | None, typer.Option("--index", help="Your own index (with --mapping).")]
Mapping = Annotated[Path | None, typer.Option("--mapping", help="Where the table's fields stand.")]
Frequency = Annotated[str, typer.Option("--frequency", help="month or week.")]
HalfLives = Annotated[
    list[float] | None,
    typer.Option("--half-life", help="Months; a pull whose detection the power of S5 is about. Repeat it for several."),
]
Seed = Annotated[int, typer.Option("--seed", help="The same seed gives the same numbers.")]
Draws = Annotated[int | None, typer.Option("--draws", help="Kept draws of a chain.")]
Tune = Annotated[int | None, typer.Option("--tune", help="Warm-up draws of a chain.")]
Chains = Annotated[int | None, typer.Option("--chains", help="Chains.")]
Cores = Annotated[int | None, typer.Option("--cores", help="Cores to use; default: all. Changes no number.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
MOST_REASONS = 3
BESIDE_PLAN = {"plan", "out", "kept", "cores", "as_json"}
"""Options that change no number, and so may be given together with a plan."""


def test(
    context: typer.Context,
    dyad: Dyad = "USA-CHN",
    claims: Claims = None,
    plan: Annotated[
        Path | None, typer.Option("--plan", help="Carry out this frozen plan, exactly (`forecast plan new`).")
    ] = None,
    as_of: AsOf = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of the report.")] = Path("hypotheses"),
    events: Events = None,
    counts: Counts = None,
    index: Index = None,
    mapping: Mapping = None,
    frequency: Frequency = "month",
    half_lives: HalfLives = None,
    simulations: Annotated[
        int | None, typer.Option("--simulations", help="Simulated records an alternative for the power; 0 for none.")
    ] = None,
    sensitivity: Annotated[
        bool, typer.Option("--sensitivity/--no-sensitivity", help="Go through other codings, eras and priors.")
    ] = True,
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

    With --plan the run is planned: it is refused if plan or data have changed since the plan was frozen. Without
    it the run is exploratory, and the page says so.
    """
    from forecast.files import check_writable

    check_writable(out)
    with progress() as tell:
        if plan:
            refuse_beside_plan(context)
            from forecast.hypotheses.plan import read_plan
            from forecast.hypotheses.run import gathered

            chosen = read_plan(plan)
            data = gathered(chosen)
        else:
            tell("gathering the data", 0, 0)
            data, chosen = ordered(
                dyad, claims, as_of, source(events, counts, index, mapping), frequency, half_lives=half_lives,
                simulations=simulations, sensitivity=sensitivity, seed=seed, draws=draws, tune=tune, chains=chains,
            )  # fmt: skip
        tell("loading the libraries", 0, 0)
        from forecast.hypotheses import run_tests

        results = run_tests(chosen, data=data, kept=kept, cores=cores, progress=tell)
        tell("writing the report", 0, 0)
        from forecast.report import write_tests

        page = write_tests(results, out)
    if as_json:
        typer.echo((page.parent / "tests.json").read_text("utf-8"))
    else:
        _print(results, page)
    if not results.converged:
        first, more = results.reasons[:MOST_REASONS], len(results.reasons) - MOST_REASONS
        others = f"; and {more} more, under Diagnostics on the page" if more > 0 else ""
        raise NotConverged(
            f"NOT CONVERGED: do not use these numbers. {'; '.join(first)}{others}. Take more --draws and --tune"
        )


def power(
    dyad: Dyad = "USA-CHN",
    claim: Annotated[str, typer.Option("--claim", help="Code of the claim whose test is tried.")] = "S5",
    half_lives: HalfLives = None,
    simulations: Annotated[int, typer.Option("--simulations", help="Simulated records an alternative.")] = 200,
    kept: Annotated[
        Path | None,
        typer.Option("--kept", help="File of what is done; with it, the same command goes on. Default: by the dyad."),
    ] = None,
    as_of: AsOf = None,
    events: Events = None,
    counts: Counts = None,
    index: Index = None,
    mapping: Mapping = None,
    frequency: Frequency = "month",
    seed: Seed = 1,
    draws: Draws = None,
    tune: Tune = None,
    chains: Chains = None,
    cores: Cores = None,
    as_json: Json = False,
) -> None:
    """Simulate how often the test of a claim would find what is there, and how often what is not.

    Records are simulated at the dyad's own length and density. Each is kept as soon as it is done: after an
    interruption the same command goes on where it stopped.
    """
    import os

    from forecast.hypotheses.registry import parse_claims

    codes = parse_claims(claim)
    if len(codes) != 1:
        raise SpecError(f"--claim: got {claim}; give one claim, such as S5")
    with progress() as tell:
        tell("gathering the data", 0, 0)
        data, plan = ordered(
            dyad, codes[0], as_of, source(events, counts, index, mapping), frequency, half_lives=half_lives,
            simulations=simulations, seed=seed, draws=draws, tune=tune, chains=chains,
        )  # fmt: skip
        kept = kept or Path(f"power-{data.dyad}.jsonl")
        say(f"Simulations are kept in {kept} as they are done; interrupted, the same command goes on from there.")
        tell("loading the libraries", 0, 0)
        from forecast.hypotheses.power import power as simulate
        from forecast.hypotheses.run import make_candidates

        candidates = make_candidates(plan, data, cores=cores, progress=tell)
        found = simulate(
            candidates, codes[0], plan.half_lives, plan.simulations,
            kept=kept, cores=cores or os.cpu_count() or 1, progress=tell,
        )  # fmt: skip
    if as_json:
        _echo(found)
    else:
        _print_power(found)


def source(events: Path | None, counts: Path | None, index: Path | None, mapping: Path | None) -> "Source":
    """Make the source of the data from the options that name them.

    Raises
    ------
    SpecError
        If more than one table is named, or a table and its mapping are not given together.
    """
    from forecast.sources import Source

    named = {"events": events, "counts": counts, "index": index}
    given = {kind: str(path) for kind, path in named.items() if path}
    if len(given) > 1:
        raise SpecError(f"--{', --'.join(given)}: two sources at once; give one of them")
    if not given:
        if mapping:
            raise SpecError("--mapping: says how to read --events, --counts or --index, which is missing; give both")
        return Source()
    ((kind, path),) = given.items()
    if kind == "events" and not mapping:
        return Source(path=path)
    if not mapping:
        raise SpecError(f"--{kind}: a mapping must say where the table's fields stand; give --mapping as well")
    return Source(kind=kind, path=path, mapping=str(mapping))


def ordered(
    dyad: str, claims: str | None, as_of: str | None, source: "Source", frequency: str, **choices: Any
) -> "tuple[Data, Plan]":
    """Gather the data and make the plan that the options ask for; a choice that is None is the plan's default.

    Raises
    ------
    SpecError, DataError, UnknownDyadError
        If what is asked for makes no sense.
    """
    from forecast.dates import parse_date
    from forecast.hypotheses.plan import new_plan, require_answerable
    from forecast.hypotheses.registry import CLAIMS, need_other_dyads, parse_claims
    from forecast.sources import gather

    if frequency not in ("month", "week"):
        raise SpecError(f"--frequency: got {frequency!r}; expected month or week")
    codes = parse_claims(claims) if claims else ()
    data = gather(
        source, dyad, as_of=parse_date(as_of, "as-of") if as_of else None, frequency=frequency,  # type: ignore[arg-type]
        others=need_other_dyads(codes or CLAIMS),
    )  # fmt: skip
    require_answerable(codes, data)
    given = {name: tuple(value) if name == "half_lives" else value for name, value in choices.items() if value}
    given |= {name: choices[name] for name in ("sensitivity", "simulations", "seed") if choices.get(name) is not None}
    return data, new_plan(data, source, claims=codes, **given)


def refuse_beside_plan(context: typer.Context) -> None:
    """Refuse options that would change what a plan says.

    Raises
    ------
    SpecError
        If there is one.
    """
    sources = {option: context.get_parameter_source(str(option.name)) for option in context.command.params}
    written = [option for option, source in sources.items() if source is not None and source.name == "COMMANDLINE"]
    if given := [option.opts[0] for option in written if option.name not in BESIDE_PLAN]:
        raise SpecError(f"{', '.join(given)}: the plan says this already; leave it out, or make a new plan")


def say(message: str) -> None:
    """Say something on the terminal's error stream, beside what is printed for programs."""
    from rich.console import Console
    from rich.markup import escape

    Console(stderr=True, highlight=False, soft_wrap=True).print(f"[dim]{escape(message)}[/]")


def _print(results: "Results", page: Path) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from forecast.report.tests_page import headline
    from forecast.report.verdict_words import deciding, power_words

    colors = {"supported": "green", "refused": "red", "undecided": "yellow"}
    console = Console(highlight=False)
    console.print(f"[bold]{escape(headline(results))}[/]\n")
    shown = Table("", "claim", "answer", "what decides", "power", box=None, padding=(0, 2, 1, 0))
    for verdict in results.verdicts:
        answer = f"[{colors[verdict.answer]}]{verdict.answer}[/]"
        decides = escape("\n".join(deciding(verdict)))
        shown.add_row(verdict.code, escape(verdict.claim), answer, decides, escape(power_words(verdict.power)))
    console.print(shown)
    for note in results.notes:
        console.print(f"[yellow]{escape(note)}[/]")
    minutes = sum(results.seconds.values()) / 60
    console.print(f"{escape(str(page))}\n[dim]{results.stamp}; {minutes:.1f} minutes in all[/]", soft_wrap=True)


def _print_power(found: "Power") -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from forecast.report.verdict_words import power_grid

    console, grid = Console(highlight=False), power_grid(found)
    shown = Table(box=None, padding=(0, 2, 0, 0))
    for name, right in grid["columns"]:
        shown.add_column(name, justify="right" if right else "left")
    for row in grid["rows"]:
        shown.add_row(*map(escape, row))
    console.print(shown)
    console.print(f"\n{escape(found.words)}")


def _echo(found: "Power") -> None:
    import json

    from forecast.outlook import plain

    typer.echo(json.dumps(plain(found), indent=2, allow_nan=False))
