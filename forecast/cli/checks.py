"""`forecast check`: posterior predictive checks of a saved fit."""

from pathlib import Path
from typing import Annotated

import typer

import forecast
from forecast.base.limits import LIMITS
from forecast.cli.help_text import with_examples
from forecast.cli.options import OUTPUT, JsonOption, ReplaceOption, SeedOption, output_path
from forecast.cli.terminal import progress, show, show_result

CHECKED = Path("checks")
"""Default folder of the pages."""


SHOWN = 4
"""Events and numbers that are listed."""


@with_examples("check report/fit.zarr --out checks")
def check(
    fit: Annotated[Path, typer.Argument(help="A saved fit, such as report/fit.zarr.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Folder of the page. Default: checks/DYAD-DAY, with a number if there is one of "
            "that name.",
            parser=output_path,
            metavar="FOLDER",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    replace: ReplaceOption = False,
    records: Annotated[
        int,
        typer.Option(
            "--records",
            help="How many records are simulated.",
            min=LIMITS["records"][0],
            max=LIMITS["records"][1],
        ),
    ] = 400,
    seed: SeedOption = 1,
    as_json: JsonOption = False,
) -> None:
    """Compare a fit's record with records that the fit makes: posterior predictive checks.

    Writes a page, checks.json and checks.csv (`forecast help checks`). Exit code 3 if the fit has
    not converged.
    """
    from forecast.report.folder import CHECKS, chosen_folder, require_report_folder

    require_report_folder(out, CHECKS, [fit], replace=replace, parent=CHECKED)
    with progress("loading the fit") as tell:
        from forecast.data.panel.record import last_known
        from forecast.report.checks_page import numbers_table, summary, write_checks

        loaded = forecast.Fit.load(fit)
        tell("simulating records", 0, 0)
        result = forecast.check_fit(loaded, records=records, seed=seed)
        tell("writing the page", 0, 0)
        name = loaded.dyads[0] if len(loaded.dyads) == 1 else f"{len(loaded.dyads)}-dyads"
        with chosen_folder(out, CHECKED, name, last_known(loaded.panel)) as folder:
            page = write_checks(loaded, result, folder)
    worst, converged = numbers_table(result.misses.head(SHOWN)), loaded.gate.passed
    parts = [summary(result), "The farthest:" if worst.rows else "", worst]
    show_result(
        page,
        "checks.json",
        lambda: show(result.finding, parts, page),
        as_json=as_json,
        converged=converged,
    )
