"""The gate passes draws without fault and says by name what is wrong with others."""

import json

import numpy as np
import pytest
import xarray as xr

from forecast.model import check_convergence
from forecast.model.gate import Miss, summarize_misses

CHAINS, DRAWS, MONTHS = 4, 1000, 60


def make_draws(seed=1, chains=CHAINS, draws=DRAWS):
    """Independent draws of a few reported quantities, and the statistics of a sampler that did
    well."""
    rng = np.random.default_rng(seed)
    size = chains, draws
    posterior = xr.Dataset(
        {
            "level": (
                ("chain", "draw", "dyad", "time"),
                rng.standard_normal((*size, 2, MONTHS)).astype(np.float32),
            ),
            "cycle_half_life": (("chain", "draw", "dyad"), rng.lognormal(size=(*size, 2))),
            "dataset_drift_sd": (
                ("chain", "draw", "dataset", "other"),
                rng.standard_normal((*size, 1, 3)),
            ),
            "mu": (("chain", "draw", "era"), rng.standard_normal((*size, 4))),
            "trend_half_life": (("chain", "draw"), rng.lognormal(size=size)),
        }
    )
    posterior["dataset_drift_sd"][..., 1] = 0.0
    stats = xr.Dataset(
        {
            "energy": (("chain", "draw"), rng.standard_normal(size)),
            "diverging": (("chain", "draw"), np.zeros(size, dtype=bool)),
        }
    )
    return posterior, stats


def slow(draws, rng, pull=0.99):
    """Replace independent draws by a chain that hardly moves."""
    chain = draws.copy()
    for i in range(1, chain.shape[1]):
        chain[:, i] = pull * chain[:, i - 1] + np.sqrt(1 - pull**2) * rng.standard_normal(
            chain[:, i].shape
        )
    return chain


def test_independent_draws_pass():
    """4000 independent draws have an effective size near 4000 and R-hat 1 + O(1 / 1000).

    Far inside the limits.
    """
    gate = check_convergence(*make_draws())
    assert gate.passed
    assert gate.reasons == ()
    assert (gate.table["ess_bulk"] > 2000).all()
    assert (gate.table["r_hat"] < 1.01).all()
    assert gate.bfmi == pytest.approx(2.0, abs=0.3)  # of independent energies


def test_the_table_names_what_the_report_states():
    table = check_convergence(*make_draws()).table.set_index("quantity")
    assert {
        "level",
        "half-life of the cycle",
        "trend by era",
        "steps of the drift of datasets",
    } <= set(table.index)
    assert table.loc["half-life of the cycle", "number"] == 2


def test_chains_at_different_places_fail_by_r_hat():
    posterior, stats = make_draws()
    posterior["mu"][0, :, 2] += 1.0
    gate = check_convergence(posterior, stats)
    assert not gate.passed
    assert any(reason.startswith("trend by era: R-hat") for reason in gate.reasons)
    assert not any("half-life of the cycle" in reason for reason in gate.reasons)


def test_slow_chains_fail_by_effective_size():
    posterior, stats = make_draws()
    rng = np.random.default_rng(2)
    posterior["cycle_half_life"] = (
        ("chain", "draw", "dyad"),
        slow(posterior["cycle_half_life"].to_numpy(), rng),
    )
    reasons = check_convergence(posterior, stats).reasons
    assert any("half-life of the cycle: bulk effective sample size" in reason for reason in reasons)


def test_slow_tails_fail_by_tail_size():
    """Chains that visit a tail once and stay there a while move freely in the middle."""
    posterior, stats = make_draws()
    tail = posterior["cycle_half_life"].to_numpy().copy()
    tail[:, ::25] = tail[:, :40]
    tail[:, 400:500, 0] += 50.0
    posterior["cycle_half_life"] = (("chain", "draw", "dyad"), tail)
    reasons = check_convergence(posterior, stats).reasons
    assert any("half-life of the cycle: tail effective sample size" in reason for reason in reasons)


def test_a_single_month_of_a_single_dyad_is_enough_to_fail():
    posterior, stats = make_draws()
    posterior["level"][0, :, 1, -1] += 1.0
    assert any(
        reason.startswith("level: R-hat") for reason in check_convergence(posterior, stats).reasons
    )


def test_energy_that_barely_moves_fails():
    posterior, stats = make_draws()
    energy = slow(
        stats["energy"].to_numpy(), np.random.default_rng(3), 0.9
    )  # fraction 2 (1 - 0.9) = 0.2
    stats["energy"] = (("chain", "draw"), energy)
    gate = check_convergence(posterior, stats)
    assert gate.bfmi < 0.3
    assert [reason.partition(":")[0] for reason in gate.reasons] == ["energy"]


def test_one_divergence_in_a_thousand_fails_and_fewer_do_not():
    posterior, stats = make_draws()
    stats["diverging"][0, :3] = True
    assert check_convergence(posterior, stats).passed
    stats["diverging"][0, :4] = True
    gate = check_convergence(posterior, stats)
    assert gate.divergence_share == 0.001
    assert [reason.partition(":")[0] for reason in gate.reasons] == ["sampler"]


@pytest.mark.parametrize("constant", [0.0, 0.1, 1e-9])
def test_constants_are_left_out(constant):
    """A threshold that is fixed, or a probability that is the same in all draws.

    It has nothing that could converge.
    """
    posterior, stats = make_draws()
    posterior["mu"][..., 0] = constant
    values = xr.full_like(posterior["cycle_half_life"], constant)
    gate = check_convergence(posterior, stats, {"probability": values})
    table = gate.table.set_index("quantity")
    assert gate.passed
    assert table.loc["steps of the drift of datasets", "number"] == 2
    assert table.loc["trend by era", "number"] == 3
    assert "probability" not in table.index


def test_a_number_that_is_none_does_not_slip_through():
    posterior, stats = make_draws()
    posterior["mu"][2, 7, 1] = np.nan
    gate = check_convergence(posterior, stats)
    assert not gate.passed
    assert any(reason.startswith("trend by era: R-hat nan") for reason in gate.reasons)


def test_one_chain_cannot_show_that_it_converged():
    gate = check_convergence(*make_draws(chains=1, draws=4000))
    assert not gate.passed
    assert any("R-hat nan" in reason for reason in gate.reasons)
    verdict = json.loads(json.dumps(gate.to_dict(), allow_nan=False))
    assert all(quantity["r_hat"] is None for quantity in verdict["quantities"])


def test_further_quantities_are_checked_under_their_names():
    posterior, stats = make_draws()
    chance = posterior["mu"].isel(era=0, drop=True) > 0
    gate = check_convergence(posterior, stats, {"improvement by 12 months": chance})
    assert gate.passed
    assert "improvement by 12 months" in set(gate.table["quantity"])
    far = chance.astype(float)
    far[0] = 1.0
    reasons = check_convergence(posterior, stats, {"improvement by 12 months": far}).reasons
    assert any(reason.startswith("improvement by 12 months: ") for reason in reasons)


def test_the_verdict_goes_into_json():
    posterior, stats = make_draws()
    verdict = json.loads(json.dumps(check_convergence(posterior, stats).to_dict(), allow_nan=False))
    assert verdict["passed"] is True
    assert verdict["limits"] == {
        "r_hat": 1.01,
        "ess": 400,
        "bfmi": 0.3,
        "divergence_share": 0.001,
        "nodes_worth": 0.5,
    }
    assert {"quantity", "number", "r_hat", "ess_bulk", "ess_tail"} == set(verdict["quantities"][0])


def test_the_summary_counts_quantities_and_names_the_three_worst():
    misses = [
        Miss("level", "R-hat 1.0200, limit 1.01", 2.0),
        Miss("level", "bulk effective sample size 20, at least 400 needed", 20.0),
        Miss("half-life of the cycle", "R-hat nan, limit 1.01", np.nan),
        Miss("spread", "tail effective sample size 300, at least 400 needed", 1.33),
        Miss("energy", "fraction of missing information 0.10, must exceed 0.3", 3.0),
    ]
    said = summarize_misses(misses)
    assert said.startswith("4 quantities miss the limits. Worst: half-life of the cycle: R-hat nan")
    places = [
        said.index(quantity) for quantity in ("half-life of the cycle", "level: bulk", "energy")
    ]
    assert places == sorted(places)
    assert "spread" not in said and "R-hat 1.0200" not in said
