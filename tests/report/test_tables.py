"""What each table of the page says: the numbers of forecast.json and of the event table, cell by cell."""

import json
import re
from html.parser import HTMLParser

import pandas as pd
import pytest

from forecast.base.wording import chance, count, day, interval, month, number
from forecast.outlook import NotDefined
from forecast.report.events import RULE, recent_events
from forecast.report.page import page

from .conftest import Reader, assessed, render_page, report_json


class Tables(HTMLParser):
    """Tables as rows of cells; a cell is its texts, joined by a blank."""

    def __init__(self, html):
        super().__init__()
        self.rows, self.terms, self._cell, self._section = [], [], None, ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        if tag == "table":
            self.rows.append((dict(attributes).get("class", ""), []))
        elif tag == "tr":
            self.rows[-1][1].append([])
        elif tag in ("td", "th", "dt", "dd"):
            self._cell = []
        elif tag == "section":
            self._section = dict(attributes).get("id", "")

    def handle_endtag(self, tag):
        if tag in ("td", "th", "dt", "dd") and self._cell is not None:
            text = re.sub(r"\s+", " ", " ".join(self._cell)).strip()
            if tag in ("td", "th"):
                self.rows[-1][1][-1].append(text)
            else:
                self.terms.append((self._section, text))
            self._cell = None

    def handle_data(self, data):
        if self._cell is not None:
            self._cell.append(data)

    def named(self, name):
        return [rows for kind, rows in self.rows if kind == name]

    def headed(self, *names):
        return [rows for _, rows in self.rows if rows[0][: len(names)] == list(names)]


@pytest.fixture(scope="module")
def tables(html):
    return Tables(html)


@pytest.fixture(scope="module")
def said(fit, assessment, events, others):
    return json.loads(json.dumps(report_json(fit, assessment, events=events, others=others)))


def test_the_chances_are_those_of_the_json(tables, said):
    _, rows = tables.named("chances")  # after that of past scores
    head, *body = rows
    assert head[1:] == [
        f"{count(one['months'], 'month')} to {end(one['until'])}" for one in said["horizons"]
    ]
    cells = {row[0]: row[1:] for row in body}
    names = {
        "Lower": "deterioration",
        "Similar": "stability",
        "Higher": "improvement",
        "of it technical": "technical",
        "of it structural": "structural",
        "New framework": "new_framework",
    }
    assert list(cells) == [*names, "Share then"]
    for label, name in names.items():
        assert cells[label] == [
            chance(one["percent"].get(name, round(100 * one[name]["value"])) / 100)
            for one in said["horizons"]
        ]
    assert cells["Share then"] == [estimate(one["level"]) for one in said["horizons"]]


def recorded_cells(html):
    (rows,) = Tables(html).named("chances recorded")
    return rows[0][1:], {row[0]: row[1:] for row in rows[1:]}


def test_what_will_be_recorded_is_that_of_the_json(html, said):
    head, cells = recorded_cells(html)
    windows = said["recorded"]
    assert head == [f"{count(one['months'], 'month')} to {end(one['until'])}" for one in windows]
    names = {"Lower": "down", "Similar": "same", "Higher": "up"}
    assert list(cells) == [*names, "Share before, %", "Share then, %", "Recorded then"]
    for label, name in names.items():
        assert cells[label] == [chance(one["percent"][name] / 100) for one in windows]
    before = [one["baseline"] for one in windows]
    assert cells["Share before, %"] == [
        f"{round(one['share'])} {one['cooperative']} of {one['events']}" for one in before
    ]
    for label, name in {"Share then, %": "share", "Recorded then": "events"}.items():
        assert cells[label] == [estimate(one[name]) for one in windows]


def test_the_share_asked_for_has_its_row(fit):
    asked = assessed(fit, above=60.0)
    _, cells = recorded_cells(render_page(fit, asked))
    assert cells["At least 60%"] == [chance(one.chance.value) for one in asked.threshold.values()]


def test_other_answers_are_named_ordered_and_folded(html, tables, said):
    """One page has one answer: the pool's is open, that of the model and that of its level are named and folded."""
    ((_, *body),) = tables.named("chances answers")
    cells = {row[0]: row[1:] for row in body}
    assert list(cells) == [
        f"{name}: {way}"
        for name in ("Published pool", "Model alone", "Underlying level, model alone")
        for way in ("lower", "similar", "higher")
    ]
    for place, (window, level) in enumerate(zip(said["recorded"], said["horizons"], strict=True)):
        for way, name in (("lower", "down"), ("higher", "up")):
            assert whole(cells[f"Published pool: {way}"][place]) == window["percent"][name]
            assert (
                abs(
                    whole(cells[f"Model alone: {way}"][place])
                    - 100 * window["model"][name]["value"]
                )
                < 1.5
            )
        percent = level["percent"]["improvement"]
        assert whole(cells["Underlying level, model alone: higher"][place]) == percent
    assert '<details id="answers">' in html and '<details id="level">' in html
    claims = {one["code"]: one["sentence"] for one in said["claims"]}
    assert all(
        claims[code].startswith("By the model alone, the underlying level")
        or claims[code].startswith("By the model alone, the chance that the underlying level")
        for code in ("S9", "S13")
    )


def test_the_chances_of_a_horizon_add_up_as_printed(tables):
    _, rows = tables.named("chances")  # after that of past scores
    cells = {row[0]: [whole(cell) for cell in row[1:]] for row in rows[1:-1]}
    for worse, same, better in zip(cells["Lower"], cells["Similar"], cells["Higher"], strict=True):
        assert worse + same + better == 100
    for technical, structural, better in zip(
        cells["of it technical"], cells["of it structural"], cells["Higher"], strict=True
    ):
        assert technical + structural == better


def test_each_framework_has_its_numbers(tables, said):
    (rows,) = tables.headed("Framework")
    assert len(rows) == len(said["frameworks"]["eras"]) + 1
    for row, era in zip(rows[1:], said["frameworks"]["eras"], strict=True):
        assert row[0].startswith(f"{era['name']} {era['start'][:4]}")
        assert row[1:] == [estimate(era[name]) for name in ("mean", "equilibrium", "ceiling")]


def test_the_claims_have_the_numbers_of_the_json(tables, said):
    for claim in said["claims"]:
        shown = [text for section, text in tables.terms if section == f"claim-{claim['code']}"]
        assert len(shown) == 2 * len(claim["numbers"])
        for name, text, value in zip(
            shown[::2], shown[1::2], claim["numbers"].values(), strict=True
        ):
            read = float(re.search(r"[\d.]+", text.replace(",", ""))[0])
            size = abs(100 * value if "%" in text and name.startswith("chance") else value)
            assert read == pytest.approx(size, abs=0.11 if "%" in text else 0.051), (
                claim["code"],
                name,
            )


def test_the_events_of_the_last_year_are_rows_of_the_event_table(tables, material):
    (rows,) = tables.headed("Day")
    table = material.events.events
    last = pd.Timestamp(material.as_of)
    within = table[(table["date"] > last - pd.DateOffset(months=12)) & (table["known_at"] <= last)]
    assert [row[2] for row in rows[1:]] == within.sort_values("date", ascending=False)[
        "summary"
    ].tolist()
    assert [row[0] for row in rows[1:]] == [
        day(one) for one in within.sort_values("date", ascending=False)["date"]
    ]
    kinds = recent_events(
        material.events_by_then, str(material.fit.panel.attrs["scale"]), material.as_of
    )
    assert [row[3] for row in rows[1:]] == kinds["kind"].tolist()


def test_diagnostics_are_those_of_the_convergence_checks(tables, said):
    (rows,) = tables.named("diagnostics")
    for row, one in zip(rows[1:], said["convergence_checks"]["quantities"], strict=True):
        assert row[1:] == [
            f"{one['number']:,}",
            number(one["r_hat"], 3),
            number(one["ess_bulk"], 0),
            number(one["ess_tail"], 0),
        ]


def test_the_files_read_are_those_of_the_provenance(tables, said):
    (rows,) = tables.named("files")
    assert rows[1:] == [
        [one["name"], f"{one['rows']:,}", str(one["rejected"]), one["sha256"][:12]]
        for one in said["provenance"]["files"]
    ]


def test_the_named_events_are_listed_with_the_rule_that_chose_them(html, material):
    text = html.replace("&#39;", "'")
    places = [
        text.index(f"{day(row['date'])}</time>: ") for row in material.named.to_dict("records")
    ]
    assert places == sorted(places) and len(places) > 0
    assert RULE in text


def test_what_is_folded_is_diagnostics_data_and_claims(html):
    summaries = re.findall(r"<summary[^>]*>(.*?)</summary>", html)
    assert any("Diagnostics" in one for one in summaries) and any(
        "claims" in one for one in summaries
    )
    open_part = re.sub(r"<details[^>]*>.*?</details>", "", html, flags=re.S)
    assert "chances" in open_part and "figure-share" in open_part and "figure-bars" not in open_part
    assert len(Reader(open_part).text.split()) <= 700
    assert "SHA-256" not in open_part


def test_what_is_not_defined_is_a_dash(material, figures):
    eras = [era for era in material.result.frameworks.eras if isinstance(era.ceiling, NotDefined)]
    (rows,) = Tables(page(material, figures).html()).headed("Framework")
    assert sum(row[3] == "–" for row in rows[1:]) == len(eras)


def estimate(one):
    return interval(one["median"], one["low"], one["high"])


def end(text):
    return month(pd.Timestamp(text))


def whole(cell):
    """Return the whole percents of a cell such as ``34%``; below 1% it is none."""
    return int(re.sub(r"\D", "", cell)) - cell.startswith("<")
