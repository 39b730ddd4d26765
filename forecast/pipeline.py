"""The whole way in one call: events -> panel -> fit -> outlook -> report."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.dates import months_between, refuse_future
from forecast.errors import DataError, SpecError
from forecast.progress import Progress, Steps, silent
from forecast.wording import month

if TYPE_CHECKING:
    import xarray as xr

    from forecast.events import EventTable
    from forecast.model import Fit, Gate, PendulumSpec
    from forecast.model.breaks.eras import Eras
    from forecast.outlook import Assessment

ERAS = ("given", "infer", "none")
"""Where the eras of the dyad come from."""


@dataclass(frozen=True)
class Order:
    """What is asked of a report.

    Attributes
    ----------
    dyad : str
    as_of : datetime.date, optional
        Only what was known by that day counts; by default the last day to which the dyad's record is even, or of a
        saved fit its own day.
    horizons : tuple of int
        Months ahead.
    out : pathlib.Path
        Folder of the report.
    seed : int
    alone : bool
        Fit this dyad without the others.
    eras : {"given", "infer", "none"}
        The dyad's eras: those of ``data/eras.csv``, inferred from its record, or one for all of it. Other dyads keep
        the given ones.
    since : datetime.date, optional
        Where the record to compare with begins; by default the dyad's reference date (data/dyads.csv).
    smallest_improvement : float
        Points of share that count as a change.
    fit_path : pathlib.Path, optional
        A saved fit to forecast from instead of fitting; it is updated to ``as_of``.
    save_fit : bool
        Whether the fit is saved beside the page, if it is another than the one given.
    draws, tune, chains, cores : int, optional
        Of the sampler; its own defaults without them.
    """

    dyad: str = "USA-CHN"
    as_of: date | None = None
    horizons: tuple[int, ...] = (3, 6, 12, 24)
    out: Path = Path("report")
    seed: int = 1
    alone: bool = False
    eras: str = "given"
    since: date | None = None
    smallest_improvement: float = 5.0
    fit_path: Path | None = None
    save_fit: bool = True
    draws: int | None = None
    tune: int | None = None
    chains: int | None = None
    cores: int | None = None


@dataclass(frozen=True)
class Report:
    """A finished report: the page, what it says, whether it may be used, and how long each step took (seconds)."""

    page: Path
    assessment: "Assessment"
    gate: "Gate"
    seconds: dict[str, float]
    warnings: tuple[str, ...]


def make_report(
    order: Order,
    *,
    table: "EventTable | None" = None,
    spec: "PendulumSpec | None" = None,
    progress: Progress | None = None,
) -> Report:
    """Make the report of a dyad.

    Parameters
    ----------
    order : Order
    table : EventTable, optional
        The events; the embedded chronology by default.
    spec : PendulumSpec, optional
        The model's choices.
    progress : callable, optional
        Called with (step in words, done, total).

    Raises
    ------
    UnknownDyadError, SpecError, DataError, FitFileError, OutputError
        If what is asked for makes no sense; before any long work where that can be seen.

    Examples
    --------
    >>> from forecast.pipeline import Order, make_report
    >>> make_report(Order(dyad="USA-CHN", alone=True)).page  # doctest: +SKIP
    PosixPath('report/index.html')
    """
    from forecast.events import find_dyad, read_chronology
    from forecast.files import check_writable
    from forecast.panel.record import last_even_day

    _check(order)
    check_writable(order.out)
    steps = Steps(progress or silent)
    with steps.step("reading the events"):
        table = table or read_chronology()
        dyad = find_dyad(order.dyad, table.dyads)
        as_of = order.as_of or last_even_day(table, dyad)
    given = _loaded(order.fit_path, dyad, steps) if order.fit_path else None
    if given:
        fit, warnings = _brought(given, order, table, dyad, steps)
    else:
        fit, warnings = _fitted(order, table, dyad, as_of, spec, steps)
    assessment, others, gate = _judged(order, fit, dyad, steps)
    if given and fit is not given and _worn(fit, gate):
        fit, warnings = _anew(given, fit, gate.reasons[0], dyad, steps)
        assessment, others, gate = _judged(order, fit, dyad, steps)
    unchanged, fit = fit is given, _noted(fit, gate, steps)
    with steps.step("writing the report"):
        from forecast.report import write_report

        page = write_report(
            fit, assessment, out=order.out, events=table, others=others, gate=gate,
            fit_name="fit.zarr" if order.save_fit and not unchanged else None,
        )  # fmt: skip
    return Report(page, assessment, gate, steps.seconds, warnings)


def _check(order: Order) -> None:
    if order.as_of is not None:
        refuse_future(order.as_of, "as-of")
    if not order.smallest_improvement > 0:
        raise SpecError(f"improvement: got {order.smallest_improvement}; expected a positive number of points of share")
    if order.eras not in ERAS:
        raise SpecError(f"eras: got {order.eras!r}; expected one of {', '.join(ERAS)}")
    if order.fit_path and order.eras != "given":
        raise SpecError("eras: a saved fit has its own eras; leave the choice out, or fit anew")
    if order.seed < 0:
        raise SpecError(f"seed: got {order.seed}; expected a whole number from 0")


def _loaded(path: Path, dyad: str, steps: Steps) -> "Fit":
    with steps.step("loading the fit"):
        from forecast.model.fitted import Fit

        fit = Fit.load(path)
        if dyad not in fit.dyads:
            raise DataError(f"{path}: the fit holds {', '.join(fit.dyads)}, not {dyad}; choose one of them")
    return fit


def _brought(given: "Fit", order: Order, table: "EventTable", dyad: str, steps: Steps) -> tuple["Fit", tuple[str, ...]]:
    """Bring a saved fit to the day asked for, if one is."""
    if order.as_of is None:
        return given, tuple(str(given.provenance[name]) for name in ("eras",) if name in given.provenance)
    if "eras" in given.provenance:
        raise SpecError(
            "as-of: the eras of the saved fit are not the given ones but as its record had them, and a later record "
            "may have others. Fit anew with --eras, or leave out the day"
        )
    with steps.step("updating the fit"):
        from forecast.model import update

        fit = update(given, table, as_of=order.as_of, seed=order.seed, progress=steps.progress)
    return (fit, ()) if fit is given else (fit, _told(fit, dyad))


def _anew(given: "Fit", fit: "Fit", reason: str, dyad: str, steps: Steps) -> tuple["Fit", tuple[str, ...]]:
    with steps.step("fitting anew"):
        from forecast.model.updating.update import sampled_again

        fit = sampled_again(given, fit.panel, reason, steps.progress)
    return fit, _told(fit, dyad)


def _worn(fit: "Fit", gate: "Gate") -> bool:
    """Tell whether only the weights of an update leave too little of draws that had settled; a new fit has them."""
    from forecast.model.gate import R_HAT_LIMIT

    return bool(fit.updates) and not gate.passed and bool(gate.table["r_hat"].max() <= R_HAT_LIMIT)


def _told(fit: "Fit", dyad: str) -> tuple[str, ...]:
    """Say how a saved fit came to its new day, and what has to be known of that day."""
    from forecast.model.updating.later import last_known

    day = last_known(fit.panel)
    if fit.updates:
        last, number = fit.updates[-1], fit.posterior.sizes["chain"] * fit.posterior.sizes["draw"]
        words = (
            f"The fit was updated from {last['from']} to {day} without sampling anew: the draws' weights are worth "
            f"{last['effective_draws']:,.0f} of {number:,} draws"
            + ("." if last["pareto_k"] is None else f", Pareto k {last['pareto_k']:.2f}.")
        )
    else:
        words = f"The fit was made anew as of {day}: {fit.provenance['refitted']['reason']}."
    return (words, *_enough(fit.panel, dyad, day))


def _noted(fit: "Fit", gate: "Gate", steps: Steps) -> "Fit":
    """Note in a fit how long it took and, for a later update, how its sampler had settled."""
    facts: dict[str, Any] = {"seconds": fit.provenance["seconds"] | steps.seconds}
    if not fit.updates:
        rows = gate.to_dict()["quantities"]
        facts["r_hat"] = {row["quantity"]: row["r_hat"] for row in rows if row["quantity"] != "outlook"}
    return fit.noting(**facts)


def _fitted(
    order: Order, table: "EventTable", dyad: str, as_of: date, spec: "PendulumSpec | None", steps: Steps
) -> tuple["Fit", tuple[str, ...]]:
    eras = _eras(order, table, dyad, as_of, steps)
    with steps.step("building the panel"):
        from forecast.panel import build_panel

        panel = build_panel(
            table, dyads=[dyad] if order.alone else None, as_of=as_of, eras=None if eras is None else eras.table
        )
        warnings = _enough(panel, dyad, as_of)
    with steps.step("fitting"):
        from forecast.model import fit as fit_panel

        given = {"draws": order.draws, "tune": order.tune, "chains": order.chains, "cores": order.cores}
        options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        fit = fit_panel(panel, spec, seed=order.seed, progress=steps.progress, **options)
    return (fit, warnings) if eras is None else (fit.noting(eras=eras.words), (eras.words, *warnings))


def _eras(order: Order, table: "EventTable", dyad: str, as_of: date, steps: Steps) -> "Eras | None":
    """Replace the given eras of the dyad, if that is asked for."""
    if order.eras == "given":
        return None
    from forecast.model.breaks.eras import inferred_eras, no_eras

    if order.eras == "none":
        return no_eras(dyad)
    with steps.step("inferring the eras"):
        from forecast.panel import build_panel

        own = build_panel(table, dyads=[dyad], as_of=as_of)
        _enough(own, dyad, as_of)
        return inferred_eras(own, dyad, seed=order.seed, cores=order.cores, progress=steps.progress)


def _enough(panel: "xr.Dataset", dyad: str, as_of: date) -> tuple[str, ...]:
    """Refuse a record too short to see a pendulum in; warn where it ends long before the day asked for."""
    import numpy as np

    from forecast.panel.record import require_record, watched

    require_record(panel, dyad, as_of)
    last = panel["time"].to_numpy()[np.flatnonzero(watched(panel, dyad))[-1]].astype("datetime64[D]").item()
    behind = months_between(last, as_of)
    if behind > 1:
        words = f"{dyad} is recorded evenly up to {month(last)} only"
        return (f"{words}; {behind} months up to {as_of} are extrapolated.",)
    return ()


def _judged(order: Order, fit: "Fit", dyad: str, steps: Steps) -> tuple["Assessment", list["Assessment"], "Gate"]:
    """Assess the dyad and the others, and hold all that is stated of it against the gate."""
    assessment, others = _assessed(order, fit, dyad, steps)
    with steps.step("checking convergence"):
        from forecast.outlook import reported

        gate = fit.gate_with(outlook=reported(assessment).to_dataarray("quantity"))
    return assessment, others, gate


def _assessed(order: Order, fit: "Fit", dyad: str, steps: Steps) -> tuple["Assessment", list["Assessment"]]:
    from forecast.events import read_dyads
    from forecast.outlook import assess

    known = read_dyads()
    labels = {str(code): str(label) for code, label in known["label"].items()}
    since = {code: day.date() for code, day in known["reference_date"].items()}
    with steps.step("simulating futures"):
        everyone = {
            code: assess(
                fit, code, order.horizons, seed=order.seed, labels=labels,
                since=(order.since if code == dyad else None) or since.get(code),
                smallest_improvement=order.smallest_improvement,
            )
            for code in fit.dyads
        }  # fmt: skip
    return everyone.pop(dyad), list(everyone.values())
