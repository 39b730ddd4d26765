"""The page: what it says, that it says it safely, and that it says so when it must not be used."""

import re
from dataclasses import replace
from datetime import date

import pytest

from forecast.data.events.tables import shown_reference
from forecast.outlook import NotDefined, printed_percents
from forecast.report.events import UNCHECKED_NOTE
from forecast.report.material import gather
from forecast.report.page import illustrations, page
from tests.made import consistent
from tests.pages import without_own_script

from .conftest import (
    FAILED,
    SCRIPT,
    Reader,
    assessed,
    index_of,
    made_events,
    render_page,
    report_json,
    reported_fit,
)


@pytest.fixture(scope="module")
def read(html):
    return Reader(html)


def test_title_verdict_and_headline_are_those_of_the_json(fit, assessment, read, html):
    headline = report_json(fit, assessment)["headline"]
    assert headline == assessment.headline
    assert headline in read.text
    assert f"<h1>{assessment.title}</h1>" in html.replace("\N{NO-BREAK SPACE}", " ")
    assert len(assessment.title.replace(" %", "%").split()) <= 15
    assert assessment.verdict in read.text


def test_the_level_comes_second_as_an_estimate_without_decimals(assessment, read):
    level = assessment.standing.level
    stands = re.search(
        r"is about (\d+) of 100, an estimate, about ±(\d+) points \(90%\)", read.text
    )
    assert [int(shown) for shown in stands.groups()] == [
        round(level.median),
        round((level.high - level.low) / 2),
    ]
    assert read.text.index(assessment.headline) < stands.start()


def test_every_chance_of_what_will_be_recorded_has_its_rule_folded_away(assessment, html):
    folded = re.search(
        r'<details id="resolution">\s*<summary>All numbers, and how each is resolved</summary>(.*?)</details>',
        html,
        re.S,
    )[1]
    for window in assessment.recorded.values():
        assert window.rule in Reader(folded).text
    assert "Monte Carlo" in folded
    first = html[html.index('<h2 id="chances">') : html.index("<summary>All numbers")]
    assert "Monte Carlo" not in first and "±" not in first


def test_the_share_asked_for_is_the_headline_and_a_row(fit):
    asked = assessed(fit, above=60.0)
    html = render_page(fit, asked).replace("\N{NO-BREAK SPACE}", " ")
    assert f"<h1>{asked.title}</h1>" in html and "chance of at least 60% cooperative" in asked.title
    assert asked.threshold[12].sentence in Reader(html).text
    assert asked.recorded[12].sentence in Reader(html).text and "At least 60%" in html
    by = assessed(fit, above=60.0, by=date(2026, 6, 30))
    html = render_page(fit, by)
    assert (
        by.headline in Reader(html).text
        and "A month up to June 2026: at least 60%" in Reader(html).text
    )
    assert "At least 60%" not in html


def test_the_page_loads_nothing(html, read):
    assert "<script" not in without_own_script(html).lower()
    assert not read.named("link") and not read.named("iframe")
    loaded = [attributes.get("src") or attributes.get("srcset") for _, attributes in read.tags]
    assert all(address.startswith("data:image/svg+xml;base64,") for address in loaded if address)
    style = re.search(r"<style>(.*?)</style>", html, re.S)[1]
    assert "url(" not in style and "@import" not in style
    assert len(html) < 3_000_000


def test_every_figure_has_its_numbers_in_words(read, figures):
    images = read.named("img")
    assert len(images) == len(figures) == 10
    for image in images:
        assert image["role"] == "img"
        assert len(image["alt"]) > 80 and re.search(r"\d", image["alt"])


def test_every_caption_of_an_interval_says_its_kind(figures):
    for name, figure in figures.items():
        if name not in ("bars", "recorded"):
            assert "90% equal-tailed" in figure.caption + figure.alt, name


def test_hostile_text_is_shown_and_not_run(html, read):
    assert "<script" not in without_own_script(html).lower()
    assert SCRIPT in read.text
    assert not any("javascript:" in (link.get("href") or "") for link in read.named("a"))


def test_hostile_text_leaves_figures_that_open(figures):
    from xml.etree import ElementTree

    for figure in figures.values():
        for svg in (figure.wide, figure.narrow):
            ElementTree.fromstring(svg)


def test_links_go_to_references_only(read):
    links = [link["href"] for link in read.named("a")]
    outside = {link for link in links if not link.startswith("#")}
    assert outside == {
        "https://www.example.org/a",
        "https://example.org/b?c=1",
        "forecast.json",
        "levels.csv",
    }
    targets = {attributes["id"] for _, attributes in read.tags if "id" in attributes}
    assert {link[1:] for link in links if link.startswith("#")} <= targets


def test_what_was_not_looked_up_is_no_link_and_is_explained(fit, assessment, read):
    assert UNCHECKED_NOTE not in read.text
    table = made_events()
    unchecked = table.events["reference"].map(shown_reference)
    shown = Reader(
        render_page(
            fit, assessment, events=replace(table, events=table.events.assign(reference=unchecked))
        )
    )
    assert {link["href"] for link in shown.named("a") if "example.org" in link["href"]} == set()
    assert "(unchecked: https://www.example.org/a)" in shown.text
    assert "unchecked: https://example.org/b?c=1" in shown.text
    assert (
        shown.text.count(UNCHECKED_NOTE) == 2
    )  # with the numbered events, and with those of the last year


def test_what_was_known_later_is_not_told(read):
    assert "Sanctions are imposed" in read.text
    assert "Known only later" not in read.text


def test_a_joint_act_is_told_once(fit, assessment):
    shown = gather(fit, assessment, made_events(), (), None)
    assert list(shown.named["cameo"]).count("042") + list(shown.named["cameo"]).count("043") == 1


def test_chances_add_up_as_printed(assessment, read):
    for outlook in assessment.improvement.values():
        parts = printed_percents(outlook)
        assert parts["improvement"] + parts["stability"] + parts["deterioration"] == 100
        assert parts["technical"] + parts["structural"] == parts["improvement"]


def test_every_claim_is_in_the_appendix_with_its_numbers_named(assessment, read):
    for claim in assessment.claims:
        assert f"{claim.code}. {claim.title}" in read.text
        assert claim.sentence in read.text
    assert not re.search(r"\b[a-z]+_[a-z]+\b", read.text), "a raw variable name"


def test_a_fit_that_failed_is_stamped_everywhere(fit, assessment, events, others):
    material = gather(fit, assessment, events, others, FAILED)
    figures = illustrations(material)
    html = page(material, figures).html()
    read = Reader(html)
    assert read.text.strip().startswith("NOT CONVERGED: US-China")
    assert FAILED.reasons[0] in read.text
    assert '@top-center { content: "NOT CONVERGED' in html
    assert any(attributes.get("class") == "every-page" for attributes in read.named("div"))
    assert all(
        "NOT CONVERGED" in figure.wide and "NOT CONVERGED" in figure.narrow
        for figure in figures.values()
    )
    assert all(image["alt"].startswith("NOT CONVERGED") for image in read.named("img"))


def test_a_fit_that_passed_is_not_stamped(read, html):
    assert "NOT CONVERGED" not in html
    assert "convergence checks passed" in read.text


KINDS = {
    "no cycle": {"trend": "walk", "cycle": "none"},
    "free walk": {"trend": "walk", "cycle": "none", "ceiling": "none"},
    "pendulum": {"trend": "constant", "ceiling": "none"},
    "weekly": {"frequency": "week", "dyads": ("USA-CHN",)},
    "one era": {"dyads": ("USA-CHN",), "eras": {"USA-CHN": (("all", 0),)}},
    "short": {
        "months": 30,
        "dyads": ("USA-CHN",),
        "eras": {"USA-CHN": (("before", -9), ("now", 20))},
    },
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_model_does_not_have_is_said_with_its_reason(kind):
    fit = reported_fit(chains=2, draws=40, **KINDS[kind])
    assessment = assessed(fit, horizons=(1, 6))
    others = [
        assessed(fit, str(dyad), horizons=(1, 6)) for dyad in fit.panel["dyad"].to_numpy()[1:2]
    ]
    read = Reader(render_page(fit, assessment, events=made_events(), others=others, drawn=True))
    absent = [
        part
        for part in (assessment.band, assessment.last_break, assessment.contrast)
        if _absent(part)
    ]
    for part in [*absent, *([room] if _absent(room := assessment.frameworks.headroom) else [])]:
        assert part.reason in read.text
    assert ("figure-dyads" in str(read.tags)) == bool(others)
    assert not re.search(r"\bnan\b|\bNone\b|NotDefined", read.text)


def _absent(part):
    return isinstance(part, NotDefined)


def test_an_index_without_events_has_its_page():
    fit = index_of(reported_fit(dyads=("USA-CHN",), draws=40))
    read = Reader(render_page(fit, assessed(fit), drawn=True))
    assert "The data are an index, which hold no single events" in read.text
    assert "counts no actions" in read.text
    assert (
        "All numbers, and how each is resolved" not in read.text
        and "they now stand at about" in read.text
    )
    assert "a position (50 at the record's mean)" in read.text
    assert "“Higher” means that the mean position of the index over these months" in read.text
    for words in (
        "Coded events",
        "Events counted",
        "A chronology is chosen",
        "cooperative actions",
        "Events not known",
        "dyads",
    ):
        assert words not in read.text


def test_counts_are_named_as_such_with_their_own_kinds():
    made = reported_fit(dyads=("USA-CHN",), draws=40)
    names = [f"kind {place}" for place in range(made.panel.sizes["class"])]
    panel = made.panel.assign_coords(class_name=("class", names)).assign_attrs(
        scale="my counts", unit="row"
    )
    fit = type(made)(made.posterior, panel, made.spec)
    read = Reader(render_page(fit, assessed(fit)))
    assert f"from kind 0 to {names[-1]}" in read.text
    assert "The data are counts, which hold no single events" in read.text
    for words in ("Coded events", "binding commitment", "A chronology is chosen"):
        assert words not in read.text


def test_the_end_of_the_record_is_told():
    fit = reported_fit(dyads=("USA-CHN",), draws=40)
    fit.panel["covered"][..., -3:] = False
    fit = replace(fit, panel=consistent(fit.panel))
    read = Reader(render_page(fit, assessed(fit), events=made_events()))
    assert (
        "Coverage ends in September 2024" in read.text
        and "coverage of this dyad ends in September 2024" in read.text
    )


def test_a_dyad_that_was_fitted_alone_is_compared_with_nobody():
    alone = reported_fit(dyads=("USA-CUB",), eras={"USA-CUB": (("first", 0), ("second", 200))})
    text = Reader(page(gather(alone, assessed(alone, "USA-CUB"), None, [], None), {}).html()).text
    assert (
        "USA-CUB relations were fitted alone, so there are no others to compare them with." in text
    )
    assert "US-Russia is not part of this fit" not in text.split("The theory's claims, answered")[0]
    assert "USA-CUB alone" in text


def test_chances_never_read_as_certain(assessment, read):
    assert not re.search(r"\b(?:0|100)%|\b0\.0%|100\.0%", read.text.split("Limits: R-hat")[0])


def test_figures_are_numbered_in_order(read):
    captions = re.findall(r"Figure (\d)\. ", read.text)
    assert captions == [str(place) for place in range(1, 10)]


def test_claims_about_the_us_and_china_are_not_made_of_others(fit, assessment):
    def text(dyad):
        return Reader(page(gather(fit, assessed(fit, dyad), None, [], None), {}).html()).text

    ours, theirs = text("USA-CHN"), text("USA-RUS")
    assert (
        "getting worse for more than five years, since 2018" in ours
        and "essay of October 2023" in ours
    )
    assert not re.search(r"China|Taiwan|essay", theirs)
    assert "The theory: Relations are at the lowest level of their record." in theirs


def test_the_page_of_another_dyad_names_china_only_where_dyads_are_compared(fit, undrawn):
    others = [assessed(fit, dyad) for dyad in ("USA-CHN", "CHN-RUS")]
    material = gather(fit, assessed(fit, "USA-RUS"), made_events("USA-RUS"), others, None)
    html = page(material, illustrations(material)).html(["forecast.json"])
    named = re.compile("China|Chinese|Beijing|Taiwan")
    compared = re.search(r'<figure id="figure-dyads">.*?</figure>', html, re.S)[0]
    assert named.search(compared)
    assert not named.search(Reader(html.replace(compared, "")).text)


def test_the_page_says_which_parameters_are_mostly_prior(fit, assessment):
    page = render_page(fit, assessment)
    assert "Prior and posterior: mostly prior: headroom</summary>" in page
    assert re.search(r">4\.00 \(1\.30 to 12\.6\)</td><td[^>]*>3\.50 \(2\.90 to 4\.40\)</td>", page)


def test_a_past_page_says_how_its_window_resolved(fit, assessment):
    from forecast import read_chronology

    table = read_chronology()
    material = gather(fit, assessment, table, (), None)
    window = assessment.recorded[12]
    own = table.events[table.events["dyad"] == "USA-CHN"]
    assert set(material.followed) == {
        one for one in assessment.recorded if assessment.recorded[one].until.year < 2026
    }
    found = material.followed[12]
    assert found.until == window.until and 0 < found.events <= own["date"].dt.year.eq(2025).sum()
    change = found.share - window.baseline.share
    assert found.outcome == ("up" if change >= 5 else "down" if change <= -5 else "same")
    text = Reader(page(material, {}).html()).text
    assert (
        f"What followed: {found.cooperative} of {found.events} events to December 2025 were cooperative"
        in text
    )
    assert report_json(fit, assessment, events=table)["followed"][0]["months"] == 3
    assert "What followed" not in Reader(render_page(fit, assessment)).text
