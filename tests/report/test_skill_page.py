"""The page of a backtest: what it says of who is ahead, and that its numbers are those of its files."""

import json
import re
import zlib
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from forecast.base.errors import DataError, OutputPathError
from forecast.report import illustration
from forecast.report.skill.figures import skill_figures
from forecast.report.skill.findings import comparison, finding
from forecast.report.skill.page import skill_page, write_skill, write_skill_page
from forecast.report.skill.tables import fits_table, overview
from forecast.study.evaluation import Results
from forecast.study.evaluation.skill import REPORTED_ON
from tests.documented import sections, words
from tests.evaluation.made import MODELS, results_of

from .conftest import SCRIPT, Reader


@pytest.fixture(scope="module")
def results():
    return results_of(0.0, summary=SCRIPT)


@pytest.fixture(scope="module")
def html(results):
    return skill_page(results).html()


@pytest.fixture(scope="module")
def read(html):
    return Reader(html)


def said(lead, **kinds):
    skill = results_of(lead, **kinds).skill
    return comparison(skill), finding(skill)


def test_a_model_that_is_ahead_is_said_to_be():
    head, found = said(2.0)
    assert head == (
        "The pool of model and benchmarks was better than the ten-year base rate and the best benchmark, "
        "12 months ahead, forecast dates from 2015 on"
    )
    assert re.search(
        r"18 windows, a mean CRPS of [\d.]+ points: 2\.\d\d points better than the ten-year base",
        found,
    )
    assert re.search(r"\(90% interval \d\.\d\d to \d\.\d\d better\)", found)


def test_a_benchmark_that_is_ahead_is_said_to_be_plainly():
    results = results_of(-2.0)
    head = comparison(results.skill)
    assert "worse than the ten-year base rate and the best benchmark" in head
    assert re.search(r"\(90% interval \d\.\d\d to \d\.\d\d worse\)", finding(results.skill))
    assert set(overview(results.skill, REPORTED_ON, results.skill.subject).rows[-1][1:]) == {
        "2 of 2"
    }


def test_what_chance_can_explain_is_not_called_skill(results):
    assert "not distinguishable from" in comparison(results.skill)
    assert finding(results.skill).count(
        "not distinguishable from"
    ) == 2 and "better" not in finding(results.skill)


def test_too_few_years_are_no_evidence():
    head, found = said(2.0, years=range(2019, 2021))
    assert "tested over too few years to be compared with" in head
    assert "too few years for an interval" in found and "4 windows" in found


def test_a_run_without_a_model_or_without_benchmarks_has_its_page():
    benchmarks = {code: benchmark for code, benchmark in MODELS.items() if benchmark}
    head, _ = said(0.0, models=benchmarks)
    assert head.startswith("The ten-year base rate was")
    alone = results_of(0.0, models={"pendulum": False}, years=range(2016, 2019))
    assert "compared with no benchmark" in comparison(alone.skill)
    assert "figure-calibration" in skill_page(alone).html()


def test_one_dyad_is_not_shown_by_dyad(undrawn):
    page = skill_page(results_of(0.0, dyads=("USA-CHN",))).html()
    assert "figure-dyads" not in page and "figure-benchmarks" in page


def test_origins_for_choices_are_never_called_a_report_of_skill():
    results = results_of(2.0, years=range(2003, 2012))
    assert comparison(results.skill).endswith("forecast dates up to 2014")
    text = Reader(skill_page(results, {}).html()).text
    assert "are made on these forecast dates: not a report of skill" in text


def test_both_periods_are_marked(read):
    assert (
        "Choices are made on forecast dates up to 2014; skill is reported on forecast dates from 2015 on."
        in read.text
    )
    for part in ("All numbers", "Every dyad against every benchmark"):
        assert (
            f"{part}, forecast dates from 2015 on" in read.text
            and f"{part}, forecast dates up to 2014" in read.text
        )


def test_the_numbers_of_the_page_are_those_of_the_file(results, read):
    skill = results.skill
    for row in skill.rows:
        if (
            row["model"] in (skill.subject, skill.model)
            and row["period"] != "all"
            and not row["given_n"]
        ):
            if row["dyad"] == "all":
                assert f"{row['crps']:.2f}" in read.text
            for one in row["against"]:
                form, of_model = one["model"] == "no_cycle", row["model"] == skill.model
                if form != of_model or (form and row["dyad"] != "all"):
                    # forms are compared with the model, over all dyads alone; all others with the
                    # pool
                    continue
                cell = f"{one['difference']:.2f} [{one['low']:.2f}, {one['high']:.2f}]".replace(
                    "-", "\N{MINUS SIGN}"
                )
                assert re.sub(r"\N{MINUS SIGN}(0\.00)", r"\1", cell) in read.text
    row = skill.row(12)
    assert f"{round(100 * row['coverage_80'])}% of {row['n']} windows 12 months ahead" in read.text
    assert (
        f"{row['brier_up']:.3f}" in read.text
        and f"{row['up_parts']['reliability']:.3f}" in read.text
    )


def test_every_number_has_its_n(results, read):
    counted = {f"{row['n']:,}" for row in results.skill.rows if row["model"] == "pool"}
    assert all(re.search(rf"\b{n}\b", read.text) for n in counted)


def test_what_was_not_scored_is_counted(results, read):
    assert "Void windows" in read.text and "Windows not over" in read.text
    assert "4 of the 30 fits of the model had not converged" in read.text
    assert fits_table(results.skill).rows == (("Model", "30", "4"),)


def test_misses_say_what_happened_and_whether_it_was_looked_up(results, read):
    worst = next(miss for miss in results.skill.misses if miss["period"] == REPORTED_ON)
    assert f"Recorded {worst['share']:.0f} ({worst['k']} of {worst['n']} events)" in read.text
    assert "US to China, threat: A note is sent" in read.text
    assert "unchecked: a newspaper" in read.text and "not looked up" in read.text
    assert "ten-year base rate: " in read.text


def test_the_finding_is_in_sight_and_the_rest_is_folded(html, results):
    shown = Reader(re.sub(r"<details>.*?</details>", "", html, flags=re.S)).text
    assert comparison(results.skill) in shown and finding(results.skill) in shown
    for hidden in ("SHA-256", "Reliability", "Void windows", "event counts known"):
        assert hidden in Reader(html).text and hidden not in shown


def test_the_page_loads_nothing_and_runs_nothing(html, read):
    assert "<script" not in html.lower() and not read.named("link") and not read.named("iframe")
    loaded = [attributes.get("src") or attributes.get("srcset") for _, attributes in read.tags]
    assert all(address.startswith("data:image/svg+xml;base64,") for address in loaded if address)
    assert SCRIPT in read.text


def test_no_raw_name_is_shown(read):
    assert not re.search(r"\b[a-z]+_[a-z]+\b", read.text), "a raw variable name"


def test_links_within_the_page_lead_somewhere(read):
    targets = {attributes["id"] for _, attributes in read.tags if "id" in attributes}
    assert {link["href"][1:] for link in read.named("a") if link["href"].startswith("#")} <= targets


def test_nothing_is_wider_than_a_phone(html, read):
    """No element has a width in pixels; tables become cards, or scroll in a box of their own."""
    style = re.search(r"<style>(.*?)</style>", html, re.S)[1]
    assert not re.search(r"(?<![-\w])(?:min-)?width:\s*\d{3,}px", style)
    assert all(
        "width" not in attributes and "style" not in attributes for _, attributes in read.tags
    )
    kinds = [attributes.get("class", "") for attributes in read.named("table")]
    assert all("cards" in kind or "facts" in kind for kind in kinds)
    assert html.count("<source media=") == html.count("<picture>") == 5


def test_figures_hold_their_data(results):
    figures = skill_figures(results)
    assert list(figures) == ["benchmarks", "dyads", "outcomes", "calibration", "forms"]
    for figure in figures.values():
        for svg in (figure.wide, figure.narrow):
            ElementTree.fromstring(svg)
        assert re.search(r"\d", figure.alt) and len(figure.alt) > 80
    changed = skill_figures(results_of(0.3))
    assert all(
        figures[name].wide != changed[name].wide for name in ("benchmarks", "dyads", "forms")
    )


def test_the_page_made_again_from_its_folder_is_the_same(results, tmp_path, undrawn):
    page = write_skill(results, tmp_path / "new")
    first = page.read_bytes()
    assert {path.name for path in page.parent.iterdir()} == {
        "index.html",
        "skill.json",
        "skill.csv",
        "cases.csv.gz",
        "tone.csv.gz",
        "manifest.json",
    }
    page.unlink()
    assert write_skill_page(page.parent) == page
    assert page.read_bytes() == first
    for name in ("skill.json", "skill.csv", "cases.csv.gz"):
        assert f'href="{name}"'.encode() in first
    again = Results.read(page.parent)
    assert comparison(again.skill) == comparison(results.skill)


def test_a_folder_that_holds_something_else_is_left_alone(results, tmp_path, undrawn):
    (tmp_path / "index.html").write_text("mine")
    for write in (lambda: write_skill(results, tmp_path), lambda: write_skill_page(tmp_path)):
        with pytest.raises(OutputPathError, match=r"index\.html is not of a report"):
            write()
    assert (tmp_path / "index.html").read_text() == "mine"
    with pytest.raises(DataError, match=r"is no skill\.json"):
        write_skill_page(tmp_path / "nothing")


def test_finished_origins_stay_where_they_are(results, tmp_path, undrawn):
    (tmp_path / "origins").mkdir()
    (tmp_path / "origins" / "2005-01.pendulum.json").write_text("{}")
    write_skill(results, tmp_path)
    assert (tmp_path / "origins" / "2005-01.pendulum.json").read_text() == "{}"


def test_the_file_has_the_fields_that_are_documented(results, tmp_path):
    content = json.loads(results.write(tmp_path).read_text())
    named = set(re.findall(r"`(\w+)`", words("skill-json")))
    one_each = (content[name][0] for name in ("account", "misses", "without", "rows"))
    for record in (content, content["choices"], *one_each):
        assert set(record) <= named
    row = next(row for row in content["rows"] if row["against"] and row["up_parts"])
    assert set(row["against"][0]) | set(row["up_parts"]) <= named
    assert set(results.cases.columns) <= named
    assert set(sections("skill-json")["rows"]) == set(content["rows"][0])
    assert sections("skill-json")["skill.json"] == list(content)
    assert sections("skill-json")["cases.csv.gz"] == list(results.cases.columns)


def test_hostile_codes_and_labels_are_shown_and_not_run(results):
    skill = replace(results.skill, choices={**results.skill.choices, "dataset": SCRIPT})
    html = skill_page(replace(results, skill=skill), {}).html()
    assert "<script" not in html.lower() and SCRIPT in Reader(html).text


def test_the_page_in_the_repository_says_what_its_numbers_say():
    folder = Path(__file__).parents[2] / "reports" / "skill"
    results = Results.read(folder)
    text = Reader((folder / "index.html").read_text("utf-8")).text
    assert comparison(results.skill) in text and finding(results.skill) in text
    assert results.skill.subject == "pool" and {"pendulum", "pool", "base_rate_10y"} < set(
        results.cases["model"]
    )
    # It is part of every wheel, which compresses it: a seventh of what a wheel may reasonably be.
    assert len(zlib.compress((folder / "skill.json").read_bytes())) < 1_500_000


def test_forecasts_and_outcomes_are_drawn_by_dyad(results):
    figure = skill_figures(results)["outcomes"]
    drawn = figure.draw(illustration.WIDE)
    shown = [on for on in drawn.axes if on.get_visible()]
    assert [on.get_title() for on in shown] == ["US-China", "China-Japan"]
    cases = results.cases.query("model == 'pool' and horizon == 12 and not given_n")
    for on, dyad in zip(shown, ("USA-CHN", "CHN-JPN"), strict=True):
        own = cases[cases["dyad"] == dyad].sort_values("origin")
        said, recorded = (line.get_ydata() for line in on.lines)
        assert said.tolist() == own["mean"].tolist() and recorded.tolist() == own["share"].tolist()
    inside = ((cases["low"] <= cases["share"]) & (cases["share"] <= cases["high"]))[
        cases["dyad"] == "USA-CHN"
    ]
    assert f"US-China: {inside.sum()} of {len(inside)} inside" in figure.alt


def test_the_scores_of_the_tone_have_a_table(results, undrawn, tmp_path):
    free = [row for row in results.skill.rows if not row["given_n"]]
    page = write_skill(
        replace(results, skill=replace(results.skill, tone=free)), tmp_path / "tone"
    ).read_text("utf-8")
    own = page[page.index('<h2 id="tone">') : page.index('<h2 id="misses">')]
    row = next(
        one
        for one in free
        if (one["model"], one["horizon"], one["dyad"], one["period"])
        == ("pool", 12, "all", "2015-")
    )
    assert f"{row['crps']:.2f}" in own and "Goldstein" in own and 'href="#tone"' in page
    assert 'id="tone"' not in write_skill(results, tmp_path / "none").read_text("utf-8")


def test_tables_that_scroll_are_scrolled_by_keyboard_as_well(html):
    scrolling = re.findall(r'<div class="(?:wide|events)"[^>]*>', html)
    assert scrolling
    assert all('tabindex="0"' in one for one in scrolling)
