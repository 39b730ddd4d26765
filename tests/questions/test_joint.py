"""Joint and conditional questions: what follows from their parts, in simulations, data, ledgers and files."""

import functools
import itertools
import json
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from forecast import AskedEvents, find_set
from forecast.base.dates import add_months
from forecast.base.errors import QuestionError, RareCondition
from forecast.cli import app
from forecast.data.events import read_chronology
from forecast.data.panel import build_panel
from forecast.desk.questions import (
    Ledger,
    TrackRecord,
    answer_question,
    answered,
    append_entries,
    apply_question,
    asked,
    conditional_question,
    joint_question,
    make_event_question,
    make_question,
    question_of,
    read_question,
    resolve_question,
    resolved,
    write_question,
)
from forecast.desk.questions.compound import INDEPENDENT
from forecast.desk.questions.form import TYPES
from forecast.model.fitted import Fit
from forecast.model.spec import spec_for
from forecast.outlook.benchmarks import MEMBERS, forecasters
from forecast.outlook.scenarios import scenario
from forecast.outlook.snapshot import level_now
from forecast.report.ledger_page import open_table, scored_rows, scores_table
from tests.made import unobserved
from tests.questions.conftest import prior_fit
from tests.questions.made import came, made, said

DYADS = ["USA-CHN", "USA-RUS"]
DAY = "2023-10-31"


@functools.cache
def events():
    return read_chronology(dyads=DYADS)


@functools.cache
def panel(day=DAY, *dyads):
    return build_panel(events(), dyads=list(dyads or DYADS), as_of=day, start="2010-01-01")


@functools.cache
def fitted(day=DAY):
    return prior_fit(panel(day))


@functools.cache
def ask(dyad="USA-CHN", day=DAY, **what):
    if "of" not in what:
        return make_question(panel(day, dyad), dyad, **what)
    last = add_months(date.fromisoformat(day), what.get("months", 12))
    asked = AskedEvents(find_set(what["of"]), last, at_least=what.get("at_least", 1))
    return make_event_question(events(), dyad, asked, as_of=date.fromisoformat(day))


HIGHER, OTHER = functools.partial(ask, higher=5), functools.partial(ask, "USA-RUS", higher=5)


@functools.cache
def chance(question, day=DAY):
    return answer_question(fitted(day), question, table=events()).chance.value


PARTS = {
    "two dyads": lambda: (HIGHER(), OTHER()),
    "a dyad": lambda: (HIGHER(), ask(of="violence", at_least=2)),
    "counts": lambda: (ask(of="coercion", at_least=5), ask("USA-RUS", of="visit")),
    "rolling": lambda: (
        ask(above=30, when="by"),
        ask("USA-RUS", lower=2, when="throughout", span=6),
    ),
    "two windows": lambda: (HIGHER(months=6), HIGHER(months=12)),
}


@pytest.mark.parametrize("name", PARTS)
def test_joint_and_conditional_chances_agree_with_those_of_the_parts(name):
    one, other = PARTS[name]()
    both, some = (chance(joint_question([one, other], required=how)) for how in ("all", "any"))
    assert both <= min(chance(one), chance(other)) + 1e-9
    assert both + some == pytest.approx(chance(one) + chance(other), abs=1e-9)
    assert both == pytest.approx(chance(one) * chance(conditional_question(one, other)), abs=1e-9)
    assert both == pytest.approx(chance(joint_question([other, one])), abs=0.01)


def test_more_of_a_kind_is_a_part_of_fewer():
    few, many = (ask(of="coercion", at_least=number) for number in (5, 12))
    assert chance(joint_question([few, many])) == pytest.approx(chance(many), abs=1e-9)
    assert chance(conditional_question(many, few)) == pytest.approx(1, abs=1e-4)


def test_a_joint_chance_is_the_mean_of_the_forecasters():
    parts, found = [HIGHER(), OTHER()], []
    for part in parts:
        yes, _ = apply_question(fitted(), part).simulate(fitted(), published=True)
        whose = forecasters(1, part.dyad, yes.shape)
        found.append(np.array([yes[whose == place].mean() for place in range(len(MEMBERS))]))
    error = 4 * np.sqrt(0.25 / yes.size)
    assert chance(joint_question(parts)) == pytest.approx((found[0] * found[1]).mean(), abs=error)


def test_an_answer_about_several_dyads_says_that_they_are_independent():
    questions = [joint_question(PARTS[name]()) for name in ("two dyads", "a dyad")]
    answers = [answer_question(fitted(), one, table=events()) for one in questions]
    assert INDEPENDENT in answers[0].note and INDEPENDENT not in answers[1].note
    assert answered(answers[0], model=None, converged=True)["note"] == answers[0].note


def test_a_condition_that_hardly_ever_comes_true_is_rejected_with_its_number():
    rare = conditional_question(ask(above=99.5), ask(above=40))
    with pytest.raises(
        RareCondition, match=r"usa-chn-above-99-5.* is true in \d+ of 1?,?\d+ simulations; .* 100"
    ):
        answer_question(fitted(), rare, table=events())


def test_what_is_recorded_of_the_windows_counts():
    day = "2024-04-15"
    parts = HIGHER(months=5), OTHER(months=12)
    question = joint_question(parts)
    answer = answer_question(fitted(day), question, table=events())
    over = resolve_question(panel(day), parts[0]).outcome == "yes"
    assert answer.recorded == 5 and over == (answer.chance.value > 0)
    assert chance(joint_question(parts, required="any"), day) == pytest.approx(
        1.0 if over else chance(parts[1], day)
    )


def test_a_scenario_asks_it_of_the_model_alone():
    put = apply_question(fitted(), joint_question(PARTS["two windows"]()))
    yes, there = put.simulate(fitted())
    found = scenario(fitted(), "USA-CHN", {"nothing": []}, (3,), events=events(), questions=[put])
    chances = [
        one.questions[0].chance.value
        for one in (found.unconditional, found.scenarios[0].conditional)
    ]
    assert chances == pytest.approx([yes.sum() / there.sum()] * 2, abs=1e-9)


OUTCOMES = ("yes", "no", "void", "open")


def expected(kind, one, other):
    """State by hand what follows from two outcomes."""
    both = {one, other}
    if kind == "conditional":
        if one != "yes":
            return "open" if one == "open" and other != "void" else "void"
        return other
    first, last = ("no", "yes") if kind == "all" else ("yes", "no")
    if first in both:
        return first
    return "open" if "open" in both else "void" if "void" in both else last


@pytest.mark.parametrize(("one", "other"), list(itertools.product(OUTCOMES, OUTCOMES)))
@pytest.mark.parametrize("kind", ["all", "any", "conditional"])
def test_the_outcome_follows_from_those_of_the_parts(kind, one, other):
    parts = made("a"), made("b", threshold=60.0)
    question = (
        conditional_question(*parts)
        if kind == "conditional"
        else joint_question(parts, required=kind)
    )
    assert question.outcome([one, other]) == expected(kind, one, other)


SIMULATED = st.lists(
    st.tuples(st.sampled_from(OUTCOMES[:3]), st.sampled_from(OUTCOMES[:3])), min_size=1, max_size=20
)


@given(SIMULATED, st.sampled_from(["all", "any", "conditional"]))
def test_simulations_are_settled_as_data_are(futures, kind):
    parts = made("a"), made("b", threshold=60.0)
    question = (
        conditional_question(*parts)
        if kind == "conditional"
        else joint_question(parts, required=kind)
    )
    columns = [np.array([future[place] for future in futures]) for place in (0, 1)]
    yes, there = question.settle([(column == "yes", column != "void") for column in columns])
    outcomes = ["void" if not t else "yes" if y else "no" for y, t in zip(yes, there, strict=True)]
    assert outcomes == [question.outcome(future) for future in futures]


def test_the_resolution_is_that_of_the_parts():
    later = panel("2026-03-31")
    outcomes = [resolve_question(later, one).outcome for one in (HIGHER(), OTHER())]
    assert outcomes == ["yes", "no"]
    found = resolve_question(later, joint_question([HIGHER(), OTHER()]))
    assert found.outcome == "no"
    assert found.reason.startswith("(1) yes: 45 of 118 events are cooperative, 38.14%; (2) no: ")
    conditional = [
        conditional_question(*parts) for parts in ((OTHER(), HIGHER()), (HIGHER(), OTHER()))
    ]
    assert [resolve_question(later, one).outcome for one in conditional] == ["void", "no"]


def test_a_joint_question_is_no_as_soon_as_a_part_is():
    question = joint_question([ask(lower=5, months=6), OTHER(months=24)])
    found = resolve_question(panel("2024-12-31"), question)
    assert (found.outcome, found.as_of) == ("no", date(2024, 12, 31))
    assert "; (2) open: coverage of USA-RUS ends" in found.reason


def test_the_base_rate_is_that_of_independent_parts():
    parts = HIGHER(), OTHER()
    rates = [part.base_rate for part in parts]
    assert joint_question(parts).base_rate == pytest.approx(rates[0] * rates[1], abs=1e-4)
    assert joint_question(parts, required="any").base_rate == pytest.approx(
        1 - (1 - rates[0]) * (1 - rates[1]), abs=1e-4
    )
    assert conditional_question(*parts).base_rate == pytest.approx(rates[1], abs=1e-4)
    assert (
        joint_question([parts[0], parts[1].model_copy(update={"base_rate": None})]).base_rate
        is None
    )


@pytest.mark.parametrize("name", PARTS)
def test_a_written_question_is_read_as_it_was(name, tmp_path):
    parts = PARTS[name]()
    for question in (
        joint_question(parts),
        joint_question(parts, required="any"),
        conditional_question(*parts),
    ):
        write_question(tmp_path / "q.yaml", question)
        again = read_question(tmp_path / "q.yaml")
        assert again == question and again.digest == question.digest


@pytest.mark.parametrize(
    ("parts", "named"),
    [
        (lambda: [HIGHER()], "expected 2 to 6"),
        (lambda: [HIGHER()] * 7, "expected 2 to 6"),
        (
            lambda: [HIGHER(), HIGHER()],
            r"part 1 \(usa-chn-higher.* and part 2 .* are the same question",
        ),
        (lambda: [HIGHER(), ask(lower=5)], "exclude each other"),
        (lambda: [ask(above=50), ask(below=40)], "exclude each other"),
        (
            lambda: [HIGHER(), ask("USA-RUS", "2023-09-30", higher=5)],
            "as of 2023-10-31 and 2023-09-30; ask both",
        ),
        (lambda: [HIGHER(), joint_question([HIGHER(), OTHER()])], "parts.1.*one by one"),
        (lambda: [HIGHER(), ask(level=40)], "parts.1.*leave out levels"),
    ],
)
def test_parts_that_do_not_go_together_are_named(parts, named):
    with pytest.raises(QuestionError, match=named):
        joint_question(parts())


def test_parts_that_exclude_each_other_may_be_either():
    either = joint_question([HIGHER(), ask(lower=5)], required="any")
    assert chance(either) == pytest.approx(chance(HIGHER()) + chance(ask(lower=5)), abs=1e-9)


def test_an_edited_part_is_rejected():
    values = joint_question([HIGHER(), OTHER()]).plain
    values["parts"][0]["baseline"]["cooperative"] += 1
    with pytest.raises(QuestionError, match=r"parts.0.*sentence"):
        question_of(values, "mine.yaml")


def run(*arguments):
    return CliRunner().invoke(app, ["question", *map(str, arguments)])


def words(result):
    return " ".join((result.stdout + result.stderr).split())


@pytest.fixture
def fit(monkeypatch, tmp_path):
    """A saved fit of both dyads, in a folder of its own; it converged."""
    monkeypatch.chdir(tmp_path)
    own = fitted()
    loaded = SimpleNamespace(
        posterior=own.posterior,
        panel=own.panel,
        spec=own.spec,
        dyads=DYADS,
        gate=SimpleNamespace(passed=True),
    )
    monkeypatch.setattr("forecast.model.Fit.load", lambda path: loaded)
    return loaded


def test_joint_and_conditional_questions_from_asking_to_their_score(fit):
    head = ("new", "USA-CHN", "--as-of", DAY, "--months", 6)
    assert run(*head, "--higher", 5, "--and", "USA-RUS higher 5", "--id", "both").exit_code == 0
    assert (
        run(
            *head, "--higher", 5, "--or", "usa-rus lower 5 months 3", "--or", "at-least violence:2"
        ).exit_code
        == 0
    )
    assert run(*head, "--at-least", "visit", "--given", "above 20", "--id", "visit").exit_code == 0
    assert (
        run(*head, "--higher", 5, "--given", "USA-RUS higher 95", "--id", "never").exit_code == 2
    )  # certain
    done = run("update", "--fit", "fit.zarr")
    assert done.exit_code == 0 and done.stdout.count("% as of 2023-10-31") == 3
    assert "nothing new since the last answer" in words(run("update", "both", "--fit", "fit.zarr"))
    assert run("resolve").exit_code == 0
    listed = json.loads(run("list", "--json").stdout)
    assert [(one["kind"], one["dyad"]) for one in listed] == [
        ("joint", "USA-CHN USA-RUS"),
        ("joint", "USA-CHN USA-RUS"),
        ("conditional", "USA-CHN"),
    ]
    assert listed[1]["last"] == "2024-04-30" and listed[1]["parts"][1]["last"] == "2024-01-31"
    assert all(one["outcome"] in ("yes", "no", "void") for one in listed)
    shown = run("show", "both").stdout
    assert (
        "Both are true. (1) At least" in shown
        and INDEPENDENT in shown
        and "no as soon as one resolves no" in shown
    )
    scored = run("score", "--out", "page")
    assert scored.exit_code == 0 and "3 resolved" in words(scored)
    page = Path("page/index.html").read_text()
    assert "everal together" in page and INDEPENDENT in page
    assert run("export", "--out", "all.csv").exit_code == 0
    assert "USA-CHN USA-RUS" in Path("all.csv").read_text()


@pytest.mark.parametrize(
    ("asked_about", "dyad"),
    [
        (("CHN-RUS", "USA-RUS"), "CHN-RUS"),
        pytest.param(("USA-RUS", "CHN-RUS", "USA-CHN"), "USA-CHN", marks=pytest.mark.slow),
    ],
)
def test_a_comparison_states_the_level_of_a_pair_that_is_asked_about(asked_about, dyad, tmp_path):
    dyads = ["USA-CHN", "CHN-RUS", "USA-RUS"]
    table = read_chronology(dyads=dyads)
    own = build_panel(table, dyads=dyads, as_of=DAY, start="2018-01-01")
    prior = unobserved(own, spec_for(own), draws=100)
    parts = {name: prior.tree[name].to_dataset() for name in ("posterior", "sample_stats")}
    fit = Fit({"/": prior.tree.to_dataset(), **parts, "constant_data": own})
    fit.save(tmp_path / "report/fit.zarr")
    terms = {"baseline_months": 12, "smallest_improvement": 5.0, "horizons": [{"months": 12}]}
    facts = {"dyad": "USA-CHN", **terms, "provenance": {"simulation": {"seed": 1}}}
    (tmp_path / "report/forecast.json").write_text(json.dumps(facts))
    question, file = (
        joint_question([make_question(own, one, above=30) for one in asked_about], id="both"),
        tmp_path / "both.yaml",
    )
    write_question(file, question)
    reports, page = [str(tmp_path / "report")] * 2, str(tmp_path / "page")
    done = CliRunner().invoke(
        app, ["compare", *reports, "--question", str(file), "--no-refit", "--out", page, "--json"]
    )
    said = json.loads(done.stdout)["before"]
    assert said["level"]["value"] == pytest.approx(level_now(fit, dyad).mean(), abs=1e-6)
    for name, published in (("yes", True), ("model", False)):
        yes, there = apply_question(fit, question).simulate(fit, published=published)
        assert said[name]["value"] == pytest.approx(yes.sum() / there.sum(), abs=1e-9)
    assert said["yes"]["value"] == pytest.approx(
        answer_question(fit, question).chance.value, abs=1e-9
    )


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--and", "USA-XXX higher 5"), "--and 'USA-XXX higher 5': There is no dyad 'USA-XXX'"),
        (("--and", "USA-RUS"), "expected a dyad and what is asked of it, such as USA-RUS higher 5"),
        (("--and", "USA-RUS hihger 5"), "the names are higher, lower, baseline"),
        (
            ("--and", "USA-RUS higher five"),
            "--and 'USA-RUS higher five': field `higher`: Input should be a valid",
        ),
        (("--and", "USA-RUS higher 5 lower 5"), "higher, lower is asked; expected one"),
        (("--and", "lower 5"), "exclude each other"),
        (
            ("--or", "lower 5", "--given", "lower 6"),
            "--or, --given: questions are joined in one way",
        ),
        (("--given", "USA-RUS level 40"), "field `given`"),
    ],
)
def test_bad_parts_end_with_2_and_their_name(arguments, named, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run("new", "USA-CHN", "--higher", 5, "--as-of", DAY, *arguments)
    assert done.exit_code == 2 and named in words(done)


def written(day):
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path):
    """A ledger with a joint question of two windows: forecast twice, then decided by the end of the first window."""
    path = tmp_path / "ledger.jsonl"
    short = made("short", last="2021-03-31", void_after="2022-03-31")
    question = joint_question([short, made("long", dyad="USA-RUS", label="US-Russia")], id="both")
    append_entries(path, [asked(question)], now=written("2020-12-31"))
    for day, value in (("2021-01-01", 0.4), ("2021-03-02", 0.1)):
        append_entries(
            path, [answered(said("both", value, day), model={}, converged=True)], now=written(day)
        )
    return path


def resolved_entry(outcome, day):
    return resolved(came("both", outcome, day))


def test_a_ledger_takes_a_resolution_from_the_end_of_the_first_window_on(ledger):
    with pytest.raises(
        Exception, match="the window of both is not over on 2021-03-31; resolve it after 2021-03-31"
    ):
        append_entries(ledger, [resolved_entry("no", "2021-03-31")], now=written("2021-03-31"))
    waiting = TrackRecord.of(Ledger.read(ledger), day=date(2021, 4, 1)).waiting
    assert [(one.label, one.due) for one in waiting] == [("US-China and US-Russia", "2021-12-31")]
    append_entries(ledger, [resolved_entry("no", "2021-04-01")], now=written("2021-04-30"))
    record = TrackRecord.of(Ledger.read(ledger), day=date(2021, 5, 1))
    (case,) = record.cases
    assert (case.kind, case.outcome, case.hindsight, record.open) == (
        "joint",
        "no",
        "as it happened",
        0,
    )
    assert case.mean == pytest.approx(
        (60 * 0.4 + 59 * 0.1) / 119, abs=1e-6
    )  # until it was resolved
    assert "US-China and US-Russia" not in str(open_table(record))


def test_a_void_conditional_question_is_counted_and_not_scored(tmp_path):
    path = tmp_path / "ledger.jsonl"
    question = conditional_question(made("a"), made("b", threshold=60.0), id="both")
    append_entries(path, [asked(question)], now=written("2020-12-31"))
    append_entries(
        path, [answered(said("both", 0.4), model={}, converged=True)], now=written("2021-04-01")
    )
    append_entries(path, [resolved_entry("void", "2022-01-31")], now=written("2022-02-01"))
    rows = TrackRecord.of(Ledger.read(path)).rows
    (row,) = (one for one in rows if (one["kind"], one["horizon"]) == ("conditional", "all"))
    assert (row["n"], row["void"]) == (0, 1)


def test_the_page_has_resolved_questions_of_every_kind(tmp_path):
    path = tmp_path / "ledger.jsonl"
    bare = {"threshold": None, "cooperative": None}
    one, other = made("a"), made("b", threshold=60.0)
    questions = [
        made("share"),
        made("passage", kind="passage", when="by", span=1, before=[]),
        made("tone", kind="tone", threshold=1.0, cooperative=None),
        made("count", kind="count", of="violence", at_least=1, **bare),
        made("events", kind="events", set="strike", definition="Force", codes=["190"], **bare),
        joint_question([one, other], id="joint"),
        conditional_question(one, other, id="conditional"),
    ]
    assert {question.kind for question in questions} == {
        kind for kind, own in TYPES.items() if own.resolvable
    }
    append_entries(path, [asked(question) for question in questions], now=written("2020-12-31"))
    drafts = [answered(said(question.id, 0.4), model={}, converged=True) for question in questions]
    append_entries(path, drafts, now=written("2021-04-01"))
    append_entries(
        path, [resolved(came(question.id)) for question in questions], now=written("2022-02-01")
    )
    record = TrackRecord.of(Ledger.read(path))
    (timing,) = {row["hindsight"] for row in record.rows}
    assert {row[0] for row in scores_table(scored_rows(record, timing), "brier").rows} >= {
        "Share of a window",
        "Rolling windows",
        "Tone of a window",
        "Events of a set",
        "Several together",
        "One given another",
    }
