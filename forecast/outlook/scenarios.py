"""Scenario outlook: forecasts given assumed events, with the unconditional outlook."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from math import ceil
from os import PathLike
from pathlib import Path
from typing import Annotated

import numpy as np
import xarray as xr

from forecast.base.arguments import checked
from forecast.base.dates import MAX_HORIZON, Clock, Day, optional_day
from forecast.base.described import Described, described
from forecast.base.errors import SpecError
from forecast.base.limits import whole_seed
from forecast.base.progress import Progress, silent
from forecast.base.typing import Dyad, Months, Seed
from forecast.base.wording import Card, Displayed, chance
from forecast.data.events.table import EventTable
from forecast.data.panel.kinds import Panel
from forecast.outlook.assumptions import Assumed, CellsByPeriod, assumptions_by_period, read_assumed
from forecast.outlook.benchmarks import pool_simulations
from forecast.outlook.conditioning import condition
from forecast.outlook.draws import FitLike
from forecast.outlook.observed import SimulatedEvents, observe
from forecast.outlook.query import Query, main_horizon
from forecast.outlook.recorded import DatasetRecord, above_and_below, main_record, share_before
from forecast.outlook.simulations import BASELINE_MONTHS, Simulations, simulate_ahead
from forecast.outlook.summary import NotDefined, Probability, probability, sentence
from forecast.outlook.windows import (
    Prospect,
    SimulationQuestion,
    WindowOutlook,
    prospect,
    question_outlook,
)

SCHEMA = 1
"""Version of the fields of scenario.json."""
STAMP = "assumed, not predicted"
"""What every page of scenarios says."""
RARE = 0.05
"""Scenario probability below which a warning is shown."""
# Scenarios side by side that a page can show
MAX_SCENARIOS = 8
# Characters of a name: it heads a column
MAX_SCENARIO_NAME = 60
# Questions that are put to each scenario
MAX_SCENARIO_QUESTIONS = 50


type Table = str | PathLike[str] | Sequence[Assumed]
"""A scenario: the path of its CSV file, or its rows."""
type Assumptions = Annotated[
    Mapping[str, Table] | Sequence[str | PathLike[str]] | str | PathLike[str],
    Described("scenarios by name, as in {'a meeting': rows}, or paths of CSV files"),
]
"""Scenarios as they are given: rows of each by its name, or files of rows."""


@dataclass(frozen=True)
class Scenario:
    """The outlook given what one scenario assumes."""

    name: str  # Its name, or that of its file
    # Rows as they were given: `date`, `source`, `target`, `code`, `kind`, `n`, `part`, `until`,
    # `summary`, `of_class`
    assumed: tuple[Assumed, ...]
    plausibility: Probability  # Share of unconditional simulations that satisfy the scenario
    method: str  # `none`, `weights` or `filter`
    pareto_k: float  # Of the weights; null without a tail
    effective: float  # Effective number of simulations; with `filter`, of draws
    fault: str  # Why the numbers may not be used; empty if they may
    warnings: tuple[str, ...]  # In sentences
    sentence: str  # The change at the horizon nearest to a year
    conditional: Prospect  # The outlook given the assumptions


@dataclass(frozen=True)
class RealisedWindow:
    """Events recorded in the months up to a horizon."""

    months: int  # The horizon
    until: date  # Last day of the window
    events: int  # Events recorded
    cooperative: int  # Of these
    share: float | None  # Per cent; null with fewer than three events
    outcome: str  # `up`, `same` or `down` against the baseline, or `void`


@described("Scenarios, such as scenario(fit, 'USA-CHN', 'whatif.csv') returns")
@dataclass(frozen=True, repr=False)
class Scenarios(Displayed):
    """Scenarios side by side, and the outlook without any."""

    schema: int
    stamp: str  # `assumed, not predicted`
    dyad: str
    label: str
    origin: date  # Last day that is known
    weekly: bool
    horizons: tuple[int, ...]
    smallest_improvement: float
    simulation: Mapping[str, int]  # `seed`, posterior `draws`, `simulations`
    unconditional: (
        Prospect  # That of the model in the outlook that `assess` gives with the same seed
    )
    # Published chances without a scenario, by horizon, as `assess` gives them; or why the model's
    # are published
    published: Mapping[int, WindowOutlook] | NotDefined
    scenarios: tuple[Scenario, ...]
    # What was recorded, by horizon, as far as it is known; empty if it is not
    followed: Mapping[int, RealisedWindow]

    @property
    def prospects(self) -> tuple[Prospect, ...]:
        """The outlook without a scenario, and given each."""
        return self.unconditional, *(each.conditional for each in self.scenarios)

    def _card(self) -> Card:
        facts = [(each.name, each.sentence) for each in self.scenarios]
        return Card(f"Scenarios of {self.label}: {self.stamp}", tuple(facts))


@checked
def scenario(
    fit: FitLike,
    dyad: Dyad,
    assumed: Assumptions,
    horizons: Sequence[Months] = (3, 6, 12, 24),
    *,
    seed: Seed = 1,
    improvement: float = 5.0,
    labels: Mapping[str, str] | None = None,
    simulations_per_draw: int = 4,
    above: float | None = None,
    at: Day | None = None,
    by: Day | None = None,
    baseline_months: int = BASELINE_MONTHS,
    questions: Sequence[SimulationQuestion] = (),
    events: EventTable | None = None,
    followed: Panel | None = None,
    progress: Progress | None = None,
) -> Scenarios:
    """Compute the outlook given assumed events: assumed, not predicted.

    The record of a month holds at least what is assumed of it; nothing is said of the rest
    (docs/what-if.md). A scenario that assumes nothing has the numbers of the model in the outlook,
    which the benchmarks are not pooled with.

    Parameters
    ----------
    fit : FitLike
        Posterior, panel and settings.
    dyad : str
        Code.
    assumed : mapping of str to table, or path, or sequence of paths
        Scenarios by name, each a CSV file or a sequence of `Assumed`; files alone are named by
        themselves.
    horizons : sequence of int
        Months, 1 to 120.
    seed : int or numpy.random.Generator
        The same seed gives the same numbers, whatever the other scenarios and the order of rows.
    improvement : float
        Points of share that count as a change.
    labels : mapping of str to str, optional
        Names of dyads for readers, by code.
    simulations_per_draw : int
        Simulations per posterior draw.
    above, at, by, baseline_months
        What else is asked, as in `assess`.
    questions : sequence of AppliedQuestion
        Questions of a ledger, put to the fit (`forecast.desk.questions.apply_question`) with the
        same seed.
    events : EventTable, optional
        The record: which part of its class a code is, is taken from its last ten years, as known at
        the present. Without it a code stands for its class.
    followed : xarray.Dataset, optional
        A later panel, of which is shown what was recorded.
    progress : callable, optional
        Called with (step in words, done, total).

    Returns
    -------
    Scenarios
        A `Prospect` without a scenario and one given each: chances 0 to 1, shares and levels 0 to
        100, with the share of the simulations that satisfy the scenario.

    Raises
    ------
    SpecError, DataError
        If a row or a setting makes no sense, or no simulation satisfies what is assumed.
    UnknownDyadError
        If the fit does not hold the dyad.

    Examples
    --------
    >>> import forecast
    >>> fit = forecast.Fit.load("report/fit.zarr")  # doctest: +SKIP
    >>> found = forecast.scenario(fit, "USA-CHN", "whatif.csv")  # doctest: +SKIP
    >>> found.scenarios[0].conditional.recorded[12].up.value  # doctest: +SKIP
    0.52
    """
    at = optional_day(at, "at")
    by = optional_day(by, "by")
    seed = whole_seed(seed)
    report = progress or silent
    tables = read_scenarios(assumed)
    label = dict(labels or {}).get(dyad, dyad)
    query = Query.of(fit.panel, dyad, horizons, above=above, at=at, by=by, baseline=baseline_months)
    _require_different(questions)
    record = main_record(fit.panel, dyad, label)
    report("simulating", 0, len(tables))
    simulations = simulate_ahead(
        fit,
        dyad,
        MAX_HORIZON,
        seed=seed,
        simulations_per_draw=simulations_per_draw,
        baseline_months=baseline_months,
    )
    rows_of_record = None if events is None else events.events
    by_period = {
        name: assumptions_by_period(rows, fit.panel, dyad, rows_of_record)
        for name, rows in tables.items()
    }
    reach = _reach(query, by_period.values(), simulations.clock, questions)
    observed = observe(fit, simulations, reach, record, seed=seed, kinds=True)
    if isinstance(observed, NotDefined) and any(by_period.values()):
        raise SpecError(f"scenario: nothing can be assumed: {observed.reason}")

    outlook = _Outlook(fit, simulations, observed, query, improvement, tuple(questions), seed)
    scenarios = []
    for number, (name, rows) in enumerate(tables.items()):
        report(f"scenario {name}", number, len(tables))
        scenarios.append(outlook.given(name, rows, by_period[name]))
    unconditional = outlook.unconditional
    since: Mapping[int, RealisedWindow] = {}
    if followed is not None and not isinstance(unconditional.recorded, NotDefined):
        since = followed_windows(followed, dyad, unconditional.recorded, improvement)
    chains, draws, each = simulations.level.shape[:3]
    return Scenarios(
        schema=SCHEMA,
        stamp=STAMP,
        dyad=dyad,
        label=label,
        origin=simulations.clock.last_day(),
        weekly=simulations.clock.weekly,
        horizons=query.horizons,
        smallest_improvement=improvement,
        simulation={"seed": seed, "draws": chains * draws, "simulations": chains * draws * each},
        unconditional=unconditional,
        published=outlook.published,
        scenarios=tuple(scenarios),
        followed=since,
    )


def _require_different(questions: Sequence[SimulationQuestion]) -> None:
    """Reject too many questions, and one that is asked twice."""
    ids = [question.question.id for question in questions]
    if len(ids) > MAX_SCENARIO_QUESTIONS or len(set(ids)) < len(ids):
        raise SpecError(
            f"questions: {len(ids)} are asked; expected at most {MAX_SCENARIO_QUESTIONS}, "
            "each of them once"
        )


def _reach(
    query: Query,
    assumed: Iterable[CellsByPeriod],
    clock: Clock,
    questions: Sequence[SimulationQuestion],
) -> int:
    """Return how many months ahead events are simulated: to the last that anything is about."""
    last_period = max((period for periods in assumed for period in periods), default=1)
    last_question = max((question.ahead for question in questions), default=0)
    last_assumed = ceil(last_period / clock.per_month)
    return min(max(query.reach, last_assumed, last_question), MAX_HORIZON)


@dataclass(frozen=True)
class _Outlook:
    """Simulations of a dyad, and what is asked of them with and without a scenario."""

    fit: FitLike
    simulations: Simulations
    observed: SimulatedEvents | NotDefined
    query: Query
    improvement: float  # Points of share that count as a change
    questions: tuple[SimulationQuestion, ...]
    seed: int

    @cached_property
    def unconditional(self) -> Prospect:
        """The forecast of the model without a scenario."""
        return self._prospect(self.simulations, self.observed)

    @property
    def published(self) -> Mapping[int, WindowOutlook] | NotDefined:
        """Published chances without a scenario, by horizon."""
        pool = pool_simulations(self.observed, self.query.windows, seed=self.seed)
        if isinstance(pool, NotDefined):
            return pool
        return prospect(
            self.simulations, self.observed, self.query, self.improvement, pool
        ).recorded

    def _prospect(
        self, simulations: Simulations, observed: SimulatedEvents | NotDefined
    ) -> Prospect:
        """Compute the forecast from some simulations, with the answers to the questions."""
        answers = tuple(
            question_outlook(question, *question.settle(simulations, observed))
            for question in self.questions
        )
        model = prospect(simulations, observed, self.query, self.improvement, {})
        return replace(model, questions=answers)

    def given(self, name: str, rows: tuple[Assumed, ...], assumed: CellsByPeriod) -> Scenario:
        """Compute the forecast given what one scenario assumes."""
        unit = self.simulations.clock.unit
        words = f"each {unit} that something is assumed of holds at least that"
        if not assumed or isinstance(self.observed, NotDefined):
            certain = np.ones(self.simulations.level.shape[:-1])
            return self._scenario(
                name,
                rows,
                plausibility=probability(certain, words),
                method="none",
                pareto_k=-np.inf,
                effective=float(certain.size),
                fault="",
                conditional=self.unconditional,
            )
        conditional = condition(self.fit, self.simulations, self.observed, assumed, seed=self.seed)
        return self._scenario(
            name,
            rows,
            plausibility=probability(conditional.likelihood, words),
            method=conditional.method,
            pareto_k=conditional.pareto_k,
            effective=conditional.effective,
            fault=conditional.fault,
            conditional=self._prospect(conditional.simulations, conditional.observed),
        )

    def _scenario(
        self,
        name: str,
        rows: tuple[Assumed, ...],
        *,
        plausibility: Probability,
        method: str,
        pareto_k: float,
        effective: float,
        fault: str,
        conditional: Prospect,
    ) -> Scenario:
        """Return a scenario with its warnings and what it changes, in words."""
        rare = plausibility.value < RARE
        warnings = []
        if rare:
            likely = chance(plausibility.value, 1)
            warnings.append(f"This is rare: {likely} of the simulations satisfy it.")
        if fault:
            warnings.append(
                f"Do not use the numbers of this scenario: {fault}. Assume fewer events or months."
            )
        change = sentence(
            "scenario",
            conditional,
            self.unconditional,
            main_horizon(self.query.horizons),
            self.query.baseline,
            self.improvement,
            plausibility.value,
            1 if rare else 0,
        )
        return Scenario(
            name=name,
            assumed=rows,
            plausibility=plausibility,
            method=method,
            pareto_k=pareto_k,
            effective=effective,
            fault=fault,
            warnings=tuple(warnings),
            sentence=change,
            conditional=conditional,
        )


def read_scenarios(
    assumed: Assumptions,
) -> dict[str, tuple[Assumed, ...]]:
    """Return the rows of scenarios by name; those of files are read."""
    given: Iterable[tuple[str, Table]]
    if isinstance(assumed, Mapping):
        given = assumed.items()
    else:
        paths = (
            list(assumed)
            if isinstance(assumed, Sequence) and not isinstance(assumed, str)
            else [assumed]
        )
        if not all(isinstance(path, str | PathLike) for path in paths):
            raise SpecError(
                "assumed: expected scenarios by name, as in {'a meeting': rows}, or paths of CSV "
                "files"
            )
        given = [(Path(path).stem, path) for path in paths]
    pairs = list(given)
    names = [str(name).strip() for name, _ in pairs]
    if not 1 <= len(pairs) <= MAX_SCENARIOS or len(set(names)) < len(names):
        raise SpecError(
            f"assumed: {len(pairs)} scenarios; expected 1 to {MAX_SCENARIOS}, of different names"
        )
    if not all(0 < len(name) <= MAX_SCENARIO_NAME for name in names):
        raise SpecError(
            f"assumed: a scenario's name has 1 to {MAX_SCENARIO_NAME} characters; name its file so"
        )
    scenarios = {}
    for name, (_, table) in zip(names, pairs, strict=True):
        rows = read_assumed(Path(table)) if isinstance(table, str | PathLike) else table
        if not isinstance(rows, Sequence) or not all(isinstance(row, Assumed) for row in rows):
            raise SpecError(
                "assumed: a row is no Assumed; make them as in Assumed(date(2026, 11, 18), 'USA', "
                "'CHN', '042')"
            )
        scenarios[name] = tuple(rows)
    return scenarios


def followed_windows(
    panel: xr.Dataset,
    dyad: str,
    recorded: Mapping[int, WindowOutlook],
    improvement: float,
) -> dict[int, RealisedWindow]:
    """Return the event data of a later panel in the windows of a forecast that it completes.

    A window or a baseline with too few events makes the comparison void.
    """
    if not recorded:
        return {}
    dataset = next(iter(recorded.values())).dataset
    names = [str(name) for name in panel["dataset"].to_numpy()] if "dataset" in panel.coords else []
    if dataset not in names or dyad not in panel["dyad"].to_numpy():
        raise SpecError(f"followed: the panel does not hold {dyad} in the dataset {dataset!r}")
    record = DatasetRecord.of(panel, dyad, names.index(dataset))
    followed = {}
    for months, window in recorded.items():
        times = record.clock.times
        window_periods = (times >= np.datetime64(window.first)) & (
            times <= np.datetime64(window.until)
        )
        if (
            window_periods.sum() < record.clock.periods(months)
            or not record.covered[window_periods].all()
        ):
            continue
        events = int(record.total[window_periods].sum())
        cooperative = int(record.cooperative[window_periods].sum())
        share = share_before(cooperative, events)
        outcome = "void"
        before = None if isinstance(window.baseline, NotDefined) else window.baseline.share
        if share is not None and before is not None:
            above, below = above_and_below(share, before, improvement)
            outcome = "same"
            if above:
                outcome = "up"
            elif below:
                outcome = "down"
        followed[months] = RealisedWindow(months, window.until, events, cooperative, share, outcome)
    return followed
