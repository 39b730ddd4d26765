"""Numbers that no machine could carry out end in a sentence, before any long work."""

import time

import pytest
from typer.testing import CliRunner

from forecast.base.errors import SpecError
from forecast.base.limits import LIMITS, require_positive, require_sampler, require_whole
from forecast.cli import app


@pytest.mark.parametrize("name", LIMITS)
def test_limits_hold_at_both_ends(name: str) -> None:
    least, most = LIMITS[name]
    assert (require_whole(name, least), require_whole(name, most)) == (least, most)
    for value in (least - 1, most + 1, 10**6000, -(10**6000), 1.5, "4", None, True, float("nan")):
        with pytest.raises(SpecError, match=name) as raised:
            require_whole(name, value)
        assert len(str(raised.value)) < 200


def test_more_draws_than_a_machine_holds() -> None:
    with pytest.raises(SpecError, match="over all chains"):
        require_sampler(draws=100_000, tune=None, chains=64, seed=1)


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), 101, "5", True])
def test_positive_numbers(value: object) -> None:
    with pytest.raises(SpecError, match="improvement"):
        require_positive("improvement", value, 100.0, "points of share")


@pytest.mark.parametrize(
    "option",
    [
        ("--cores", "1000000000"),
        ("--cores", "0"),
        ("--chains", "100000"),
        ("--draws", "1000000000"),
        ("--tune", "9" * 30),
        ("--horizons", "9" * 5000),
        ("--horizons", "121"),
        ("--since", "2199-01-01"),
        ("--as-of", "2199-01-01"),
        ("--improvement", "nan"),
        ("--improvement", "1e300"),
        ("--seed", "-1"),
        ("--nodes", "1000000"),
    ],
)
def test_a_report_says_so_before_it_begins(option: tuple[str, str], tmp_path: object) -> None:
    start = time.process_time()
    result = CliRunner().invoke(app, ["report", "USA-CHN", "--out", f"{tmp_path}/report", *option])
    assert result.exit_code == 2, result.output
    assert len(result.output) < 1000
    assert time.process_time() - start < 20.0  # a fit takes longer


@pytest.mark.parametrize("option", [("--cores", "1000000000"), ("--seed", "-1"), ("--with", ",")])
def test_so_do_tests_of_claims(option: tuple[str, str]) -> None:
    result = CliRunner().invoke(app, ["test", *option])
    assert result.exit_code == 2, result.output


@pytest.mark.parametrize(
    "option",
    [
        ("--processes", "1000000000"),
        ("--processes", "0"),
        ("--every", "0"),
        ("--every", "121"),
        ("--seed", "-1"),
        ("--horizons", "121"),
        ("--improvement", "nan"),
        ("--from", "9999-12"),
    ],
)
def test_so_do_backtests(option: tuple[str, str], tmp_path: object) -> None:
    result = CliRunner().invoke(app, ["backtest", "--out", f"{tmp_path}/skill", *option])
    assert result.exit_code == 2, result.output
