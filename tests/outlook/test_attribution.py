"""What each event did is what brute force says it did, and the parts add up to the whole."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from typer.testing import CliRunner

from forecast import AskedEvents, find_set
from forecast.base.errors import (
    DataError,
    OutputPathError,
    QuestionError,
    SpecError,
    UnknownDyadError,
)
from forecast.base.wording import chance, day
from forecast.cli import app
from forecast.data.events import read_chronology
from forecast.data.panel import build_panel, panel_of_dyad, recounted
from forecast.data.panel.single_events import counted_events, panel_without
from forecast.desk.questions import (
    answer_question,
    apply_question,
    attribute_question,
    conditional_question,
    joint_question,
    make_event_question,
    make_question,
)
from forecast.desk.questions.explain import asking
from forecast.desk.questions.folder import QuestionFolder
from forecast.model import Fit, PendulumSpec, update
from forecast.model import fit as sample
from forecast.model.particles import Draws, Observed, state_of
from forecast.model.posterior import flat
from forecast.model.updating import redraw
from forecast.outlook import assess, attribution
from forecast.outlook.attribution import attribute
from forecast.outlook.carrying_over import EVENTS, REVISED
from forecast.outlook.comparison import (
    BASELINE,
    MODEL,
    TIME,
    split_change,
    split_question_change,
)
from forecast.outlook.observed import observe
from forecast.outlook.recorded import main_record
from forecast.outlook.simulations import simulate_ahead, structural_hazard
from forecast.outlook.snapshot import ShareChange, SimulatedAhead, numbers_of, printed_chance
from forecast.outlook.windows import printed_changes
from forecast.report.explain_page import sentence, write_change, write_explanation
from tests.commands import faults
from tests.documented import sections
from tests.made import unobserved

DYAD = "USA-CHN"
V1 = Path(__file__).parents[1] / "model" / "data" / "fit_v1.nc"
SPEC = PendulumSpec(trend="constant")


@pytest.fixture(scope="module")
def table():
    """A thin record of two years: of a full one no draw of a prior would be left."""
    whole = read_chronology(dyads=[DYAD])
    events = whole.events
    recent = events[(events["date"] >= "2021-11-01") & (events["date"] <= "2024-02-29")]
    thin = (
        recent.iloc[::14]
        .assign(dataset="thin", known_at=lambda rows: rows["date"])
        .reset_index(drop=True)
    )
    return replace(whole, events=thin)


def panel_of(table, as_of="2023-10-31"):
    coverage = pd.DataFrame(
        {"dataset": ["thin"], "dyad": [DYAD], "start": ["2021-11-01"], "last_even": ["2024-02-29"]}
    )
    return build_panel(table, dyads=[DYAD], as_of=as_of, coverage=coverage)


@pytest.fixture(scope="module")
def panel(table):
    return panel_of(table)


@pytest.fixture(scope="module")
def prior(panel):
    return unobserved(panel, SPEC, chains=4, draws=1000)


def given(prior, panel):
    """Draws of the prior, a panel, and the logarithms of their weights given it, (chain, draw).

    By brute force.
    """
    draws = Draws.of(prior.posterior, prior.spec)
    observed = Observed.of(panel, draws)
    level, trend = flat(prior.posterior["level"]), flat(prior.posterior["trend"])
    total = np.zeros(len(level))
    for dyad, time in np.argwhere(observed.node >= 0):
        state = state_of(level[:, dyad, [time]], trend[:, dyad, [time]])
        total += observed.log_likelihood(int(dyad), int(time), state)[:, 0]
    return total.reshape(4, -1)


def holding(prior, panel, posterior=None):
    groups = prior._groups | {"constant_data": panel}
    return Fit(groups if posterior is None else groups | {"posterior": posterior})


def posterior(prior, panel, kept):
    """The posterior: draws of the prior taken in proportion to their likelihood."""
    log_weight = given(prior, panel)
    rng = np.random.default_rng(5)
    weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    places = [rng.choice(own.size, kept, p=own / own.sum()) for own in weight]
    chosen = xr.DataArray(np.array(places), dims=("chain", "draw"))
    draws = prior.posterior.drop_vars(("chain", "draw")).isel(
        chain=xr.DataArray(np.arange(4), dims="chain"), draw=chosen
    )
    stats = prior.sample_stats.isel(draw=slice(kept))
    return Fit(holding(prior, panel, draws)._groups | {"sample_stats": stats})


@pytest.fixture(scope="module")
def fit(prior, panel):
    return posterior(prior, panel, 700)


@pytest.fixture(scope="module")
def found(fit, table):
    return attribute(fit, DYAD, table, months=6, horizon=12)


def brute(prior, panel, asked, events):
    """Return the numbers without some events, and the share of draws that their weights are
    worth."""
    other = panel_without(panel, DYAD, events) if len(events) else panel
    log_weight = given(prior, other)
    weight = np.exp(log_weight - log_weight.max())
    looked = SimulatedAhead.of(
        holding(prior, other), DYAD, asked.start + asked.length, main_record(panel, DYAD), seed=1
    ).look(asked)
    numbers = looked.weighed(weight)
    return {name: values.mean() for name, values in numbers.items()}, weight.sum() ** 2 / (
        weight**2
    ).sum()


def test_the_parts_and_the_rest_add_up_to_what_all_did(found):
    for name in ("level", "up", "same", "down"):
        total = found.now[name].value - found.before[name].value
        assert found.total[name].value == pytest.approx(total, abs=1e-12)
        for parts in (found.sequential, found.by_kind, found.by_week, found.by_month):
            together = sum(part.added[name].value for part in parts)
            assert together == pytest.approx(total, abs=1e-9)
        alone = sum(one.added[name].value for one in found.leave_one_out)
        assert alone + found.rest[name].value == pytest.approx(total, abs=1e-9)
    assert sum(part.events for part in found.by_week) == found.events["counted"].sum()


@pytest.mark.slow
def test_it_agrees_with_brute_force(panel, table):
    """Each event left out alone, and all of them.

    Draws of the prior weighed by what is left of the record.
    """
    prior = unobserved(panel, SPEC, chains=4, draws=5000)
    found = attribute(posterior(prior, panel, 1000), DYAD, table, months=6, horizon=12)
    share = found.baseline.share
    asked = ShareChange(share, 5.0, 12)
    whole, effective = brute(prior, panel, asked, found.events.iloc[:0])
    assert effective > 300
    tolerance = {"level": 4 * 25 / np.sqrt(effective), "up": 4 * 0.5 / np.sqrt(effective)}
    apart = []
    for place in range(len(found.events)):
        without, _ = brute(prior, panel, asked, found.events.iloc[[place]])
        for name, most in tolerance.items():
            ours, theirs = found.leave_one_out[place].added[name].value, whole[name] - without[name]
            apart.append((ours, theirs))
            assert ours == pytest.approx(theirs, abs=most / 2)
    ours, theirs = np.array(apart)[::2].T
    assert np.corrcoef(ours, theirs)[0, 1] > 0.9
    without, _ = brute(prior, panel, asked, found.events)
    for name, most in tolerance.items():
        assert found.total[name].value == pytest.approx(whole[name] - without[name], abs=most)


@pytest.mark.slow
def test_a_new_fit_without_the_events_says_the_same(panel, table):
    """Two fits by the sampler, to the record with and without its last half-year."""
    options = {"draws": 700, "tune": 300, "chains": 4, "seed": 3}
    whole = sample(panel, PendulumSpec(), **options)
    found = attribute(whole, DYAD, table, months=6)
    apart = sample(panel_without(panel, DYAD, found.events), PendulumSpec(), **options)
    asked = ShareChange(found.baseline.share, 5.0, 12)
    said = numbers_of(
        SimulatedAhead.of(apart, DYAD, 12, main_record(panel, DYAD), seed=1).look(asked).numbers
    )
    for name in ("level", "up", "down"):
        error = np.hypot(said[name].mcse, found.before[name].mcse)
        assert found.before[name].value == pytest.approx(said[name].value, abs=4 * error)


def test_cooperation_raises_the_level_and_hostility_lowers_it(found):
    cooperative = found.events["of_class"] >= 4
    for good, part, alone in zip(cooperative, found.sequential, found.leave_one_out, strict=True):
        assert (part.added["level"].value > 0) == good
        assert (alone.added["level"].value > 0) == good
        assert (part.added["up"].value > 0) == good


def test_sides_add_up_to_their_months_and_to_the_total(found):
    assert {part.name for part in found.by_side} == {"cooperative", "hostile"}
    for name in ("level", "up"):
        together = sum(part.added[name].value for part in found.by_side)
        assert together == pytest.approx(found.total[name].value, abs=1e-9)
        for month in found.by_month:
            sides = found.sides_by_month[month.name]
            assert sum(part.added[name].value for part in sides) == pytest.approx(
                month.added[name].value, abs=1e-9
            )
            assert sum(part.events for part in sides) == month.events
    for part in found.by_side:
        assert (part.added["level"].value > 0) == (part.name == "cooperative")


def test_the_change_of_the_level_has_the_interval_of_its_posterior(fit, found):
    """From the end of the month before the first to now, in the same draw."""
    level = (
        fit.posterior["level"]
        .isel(dyad=0)
        .transpose("chain", "draw", "time")
        .to_numpy()
        .astype(float)
    )
    points = 100 / (1 + np.exp(-level))
    course, change = found.level, points[..., -1] - points[..., -7]
    assert course.change.mean == pytest.approx(change.mean(), abs=1e-6)
    assert (course.change.low, course.change.high) == pytest.approx(
        np.quantile(change, (0.05, 0.95)), abs=1e-6
    )
    assert sum(month.change.mean for month in course.months) == pytest.approx(
        course.change.mean, abs=1e-9
    )
    assert [month.name for month in course.months] == [
        f"2023-{month:02}-01" for month in range(5, 11)
    ]
    last = course.months[-1].level
    assert (last.mean, last.low, last.high) == pytest.approx(
        (course.now.mean, course.now.low, course.now.high)
    )
    assert (
        replace(
            course.now, mean=last.mean, low=last.low, high=last.high, definition=last.definition
        )
        == last
    )
    for estimated, numbers in ((course.now, found.now), (course.without, found.before)):
        assert estimated.mean == pytest.approx(numbers["level"].value, abs=1e-9)
    # Events inform: in log-odds, as far from the middle the same width is fewer points.
    ends = np.array([[one.low, one.high] for one in (course.without, course.now)])
    without, now = np.diff(np.log(ends / (100 - ends)))[:, 0]
    assert without > now


def test_where_the_record_begins_the_level_has_no_change(fit, panel, table):
    short = fit.panel.sizes["time"]
    assert short > 12
    course = attribution._level_course(fit, DYAD, 0, *(np.zeros((4, 700)),) * 2)
    assert course.start is None and course.change is None and course.months[0].change is None
    assert course.months[1].change is not None and len(course.months) == short


def test_the_numbers_as_they_are_are_those_of_the_page(fit, found):
    window = assess(fit, DYAD, (12,), seed=1).recorded[12]
    for name in ("up", "same", "down"):
        assert found.now[name].value == pytest.approx(getattr(window, name).value, abs=1e-9)


def test_events_that_are_not_those_of_the_fit_are_rejected(fit, table):
    known = table.events[table.events["known_at"] <= "2023-10-31"]
    other = replace(table, events=known.iloc[:-1])
    with pytest.raises(DataError, match="the fit counts 1"):
        attribute(fit, DYAD, other)


def test_other_dyads_of_the_fit_change_nothing_of_what_its_events_did():
    """A dyad's part of a fit gives the numbers of the whole.

    Random streams are those of the dyad.
    """
    whole = Fit.load(V1)
    later = whole.panel.copy(deep=True)
    later["counts"][0, 0, -2, 0, 5] += 2
    later = recounted(later)
    part, own = redraw(whole.of_dyad(DYAD), panel_of_dyad(later, DYAD), 12)
    both, weights = redraw(whole, later, 12)
    xr.testing.assert_identical(both.of_dyad(DYAD).posterior, part.posterior)
    np.testing.assert_array_equal(own.weight, weights.weight)


def test_months_without_bounds_are_rejected(fit, table):
    with pytest.raises(SpecError, match="1 to 12"):
        attribute(fit, DYAD, table, months=13)


def test_a_panel_without_events_keeps_its_schema_and_its_coverage(panel, table):
    events = counted_events(panel, DYAD, table, panel.sizes["time"] - 6)
    less = panel_without(panel, DYAD, events.iloc[[0]])
    assert int(panel["counts"].sum() - less["counts"].sum()) == events["counted"].iloc[0]
    assert less["covered"].identical(panel["covered"])
    assert less.attrs["digest"] != panel.attrs["digest"]


# What has changed between two days


@pytest.fixture(scope="module")
def later(fit, table):
    return update(fit, panel_of(table, "2024-01-31"), refit=False)


def test_the_parts_of_a_change_add_up_between_the_headlines_of_both_days(fit, later):
    change = split_change(fit, later, DYAD)
    assert [step.name for step in change.steps] == [TIME, EVENTS, REVISED, MODEL, BASELINE]
    for name in ("level", "up", "same", "down"):
        together = sum(step.added[name].value for step in change.steps)
        assert change.before[name].value + together == pytest.approx(
            change.now[name].value, abs=1e-9
        )
    for fitted, said in ((fit, change.before), (later, change.now)):
        assert said["up"].value == pytest.approx(
            assess(fitted, DYAD, (12,), seed=1).recorded[12].up.value, abs=1e-9
        )
    assert change.steps[2].added["up"].value == 0.0  # nothing came late
    assert change.steps[3].added["up"].value == pytest.approx(
        0.0, abs=1e-9
    )  # the same draws, updated alike


def test_nothing_changes_between_a_fit_and_itself(fit):
    for step in split_change(fit, fit, DYAD).steps:
        assert all(one.value == 0.0 for one in step.added.values())


def test_an_event_that_came_late_is_no_new_one(fit, panel, table):
    late = panel.copy(deep=True)
    late["counts"][0, 0, -4, 0, 5] += 3
    late = recounted(late)
    change = split_change(fit, update(fit, late, refit=False), DYAD)
    events, revised = change.steps[1:3]
    assert events.added["level"].value == 0.0
    assert revised.added["level"].value > 0.5


def test_scores_of_an_event_that_came_late_are_not_new_either(fit, panel, table):
    late = panel.copy(deep=True)
    late["counts"][0, 0, -2, 0, 5] += 3
    late["goldstein"][0, 0, -2, 0, 5] += 24.0
    late = recounted(late)
    (asked,) = earlier_questions(table, "tone").values()
    ask = asking(asked, DYAD)
    change = split_question_change(fit, update(fit, late, refit=False), DYAD, asked.sentence, ask)
    events, revised = change.steps[1:3]
    assert events.added["yes"].value == 0.0
    assert revised.added["yes"].value > 0.05


def test_cooperation_among_the_new_events_is_seen_in_their_part(fit, table):
    # one month less than `later`: an event more leaves few draws to a longer update
    day = "2023-12-31"
    plain = split_change(fit, update(fit, panel_of(table, day), refit=False), DYAD).steps[1].added
    warm = panel_of(table, day).copy(deep=True)
    warm["counts"][0, 0, -1, 0, 5] += 1
    warm = recounted(warm)
    change = split_change(fit, update(fit, warm, refit=False), DYAD)
    assert change.steps[1].added["level"].value > plain["level"].value + 0.5
    assert change.steps[1].added["up"].value > plain["up"].value


def test_the_later_fit_comes_second(fit, later):
    with pytest.raises(SpecError, match="the earlier one first"):
        split_change(later, fit, DYAD)


def test_what_is_explained_and_what_has_changed_is_the_published_chance(fit, table, monkeypatch):
    monkeypatch.setattr(
        "forecast.outlook.benchmarks.MIN_PAST_MONTHS", 12
    )  # the thin record is of two years
    found = attribute(fit, DYAD, table, months=3, horizon=12)
    stated = assess(fit, DYAD, (12,), seed=1).recorded[12]
    published = found.published
    for name in ("up", "same", "down"):
        assert published.now[name].value == pytest.approx(getattr(stated, name).value, abs=1e-9)
    for numbers in (published.now, published.before, *(part.added for part in published.by_month)):
        assert numbers["from_model"].value + numbers["from_benchmarks"].value == pytest.approx(
            numbers["up"].value
        )
    together = sum(part.added["up"].value for part in published.by_month)
    assert together == pytest.approx(published.total["up"].value, abs=1e-9)
    assert sum(part.events for part in published.by_month) == sum(
        part.events for part in found.by_month
    )
    assert found.now["up"].value == pytest.approx(
        published.now["model"].value
    )  # apart from it, the model alone
    change = split_change(fit, fit, DYAD)
    assert change.now["up"].value == pytest.approx(stated.up.value, abs=1e-9)
    assert {"from_model", "from_benchmarks", "model"} <= change.now.keys()
    # A report, an explanation and a change split the same chance alike, and print it alike.
    part = stated.simulated_by_model.value
    for numbers in (change.now, published.now):
        assert numbers["from_model"].value == pytest.approx(part, abs=1e-9)
        assert numbers["model"].value == pytest.approx(stated.model["up"].value, abs=1e-9)
        printed = printed_changes(stated)
        for name, percent in printed.items():
            assert printed_chance(name, numbers) == chance(percent / 100)


def test_a_pool_that_one_of_two_fits_lacks_is_not_split(fit, later, monkeypatch):
    monkeypatch.setattr("forecast.outlook.benchmarks.MIN_PAST_MONTHS", 25)
    assert "from_model" in split_change(later, later, DYAD).now  # its record is long enough
    assert "from_model" not in split_change(fit, fit, DYAD).now
    change = split_change(fit, later, DYAD)
    assert change.before.keys() == change.now.keys() == {"level", "up", "same", "down", "model"}
    together = sum(step.added["up"].value for step in change.steps)
    assert change.before["up"].value + together == pytest.approx(change.now["up"].value, abs=1e-9)
    with pytest.raises(DataError, match="no chance to compare"):
        split_question_change(fit, later, DYAD, "Will it?", lambda fit, seed: numbers_of({}))


# Pages


def test_the_pages_say_what_was_computed(fit, later, found, tmp_path):
    page = write_explanation(fit, found, tmp_path / "explain")
    numbers = json.loads((page.parent / "explain.json").read_text())
    assert numbers["total"]["level"]["value"] == pytest.approx(found.total["level"].value)
    assert (
        len(numbers["events"])
        == len(found.events)
        == len((page.parent / "explain.csv").read_text().splitlines()) - 1
    )
    assert list(numbers) == sections("explain-json")["explain.json"]
    text = page.read_text().replace("\N{NO-BREAK SPACE}", " ")
    assert numbers["measure"] in text and numbers["level_sentence"] in text
    assert (
        text.index(numbers["measure"])
        < text.index('id="months"')
        < text.index('id="level"')
        < text.index('id="events"')
    )
    assert (
        numbers["level"]["change"]["low"]
        < numbers["level"]["change"]["mean"]
        < numbers["level"]["change"]["high"]
    )
    assert numbers["finding"] in page.read_text().replace("\N{NO-BREAK SPACE}", " ")
    assert "Events up to 31 October 2023 count as the thin data date them" in page.read_text()
    change = split_change(fit, later, DYAD)
    page = write_change((fit, later), change, tmp_path / "change", events=found)
    numbers = json.loads((page.parent / "change.json").read_text())
    assert [step["name"] for step in numbers["steps"]] == [step.name for step in change.steps]
    assert all(
        sentence in page.read_text().replace("\N{NO-BREAK SPACE}", " ")
        for sentence in numbers["sentences"]
    )
    assert (
        f"Events up to {day(change.days[0])} and {day(change.days[1])} count as the thin data"
        in page.read_text()
    )
    write_change((fit, later), change, tmp_path / "change")  # its own files may be replaced
    with pytest.raises(OutputPathError):
        (tmp_path / "explain" / "explain.json").write_text("[1]")
        write_explanation(fit, found, tmp_path / "explain")


def test_what_a_summary_says_is_escaped(fit, found, tmp_path):
    events = found.events.assign(summary="<script>alert(1)</script>")
    page = write_explanation(fit, replace(found, events=events), tmp_path / "explain")
    assert "<script>alert" not in page.read_text()


def test_new_events_do_the_same_seen_from_either_day(fit, later, table):
    """Added to the earlier fit by an update, or left out of the later one."""
    seen = attribute(later, DYAD, table, months=3)
    added = split_change(fit, later, DYAD).steps[1].added
    for name, by in (("level", 1.0), ("up", 0.03)):
        error = np.hypot(seen.total[name].mcse, added[name].mcse)
        assert seen.total[name].value == pytest.approx(added[name].value, abs=4 * error)
        assert error < by


def test_the_commands_of_the_task_page_exist():
    assert not faults(Path(__file__).parents[2] / "docs" / "explain.md")


# A question


EARLY = "2023-07-31"


def earlier_questions(table, *names):
    """Questions asked three months before the day of the fit, by name."""
    asked = {
        "higher": {"higher": 5},
        "tone": {"measure": "tone", "higher": 1},
        "above": {"above": 40},
        "throughout": {"above": 20, "when": "throughout", "span": 6},
        "level": {"level": 45},
    }
    panel = panel_of(table, EARLY)

    def made(name):
        if name in asked:
            return make_question(panel, DYAD, months=12, id=name, **asked[name])
        parts = made("above"), made("tone")
        return (
            joint_question(parts, id=name)
            if name == "both"
            else conditional_question(*parts, id=name)
        )

    return {name: made(name) for name in names}


def left_out(table, found, place):
    """The table without one event of what was found."""
    event = found.events.iloc[place]
    same = (table.events["date"] == event["date"]) & (table.events["cameo"] == event["cameo"])
    return replace(table, events=table.events[~same])


@pytest.fixture(scope="module")
def split(fit, table):
    """What the events of the last months, three of them in the window, did to the chance of
    each question."""
    months = {
        "higher": 6,
        "tone": 6,
        "above": 3,
        "throughout": 3,
        "level": 2,
        "both": 2,
        "given": 2,
    }
    asked = earlier_questions(table, *months)
    return {
        name: (one, attribute_question(fit, one, table, months=months[name]))
        for name, one in asked.items()
    }


@pytest.mark.parametrize(
    "name", ["higher", "tone", "above", "throughout", "level", "both", "given"]
)
def test_with_no_event_left_out_it_is_what_the_model_says(split, fit, table, name):
    question, found = split[name]
    yes, there = apply_question(fit, question, table=table).simulate(fit)
    assert found.now["yes"].value == pytest.approx(yes.sum() / there.sum(), abs=1e-12)
    assert found.posed.recorded == (0 if name == "level" else 3)


@pytest.mark.parametrize(
    "name", ["higher", "tone", "above", "throughout", "level", "both", "given"]
)
def test_what_events_did_to_a_question_adds_up(split, name):
    _, found = split[name]
    assert ("ahead" in found.now) == (name != "level")
    for number in found.now:
        total = found.now[number].value - found.before[number].value
        for parts in (found.sequential, found.by_kind, found.by_week, found.by_month):
            assert sum(part.added[number].value for part in parts) == pytest.approx(total, abs=1e-9)
        alone = sum(one.added[number].value for one in found.leave_one_out)
        assert alone + found.rest[number].value == pytest.approx(total, abs=1e-9)
        assert -1e-9 <= found.before[number].value <= 100
    assert found.total["yes"].value != 0


def test_a_cooperative_event_raises_the_chance_of_a_higher_share_be_it_before_the_window_or_in_it(
    split,
):
    _, found = split["higher"]
    for good, part, alone in zip(
        found.events["of_class"] >= 4, found.sequential, found.leave_one_out, strict=True
    ):
        assert (part.added["yes"].value > 0) == good
        assert (alone.added["yes"].value > 0) == good


def test_an_event_of_the_window_tells_as_a_part_of_its_record_too(split):
    _, found = split["higher"]
    for when, alone in zip(found.events["date"], found.leave_one_out, strict=True):
        yes, ahead = alone.added["yes"].value, alone.added["ahead"].value
        if str(when)[:10] > EARLY:
            assert abs(yes) > abs(ahead) + 0.05
        else:
            assert yes == pytest.approx(ahead, abs=1e-12)


def test_a_question_about_two_dyads_is_split_among_the_events_of_one():
    dyads = [DYAD, "USA-RUS"]
    whole = read_chronology(dyads=dyads)
    recent = whole.events[whole.events["date"].between("2021-11-01", "2024-02-29")]
    thin = (
        recent.iloc[::14]
        .assign(dataset="thin", known_at=lambda rows: rows["date"])
        .reset_index(drop=True)
    )
    table = replace(whole, events=thin)
    coverage = pd.DataFrame(
        {"dataset": "thin", "dyad": dyads, "start": "2021-11-01", "last_even": "2024-02-29"}
    )

    def known(day, *of):
        return build_panel(table, dyads=list(of), as_of=day, coverage=coverage)

    both = joint_question(
        [make_question(known(EARLY, one), one, above=30, months=12) for one in dyads]
    )
    panel = known("2023-10-31", *dyads)
    fit = posterior(unobserved(panel, SPEC, chains=4, draws=1000), panel, 300)
    with pytest.raises(QuestionError, match="about USA-CHN and USA-RUS; name one of them as dyad"):
        attribute_question(fit, both, table)
    found = attribute_question(fit, both, table, dyad=DYAD, months=3)
    put = apply_question(fit, both, table=table)
    settled = [
        part.simulate(one) for part, one in zip(put.parts, (fit.of_dyad(DYAD), fit), strict=True)
    ]
    yes, there = put.of_parts(settled)
    assert found.now["yes"].value == pytest.approx(yes.sum() / there.sum(), abs=1e-12)
    assert set(found.events["source"]) | set(found.events["target"]) == {"USA", "CHN"}
    total = found.now["yes"].value - found.before["yes"].value
    assert sum(part.added["yes"].value for part in found.sequential) == pytest.approx(
        total, abs=1e-9
    )
    for good, alone in zip(found.events["of_class"] >= 4, found.leave_one_out, strict=True):
        assert (alone.added["yes"].value > 0) == good


def talks_in_august(table, number):
    """The table with so many talks in August 2023, each of one side, and nothing else in this
    month."""
    august = table.events["date"].between("2023-08-01", "2023-08-31")
    talks, days = (
        table.events[august].iloc[:1],
        pd.date_range("2023-08-05", periods=number, freq="7D"),
    )
    own = [talks.assign(cameo="036", date=one, known_at=one, event_id=str(one)) for one in days]
    return replace(
        table,
        events=pd.concat([table.events[~august], *own], ignore_index=True).sort_values("date"),
    )


@pytest.mark.parametrize("number", [2, 3])
def test_a_part_that_is_void_in_every_simulation_does_not_stop_the_question(prior, table, number):
    """Three events in August decide its part.

    Of two, or without one of three, nothing but a no decides the whole.
    """
    few = talks_in_august(table, number)
    question = joint_question(
        [make_question(panel_of(few, EARLY), DYAD, above=50, months=last) for last in (1, 12)]
    )
    fit = posterior(prior, panel_of(few), 300)
    found = attribute_question(fit, question, few, months=3)
    now, (yes, there) = (
        found.now["yes"].value,
        apply_question(fit, question, table=few).simulate(fit),
    )
    assert now == pytest.approx(yes.sum() / there.sum(), abs=1e-12)
    assert (now > 0.01) == (number == 3)
    august = found.events["date"].between("2023-08-01", "2023-08-31")
    assert august.sum() == number
    for inside, alone in zip(august, found.leave_one_out, strict=True):
        assert (alone.added["yes"].value == pytest.approx(now)) == (inside or number == 2)


def test_a_question_that_is_void_in_every_simulation_has_nothing_to_split(prior, table):
    few = talks_in_august(table, 2)
    above, august = (
        make_question(panel_of(few, EARLY), DYAD, above=50, months=last) for last in (12, 1)
    )
    with pytest.raises(QuestionError, match=r"^nothing: it is void in every simulation"):
        attribute_question(
            posterior(prior, panel_of(few), 300),
            conditional_question(above, august, id="nothing"),
            few,
            months=3,
        )


def brute_answer(prior, panel, question, without, table):
    """Return the chance of a yes given a record, by weights of the prior's draws and what they
    then answer."""
    other = panel_of(without)
    weight = np.exp(given(prior, other) - given(prior, other).max())
    fitted = holding(prior, other)
    put = apply_question(fitted, question, table=without)
    simulations = simulate_ahead(fitted, DYAD, put.ahead)
    observed = observe(fitted, simulations, put.ahead, main_record(panel, DYAD), seed=1)
    yes, there = put.settle(simulations, observed)
    each = np.broadcast_to((weight / weight.mean())[..., None], yes.shape)
    return (each * yes).sum() / (each * there).sum(), weight.sum() ** 2 / (weight**2).sum()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["higher", "tone", "above", "level"])
def test_the_chance_of_a_question_without_an_event_is_what_brute_force_says(panel, table, name):
    """The question asked again of the record without the event."""
    prior = unobserved(panel, SPEC, chains=4, draws=5000)
    (question,) = earlier_questions(table, name).values()
    found = attribute_question(posterior(prior, panel, 1000), question, table, months=6)
    whole, effective = brute_answer(prior, panel, question, table, table)
    assert effective > 300
    apart = []
    for place in range(len(found.events)):
        without, _ = brute_answer(prior, panel, question, left_out(table, found, place), table)
        apart.append((found.leave_one_out[place].added["yes"].value, whole - without))
    ours, theirs = np.array(apart).T
    np.testing.assert_allclose(ours, theirs, atol=0.04)
    assert np.abs(theirs).max() > 0.02
    assert np.corrcoef(ours, theirs)[0, 1] > 0.9


def test_a_question_about_events_is_an_error_that_says_what_to_do(fit, table):
    asked = AskedEvents(find_set("visit"), date(2024, 6, 30))
    question = make_event_question(table, DYAD, asked, as_of=date(2023, 7, 31))
    with pytest.raises(QuestionError, match="`forecast ask` shows what would change"):
        attribute_question(fit, question, table)


def test_a_question_that_the_fit_cannot_split_is_an_error(fit, table):
    (question,) = earlier_questions(table, "higher").values()
    for changes, words in (
        ({"dataset": "other"}, "asks about the dataset 'other'"),
        ({"asked": date(2023, 12, 1)}, "it was asked on 2023-12-01, after"),
        ({"last": date(2023, 9, 30)}, "its window is over"),
    ):
        with pytest.raises(QuestionError, match=words):
            attribute_question(fit, question.model_copy(update=changes), table)
    with pytest.raises(UnknownDyadError):
        attribute_question(fit, question.model_copy(update={"dyad": "CHN-RUS"}), table)


def test_the_page_of_a_question_says_how_its_events_count(split, fit, tmp_path):
    question, found = split["higher"]
    page = write_explanation(fit, found, tmp_path / "explain")
    text, numbers = (
        page.read_text().replace("\N{NO-BREAK SPACE}", " "),
        json.loads((page.parent / "explain.json").read_text()),
    )
    assert (
        question.sentence in text
        and "Leaving it out removes both" in text
        and "the chance of a yes" in text
    )
    assert (
        numbers["posed"]["id"] == "higher"
        and numbers["horizon"] is None
        and numbers["baseline"] is None
    )
    assert numbers["total"]["yes"]["value"] == pytest.approx(found.total["yes"].value)
    row = pd.read_csv(page.parent / "explain.csv").iloc[0]
    assert row["yes_added"] == pytest.approx(found.sequential[0].added["yes"].value)
    assert "up_added" not in row


def test_the_page_says_what_tells_events_apart_for_any_part_of_a_question(split, fit, tmp_path):
    for name, more, told in (
        ("tone", "on its score, too", "What the events of either side score ahead stays as it is"),
        ("both", "on its score, too", "What the events of either side score ahead stays as it is"),
        ("given", "on its score, too", "What the events of either side score ahead stays as it is"),
        ("higher", "contribute the same to the level.", "Leaving it out removes both"),
    ):
        _, found = split[name]
        page = (
            write_explanation(fit, found, tmp_path / name)
            .read_text()
            .replace("\N{NO-BREAK SPACE}", " ")
        )
        assert sentence("measure", found).endswith(f"{more}." if more.endswith("too") else more)
        assert told in page and sentence("measure", found) in page


def test_the_chance_of_a_question_is_split_and_time_alone_does_not_move_it(fit, later, panel):
    question = make_question(panel, DYAD, higher=5, months=12)
    change = split_question_change(fit, later, DYAD, question.sentence, asking(question, DYAD))
    assert [step.name for step in change.steps] == [TIME, EVENTS, REVISED, MODEL]
    for number, made in ((change.before, fit), (change.now, later)):
        yes, there = apply_question(made, question).simulate(made)
        assert number["yes"].value == pytest.approx(yes.sum() / there.sum(), abs=1e-9)
    assert change.steps[0].added["yes"].value == 0.0
    together = sum(step.added["yes"].value for step in change.steps)
    assert together == pytest.approx(change.total["yes"].value, abs=1e-12)


def test_the_page_of_a_question_says_what_is_asked(fit, later, panel, tmp_path):
    question = make_question(panel, DYAD, higher=5, months=12)
    change = split_question_change(fit, later, DYAD, question.sentence, asking(question, DYAD))
    page = (
        write_change((fit, later), change, tmp_path / "change")
        .read_text()
        .replace("\N{NO-BREAK SPACE}", " ")
    )
    assert question.sentence in page
    assert "The chance of a yes was" in page


def test_five_events_move_the_chance_of_a_question_whose_baseline_stays(fit, panel):
    question = make_question(panel, DYAD, higher=5, months=12)

    def chance(of_class):
        more = panel.copy(deep=True)
        more["counts"][0, 0, -1, 0, of_class] += 5
        more = recounted(more)
        # Of such a thin record too few draws are left for an update, and enough to see which way it
        # goes.
        return answer_question(redraw(fit, more, 24)[0], question).chance

    good, before, bad = chance(5), answer_question(fit, question).chance, chance(1)
    error = 3 * max(good.mcse, before.mcse, bad.mcse)
    assert good.value > before.value + error
    assert bad.value < before.value - error


# The command line


@pytest.fixture(scope="module")
def folders(fit, later, table, tmp_path_factory):
    """Two reports as far as these commands read them, and the events as a chronology has them."""
    root = tmp_path_factory.mktemp("reports")
    for name, own in (("old", fit), ("new", later)):
        own.save(root / name / "fit.zarr")
        numbers = {
            "dyad": DYAD,
            "baseline_months": 12,
            "smallest_improvement": 5.0,
            "horizons": [{"months": 12}],
            "provenance": {"simulation": {"seed": 1}},
        }
        (root / name / "forecast.json").write_text(json.dumps(numbers))
    return root


def test_two_reports_are_compared_on_the_command_line(folders, fit, later):
    done = CliRunner().invoke(
        app, ["compare", str(folders / "old"), str(folders / "new"), "--out", str(folders / "c")]
    )
    assert done.exit_code == (0 if fit.gate.passed and later.gate.passed else 3), done.output
    assert "time passed" in done.stdout
    assert "not listed" in done.stderr  # the fit was not made of the chronology as it is
    assert json.loads((folders / "c" / "change.json").read_text())["steps"]
    again = CliRunner().invoke(
        app, ["compare", str(folders / "old"), str(folders / "new"), "--out", str(folders / "c")]
    )
    assert again.exit_code == 2  # never replaced in silence


def test_what_is_no_report_is_rejected(folders, tmp_path):
    done = CliRunner().invoke(app, ["explain", str(tmp_path), "--out", str(folders / "m")])
    assert done.exit_code == 2
    assert "there is no forecast.json" in done.stderr
    (tmp_path / "forecast.json").write_text("{")
    done = CliRunner().invoke(app, ["explain", str(tmp_path), "--out", str(folders / "m")])
    assert done.exit_code == 2
    assert not (folders / "m").exists()
    done = CliRunner().invoke(app, ["explain", str(folders / "old"), "--months", "13"])
    assert done.exit_code == 2


@pytest.fixture(scope="module")
def ledger(folders, table):
    """A ledger with a question, one about other states, and one that is over."""
    (higher,) = earlier_questions(table, "higher").values()
    place = QuestionFolder(folders / "questions")
    place.ask(higher)
    place.ask(make_question(panel_of(table, "2023-02-28"), DYAD, higher=5, months=3, id="over"))
    place.ask(
        make_question(
            build_panel(read_chronology(dyads=["CHN-RUS"])),
            "CHN-RUS",
            below=80,
            months=12,
            id="other",
        )
    )
    return folders / "questions"


def explain(folders, *arguments):
    return CliRunner().invoke(
        app, ["explain", str(folders / "old"), "--folder", str(folders / "questions"), *arguments]
    )


def test_a_question_that_is_not_there_or_not_of_the_report_is_an_error_of_the_command(
    folders, ledger
):
    for name, words in (
        ("none", "no question of"),
        ("other", "the report about USA-CHN"),
        ("over", "its window is over"),
    ):
        done = explain(folders, "--question", name, "--out", str(folders / "q"))
        assert done.exit_code == 2, done.output
        assert words in " ".join(done.stderr.split())
        assert not (folders / "q").exists()


def test_a_question_of_the_ledger_is_split_by_name_and_by_file(folders, ledger, table, split):
    rows = table.events.assign(date=table.events["date"].dt.date)
    columns = ["date", "source", "target", "cameo", "summary"]
    rows[columns].to_csv(folders / "thin.csv", index=False)
    names = ", ".join(f"{name}: {name}" for name in columns)
    (folders / "thin.yaml").write_text(f"dataset: thin\ncolumns: {{{names}}}\n")
    own = ["--events", str(folders / "thin.csv"), "--mapping", str(folders / "thin.yaml"), "--json"]
    done = explain(
        folders, "--question", str(ledger / "higher.yaml"), "--out", str(folders / "q"), *own
    )
    assert done.exit_code in (0, 3), done.output
    said, (_, found) = json.loads(done.stdout), split["higher"]
    assert said["now"]["yes"]["value"] == pytest.approx(found.now["yes"].value, abs=1e-9)
    assert said["before"]["yes"]["value"] == pytest.approx(found.before["yes"].value, abs=1e-9)
    reports = [str(folders / name) for name in ("old", "new")]
    by_name = ["--question", "higher", "--folder", str(ledger), "--out", str(folders / "cq")]
    done = CliRunner().invoke(app, ["compare", *reports, *by_name, *own])
    assert done.exit_code in (0, 3), done.output
    change = json.loads(done.stdout)
    assert change["before"]["yes"]["value"] == pytest.approx(found.now["yes"].value, abs=1e-9)
    assert change["explain"]["posed"]["id"] == "higher"
    assert change["explain"]["now"]["yes"]["value"] == pytest.approx(
        change["now"]["yes"]["value"], abs=1e-9
    )


def test_a_part_of_a_fit_meets_the_new_frameworks_that_all_its_dyads_let_expect():
    """A report simulates from the whole fit; what is explained of it comes from a part of it."""
    whole = Fit.load(V1)
    part, record = whole.of_dyad(DYAD), main_record(whole.panel, DYAD)
    hazard = structural_hazard(whole.panel)
    assert hazard != structural_hazard(part.panel)
    simulated = [
        SimulatedAhead.of(whole, DYAD, 12, record, seed=1),
        SimulatedAhead.of(part, DYAD, 12, record, seed=1, hazard=hazard),
    ]
    levels = [ahead.simulations.level for ahead in simulated]
    np.testing.assert_array_equal(*levels)
