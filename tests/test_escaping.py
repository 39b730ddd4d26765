"""What others wrote does nothing where it is shown.

In a terminal, a spreadsheet, a page, LaTeX, Markdown.
"""

import csv
import json
import re
import unicodedata
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markupsafe import escape
from typer.testing import CliRunner

from forecast.base import files
from forecast.base.escaping import (
    has_controls,
    json_text,
    latex,
    markdown,
    printable,
    spreadsheet_cell,
    web_host,
)
from forecast.cli import app
from forecast.cli.terminal import print_lines
from forecast.data.panel.notes import DataNotes
from forecast.report.events import cited
from forecast.report.rendering import render

MAPPING = (
    "dataset: mine\ncolumns: {date: day, source: from, target: to, cameo: code, summary: text}\n"
)
HOSTILE = [
    "\x1b[31mred",
    "\x9b31m",
    "\x07",
    "\x1b]0;title\x07",
    "a\u202eb",
    "[bold]b[/bold]",
    "[/]",
    "[link=x]y",
    "a\\",
]


def acts(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(
        character
    ) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


@given(st.text(st.characters()))
def test_nothing_printable_acts(text: str) -> None:
    shown = printable(text)
    assert not any(acts(character) for character in shown)
    assert printable(shown) == shown
    if not has_controls(text):
        assert shown == text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_stays_the_same_json(text: str) -> None:
    shown = json_text(json.dumps({"a": text}, ensure_ascii=False, indent=2))
    assert json.loads(shown) == {"a": text}
    assert not any(acts(character) for character in shown if character != "\n")


# What the commands stand for that a text may be written with; any other is not to be in it.
SIGNS = {
    "textbackslash": "\\",
    "textasciitilde": "~",
    "textasciicircum": "^",
    "textless": "<",
    "textgreater": ">",
    "textbar": "|",
    "textasciigrave": "`",
    "char34": '"',
    "$-$": "\N{MINUS SIGN}",
    r"$\infty$": "\N{INFINITY}",
    r"$\times$": "\N{MULTIPLICATION SIGN}",
    "~": "\N{NO-BREAK SPACE}",
    r"\,": "\N{NARROW NO-BREAK SPACE}",
}
TOKEN = re.compile(
    r"\$[^$]*\$|\\([a-z]+[0-9]*)\{\}|\\([{}$&#%_])|\{([\[\]*])\}|\{\}|~|\\,|[^\\{}$&#%_^~<>|`\"\[\]*]"
)


def set_by_latex(code: str) -> str:
    """Return what LaTeX would set; fails at whatever is more than text."""
    text, place = "", 0
    while place < len(code):
        token = TOKEN.match(code, place)
        assert token, f"{code[place:]!r} in {code!r}"
        command, character, grouped = token.groups()
        text += (
            SIGNS[command]
            if command
            else character or grouped or SIGNS.get(token[0], token[0].removeprefix("{}"))
        )
        place = token.end()
    return text


SPECIAL = st.text(
    st.sampled_from(
        "\\{}$&#%_~^<>|`'\"[]*-,a 1\N{MINUS SIGN}\N{INFINITY}\N{NO-BREAK SPACE}!?=+.:@()"
    )
)


@given(st.text() | SPECIAL)
def test_latex_sets_a_text_as_it_is_written(text: str) -> None:
    code = latex(text)
    assert set_by_latex(code) == printable(text)
    # Not drawn together, and no argument of the end of a row.
    assert not re.search(r"--|''|,,", code) and not re.match(r"[\[*]", code)


@given((st.text() | SPECIAL).map(lambda text: " ".join(text.split())))
def test_markdown_shows_a_text_as_it_is_written(text: str) -> None:
    shown = (
        MarkdownIt("commonmark").enable("table").parseInline(f"a {markdown(text)} z")[0].children
        or []
    )
    assert {one.type for one in shown} <= {"text", "text_special"}
    assert "".join(one.content for one in shown) == f"a {printable(text)} z"


@given(st.text() | SPECIAL)
def test_a_cell_of_a_markdown_table_stays_one(text: str) -> None:
    tokens = (
        MarkdownIt("commonmark")
        .enable("table")
        .parse(f"| a | b |\n| --- | --- |\n| {markdown(text)} | z |\n")
    )
    cells = [after.content for one, after in pairwise(tokens) if one.type == "td_open"]
    assert len(cells) == 2 and cells[1] == "z"


@given(st.text())
def test_no_cell_is_a_formula(text: str) -> None:
    assert not re.match(r"\s*[=+\-@\t\r]", spreadsheet_cell(text))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r", " =", "\n@"])
def test_tables_hold_no_formulas(tmp_path: Path, start: str) -> None:
    frame = pd.DataFrame(
        {"text": [f'{start}HYPERLINK("http://x","y")', "plain", "a=b"], "number": [-1.5, 2, 3]}
    )
    files.write_csv(tmp_path / "x.csv", frame)
    with (tmp_path / "x.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[1][0].startswith("'") and rows[1][1] == "-1.5"
    assert [row[0] for row in rows[2:]] == ["plain", "a=b"]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("command", ["check", "show", "json"])
def test_data_do_nothing_to_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, command: str
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    path, mapping = tmp_path / "mine.csv", tmp_path / "mine.yaml"
    mapping.write_text(MAPPING)
    with path.open("w", newline="") as file:
        rows = [["day", "from", "to", "code", "text"], ["2024-05-15", "USA", "CHN", "010", text]]
        csv.writer(file).writerows([*rows, ["2024-05-15", text, "CHN", "010", "a row to reject"]])
    extra = ["--json"] if command == "json" else []
    given = ["show", "--events"] if command == "show" else ["check"]
    result = CliRunner().invoke(
        app, ["events", *given, str(path), "--mapping", str(mapping), *extra]
    )
    assert result.exit_code == 0, result.output
    assert not any(acts(character) for character in result.output if character != "\n")
    if command == "show":
        assert printable(text) in result.output


@pytest.mark.parametrize("text", HOSTILE)
def test_names_of_files_do_nothing_to_a_terminal(text: str) -> None:
    result = CliRunner().invoke(app, ["events", "check", f"{text}.csv"])
    assert result.exit_code == 2
    assert not any(acts(character) for character in result.output if character != "\n")
    assert printable(text) in result.output.replace("\n", "")


def test_a_page_holds_no_control_characters() -> None:
    page = render(
        "base.html.j2",
        {
            "stamp": "a\x00b\x1b\x85\u202e<b>",
            "reasons": ["\x07"],
            "headline": "\x1b",
            "files": [],
            "links": {"\x1b<b>": "a\x07.html"},
            "notes": DataNotes(("\x1b<b>",)),
        },
    )
    assert not any(acts(character) for character in page if character != "\n")
    assert "&lt;b&gt;" in page


@pytest.mark.parametrize(
    "text",
    [
        "https://ex\u0430mple.org/",
        "https://xn--exmple-4nf.org/",
        "https://a.XN--b.org",
        "https://example.org\u202e/gro",
        "https://example.org/\u202egpj.exe",
        "https://exam\u200bple.org",
        "https://user@example.org/",
        "https://a:b@c.org",
        "https://example.org:80@elsewhere.net",
        "//example.org",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://",
        "https:///a",
        "https://example.org\\@elsewhere.net",
        "https://[::1]/",
        "https://\u05d0.org",
        "https://example.org/a b",
        "ftp://example.org",
        "https://example。org/",
        "https://ⓔxample.org",
        "https://example.org:99999999/",
    ],
)
def test_an_address_in_disguise_is_no_link(text: str) -> None:
    assert web_host(text) == "" and cited(text) == text


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://www.example.org/a?b=1#c", "www.example.org"),
        ("http://example.org", "example.org"),
        ("https://example.org:8080/", "example.org"),
        ("https://zh.example.org/即时国际/60224326", "zh.example.org"),
        ("https://example.org?q=%20", "example.org"),
    ],
)
def test_an_address_is_a_link(text: str, host: str) -> None:
    assert web_host(text) == host and f'href="{escape(text)}"' in cited(text)


def test_what_a_line_of_the_terminal_inserts_is_shown_as_it_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = "a [red]b[/] [/bold] :smile: {{ x }} \x1b[31m"
    print_lines(
        "reports",
        soft_wrap=True,
        done=[],
        warnings=[text],
        skipped={text: text},
        page=Path("[b]/index.html"),
    )
    shown = printable(text)
    assert capsys.readouterr().out.splitlines() == [
        shown,
        f"No report on {shown}: {shown}",
        "[b]/index.html",
        "",
    ]
