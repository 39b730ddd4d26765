"""`forecast report`: the probability report of a dyad."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecast.cli.progress import progress
from forecast.errors import NotConverged, SpecError

if TYPE_CHECKING:
    from forecast.events import EventTable
    from forecast.pipeline import Report


def report(
    dyad: Annotated[str, typer.Option("--dyad", help="Two states, such as USA-CHN.")] = "USA-CHN",
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            help="Use only what was known by this day, YYYY-MM-DD or YYYY-MM; with --fit, update it to this day. "
            "Default: the last day to which the dyad's record is even.",
        ),
    ] = None,
    horizons: Annotated[str, typer.Option("--horizons", help="Months ahead, such as 3,6,12,24.")] = "3,6,12,24",
    out: Annotated[Path, typer.Option("--out", help="Folder of the report.")] = Path("report"),
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same numbers.")] = 1,
    alone: Annotated[bool, typer.Option("--alone", help="Fit this dyad without the others.")] = False,
    improvement: Annotated[
        float, typer.Option("--improvement", help="Points of share (0 to 100) that count as a change.")
    ] = 5.0,
    since: Annotated[
        str | None, typer.Option("--since", help="Compare with the record from this day; default: data/dyads.csv.")
    ] = None,
    eras: Annotated[
        str,
        typer.Option(
            "--eras",
            help="The dyad's eras: given (data/eras.csv), infer (from breaks in its record; about a minute more) or "
            "none.",
        ),
    ] = "given",
    dynamics: Annotated[
        str,
        typer.Option(
            "--dynamics",
            help="The pull: linear, none (random walk), band (none near the equilibrium), cubic (grows with the "
            "displacement) or oscillator (with momentum).",
        ),
    ] = "linear",
    ceiling: Annotated[
        str,
        typer.Option("--ceiling", help="none, or constant or era, with depth or trend or alone: era+depth."),
    ] = "era+depth",
    shocks: Annotated[str, typer.Option("--shocks", help="normal or student.")] = "normal",
    nodes: Annotated[
        int, typer.Option("--nodes", help="Quadrature nodes of the month noise; busy feeds may need more.")
    ] = 7,
    table: Annotated[
        Path | None, typer.Option("--events", help="Your own table (with --mapping) or chronology folder.")
    ] = None,
    mapping: Annotated[Path | None, typer.Option("--mapping", help="Where the table's fields stand.")] = None,
    fit: Annotated[
        Path | None, typer.Option("--fit", help="Forecast from this saved fit instead of fitting; --as-of updates it.")
    ] = None,
    save_fit: Annotated[bool, typer.Option(help="Save the fit beside the page (about 100 MB).")] = True,
    draws: Annotated[int | None, typer.Option("--draws", help="Kept draws of a chain.")] = None,
    tune: Annotated[int | None, typer.Option("--tune", help="Warm-up draws of a chain.")] = None,
    chains: Annotated[int | None, typer.Option("--chains", help="Chains.")] = None,
    cores: Annotated[int | None, typer.Option("--cores", help="Chains run at once; default: all cores.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print forecast.json for programs.")] = False,
) -> None:
    """Make the report: one HTML page, forecast.json, levels.csv and the fit. Exit code 3 if not converged."""
    from forecast.dates import parse_date, parse_horizons
    from forecast.pipeline import Order, make_report

    order = Order(
        dyad=dyad, as_of=parse_date(as_of, "as-of") if as_of else None, horizons=parse_horizons(horizons), out=out,
        seed=seed, alone=alone, eras=eras, since=parse_date(since, "since") if since else None,
        smallest_improvement=improvement, fit_path=fit, save_fit=save_fit,
        draws=draws, tune=tune, chains=chains, cores=cores,
    )  # fmt: skip
    if fit and alone:
        raise SpecError("--fit: a saved fit has its own dyads; leave out --alone")
    if fit and table and not as_of:
        raise SpecError("--events: with --fit they need --as-of, the day to which the fit is to be updated; give it")
    with progress() as tell:
        events = _events(table, mapping)
        if fit:
            spec = None
        else:
            tell("loading the libraries", 0, 0)
            from forecast.model import PendulumSpec

            spec = PendulumSpec(dynamics=dynamics, ceiling=_ceiling(ceiling), shocks=shocks, nodes=nodes)
        done = make_report(order, table=events, spec=spec, progress=tell)
    if as_json:
        typer.echo((done.page.parent / "forecast.json").read_text())
    else:
        _print(done)
    if not done.gate.passed:
        raise NotConverged(
            "NOT CONVERGED: do not use these numbers. "
            + "; ".join(done.gate.reasons)
            + ". Take more --draws and --tune"
        )


def _ceiling(text: str) -> tuple[str, ...]:
    from forecast.model.spec import parse_ceiling

    return parse_ceiling(text)


def _events(table: Path | None, mapping: Path | None) -> "EventTable | None":
    from forecast.events import read_chronology, read_table

    if table is None:
        if mapping:
            raise SpecError("--mapping: says how to read --events, which is missing; give both")
        return None
    return read_table(table, mapping) if mapping else read_chronology(table)


def _print(done: "Report") -> None:
    from rich.console import Console
    from rich.table import Table

    from forecast.outlook import printed_chances
    from forecast.wording import count, month

    console = Console(highlight=False)
    console.print(f"[bold]{done.assessment.headline}[/]\n")
    shown = Table("by", "better", "technical", "structural", "stable", "worse", box=None)
    for outlook in done.assessment.improvement.values():
        chances = printed_chances(outlook)
        names = ("improvement", "technical", "structural", "stability", "deterioration")
        shown.add_row(month(outlook.until, short=True), *(chances[name] for name in names))
    console.print(shown)
    smallest = count(done.assessment.smallest_improvement, "point")
    console.print(
        f"[dim]better, worse: by at least {smallest} of share; "
        "technical, structural: better without and with a new framework[/]"
    )
    for warning in done.warnings:
        console.print(f"[yellow]{warning}[/]")
    took = ", ".join(f"{step} {seconds:.1f} s" for step, seconds in done.seconds.items())
    console.print(f"\n{done.page}\n[dim]{took}; {sum(done.seconds.values()):.0f} s in all[/]")
