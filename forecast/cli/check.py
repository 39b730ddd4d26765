"""`forecast check`: a fit held against the record it was fitted to."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecast.bounds import require_whole
from forecast.cli.options import Json, Seed
from forecast.cli.paths import output
from forecast.cli.progress import progress
from forecast.cli.terminal import escape

if TYPE_CHECKING:
    from forecast.checks import Checks

SHOWN = 8
CHECKED = Path("checks")
"""Where pages stand whose folder is not named."""


def check(
    fit: Annotated[Path, typer.Argument(help="A saved fit, such as report/fit.zarr.")],
    out: Annotated[
        Path | None,
        output("Folder of the page. Default: checks/DYAD-DAY, with a number if there is one of that name."),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="With --out: replace the earlier page that is in the folder.")
    ] = False,
    records: Annotated[int, typer.Option("--records", help="How many records are simulated.")] = 400,
    backtest: Annotated[
        Path | None,
        typer.Option("--backtest", help="Folder of a backtest of the same form of model, for months it had not seen."),
    ] = None,
    seed: Seed = 1,
    as_json: Json = False,
) -> None:
    """Compare a fit's record with records that the fit makes: posterior predictive checks.

    Writes a page, checks.json and checks.csv (docs/checks.md). Exit code 3 if the fit has not converged.
    """
    from forecast.report.folder import CHECKS, chosen_folder, require_place

    require_whole("records", records)
    require_whole("seed", seed)
    require_place(out, CHECKED, CHECKS, [fit, backtest], replace=replace)
    with progress() as tell:
        tell("loading the fit", 0, 0)
        from forecast.checks import check_fit
        from forecast.model import Fit
        from forecast.panel.record import last_known
        from forecast.report import write_checks

        loaded = Fit.load(fit)
        tell("simulating records", 0, 0)
        found = check_fit(loaded, records=records, seed=seed, backtest=backtest)
        tell("writing the page", 0, 0)
        with chosen_folder(out, CHECKED, name_of(loaded.dyads), last_known(loaded.panel)) as folder:
            page = write_checks(loaded, found, folder)
    if as_json:
        typer.echo((page.parent / "checks.json").read_text(encoding="utf-8"))
    else:
        _print(found, page)
    if not loaded.gate.passed:
        raise typer.Exit(3)


def name_of(dyads: list[str]) -> str:
    """Return what the folder of a fit of some dyads is called."""
    return dyads[0] if len(dyads) == 1 else f"{len(dyads)}-dyads"


def _print(found: "Checks", page: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    console.print(f"[bold]{escape(found.finding)}[/]\n")
    shown = Table("check", "numbers", "misses", "expected", box=None, padding=(0, 2, 0, 0))
    for name, kind in found.summary.iterrows():
        shown.add_row(escape(str(name)), f"{kind['numbers']:.0f}", f"{kind['misses']:.0f}", f"{kind['expected']:g}")
    console.print(shown)
    for one in found.ahead:
        console.print(f"\n{escape(one.sentence)}")
    worst = found.misses.head(SHOWN)
    if len(worst):
        console.print("\nThe farthest:")
        for row in worst.to_dict("records"):
            where = row["era"] or row["dyad"]
            told = f"observed {row['observed']:.1f}, simulated {row['mean']:.1f} [{row['low']:.1f}, {row['high']:.1f}]"
            console.print(escape(f"  {where}: {row['what']}: {told}"))
    console.print(f"\n{escape(str(page))}")
