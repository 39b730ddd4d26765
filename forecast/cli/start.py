"""`forecast dyads`, `init`, `open` and `help`: embedded dyads, your own data, pages, manual."""

import re
import shlex
import webbrowser
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer

import forecast
from forecast.base.errors import DataError, OutputPathError, SpecError
from forecast.base.escaping import printable
from forecast.base.files import write_text
from forecast.base.resources import manual
from forecast.base.wording import join
from forecast.cli.help_text import with_examples
from forecast.cli.options import JsonOption
from forecast.cli.terminal import console, echo_json, say, table, table_of_rows

EXAMPLE = Path(__file__).parent / "example"
"""Files of a folder for data of one's own."""


@with_examples("dyads")
def dyads(
    as_json: JsonOption = False,
) -> None:
    """List the embedded dyads: code, name, events, coverage, fitted together or alone.

    Rows beyond the coverage are announced or later: `forecast events show` has them. A forecast
    counts them only on days that --covered-to states to be complete, and says so.
    """
    from forecast.data.panel import summarise

    summary = summarise(forecast.read_chronology()).set_index("dyad")
    labels = forecast.read_dyads().loc[summary.index]
    rows = [
        {
            "dyad": code,
            "name": labels.at[code, "label"],
            "events": int(row["events"]),
            "since": f"{row['start']:%Y-%m-%d}",
            "through": f"{row['last_even']:%Y-%m-%d}",
            "fitted": "together" if labels.at[code, "hierarchy"] == "yes" else "alone",
            "announced": int(row["announced"]),
        }
        for code, row in summary.iterrows()
    ]
    if as_json:
        echo_json(rows)
        return
    console().print(
        table_of_rows(
            [{name: cell for name, cell in row.items() if name != "announced"} for row in rows]
        )
    )
    later = [f"{row['dyad']} {row['announced']}" for row in rows if row["announced"]]
    if later:
        typer.echo(
            "Rows after the last covered day are announced or later, and not counted before "
            f"--covered-to states their days to be complete: {join(later)}."
        )


@with_examples("init mine")
def init(
    folder: Annotated[
        Path, typer.Argument(help="A folder, which is made if it is missing.", metavar="FOLDER")
    ],
) -> None:
    """Make a folder for your own events: events.csv and mapping.yaml, both to be edited.

    Nothing is overwritten.
    """
    events, mapping = folder / "events.csv", folder / "mapping.yaml"
    for path in (events, mapping):
        if path.exists():
            raise OutputPathError(f"{path} exists; choose another folder, or remove it")
    following = (
        f"forecast report --events {shlex.quote(str(events))} --mapping {shlex.quote(str(mapping))}"
    )
    for path in (events, mapping):
        write_text(path, (EXAMPLE / path.name).read_text("utf-8"))
    typer.echo(printable(f"{events}: replace the example rows with your events."))
    typer.echo(
        printable(
            f"{mapping}: states which column holds what; change it for a table of another form."
        )
    )
    typer.echo(printable(f"Next: {following}"))


@with_examples("open", "open report/USA-CHN-2026-06-13")
def open_page(
    page: Annotated[
        Path | None,
        typer.Argument(
            help="A page or its folder. Default: the last page written in this folder.",
            metavar="PAGE",
        ),
    ] = None,
) -> None:
    """Open a page in the browser, and print its path."""
    if page is None:  # the one in this folder, or up to three folders below, that was written last
        pages = [path for depth in range(4) for path in Path().glob(f"{'*/' * depth}index.html")]
        written = [path for path in pages if path.with_name("manifest.json").is_file()]
        if not written:
            raise DataError(
                "There is no page in this folder. Make one, such as with `forecast report USA-CHN`"
            )
        page = max(written, key=lambda path: path.stat().st_mtime)
    path = page / "index.html" if page.is_dir() else page
    if not path.is_file():
        raise DataError(f"{path} does not exist. Check the path.")
    typer.echo(printable(str(path)))
    if not webbrowser.open(path.resolve().as_uri()):
        say("There is no browser here; open the file by hand.")


@with_examples("help", "help events")
def help_topic(
    topic: Annotated[
        str | None, typer.Argument(help="Default: list the topics.", metavar="TOPIC")
    ] = None,
) -> None:
    """Show a page of the manual: data, models, questions, file formats."""
    pages = manual()
    if topic is None:
        titles = {
            name: page.read_text("utf-8").partition("\n")[0].removeprefix("# ")
            for name, page in pages.items()
        }
        console().print(table(["topic", "page"], titles.items()))
        return
    if topic not in pages:
        near = join(get_close_matches(topic, pages, 3), "or")
        guess = f" Did you mean {near}?" if near else ""
        raise SpecError(f"TOPIC: there is no page {topic!r:.60}.{guess} `forecast help` lists all")
    from rich.markdown import Markdown

    # of the site
    text = re.sub(
        r"^```\{toctree\}.*?^```$", "", pages[topic].read_text("utf-8"), flags=re.M | re.S
    )
    console().print(Markdown(text, hyperlinks=False))
