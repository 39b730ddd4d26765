"""The package's own model as a forecaster: fitted at every origin, and its parts left out."""

from datetime import date
from functools import cache
from inspect import signature
from types import SimpleNamespace

import numpy as np
import pytest

from forecast import fit, read_chronology
from forecast.base.errors import SpecError
from forecast.report.skill.tables import fits_table
from forecast.study.evaluation import (
    VARIANTS,
    ForecastRequest,
    Processes,
    Record,
    Variant,
    backtest,
)
from forecast.study.evaluation.variants import SAMPLER, two_classes, with_drivers
from tests.evaluation.made import counts_of, record_of, walk

QUICK = {"draws": 250, "tune": 100, "chains": 2}
ASKED = ForecastRequest((3, 12), draws=300)


@cache
def record():
    return record_of(counts_of(walk(180, step=0.1), volume=4))


@cache
def answered():
    return Variant("quick", "few draws", sampler=QUICK).answer(
        record().view(date(2002, 1, 1)), ASKED
    )


def test_a_fit_of_every_origin_is_noted():
    (fit,) = answered().notes["fits"]
    assert fit["dyads"] == ["USA-CHN"]
    assert answered().origin == date(2002, 1, 1)
    assert {"converged", "reasons", "seconds"} <= fit.keys()


def test_chances_follow_the_record_and_how_busy_months_are():
    answer = answered()
    chances = answer.chances["USA-CHN"]
    usual, busy = (
        {h: chance.given(np.full(h, volume)) for h, chance in chances.items()} for volume in (4, 12)
    )
    assert {h: chance.shape for h, chance in usual.items()} == {3: (300, 3), 12: (300, 12)}
    recent = record().view(answer.origin).past("USA-CHN").recent(12)
    assert usual[3].mean() == pytest.approx(recent.cooperative.sum() / recent.total.sum(), abs=0.2)
    assert busy[3].mean() < usual[3].mean()  # as the prior has it: here volume tells nothing


def test_a_fit_uses_no_more_cores_than_it_was_given(monkeypatch):
    import forecast.model as model

    used = []
    monkeypatch.setattr(model, "fit", lambda panel, spec, *, cores, **options: used.append(cores))
    view = Record.of(record_of(counts_of(walk(180))).table).view(date(2002, 1, 1))
    for own, given in ((None, None), (None, 1), (4, 2), (1, 4)):
        member = Variant("quick", "few draws", sampler={"draws": 100}, cores=own)
        member._fitted(view, ("USA-CHN",), ForecastRequest((3,), seed=len(used), cores=given))
    assert used == [None, 1, 2, 1]


@pytest.mark.parametrize(
    ("sampler", "passed", "fits"), [({}, True, 1), ({}, False, 2), ({"draws": 100}, False, 1)]
)
def test_a_fit_that_misses_a_check_is_sampled_once_more_as_a_report_is(
    sampler, passed, fits, monkeypatch
):
    import forecast.model as model
    from forecast.model import sampling
    from forecast.model.sampling import LONE_TREES

    used = []

    class Made:
        posterior = SimpleNamespace(sizes={"draw": 1000})
        gate = SimpleNamespace(passed=passed, reasons=() if passed else ("level: R-hat 1.02",))
        noting = lambda self, **notes: self  # noqa: E731

        def __init__(self, panel, spec, **options):
            used.append(options | {"panel": panel})
            self.panel, self.spec = panel, spec
            self.provenance = {
                name: options[name]
                for name in ("draws", "tune", "chains", "seed")
                if name in options
            }

    for module in (model, sampling):
        monkeypatch.setattr(module, "fit", Made)
    view = Record.of(record_of(counts_of(walk(180))).table).view(date(2002, 1, 1))
    member = Variant("usual", "a model", **({"sampler": sampler} if sampler else {}))
    member._fitted(view, ("USA-CHN",), ForecastRequest((3,), seed=5))
    assert len(used) == fits
    if fits == 2:
        first, second = used
        assert (
            second["draws"] == 2 * Made.posterior.sizes["draw"]
            and second["target_accept"] > LONE_TREES[0]
        )
        assert second["seed"] == first["seed"] and second["panel"] is first["panel"]


def test_ablations_leave_out_what_they_say():
    from forecast import PendulumSpec

    panel = Record.of(read_chronology(dyads=["CHN-JPN"])).view(date(2000, 1, 1)).panel
    spec = {
        code: PendulumSpec.from_dict(member.settings(panel)) for code, member in VARIANTS.items()
    }
    assert spec["pendulum"] == PendulumSpec()
    assert spec["no_cycle"] == PendulumSpec(trend="walk", cycle="none", ceiling="none")
    assert spec["no_return"] == PendulumSpec(trend="walk")
    assert spec["no_ceiling"] == PendulumSpec(ceiling="none")
    assert (spec["no_hierarchy"].pooling, spec["no_month_noise"].month_noise) == (False, False)
    assert not spec["no_volume"].volume_effect
    assert set(spec) == {
        "pendulum",
        "no_cycle",
        "no_return",
        "no_ceiling",
        "no_hierarchy",
        "no_month_noise",
        "no_volume",
    }
    assert not any(member.benchmark for member in VARIANTS.values())


def test_a_member_with_drivers_uses_what_was_known_on_the_day():
    member = with_drivers("calendar", future="given")
    view = record().view(date(2002, 7, 1))
    panel = member._panel(view, ("USA-CHN",))
    assert panel.attrs["as_of"] == "2002-06-30"
    drivers = dict(member._spec(panel).drivers)
    assert drivers == {
        "us_election_year": "cycle",
        "us_first_year": "cycle",
        "party_congress": "month",
        "summit": "month",
    }
    given = panel["driver_given"].sel(driver="summit", dyad="USA-CHN").to_numpy()
    assert given[:12].sum() == 0, "the next summit is known thirty days before"
    years = panel["driver_given"].sel(driver="us_election_year", dyad="USA-CHN").to_numpy()
    assert years[:29].tolist() == [0.0] * 17 + [1.0] * 12
    assert member.code != with_drivers("calendar", "month").code
    assert VARIANTS["pendulum"].settings(record().final)["drivers"] == {}
    with pytest.raises(SpecError, match="one of month, cycle, trend"):
        with_drivers("calendar", "mood")


def test_two_classes_keep_every_event_on_its_side():
    from forecast.data.panel import validate_panel

    panel = Record.of(read_chronology(dyads=["CHN-JPN"])).view(date(2000, 1, 1)).panel
    both = two_classes(panel)
    validate_panel(both)
    cut = panel.attrs["zero_cut"]
    assert int(both["counts"].isel({"class": 1}).sum()) == int(
        panel["counts"].isel({"class": slice(cut, None)}).sum()
    )
    assert int(both["counts"].sum()) == int(panel["counts"].sum())


def test_a_backtest_of_the_model_reports_its_fits_and_goes_on(tmp_path):
    member = Variant("quick", "few draws", sampler={"draws": 20, "tune": 30, "chains": 2})
    origins = (date(2002, 1, 1), date(2002, 4, 1), date(2002, 7, 1))
    options = {"horizons": (3,), "forecasters": [member], "draws": 40, "executor": Processes(1)}
    whole = backtest(record(), origins, out=tmp_path, **options)
    (account,) = whole.skill.account
    assert (account["fits"], account["not_converged"]) == (3, 3)  # so few draws never converge
    assert fits_table(whole.skill).rows == (("Quick", "3", "3"),)
    (tmp_path / "origins" / "2002-04.quick.json").unlink()
    again = backtest(record(), origins, out=tmp_path, **options)
    assert again.cases.equals(whole.cases)


def test_a_fit_of_a_backtest_is_as_long_as_that_of_a_report():
    usual = signature(fit).parameters
    assert {name: usual[name].default for name in SAMPLER} == dict(SAMPLER)
