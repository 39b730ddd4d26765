"""`forecast power`: how often the test of a claim would find what is there."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecast.bounds import require_whole
from forecast.cli.options import (
    Archive,
    AsOf,
    Chains,
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
    Json,
    Mapping,
    Seed,
    Tune,
    With,
    plan_from_options,
    say,
    source,
)
from forecast.cli.progress import progress
from forecast.cli.terminal import escape
from forecast.errors import SpecError

if TYPE_CHECKING:
    from forecast.hypotheses.power import Power


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
    datasets: Datasets = None,
    archive: Archive = None,
    feed_setting: FeedSetting = None,
    events: Events = None,
    counts: Counts = None,
    index: Index = None,
    mapping: Mapping = None,
    frequency: Frequency = "month",
    together: With = None,
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
    from forecast.kept import check_kept

    require_whole("cores", 1 if cores is None else cores)
    codes = parse_claims(claim)
    if len(codes) != 1:
        raise SpecError(f"--claim: got {claim}; give one claim, such as S5")
    if kept:
        check_kept(kept, [*(events or []), counts, index, *(mapping or [])])
    with progress() as tell:
        tell("gathering the data", 0, 0)
        data, plan = plan_from_options(
            dyad, codes[0], as_of,
            source(events, counts, index, mapping, None, feed_setting, data=datasets, archive=archive),
            frequency, together,
            half_lives=half_lives,
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


def _print_power(found: "Power") -> None:
    from rich.console import Console
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
