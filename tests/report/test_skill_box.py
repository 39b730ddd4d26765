"""The box “How good has this been?”: what it says, when it says nothing, and that page and JSON say the same."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from forecast.base import resources
from forecast.cli.terminal import print_lines
from forecast.outlook import NotDefined
from forecast.report.material import gather
from forecast.report.page import page, write_report
from forecast.report.skill import dyad as dyad_skill
from forecast.report.skill.box import brier_note, skill_sentence
from forecast.report.skill.dyad import DyadSkill, find_skill, read_skill
from forecast.study.evaluation import Record
from tests.documented import sections
from tests.evaluation.made import MODELS, results_of
from tests.pages import without_own_script

from .conftest import SCRIPT, Reader, assessed, made_events, report_json, reported_fit

EVENTS = made_events()


@pytest.fixture(scope="module")
def fit():
    return reported_fit(dyads=("USA-CHN",), draws=40)


@pytest.fixture(scope="module")
def assessment(fit):
    return assessed(fit)


@pytest.fixture(scope="module")
def skill(fit):
    return skill_of(fit, 0.0)


def skill_of(fit, lead, **kinds):
    """Make the skill of a run that fits the made fit and its events."""
    made = results_of(lead, dyads=("USA-CHN",), spec=vars(fit.spec), **kinds).skill
    digest = Record.of(EVENTS).digests["USA-CHN"]
    return replace(made, choices={**made.choices, "data_by_dyad": {"USA-CHN": digest}})


def changed(skill, **choices):
    return replace(skill, choices={**skill.choices, **choices})


def told(fit, assessment, skill, events=EVENTS):
    found = find_skill(fit, assessment, events, skill)
    assert isinstance(found, DyadSkill), found
    text = Reader(page(gather(fit, assessment, events, (), None, found), {}).html()).text
    box = text[
        text.index("How good has this been?") : text.index(
            "The pendulum", text.index("How good has this been?")
        )
    ]
    assert found.sentence in box
    return found, box


def test_a_benchmark_that_is_better_comes_first(fit, assessment):
    found, box = told(fit, assessment, skill_of(fit, -2.0))
    main = next(one for one in found.horizons if one.months == found.months)
    assert main.best_benchmark.ahead == main.reference.ahead == "other"
    assert found.sentence.startswith(
        "A simple benchmark has been better: on 9 windows of US-China relations"
    )
    assert "worse than the ten-year base rate and the best benchmark." in box


def test_a_model_that_is_better_is_said_to_be(fit, assessment):
    found, box = told(fit, assessment, skill_of(fit, 2.0))
    assert found.horizons[-1].best_benchmark.ahead == "this"
    assert found.sentence == (
        "On 9 windows of US-China relations, 12 months ahead, forecast dates from 2015 on, forecasts like these were "
        "better than the ten-year base rate and the best benchmark."
    )
    assert "simple benchmark" not in box


def test_the_mean_error_is_that_of_the_backtest(fit, assessment, skill):
    found, box = told(fit, assessment, skill)
    ends = [
        f"{row['bias']:.1f} [{row['bias_low']:.1f}, {row['bias_high']:.1f}]".replace(
            "-", "\N{MINUS SIGN}"
        )
        for row in (skill.row(12, period=period) for period in ("2015-", "-2014"))
    ]
    assert (
        f"was {ends[0]} for forecast dates from 2015 on and {ends[1]} for forecast dates up to 2014"
        in found.bias
    )
    assert found.bias in box


def test_what_chance_can_explain_is_not_called_skill(fit, assessment, skill):
    found, box = told(fit, assessment, skill)
    assert "undecided" in {one.best_benchmark.ahead for one in found.horizons}
    assert "not distinguishable from" in box and "simple benchmark" not in box


def test_the_pairs_own_record_stands_with_its_headline(fit, assessment):
    skill = skill_of(fit, 0.0, models={**MODELS, "pool_without_model": True, "no_change": True})
    found = find_skill(fit, assessment, EVENTS, skill)
    row = skill.row(12, dyad="USA-CHN")
    assert f"happened in {row['higher_happened']} of {row['n_moves']} windows" in found.record
    assert (
        f"forecast at {100 * row['lower_said']:.0f}% and happened in {row['lower_happened']}."
        in found.record
    )
    text = Reader(page(gather(fit, assessment, EVENTS, (), None, found), {}).html()).text
    assert (
        text.index(assessment.title)
        < text.index(found.record)
        < text.index("All numbers, and how each is resolved")
    )
    main = next(one for one in found.horizons if one.months == 12)
    assert main.own_benchmarks.code == "pool_without_model" and main.no_change_mae is not None
    assert found.model_worth and found.model_worth in text
    assert (
        report_json(fit, assessment, events=EVENTS, skill=found)["skill"]["record"] == found.record
    )
    unknown = find_skill(
        fit,
        assessment,
        EVENTS,
        replace(
            skill,
            rows=[
                {name: value for name, value in one.items() if name not in ("higher_said", "mae")}
                for one in skill.rows
            ],
        ),
    )
    assert unknown.record == ""  # a file of an earlier version


def test_the_terminal_prints_the_pairs_own_record_above_the_headline(fit, assessment, capsys):
    found = find_skill(fit, assessment, EVENTS, skill_of(fit, 0.0))
    done = SimpleNamespace(
        skill=found, warnings=(), page="index.html", assessment=assessment, gate=fit.gate
    )
    before = " (January to December 2024)"
    own = {"result": assessment, "alone": ""}
    print_lines("report", done=done, skill=skill_sentence(found), baseline=before, **own)
    printed = " ".join(capsys.readouterr().out.split())
    assert printed.index(found.record) < printed.index(assessment.title)
    assert f"the last 12 months{before}." in printed
    print_lines("reports", done=[done], warnings=[], skipped={}, page="index.html")
    assert found.record in " ".join(capsys.readouterr().out.split())
    unknown = SimpleNamespace(**{**vars(done), "skill": NotDefined("for a reason")})
    print_lines("report", done=unknown, skill="", baseline="", **own)
    assert assessment.title in " ".join(capsys.readouterr().out.split())


def test_a_few_windows_are_no_evidence(fit, assessment):
    found, box = told(fit, assessment, skill_of(fit, 2.0, years=range(2020, 2022)))
    assert (
        found.horizons[-1].best_benchmark.ahead == "unknown"
        and found.horizons[-1].best_benchmark.low is None
    )
    assert "On 2 windows" in box and "too few years to be compared" in box


def test_the_box_has_the_numbers_of_the_run(fit, assessment, skill):
    found, box = told(fit, assessment, skill)
    assert [one.months for one in found.horizons] == [3, 12] and found.given_n is False
    for one in found.horizons:
        row = skill.row(one.months, dyad="USA-CHN")
        assert (one.n, one.crps, one.coverage_80, one.brier_up) == tuple(
            row[name] for name in ("n", "crps", "coverage_80", "brier_up")
        )
        assert all(
            text in box
            for text in (f"{row['crps']:.2f}", f"{row['brier_up']:.3f}", f"{row['brier_down']:.3f}")
        )
        assert f"{round(100 * row['coverage_80'])}%" in box
        assert f"{one.best_benchmark.difference:.2f}".lstrip("-") in box


def test_a_backtest_of_a_model_with_a_part_that_is_gone_is_quoted(skill):
    """Its priors of that part were of nothing that is forecast today."""
    tested = {"trend": "reverting", "priors": {"trend_step": [-2.3, 0.3], "gone": 0.5}}
    made = changed(skill, spec=tested)
    assert made.other_choices({"trend": "reverting", "priors": {"trend_step": (-2.3, 0.3)}}) == []
    other = {"trend": "walk", "priors": {"trend_step": (-2.0, 0.3)}}
    assert made.other_choices(other) == ["trend", "priors"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda it: changed(it, dataset="another"),
            "of the dataset another, and this report of chronology. To",
        ),
        (
            lambda it: replace(it, rows=[row for row in it.rows if row["dyad"] != "USA-CHN"]),
            "no scored window of US-China",
        ),
        (lambda it: replace(it, subject="no_cycle"), "not of the published pool"),
        (lambda it: changed(it, eras="none"), "with the given eras"),
        (
            lambda it: changed(it, spec={**it.choices["spec"], "cycle": "band"}),
            "this one differs in cycle",
        ),
        (
            lambda it: changed(it, dyads=["USA-CHN", "CHN-JPN"]),
            "fitted to USA-CHN and CHN-JPN, and this one",
        ),
    ],
)
def test_a_backtest_of_something_else_is_not_quoted(fit, assessment, skill, change, words):
    found = find_skill(fit, assessment, EVENTS, change(skill))
    assert isinstance(found, NotDefined) and words in found.reason
    text = Reader(page(gather(fit, assessment, EVENTS, (), None, found), {}).html()).text
    assert f"Nothing is known of that: {found.reason}" in text
    assert (
        skill_sentence(found) == f"How good such forecasts have been is not known: {found.reason}."
    )


def test_without_a_backtest_it_is_said_how_to_get_one(fit, assessment, monkeypatch):
    monkeypatch.setattr(dyad_skill, "skill_file", lambda: None)
    found = find_skill(fit, assessment, EVENTS)
    assert found.reason.startswith(
        "no backtest comes with this package. To find out: forecast backtest USA-CHN"
    )
    assert read_skill() is None


def test_weeks_and_other_eras_are_not_what_was_tested(fit, assessment, skill):
    weekly = reported_fit(dyads=("USA-CHN",), draws=40, frequency="week")
    assert "by week" in find_skill(weekly, assessed(weekly, horizons=(3,)), EVENTS, skill).reason
    other = replace(fit, provenance={**fit.provenance, "eras": "one era"})
    assert "the eras of this report" in find_skill(other, assessment, EVENTS, skill).reason


def test_other_data_are_said_to_be_other(fit, assessment, skill):
    same, box = told(fit, assessment, skill)
    assert same.same_data is True and "data have changed" not in box
    other, box = told(fit, assessment, changed(skill, data_by_dyad={"USA-CHN": "0"}))
    assert other.same_data is False and "The data have changed since that backtest" in box
    unknown, box = told(fit, assessment, skill, events=None)
    assert (
        unknown.same_data is None
        and "Whether the data are those of that backtest is not known." in box
    )


def test_what_differs_a_little_is_said(fit, assessment, skill):
    found, box = told(
        fit, assessment, changed(skill, improvement=10.0, version="0.0.1", origins=["2025-01-01"])
    )
    assert "Higher and lower were scored for 10 points." in box
    assert "made with version 0.0.1" in box
    assert "scores forecasts of months after this outlook as well" in box
    assert "4 of the backtest's 30 fits had not converged" in box
    assert skill_sentence(found).startswith(found.sentence)


def test_page_and_json_say_the_same(fit, assessment, skill, tmp_path, undrawn):
    found = find_skill(fit, assessment, EVENTS, skill)
    write_report(fit, assessment, events=EVENTS, out=tmp_path, skill=found)
    content = json.loads((tmp_path / "forecast.json").read_text("utf-8"))["skill"]
    assert content["sentence"] == found.sentence
    assert found.sentence in Reader((tmp_path / "index.html").read_text("utf-8")).text
    documented = sections("forecast-json")
    assert documented["Skill"] == list(content)
    assert documented["Skill at a horizon"] == list(content["horizons"][0])
    assert documented["A comparison"] == list(content["horizons"][0]["reference"])
    missing = report_json(fit, assessment, events=EVENTS, skill=NotDefined("for a reason"))
    assert missing["skill"] == {"not_defined": "for a reason"}


def test_hostile_text_is_shown_and_not_run(fit, assessment):
    skill = skill_of(fit, 0.0, models={**MODELS, SCRIPT: True})
    rows = [
        {**row, "against": [{**one, "model": SCRIPT} for one in row["against"]]}
        for row in skill.rows
    ]
    found = find_skill(fit, assessment, EVENTS, replace(skill, rows=rows))
    html = page(
        gather(fit, assessment, EVENTS, (), None, replace(found, sentence=SCRIPT)), {}
    ).html()
    assert "<script" not in without_own_script(html).lower() and SCRIPT in Reader(html).text


def test_the_box_stands_under_the_chances(fit, assessment, skill):
    text = Reader(
        page(
            gather(fit, assessment, EVENTS, (), None, find_skill(fit, assessment, EVENTS, skill)),
            {},
        ).html()
    ).text
    assert text.index("All numbers, and how each is resolved") < text.index(
        "How good has this been?"
    )
    assert text.index("How good has this been?") < text.index(
        "The underlying level, by the model alone: chances"
    )


def test_the_record_of_a_checkout_and_of_a_wheel_are_found(tmp_path, monkeypatch):
    installed, checkout = tmp_path / "site" / "forecast", tmp_path / "clone" / "forecast"
    for package in (installed, checkout):
        package.mkdir(parents=True)
    (installed / "embedded").mkdir()
    (tmp_path / "clone" / "data").mkdir()
    (tmp_path / "clone" / "reports" / "skill").mkdir(parents=True)
    (tmp_path / "clone" / "pyproject.toml").write_text("")
    for package, place in (
        (installed, installed / "embedded"),
        (checkout, tmp_path / "clone" / "reports" / "skill"),
    ):
        monkeypatch.setattr(resources, "_PACKAGE", package)
        assert resources.skill_file() is None
        (place / "skill.json").write_text("{}")
        assert resources.skill_file() == place / "skill.json"


def test_scores_worse_than_saying_50_are_named():
    made = [
        SimpleNamespace(months=3, brier_up=0.2, brier_down=0.26),
        SimpleNamespace(months=12, brier_up=None, brier_down=0.25),
    ]
    note = brier_note(SimpleNamespace(horizons=made))
    assert note == "Always saying 50% has a Brier score of 0.25; “lower” at 3 months did worse."
    made[0].brier_down = 0.24
    assert (
        brier_note(SimpleNamespace(horizons=made)) == "Always saying 50% has a Brier score of 0.25."
    )
