"""What goes out of a report: files of a form that others read, with the numbers of forecast.json."""

import csv
import json
import re
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from commands import faults, shown_commands
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from forecast.base.errors import OutputPathError
from forecast.base.wording import chance, interval, number
from forecast.outlook import NotDefined
from forecast.report import illustration
from forecast.report.material import gather
from forecast.report.page import write_report
from forecast.report.rendering import fill
from forecast.report.sets import DAYS
from forecast.report.table import Table
from forecast.report.tables import (
    WORDS_OF_SUMMARY,
    frames,
    summary,
    tables_of,
    within,
    write_export,
)

from .conftest import FAILED, SCRIPT, assessed, index_of, reported_fit


@pytest.fixture(scope="module")
def report(fit, assessment, others, events, tmp_path_factory):
    out = tmp_path_factory.mktemp("exported")
    write_report(fit, assessment, others=others, events=events, out=out, export=True)
    return out


@pytest.fixture(scope="module")
def said(report):
    return json.loads((report / "forecast.json").read_text("utf-8"))


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def pixels(png):
    """Return the width and height of a PNG, whose checksums and data are whole."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    place, data, size = 8, b"", (0, 0)
    while place < len(png):
        (length,), kind = struct.unpack(">I", png[place : place + 4]), png[place + 4 : place + 8]
        body = png[place + 8 : place + 8 + length]
        assert struct.unpack(">I", png[place + 8 + length : place + 12 + length])[0] == zlib.crc32(
            kind + body
        )
        if kind == b"IHDR":
            size = struct.unpack(">II", body[:8])
        data += body if kind == b"IDAT" else b""
        place += 12 + length
    assert len(zlib.decompress(data)) >= size[0] * size[1]
    return size


# Figures


def test_every_figure_is_there_three_times(report, figures):
    for name, figure in figures.items():
        across, up = pixels((report / f"export/figure-{name}.png").read_bytes())
        box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', figure.wide)
        assert across == (
            840 if name == "dots" else 1800
        )  # nine inches at 200 dots, or 4.2 beside text
        assert up / across == pytest.approx(float(box[2]) / float(box[1]), abs=0.002)
        pdf = (report / f"export/figure-{name}.pdf").read_bytes()
        assert (
            pdf.startswith(b"%PDF-1.") and pdf.rstrip().endswith(b"%%EOF") and b"/FontFile2" in pdf
        )
        assert (report / f"export/figure-{name}.svg").read_text("utf-8") == illustration.titled_svg(
            figure
        )
    captions = (report / "export/captions.txt").read_text("utf-8")
    assert all(figure.caption in captions for figure in figures.values())


def test_a_figure_has_no_date_and_is_the_same_each_time(report, figures):
    for form in ("png", "pdf"):
        drawn = illustration.drawn_as(form, figures["bars"].draw)
        assert drawn == (report / f"export/figure-bars.{form}").read_bytes()
        assert not re.search(rb"CreationDate|ModDate|tIME|D:20\d\d", drawn)


def test_a_stamp_is_on_every_form_of_a_figure(figures):
    plain = figures["headroom"]
    marked = illustration.stamped(plain, "NOT CONVERGED")
    for form in ("png", "pdf"):
        assert illustration.drawn_as(form, marked.draw) != illustration.drawn_as(form, plain.draw)
    assert "NOT CONVERGED" in [text.get_text() for text in marked.draw(illustration.NARROW).texts]


# Tables


LISTS = {
    "recorded": (
        "recorded",
        ("months", "until", "up_value", "share_median", "baseline_cooperative", "events_low"),
    ),
    "level": ("horizons", ("months", "improvement_value", "structural_value", "level_high")),
    "dyads": ("dyads", ("dyad", "label", "level_median")),
    "claims": ("claims", ("code", "title", "sentence")),
}


def lookup(node, column):
    """Return a value by the name of its column."""
    if column in node:
        return node[column]
    key = next(key for key in node if column.startswith(f"{key}_"))
    return lookup(node[key], column.removeprefix(f"{key}_"))


@pytest.mark.parametrize("name", LISTS)
def test_a_table_of_numbers_is_that_of_forecast_json(report, said, name):
    key, columns = LISTS[name]
    rows = rows_of(report / f"export/table-{name}.csv")
    assert len(rows) == len(said[key])
    for row, record in zip(rows, said[key], strict=True):
        assert [row[column] for column in columns] == [
            str(lookup(record, column)) for column in columns
        ]


def test_the_table_of_sets_has_a_row_per_set_and_window(material, said):
    chances = [one / 10 for one in range(len(DAYS))]
    expected = [2 * one for one in chances]
    sets = [
        {"set": name, "chances": chances, "expected": expected, "note": "n"}
        for name in ("clash", "talks")
    ]
    table = frames(material, said | {"sets": sets})["sets"]
    assert table.columns.tolist() == ["set", "days", "chance", "expected", "note"]
    assert table["set"].tolist() == ["clash"] * len(DAYS) + ["talks"] * len(DAYS)
    clash = table[table["set"] == "clash"]
    assert clash["days"].tolist() == list(DAYS)
    assert clash["chance"].tolist() == chances and clash["expected"].tolist() == expected
    assert "sets" not in frames(material, said | {"sets": None})


def test_the_table_of_the_tone_is_that_of_forecast_json(material, said):
    tone = [
        {"months": months, "up": {"value": 0.2}, "tone": {"median": -1.5, "unit": "points"}}
        for months in (3, 12)
    ]
    table = frames(material, said | {"tone": tone})["tone"]
    assert table.columns.tolist() == ["months", "up_value", "tone_median"]
    assert table.to_numpy().tolist() == [[3, 0.2, -1.5], [12, 0.2, -1.5]]


def test_a_table_for_latex_has_its_rows_and_columns(report, material):
    for name, table in tables_of(material).items():
        text = (report / f"export/table-{name}.tex").read_text("utf-8")
        body = re.search(
            r"\\midrule\n(?:.*\\endfoot\n)?(.*?)\n(?:\\bottomrule|\\end\{longtable\})",
            text,
            flags=re.S,
        )
        rows = body[1].split("\n")
        assert len(rows) == len(table.rows)
        assert all(len(re.findall(r"(?<!\\)&", row)) == len(table.heads) - 1 for row in rows), name
        assert sorted(re.findall(r"\\begin\{(\w+)\}", text)) == sorted(
            re.findall(r"\\end\{(\w+)\}", text)
        )
        assert text.count("{") - text.count(r"\{") == text.count("}") - text.count(r"\}")


def test_chances_for_latex_are_those_of_the_page(material, said):
    rows = {row[0]: row[1:] for row in tables_of(material)["recorded"].plain}
    windows = said["recorded"]
    assert rows["Higher"] == [f"{one['percent']['up']}%" for one in windows]
    assert rows["Share then, %"] == [
        interval(*(one["share"][end] for end in ("median", "low", "high"))) for one in windows
    ]
    assert rows["Share before, %"][-1] == (
        f"{windows[-1]['baseline']['share']:.0f} ({windows[-1]['baseline']['cooperative']} of "
        f"{windows[-1]['baseline']['events']})"
    )


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=3), TEXT, TEXT)
def test_nothing_in_a_cell_ends_it(rows, caption, source):
    table = {"table": Table.of(("x", "y"), rows), "name": "a", "caption": caption, "source": source}
    lines = fill("table.tex.j2", table).split("\n")
    assert lines[0].startswith("%") and lines[-2] == r"\end{table}"
    body = lines[lines.index(r"\midrule") + 1 : lines.index(r"\bottomrule")]
    assert len(body) == len(rows)
    for line in body:
        bare = re.sub(r"\\[\\{}$&#%_]", "", line.removesuffix(r" \\"))
        assert bare.count("&") == 1 and not re.search(r"[#%\n]", bare) and line.endswith(r" \\")


def test_what_others_wrote_is_text_in_tables(report):
    recent = rows_of(report / "export/table-recent.csv")
    assert SCRIPT in {row["what"] for row in recent}
    latex = (report / "export/table-recent.tex").read_text("utf-8")
    assert (
        r"\textless{}script\textgreater{}" in latex
        and r"at \$5 and \$6" in latex
        and "<" not in latex
    )


def test_a_formula_of_others_is_no_formula_in_a_table(material, figures, said, tmp_path):
    recent = material.recent.assign(what="=1+1")
    write_export(tmp_path, replace(material, recent=recent), {}, said)
    assert {row["what"] for row in rows_of(tmp_path / "table-recent.csv")} == {"'=1+1"}


# The summary


def parts(text):
    """Return the prose above the table, and the cells of the table by row."""
    blocks = text.split("\n\n")
    table = next(place for place, block in enumerate(blocks) if block.startswith("|"))
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in blocks[table].splitlines()
    ]
    return " ".join(blocks[1:table]), rows


def test_a_summary_has_few_words_and_the_numbers_of_forecast_json(report, said):
    text = (report / "summary.md").read_text("utf-8")
    prose, rows = parts(text)
    assert len(prose.split()) <= WORDS_OF_SUMMARY == 80
    assert said["headline"] in prose and said["level"] in prose
    assert said["rule"] in text
    assert len(rows) == 2 + len(said["recorded"])
    for cells, window in zip(rows[2:], said["recorded"], strict=True):
        percents, share, many = (window[name] for name in ("percent", "share", "events"))
        assert cells[1:4] == [chance(percents[name] / 100) for name in ("down", "same", "up")]
        before = window["baseline"]
        assert (
            cells[4]
            == f"{number(before['share'], 0)} ({before['cooperative']} of {before['events']})"
        )
        assert cells[5:] == [
            interval(one["median"], one["low"], one["high"]) for one in (share, many)
        ]
        assert cells[0].startswith(f"{window['months']} months (to ")
    for file in said["provenance"]["files"]:
        assert file["name"] in text and file["sha256"][:12] in text
    html = MarkdownIt("commonmark").enable("table").render(text)
    assert html.count("<tr>") == 1 + len(said["recorded"]) and html.startswith(
        "<h1>US-China relations, outlook as of"
    )


def test_a_summary_of_a_fit_that_failed_is_stamped(fit, assessment):
    text = summary(gather(fit, assessment, None, (), FAILED))
    assert "NOT CONVERGED" in parts(text)[0]


def test_a_summary_of_an_index_is_about_the_level():
    made = index_of(reported_fit(dyads=("USA-CHN",), draws=40))
    result = assessed(made)
    assert isinstance(result.recorded, NotDefined)
    prose, rows = parts(summary(gather(made, result, None, (), None)))
    assert len(prose.split()) <= WORDS_OF_SUMMARY and result.headline in prose
    ends = ["3 months (to March 2025)", "6 months (to June 2025)"]
    ends += ["12 months (to December 2025)", "24 months (to December 2026)"]
    assert [row[0] for row in rows] == ["Window", "---", *ends]


def test_a_name_from_the_data_is_text_in_a_summary(material):
    text = summary(replace(material, result=replace(material.result, label="<b>|*x*|")))
    assert MarkdownIt("commonmark").render(text).startswith("<h1>&lt;b&gt;|*x*| relations")


@given(st.integers(1, 60), st.lists(st.integers(1, 40), min_size=1, max_size=6))
def test_what_is_kept_of_sentences_is_short_enough(most, lengths):
    sentences = [" ".join(["word"] * length) for length in lengths]
    kept = within(most, sentences)
    assert kept[0] == sentences[0]
    assert len(kept) == 1 or len(" ".join(kept).split()) <= most


# The folder


@pytest.fixture
def quick(figures, monkeypatch):
    """Replace the drawing of figures, where files are what is looked at."""
    from forecast.report import page as report_page

    monkeypatch.setattr(report_page, "illustrations", lambda _: figures)
    monkeypatch.setattr(illustration, "drawn_as", lambda form, draw: form.encode())


def test_without_being_asked_for_nothing_is_exported(fit, assessment, tmp_path, quick):
    write_report(fit, assessment, out=tmp_path)
    assert not (tmp_path / "export").exists() and (tmp_path / "summary.md").exists()


def test_an_export_is_never_of_an_earlier_report(fit, assessment, tmp_path, quick):
    write_report(fit, assessment, out=tmp_path, export=True)
    write_report(fit, assessment, out=tmp_path, gate=FAILED)
    rows = rows_of(tmp_path / "export/table-level.csv")
    assert {row["stamp"] for row in rows} == {"NOT CONVERGED"}
    assert r"\caption{NOT CONVERGED." in (tmp_path / "export/table-level.tex").read_text("utf-8")


def test_what_somebody_keeps_among_the_exported_files_is_left_alone(
    fit, assessment, tmp_path, quick
):
    write_report(fit, assessment, out=tmp_path, export=True)
    (tmp_path / "export/thesis.tex").write_text("years of work")
    with pytest.raises(OutputPathError, match="would be replaced"):
        write_report(fit, assessment, out=tmp_path)
    assert (tmp_path / "export/thesis.tex").read_text() == "years of work"


# The page about it

PAGE = Path(__file__).parents[2] / "docs/exporting.md"


def test_the_commands_of_the_page_are_there():
    assert len(shown_commands(PAGE.read_text("utf-8"))) == 2
    assert faults(PAGE) == []


def test_the_page_names_every_figure_and_table(report):
    page = PAGE.read_text("utf-8")
    for path in (report / "export").iterdir():
        _, _, name = path.stem.partition("-")
        assert f"`{name}`" in page or path.name in page, path.name
    assert {path.suffix for path in (report / "export").iterdir()} == {
        ".svg",
        ".png",
        ".pdf",
        ".csv",
        ".tex",
        ".txt",
    }
