"""Small panels of any shape, and the numerical tools that the tests of the model share."""

import numpy as np
import pandas as pd
import xarray as xr

from forecast.data.panel import recounted, validate_panel

NAMES = (
    "USA-CHN",
    "USA-RUS",
    "CHN-RUS",
    "CHN-JPN",
    *(f"AA{letter}-BB{letter}" for letter in "ABCDEFGHIJ"),
)


def make_panel(
    dyads=1,
    periods=24,
    *,
    eras=2,
    datasets=1,
    directions=1,
    classes=8,
    zero_cut=4,
    events=1.5,
    empty=0.4,
    index=False,
    frequency="month",
    seed=0,
    first_era=0,
):
    """A panel with `events` expected a report, `empty` of the months left empty and `eras` a dyad.

    The first of them begins in period `first_era`.
    """
    rng = np.random.default_rng(seed)
    begins = np.linspace(0, periods, eras, endpoint=False).astype(int)
    era_of_time = np.searchsorted(begins, np.arange(periods), side="right") - 1
    freq = {"month": "MS", "week": "W-MON"}[frequency]
    years = periods / {"month": 12, "week": 52.17}[frequency]
    first = next(
        year for year in (2000, 1945, 1760) if year + years <= 2026
    )  # nothing is in the future
    time = pd.date_range(f"{first}-01-01", periods=periods, freq=freq).as_unit("ns")
    codes = [f"{NAMES[d]}:{e}" for d in range(dyads) for e in range(eras)]
    shared = {
        "era_index": (
            ("dyad", "time"),
            (era_of_time + eras * np.arange(dyads)[:, None]).astype(np.int16),
        )
    }
    coords = {
        "dyad": list(NAMES[:dyads]),
        "time": time,
        "era": codes,
        "era_dyad": ("era", np.repeat(np.arange(dyads), eras).astype(np.int16)),
        "era_name": ("era", [code.rpartition(":")[2] for code in codes]),
        "era_start": (
            "era",
            pd.DatetimeIndex(np.tile(time[np.maximum(begins, first_era)], dyads)).as_unit("ns"),
        ),
    }
    attrs = {"schema": 1, "frequency": frequency, "as_of": "", "digest": "made", "late": 0}
    seen = rng.random((dyads, periods)) >= empty
    seen[:, 0] = True
    if index:
        values = np.where(seen, rng.standard_normal((dyads, periods)).cumsum(axis=1), np.nan)
        panel = xr.Dataset(shared | {"index": (("dyad", "time"), values)}, coords, attrs)
        validate_panel(panel)
        return panel
    counts = (
        rng.poisson(events / classes, (datasets, dyads, periods, directions, classes))
        * seen[..., None, None]
    )
    counts[0, :, 0, 0, -1] += 1
    coords |= {
        "dataset": [f"feed{q}" for q in range(datasets)],
        "direction": ["first", "second"] if directions == 2 else ["both"],
        "class": np.arange(classes),
        "class_name": ("class", [f"class {j}" for j in range(classes)]),
    }
    attrs |= {
        "scale": "made",
        "unit": "event",
        "zero_cut": zero_cut,
        "counted": int(counts.sum()),
        "paired": 0,
        "outside_coverage": "{}",
        "outside_span": 0,
    }
    dims = ("dataset", "dyad", "time", "direction", "class")
    variables = {
        "counts": (dims, counts.astype(np.int32)),
        "covered": (dims[:3], np.ones((datasets, dyads, periods), dtype=bool)),
    }
    panel = xr.Dataset(shared | variables, coords, attrs)
    validate_panel(panel)
    return panel


def consistent(panel):
    """A panel that a test has changed by hand, as a panel of such counts and coverage would be.

    What is not covered holds no counts, and how many there are is said.
    """
    if "counts" not in panel:
        return panel
    counts = panel["counts"] * panel["covered"].astype(panel["counts"].dtype)
    return recounted(panel.assign(counts=counts.transpose(*panel["counts"].dims)))


def numerical_gradient(function, point, step=1e-3):
    """Gradient by the five-point stencil: its error is of the order of step**4, and of 1e-13 by rounding."""
    point = np.asarray(point, dtype=float)
    gradient = np.empty(point.shape)
    for place in np.ndindex(point.shape):
        shift = np.zeros(point.shape)
        shift[place] = step * max(1.0, abs(point[place]))
        near = function(point + shift) - function(point - shift)
        far = function(point + 2 * shift) - function(point - 2 * shift)
        gradient[place] = (8 * near - far) / (12 * shift[place])
    return gradient


def python_mode():
    """PyTensor without compilation: building a function takes a tenth of a second instead of ten."""
    from pytensor.compile.mode import Mode

    return Mode(linker="py", optimizer=None)
