"""README and docs/skill.md say of skill what skill.json says, and call better what one rule calls better."""

import importlib
import importlib.util
import re
from pathlib import Path

import pytest

from forecast.outlook.ceiling import read_worth, worth_sentence
from forecast.report.skill.sentences import errors_sentence, model_worth
from forecast.study.evaluation import Results
from forecast.study.evaluation.score_tables import reliability_rows, skill_rows, without_dyads
from forecast.study.evaluation.skill import NO_CHANGE, POOL, POOL_WITHOUT_MODEL, Skill
from tests.evaluation.made import MODELS, results_of

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def words():
    spec = importlib.util.spec_from_file_location(
        "skill_words", ROOT / "scripts" / "skill_words.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_documents_hold_what_the_file_says(words):
    told = words.text(Skill.read(ROOT / "reports" / "skill" / "skill.json"))
    for document, parts in told.items():
        path = ROOT / document
        assert words.put(path, parts) == path.read_text("utf-8"), (
            f"{document}: run scripts/skill_words.py --write"
        )


@pytest.mark.parametrize(
    ("document", "start", "stop"),
    [
        ("README.md", "## How good is it", "## Limits"),
        ("docs/skill.md", "## What was found", "## Run it"),
    ],
)
def test_nobody_is_called_better_by_hand(document, start, stop):
    text = (ROOT / document).read_text("utf-8")
    section = text[text.index(start) : text.index(stop)]
    by_hand = re.sub(r"<!-- ([\w -]+) -->.*?<!-- end \1 -->", "", section, flags=re.DOTALL)
    by_hand = re.sub(r"called better or\s+worse only if", "", by_hand)
    found = re.findall(
        r"\b(?:better|worse|best|outperforms?|beats?|(?:is|was|are) (?:ahead|behind))\b", by_hand
    )
    assert not found


def test_the_rule_moves_the_words(words):
    """What is better in one made run is not in another."""
    models = {**MODELS, POOL_WITHOUT_MODEL: True, NO_CHANGE: True}
    plain, ahead, behind = (results_of(lead, models=models).skill for lead in (0.0, 3.0, -3.0))
    few = results_of(3.0, years=range(2019, 2021), models=models).skill
    told = [" ".join(words.readme(one).split()) for one in (ahead, plain, behind, few)]
    for text, verdict in zip(
        told, ("is better than", "not distinguishable from", "is worse than"), strict=False
    ):
        assert f"The pool {'is ' * (verdict[0] == 'n')}{verdict} the ten-year base rate" in text
    assert "better" not in told[-1]


def test_the_committed_cases_give_the_committed_scores():
    """Anybody can recompute the page: rows and differences come from cases.csv.gz alone."""
    results = Results.read(ROOT / "reports" / "skill")
    skill, cases = results.skill, results.cases
    part = cases[(cases["horizon"] == 12) & ~cases["given_n"]]
    known = [row for row in skill.rows if row["horizon"] == 12 and not row["given_n"]]
    assert skill_rows(part, (POOL, skill.model)) == known
    again = without_dyads(part, (POOL, skill.model))
    assert again == [one for one in skill.without if one["horizon"] == 12]
    assert reliability_rows(cases, POOL) == skill.reliability


@pytest.fixture(scope="module")
def committed():
    return Skill.read(ROOT / "reports" / "skill" / "skill.json")


def test_whether_the_model_improves_the_pool_follows_from_the_intervals():
    models = {**MODELS, POOL_WITHOUT_MODEL: True, NO_CHANGE: True}
    ahead, plain, behind = (
        model_worth(results_of(lead, models=models).skill) for lead in (3.0, 0.0, -3.0)
    )
    assert ahead.startswith("The model improves the published share at 3 and 12 months:")
    assert plain.startswith("The model does not yet improve the published share:")
    assert behind.startswith("The model worsens the published share at 3 and 12 months:")
    few = model_worth(results_of(3.0, years=range(2019, 2021), models=models).skill)
    assert few.startswith("Too few years tell whether")
    assert (
        model_worth(results_of(3.0, models={"pendulum": False, "base_rate_10y": True}).skill) == ""
    )


def test_the_committed_pool_is_compared_with_its_own_benchmarks(committed):
    """An independent computation had -.07, -.06, -.04 and .00 points from 2015 on."""
    differences = [
        committed.against(POOL_WITHOUT_MODEL, months)["difference"] for months in (3, 6, 12, 24)
    ]
    assert differences == pytest.approx([-0.07, -0.06, -0.04, 0.0], abs=0.015)
    assert model_worth(committed).startswith("The model does not yet improve the published share:")
    assert not [
        dyad
        for dyad in committed.choices["dyads"]
        for months in (3, 6, 12, 24)
        for other in ("mixture_equal", POOL_WITHOUT_MODEL)
        if committed.lead(other, months, dyad=dyad) != "undecided"
    ]


def test_the_committed_errors_stand_with_those_of_no_change(committed):
    row, unchanged = committed.row(12), committed.row(12, model=NO_CHANGE)
    errors = [row["mae"], unchanged["mae"], row["rmse"], unchanged["rmse"]]
    assert [round(one, 1) for one in errors] == [16.9, 17.7, 21.1, 23.5]
    text = errors_sentence(committed, 12)
    assert all(f"{one:.1f}" in text for one in errors) and "(not distinguishable, " in text


def test_the_committed_record_of_one_pair_and_of_all(committed):
    row = committed.row(12, dyad="USA-CHN")
    assert (row["n_moves"], row["higher_happened"], row["lower_happened"]) == (22, 5, 7)
    assert (round(row["higher_said"], 2), round(row["lower_said"], 2)) == (0.45, 0.23)
    middle = next(
        one
        for one in committed.reliability
        if (one["period"], one["outcome"], one["horizon"], one["low"])
        == ("2015-", "higher", None, 0.4)
    )
    assert (middle["n"], round(middle["said"], 2), round(middle["frequency"], 2)) == (
        428,
        0.50,
        0.39,
    )


@pytest.mark.parametrize("name", ["ceiling_worth", "model_words"])
def test_documents_on_the_model_hold_what_files_and_code_say(name):
    module, documents = (importlib.import_module(f"scripts.{one}") for one in (name, "skill_words"))
    found = (
        module.text()
        if name == "model_words"
        else {
            document: {module.MARKER: text}
            for document, text in module.text(list(read_worth())).items()
        }
    )
    for document, parts in found.items():
        path = ROOT / document
        assert documents.put(path, parts) == path.read_text("utf-8"), (
            f"{document}: run scripts/{name}.py --write"
        )


def test_no_ceiling_is_asked_for_by_the_data():
    """An independent computation had -.5, -1.9, -3.0 and -4.2 for US-China, -.2, -1.0, -2.2 and -3.4 for US-Russia."""
    rows = read_worth()
    assert all(row.converged for row in rows)
    for dyad, expected in {
        "USA-CHN": [-0.5, -1.9, -3.0, -4.2],
        "USA-RUS": [-0.2, -1.0, -2.2, -3.4],
    }.items():
        own = [row for row in rows if row.dyad == dyad]
        assert own[0].prior_median is None and own[0].evidence == 0
        assert [row.evidence for row in own[1:]] == pytest.approx(expected, abs=0.35)
        assert sorted(own, key=lambda row: row.higher, reverse=True) == own
    assert worth_sentence().startswith("The ceiling is a convention that the data do not ask for.")
