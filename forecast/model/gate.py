"""Convergence checks: no probability is reported unless the sampler has converged."""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from forecast.base.described import described
from forecast.base.wording import Card, Displayed
from forecast.model.posterior import diagnostic
from forecast.model.variables import reported_variables

COLUMNS = ["quantity", "number", "r_hat", "ess_bulk", "ess_tail"]
SHOWN_REASONS = 4
SHOWN_WORST = 3
R_HAT_LIMIT = 1.01
ESS_LIMIT = 400
BFMI_LIMIT = 0.3
DIVERGENCE_LIMIT = 0.001
NODES_LIMIT = 0.5
CHECKED_EVERY = {"level": 6, "trend": 24}
"""Every how many periods a path is checked, besides the last ones: the trend moves little in two
years."""

type RHats = Mapping[str, float | None]  # R-hat of quantities; None where it is not defined


@dataclass(frozen=True)
class Miss:
    """Violated limit of the convergence checks."""

    quantity: str  # In words, such as `half-life`
    words: str  # The diagnostic and its limit
    excess: float  # How many times the limit it is; NaN if the diagnostic is not defined

    def __str__(self) -> str:
        return f"{self.quantity}: {self.words}"


def summarize_misses(misses: Iterable[Miss]) -> str:
    """Describe in a sentence how many quantities miss the limits, and which are the worst."""
    worst: dict[str, Miss] = {}
    for miss in sorted(
        misses, key=lambda miss: np.nan_to_num(miss.excess, nan=np.inf, posinf=np.inf), reverse=True
    ):
        worst.setdefault(miss.quantity, miss)
    named = "; ".join(str(miss) for miss in list(worst.values())[:SHOWN_WORST])
    number_of_misses = "1 quantity misses" if len(worst) == 1 else f"{len(worst)} quantities miss"
    return f"{number_of_misses} the limits. Worst: {named}"


def _is_gate(value: Any) -> bool:
    """Return whether a value has the verdict that pages and files read."""
    return all(hasattr(value, name) for name in ("passed", "reasons", "to_dict"))


@described("convergence checks, such as fit.gate", accepts=_is_gate)
@dataclass(frozen=True, repr=False)
class Gate(Displayed):
    """Result of the convergence checks."""

    passed: bool
    # A row a group of quantities: worst R-hat, smallest bulk and tail effective sample size
    table: pd.DataFrame
    divergence_share: float  # Divergent transitions as a share of the draws
    bfmi: float  # Smallest energy Bayesian fraction of missing information over chains
    misses: tuple[Miss, ...]  # The limits that are not kept; empty if it passed

    @property
    def reasons(self) -> tuple[str, ...]:
        """Reasons why it did not pass, a phrase each; empty if it did."""
        return tuple(map(str, self.misses))

    def _card(self) -> Card:
        rows = [
            (str(quantity), f"R-hat {worst:.3f}, ESS bulk {bulk:,.0f}, tail {tail:,.0f}")
            for quantity, _, worst, bulk, tail in self.table.itertuples(index=False)
        ]
        reasons = [("reason", reason) for reason in self.reasons[:SHOWN_REASONS]]
        more = len(self.reasons) - SHOWN_REASONS
        rest = [("", f"and {more} more (gate.reasons)")] if more > 0 else []
        verdict = "passed" if self.passed else "NOT passed: do not use these numbers"
        return Card(f"Convergence gate: {verdict}", (*reasons, *rest, *rows))

    @property
    def r_hats(self) -> dict[str, float | None]:
        """R-hat by quantity, at its worst; None where it is not defined."""
        worst = dict(zip(self.table["quantity"], self.table["r_hat"].tolist(), strict=True))
        return {
            quantity: value if np.isfinite(value) else None for quantity, value in worst.items()
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON.

        A diagnostic that is not defined, such as R-hat of one chain, is None.
        """
        return {
            "passed": self.passed,
            "limits": {
                "r_hat": R_HAT_LIMIT,
                "ess": ESS_LIMIT,
                "bfmi": BFMI_LIMIT,
                "divergence_share": DIVERGENCE_LIMIT,
                "nodes_worth": NODES_LIMIT,
            },
            **self.diagnostics,
            "reasons": list(self.reasons),
        }

    @property
    def diagnostics(self) -> dict[str, Any]:
        """Diagnostics without their limits, as plain values."""
        defined = self.table.astype(object).where(self.table.notna(), None)
        return {
            "quantities": defined.to_dict("records"),
            "divergence_share": self.divergence_share,
            "bfmi": self.bfmi if np.isfinite(self.bfmi) else None,
        }


def check_convergence(
    posterior: xr.Dataset,
    sample_stats: xr.Dataset,
    extra: Mapping[str, xr.DataArray] | None = None,
    sampled: RHats | None = None,
    nodes: tuple[int, float] = (0, 1.0),
) -> Gate:
    """Check the convergence of every reported quantity.

    R-hat at most 1.01, bulk and tail effective sample size at least 400 (both rank-normalised),
    energy fraction of missing information above 0.3 (Betancourt 2016,
    https://doi.org/10.48550/arXiv.1604.00695), divergent transitions below 0.1%; and nodes enough
    that draws weighed to a finer integral over the month-specific noise keep half of their
    effective number.
    """
    energy = sample_stats["energy"].transpose("chain", "draw").to_numpy()
    bfmi = float(np.min((np.diff(energy, axis=1) ** 2).mean(axis=1) / energy.var(axis=1)))
    table = _diagnosed(_reported(posterior) | dict(extra or {}), sampled)
    return _judged(table, float(sample_stats["diverging"].mean()), bfmi, sampled, nodes)


def with_quantities(
    gate: Gate, extra: Mapping[str, xr.DataArray], sampled: RHats | None, nodes: tuple[int, float]
) -> Gate:
    """Return a result that includes further quantities; arguments as for `check_convergence`."""
    table = pd.concat([gate.table, _diagnosed(extra, sampled)], ignore_index=True)
    return _judged(table, gate.divergence_share, gate.bfmi, sampled, nodes)


def gate_from_diagnostics(
    stored: Mapping[str, Any], sampled: RHats | None, nodes: tuple[int, float]
) -> Gate:
    """Return the result for diagnostics stored by `Gate.diagnostics`, under the current limits."""
    table = pd.DataFrame(stored["quantities"], columns=COLUMNS).astype(
        dict.fromkeys(COLUMNS[2:], float)
    )
    bfmi = np.nan if stored["bfmi"] is None else stored["bfmi"]
    return _judged(table, float(stored["divergence_share"]), float(bfmi), sampled, nodes)


def _diagnosed(groups: Mapping[str, xr.DataArray], sampled: RHats | None) -> pd.DataFrame:
    """Return the worst diagnostics by group, of the numbers that vary from draw to draw."""
    rows = []
    for words, values in groups.items():
        draws = values.transpose("chain", "draw", ...).to_numpy().astype(np.float64)
        draws = draws.reshape(*draws.shape[:2], -1)
        # By comparison and not by its spread: that of a constant may be a rounding error, that of a
        # NaN is no number.
        draws = draws[..., ~(draws == draws[0, 0]).all(axis=(0, 1))]
        if not draws.size:
            continue
        r_hats = diagnostic("rhat", draws) if sampled is None else sampled.get(words)
        worst = float(np.max(np.nan if r_hats is None else r_hats))
        bulk = diagnostic("ess", draws, method="bulk")
        # of the 11% and 89% quantiles, the smaller one
        tail = diagnostic("ess", draws, method="tail", prob=0.89)
        rows.append((words, draws.shape[2], worst, float(np.min(bulk)), float(np.min(tail))))
    return pd.DataFrame(rows, columns=COLUMNS)


def _judged(
    table: pd.DataFrame,
    divergent: float,
    bfmi: float,
    sampled: RHats | None,
    nodes: tuple[int, float],
) -> Gate:
    misses = tuple(
        _misses(
            table, set(table["quantity"]) if sampled is None else sampled, bfmi, divergent, nodes
        )
    )
    return Gate(not misses, table, divergent, bfmi, misses)


def _reported(posterior: xr.Dataset) -> dict[str, xr.DataArray]:
    """Return the reported quantities; of paths the last 24 periods and every few before."""
    groups = {
        words: posterior[name] for words, name in reported_variables().items() if name in posterior
    }
    last = posterior.sizes.get("time", 0) - 1
    for words in CHECKED_EVERY.keys() & groups.keys():
        checked = [
            t for t in range(last + 1) if t > last - 24 or (last - t) % CHECKED_EVERY[words] == 0
        ]
        groups[words] = groups[words].isel(time=checked)
    return groups


def _misses(
    table: pd.DataFrame,
    judged: Container[str],
    bfmi: float,
    divergent: float,
    nodes: tuple[int, float],
) -> Iterator[Miss]:
    """Yield violations of the limits on R-hat, effective sample sizes and the sampler."""
    for row in table.to_dict("records"):
        quantity, r_hat = row["quantity"], row["r_hat"]
        if quantity in judged and not r_hat <= R_HAT_LIMIT:
            yield Miss(
                quantity, f"R-hat {r_hat:.4f}, limit {R_HAT_LIMIT}", (r_hat - 1) / (R_HAT_LIMIT - 1)
            )
        for kind, value in (("bulk", row["ess_bulk"]), ("tail", row["ess_tail"])):
            if not value >= ESS_LIMIT:
                words = f"{kind} effective sample size {value:.0f}, at least {ESS_LIMIT} needed"
                yield Miss(quantity, words, _ratio(ESS_LIMIT, value))
    if not bfmi > BFMI_LIMIT:
        words = f"fraction of missing information {bfmi:.2f}, must exceed {BFMI_LIMIT}"
        yield Miss("energy", words, _ratio(BFMI_LIMIT, bfmi))
    if not divergent < DIVERGENCE_LIMIT:
        words = f"{100 * divergent:.2f}% of transitions divergent, must be below 0.1%"
        yield Miss("sampler", words, divergent / DIVERGENCE_LIMIT)
    count, worth = nodes
    if not worth >= NODES_LIMIT:
        words = (
            f"{count} quadrature nodes are too few, for draws weighed to a finer integral keep "
            f"{100 * worth:.0f}% of their effective number, at least {100 * NODES_LIMIT:.0f}% "
            f"needed; fit with more nodes, such as {min(3 * count, 64)}"
        )
        yield Miss("month noise", words, _ratio(NODES_LIMIT, worth))


def _ratio(limit: float, value: float) -> float:
    return limit / value if value > 0 else np.inf
