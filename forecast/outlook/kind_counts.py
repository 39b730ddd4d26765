"""Of what kinds the happenings of simulated futures would be, given their sides.

By the mix of kinds that the last ten years recorded on each side. That is all that was found to help: the depth and the
severity of a model with two scales, whose thresholds are those of the whole record, predict worse than base rates do
(docs/skill.md, "Kinds of happenings").
"""

from typing import TYPE_CHECKING

import numpy as np

from forecast.clock import periods_a_month
from forecast.outlook.futures import stream
from forecast.panel.record import by_class
from forecast.typing import Float, Index

if TYPE_CHECKING:
    import xarray as xr

MIX_MONTHS = 120
"""Ten years: enough happenings to count rare kinds, few enough that relations and recording were much as they are."""

WHOLE_RECORD = 8.0
"""So many happenings of a side are added with the mix of the whole record: a kind that was rare lately is possible."""


def simulate_kinds(
    panel: "xr.Dataset", dyad: str, dataset: int, total: Index, cooperative: Index, *, seed: int
) -> Index:
    """Draw the kinds of the happenings that a dataset records in simulated futures.

    Each future has its own mix of either side, drawn from what the last ten years leave possible; its happenings are
    multinomial.
    """
    rng = stream(seed, dyad, f"kinds {dataset}")
    mixes = draw_mixes(panel, dyad, dataset, total.shape[:-1], rng)
    found = np.zeros((*total.shape, panel.sizes["class"]), dtype=np.int32)
    for period in range(total.shape[-1]):  # one by one, so that longer futures only go on from shorter ones
        found[..., period, :] = draw_kinds(mixes, total[..., period], cooperative[..., period], rng)
    return found


def draw_mixes(
    panel: "xr.Dataset", dyad: str, dataset: int, futures: tuple[int, ...], rng: np.random.Generator
) -> tuple[Float, Float]:
    """Draw the mix of kinds of each future: of hostile and of cooperative happenings, each (..., kind)."""
    counts, covered = by_class(panel, dyad, dataset)
    counts, recent = counts[covered], round(MIX_MONTHS * periods_a_month(panel))
    cut = int(panel.attrs["zero_cut"])
    hostile, cooperative = (
        _draw_mixes(counts[:, own], recent, futures, rng) for own in (slice(0, cut), slice(cut, None))
    )
    return hostile, cooperative


def draw_kinds(mixes: tuple[Float, Float], total: Index, cooperative: Index, rng: np.random.Generator) -> Index:
    """Draw the kinds of a period's happenings, (..., class), by the mixes of its futures."""
    sides = zip((total - cooperative, cooperative), mixes, strict=True)
    return np.concatenate([rng.multinomial(number, mix) for number, mix in sides], axis=-1)


def _draw_mixes(counts: Index, recent: int, futures: tuple[int, ...], rng: np.random.Generator) -> Float:
    """Draw the mix of a side's kinds, (..., kind), from its happenings by period and kind."""
    return np.asarray(rng.dirichlet(mix_weights(counts, recent), futures))


def mix_weights(counts: Index, recent: int) -> Float:
    """Return the weights of the Dirichlet distribution of a side's mix, (kind,)."""
    whole = counts.sum(axis=0) + 1.0
    return np.asarray(counts[-recent:].sum(axis=0) + WHOLE_RECORD * whole / whole.sum())
