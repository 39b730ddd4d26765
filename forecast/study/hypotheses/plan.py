"""Plan of tests of claims.

Every choice in one file, fixed before the results are seen, and its execution.

A plan names its dyads, or the rule by which they are chosen once there are data (`plan_ahead`). A
frozen plan contains digests of itself and of the data. `forecast test --plan` runs exactly this
plan and fails if either has changed; later, the months after the freeze decide alone. Deviations
are logged below it, and do not break the freeze.
"""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)

from forecast.base.arguments import checked
from forecast.base.dates import Day, month_end, optional_day, reject_future, today
from forecast.base.described import described
from forecast.base.digests import digest
from forecast.base.errors import DataError, PlanError
from forecast.base.files import write_text
from forecast.base.forms import faults, read_form
from forecast.base.limits import require_whole, whole_seed
from forecast.base.progress import Progress
from forecast.base.typing import Dyad, Seed
from forecast.base.wording import join, number
from forecast.data.events import find_dyad
from forecast.data.events.dyads import dyad_code
from forecast.data.records import Records
from forecast.data.sources import Data, Source, open_source, read_sources
from forecast.model.process.declarations import priors_of
from forecast.study.hypotheses.claims import CLAIMS
from forecast.study.hypotheses.outcome import FACTOR, ClaimAnswer
from forecast.study.hypotheses.record import MIN_POOLED_DYADS
from forecast.study.hypotheses.results import EXPLORATORY, PooledResults, PooledVerdict
from forecast.study.hypotheses.run import lacking_of, parse_claims, pooled_tests

VERSION = 2
PACKAGE = "pendulum-forecast"
PARTS_OF_PRIORS = ("common", "claims")  # Those of priors.toml by which claims are tested
ON_SEEN_DATA = "frozen on data already seen"
CONFIRMATORY = "confirmatory"
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_STRICT = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
_HEAD = """\
# The plan of tests of claims (`forecast help hypotheses`).
# Once frozen, `forecast test --plan` runs exactly this, and fails if the plan or \
its data have changed.
# Log a deviation without breaking the freeze: forecast plan deviate FILE "what and why"
"""


_OPTIONAL = ("dyads", "choice", "null_sets", "months", "priors", "reasons", "remarks")


class DataDigest(BaseModel):
    """Digests of the data.

    SHA-256 of the panel's content, and of every file that was read, by name.
    """

    model_config = _STRICT

    panel: Digest  # SHA-256 of the panel
    files: dict[str, Digest]  # SHA-256 by file; tables of the package begin with `data/`


class Deviation(BaseModel):
    """Something that was done in another way than planned."""

    model_config = _STRICT

    day: date
    text: str = Field(min_length=1)


class Choice(BaseModel):
    """Rule by which dyads are chosen once there are data.

    All that are long and dense enough, less some.
    """

    model_config = _STRICT

    events: int = Field(ge=1)  # Fewest events of a dyad known by `as_of`, each row counted
    months: int = Field(ge=1)  # Fewest months from the first of these to the last
    without: tuple[str, ...] = ()  # Dyads that are left out, in either order of their states

    def dyads(self, records: Records, as_of: date) -> tuple[str, ...]:
        """Return the dyads of single events that fit the rule."""
        if records.events is None:
            raise DataError(
                "source: a rule chooses dyads by their events, and this source has none; name the "
                "dyads"
            )
        rows = records.events.events
        by_dyad = rows[rows["known_at"].dt.date <= as_of].groupby("dyad")
        first, last = (
            by_dyad["date"].min().dt.to_period("M"),
            by_dyad["date"].max().dt.to_period("M"),
        )
        months = last.astype("int64") - first.astype("int64") + 1
        enough = (by_dyad["n"].sum() >= self.events) & (months >= self.months)
        left_out = {dyad_code(*dyad.split("-")) for dyad in self.without}
        return tuple(
            dyad for dyad in records.dyads if enough.get(dyad, False) and dyad not in left_out
        )

    @property
    def words(self) -> str:
        """The rule in words."""
        rule = f"all with at least {self.events} events and {self.months} months from first to last"
        return f"{rule}, without {join(self.without)}" if self.without else rule


def fixed_by_version(claims: Sequence[str]) -> dict[str, Any]:
    """Return the fields of a plan by which this version of the package tests claims."""
    priors = {prior.name: prior.value for part in PARTS_OF_PRIORS for prior in priors_of(part)}
    return {
        "rule": dict.fromkeys(claims, FACTOR),
        "null_sets": {code: CLAIMS[code].nulls for code in claims},
        "months": {code: CLAIMS[code].months for code in claims},
        "priors": digest(json.dumps(priors, sort_keys=True).encode()),
        "package": version(PACKAGE),
    }


@described("a Plan, such as make_plan() or read_plan() returns")
class Plan(BaseModel):
    """Every choice of a run of tests."""

    model_config = _STRICT

    version: Literal[2] = 2  # Version of this form
    # Codes in the order of the theory, such as S2, S5a and S5b
    claims: tuple[str, ...] = Field(min_length=1)
    dyads: tuple[str, ...] = ()  # Tested together, two at least; empty where a rule chooses them
    choice: Choice | None = (
        None  # Rule by which dyads are chosen once there are data, in place of `dyads`
    )
    as_of: date  # Events with a later `known_at` are not used
    source: Source = Source()  # Origin of the data
    # Digests of the data. Null in a plan for data that its author does not have, with `seen: false`
    data: DataDigest | None
    seed: int = 1  # Of placebo dates
    # Bayes factor that supports each claim; its inverse rejects it. Fixed by the package version
    rule: dict[str, float]
    # Null sets by claim: of simulated record sets of each kind at most 5% may give a supported
    # claim as much evidence. Fixed by the package version
    null_sets: dict[str, tuple[str, ...]] = {}
    # Months from first event to last that a dyad needs, by claim. Fixed by the package version
    months: dict[str, int] = {}
    priors: Digest | None = None  # SHA-256 of the priors of the tests. Fixed by the package version
    predicted: dict[
        str, float | str
    ] = {}  # What the author expects by claim, a log Bayes factor or words
    reasons: dict[str, str] = {}  # Why the author expects that, by claim
    remarks: tuple[str, ...] = ()  # What readers of the results have to know; printed with them
    seen: bool  # The author's statement: the data, or results from them, had been seen before
    package: str  # Package version that made the plan
    created: date  # The day it was made or frozen
    frozen: Digest | None = None  # SHA-256 of all of the above; null before freezing
    deviations: tuple[
        Deviation, ...
    ] = ()  # Dated entries, `day` and `text`; not part of the digest

    @field_validator("as_of", "created")
    @classmethod
    def _past(cls, day: date, info: ValidationInfo) -> date:
        reject_future(day, str(info.field_name))
        return day

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.claims != parse_claims(self.claims):
            raise ValueError(f"claims: expected each once, in the order {', '.join(CLAIMS)}")
        require_whole("seed", self.seed)
        if (len(self.dyads) < MIN_POOLED_DYADS) if self.choice is None else self.dyads:
            raise ValueError(
                f"dyads: expected {MIN_POOLED_DYADS} at least, or none and the rule of a `choice`"
            )
        if self.rule != (rule := dict.fromkeys(self.claims, FACTOR)):
            raise ValueError(f"rule: this version decides by {rule}; make a new plan")
        if self.data is None and self.seen:
            raise ValueError(
                "data: missing, though they had been seen; make the plan from them, or say seen: "
                "false"
            )
        for name in ("predicted", "reasons"):
            if extra := sorted(set(getattr(self, name)) - set(self.claims)):
                raise ValueError(
                    f"{name}: {', '.join(extra)} is not among the claims; leave it out"
                )
        return self

    @model_serializer(mode="wrap")
    def _without_empty_fields(self, handler: Callable[[Self], dict[str, Any]]) -> dict[str, Any]:
        """Leave out what a plan does not say, so that the digests of earlier plans stay."""
        return {
            name: value for name, value in handler(self).items() if value or name not in _OPTIONAL
        }

    @property
    def digest(self) -> str:
        """SHA-256 of the plan's content without its deviations, whatever its layout in a file."""
        content = self.model_dump(mode="json", exclude={"frozen", "deviations"})
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return digest(text.encode("utf-8", "surrogatepass"))

    @property
    def stamp(self) -> str:
        """What results of the plan on its own data are."""
        if self.frozen is None:
            return EXPLORATORY
        return ON_SEEN_DATA if self.seen else CONFIRMATORY


@checked
def make_plan(
    data: Data,
    *,
    seen: bool,
    claims: Sequence[str] = (),
    seed: Seed = 1,
    predicted: dict[str, float | str] | None = None,
    reasons: dict[str, str] | None = None,
    remarks: Sequence[str] = (),
) -> Plan:
    """Make a plan of tests of data that have been gathered.

    Parameters
    ----------
    data : Data
        Of `read_sources`.
    seen : bool
        Whether you had seen the data, or any results from them, before.
    claims : sequence of str
        Codes, as for `pooled_tests`.
    seed : int or numpy.random.Generator
    predicted : mapping of str to float or str, optional
        What you expect by claim: a log Bayes factor, or words.
    reasons : mapping of str to str, optional
        Why you expect that, by claim.
    remarks : sequence of str
        What readers of the results have to know.

    Returns
    -------
    Plan
        Not frozen: `freeze_plan` freezes it.

    Raises
    ------
    SpecError
        If a choice makes no sense.

    Examples
    --------
    >>> from forecast import Source, read_sources, make_plan
    >>> plan = make_plan(read_sources(Source()), claims=["S5"], seen=True)
    >>> plan.claims, plan.stamp, len(plan.dyads)
    (('S5a', 'S5b'), 'exploratory', 15)
    """
    data_fields = {
        "dyads": data.dyads,
        "as_of": data.as_of,
        "source": data.source,
        "data": DataDigest(panel=data.digest, files=data.files),
        "seen": seen,
    }
    return _new_plan(data_fields, claims, seed, predicted, reasons, remarks)


@checked
def plan_ahead(
    source: Source,
    choice: Choice,
    as_of: date,
    *,
    claims: Sequence[str] = (),
    seed: Seed = 1,
    predicted: dict[str, float | str] | None = None,
    reasons: dict[str, str] | None = None,
    remarks: Sequence[str] = (),
) -> Plan:
    """Make a plan of tests of data that its author does not have.

    Parameters
    ----------
    source : Source
        What the data are; the path may be missing, and is then given to `run_plan`.
    choice : Choice
        The rule by which dyads are chosen once there are data.
    as_of : datetime.date
        Events that were known later are not used.
    claims, seed, predicted, reasons, remarks
        As for `make_plan`.

    Returns
    -------
    Plan
        Not frozen: `freeze_plan` freezes it.

    Raises
    ------
    SpecError
        If a choice makes no sense.

    Examples
    --------
    >>> from datetime import date
    >>> from forecast import Source
    >>> from forecast.study.hypotheses import Choice, plan_ahead
    >>> rule = Choice(events=300, months=96)
    >>> plan_ahead(Source(kind="keds"), rule, date(2002, 12, 31), claims=["S5a"]).months
    {'S5a': 96}
    """
    data_fields = {"choice": choice, "as_of": as_of, "source": source, "data": None, "seen": False}
    return _new_plan(data_fields, claims, seed, predicted, reasons, remarks)


def _new_plan(
    data_fields: dict[str, Any],
    claims: Sequence[str],
    seed: Seed,
    predicted: dict[str, float | str] | None,
    reasons: dict[str, str] | None,
    remarks: Sequence[str],
) -> Plan:
    """Return a plan with all that the version of the package fixes."""
    codes = parse_claims(claims)
    stated = {"claims": codes, "seed": whole_seed(seed), "created": today()}
    content = {
        "predicted": dict(predicted or {}),
        "reasons": dict(reasons or {}),
        "remarks": tuple(remarks),
    }
    try:
        return Plan.model_validate(fixed_by_version(codes) | data_fields | stated | content)
    except ValidationError as error:
        raise PlanError(f"plan: {faults(error)}") from error


def freeze_plan(plan: Plan, day: date | None = None) -> Plan:
    """Return the plan with its own digest, as of a day (today).

    It states how this version tests claims.
    """
    stated = {"created": day or today(), "frozen": None}
    dated = plan.model_copy(update=fixed_by_version(plan.claims) | stated)
    return dated.model_copy(update={"frozen": dated.digest})


def deviate(plan: Plan, text: str, day: date | None = None) -> Plan:
    """Return the plan with a deviation in its log."""
    if not text.strip():
        raise PlanError("plan: the deviation is empty; say what was done in another way, and why")
    return plan.model_copy(
        update={"deviations": (*plan.deviations, Deviation(day=day or today(), text=text.strip()))}
    )


def write_plan(path: str | Path, plan: Plan) -> None:
    """Write a plan as YAML."""
    # Letters beyond ASCII are escaped: some of them are line ends to YAML, and would not come back.
    text = yaml.safe_dump(
        plan.model_dump(mode="json"), sort_keys=False, width=110, default_flow_style=None
    )
    write_text(path, _HEAD + text)


@checked
def read_plan(path: str | Path, *, frozen: bool = True) -> Plan:
    """Read a plan.

    Parameters
    ----------
    path : str or pathlib.Path
        A file of `write_plan`, edited or not.
    frozen : bool
        Whether it must be frozen, and unchanged since.

    Returns
    -------
    Plan

    Raises
    ------
    PlanError
        If it cannot be read, a field is unknown, missing or malformed, or it has changed since it
        was frozen.

    Examples
    --------
    >>> from forecast import read_plan
    >>> read_plan("plan.yaml").claims  # doctest: +SKIP
    ('S5a', 'S5b')
    """
    content = read_form(Path(path), "plan", PlanError)
    if not isinstance(content, dict):
        raise PlanError(f"{path}: expected fields and values (`seed: 1`), found {content!r:.60}")
    if content.get("version") != VERSION:
        raise PlanError(
            f"{path}: the field `version` is {content.get('version')!r:.20}; this package reads "
            f"version {VERSION}. Make a new plan (forecast plan new)"
        )
    try:
        # By way of JSON, in which the strict reading knows lists for tuples and texts for days, and
        # nothing else.
        plan = Plan.model_validate_json(json.dumps(content, default=str))
    except ValidationError as error:
        raise PlanError(f"{path}: {faults(error)}. See `forecast help hypotheses`") from error
    except (TypeError, ValueError, RecursionError) as error:
        raise PlanError(
            f"{path}: the plan holds what no plan can ({error}). See `forecast help hypotheses`"
        ) from error
    if frozen:
        require_frozen(plan, f"{path}: ", f"forecast plan freeze {path}")
    return plan


def require_frozen(plan: Plan, where: str, remedy: str) -> None:
    """Reject a plan that is not frozen, or has changed since."""
    if plan.frozen is None:
        raise PlanError(
            f"{where}the plan is not frozen. Freeze it before you see results: {remedy}"
        )
    if plan.frozen != plan.digest:
        raise PlanError(
            f"{where}the plan has changed since it was frozen on {plan.created}: its content has "
            f"the digest {plan.digest[:12]}, and {plan.frozen[:12]} was frozen. Restore it, or "
            "freeze it again and say so"
        )


def other_rules(plan: Plan) -> list[str]:
    """Return the fields in which a plan states another way of testing than that of this version."""
    current = fixed_by_version(plan.claims)
    stated = {name: getattr(plan, name) for name in ("rule", "null_sets", "months", "priors")}
    return [name for name, value in stated.items() if value and value != current[name]]


def require_rule(plan: Plan) -> None:
    """Reject a plan that states another way of testing than that of this version."""
    if other := other_rules(plan):
        raise PlanError(
            f"plan: this version tests by other {join(other)} than the plan states. Carry it out "
            f"with the version of {plan.created} ({plan.package}); or, if no one has seen results, "
            "freeze it again and say so"
        )


def require_data(plan: Plan, data: Data) -> None:
    """Reject data that are not those of the plan, if it was made from data."""
    if plan.data is None:
        return
    then, now = plan.data.files, data.files
    changed = [
        *(f"{name} has changed" for name in then if name in now and now[name] != then[name]),
        *(f"{name} is gone" for name in then if name not in now),
        *(f"{name} is new" for name in now if name not in then),
    ]
    if data.digest != plan.data.panel and not changed:
        changed = [
            "the panel has changed, though no file has: the package counts events in another way"
        ]
    if changed:
        raise PlanError(
            f"plan: the data are not those of {plan.created}: {'; '.join(changed)}. Restore them, "
            "or make a new plan"
        )


@checked
def run_plan(
    plan: Plan,
    *,
    path: str | Path | None = None,
    dyad: Dyad | None = None,
    as_of: Day | None = None,
    power: int | None = None,
    cores: int | None = None,
    progress: Progress | None = None,
) -> PooledResults:
    """Carry out a frozen plan: exactly what it says, of exactly the data it was made for.

    Parameters
    ----------
    plan : Plan
        Frozen, and unchanged since.
    path : str or pathlib.Path, optional
        Where the data are, if not where the plan says.
    dyad : str, optional
        A dyad that is also shown within the hierarchy; it changes no verdict.
    as_of : str or datetime.date, optional
        A later day: then the claims are decided by the months after the freeze alone, given those
        before.
    power : int, optional
        Record sets of the data's own shape that are simulated for each truth; changes no verdict.
    cores : int, optional
        How many threads, by default all; changes no number.
    progress : callable, optional
        Called with (step in words, done, total).

    Returns
    -------
    PooledResults
        With the stamp of the plan, and its predictions and deviations among the notes.

    Raises
    ------
    PlanError, SpecError, DataError
        Before any test: if plan or data have changed, or no month has passed since the freeze.

    Examples
    --------
    >>> from forecast import read_plan, run_plan
    >>> run_plan(read_plan("plan.yaml")).stamp  # doctest: +SKIP
    'frozen on data already seen'
    """
    as_of = optional_day(as_of, "as_of")
    require_frozen(plan, "plan: ", "forecast plan freeze FILE")
    require_rule(plan)
    frozen = plan
    if path is not None:
        plan = plan.model_copy(
            update={"source": plan.source.model_copy(update={"path": str(path)})}
        )
    data, left_out = _gathered(plan)
    plan = plan.model_copy(
        update={"claims": tuple(code for code in plan.claims if code not in left_out)}
    )
    shown = None if dyad is None else find_dyad(dyad, list(data.dyads))

    def tested(
        data: Data, of: str | None = None, *, sets_of_power: int | None = power
    ) -> PooledResults:
        return pooled_tests(
            data.panel,
            events=data.events,
            claims=plan.claims,
            dyad=of,
            power=sets_of_power,
            seed=plan.seed,
            cores=cores or os.cpu_count() or 1,
            progress=progress,
        )

    if as_of is None:
        require_data(plan, data)
        results = replace(tested(data, shown), stamp=plan.stamp)
    else:
        results = _since_freeze(plan, data, as_of, tested, shown)
    return replace(results, notes=(*results.notes, *_notes(frozen, data, left_out)))


def _gathered(plan: Plan) -> tuple[Data, dict[str, str]]:
    """Read the data of a plan.

    Of one made without data choose the dyads, and find the claims that lack something.
    """
    if plan.choice is None:
        return read_sources(plan.source, plan.dyads, as_of=plan.as_of), {}
    dyads = plan.choice.dyads(open_source(plan.source, as_of=plan.as_of), plan.as_of)
    if len(dyads) < MIN_POOLED_DYADS:
        names = join(dyads) or "none"
        raise DataError(
            f"{plan.source.words}: of its dyads the plan tests {plan.choice.words}, and that is "
            f"{names}"
        )
    data = read_sources(plan.source, dyads, as_of=plan.as_of)
    left_out = lacking_of(data.panel, data.events, plan.claims)
    if len(left_out) == len(plan.claims):
        why = "; ".join(f"{code}: {lack}" for code, lack in left_out.items())
        raise DataError(f"{plan.source.words}: no claim of the plan can be tested. {why}")
    return data, left_out


def _since_freeze(
    plan: Plan, data: Data, as_of: date, tested: Callable[..., PooledResults], dyad: str | None
) -> PooledResults:
    """Decide by the months after the freeze.

    What they add to each log Bayes factor, given the months before.
    """
    if plan.data is None:
        raise PlanError(
            "as-of: the plan was made without its data; carry it out on them as they are, without "
            "--as-of"
        )
    if data.digest != plan.data.panel:
        raise PlanError(
            f"plan: the data up to {plan.as_of} are not those of {plan.created}: events of that "
            "time were added, removed or recoded. Restore them, or make a new plan"
        )
    frozen_until = month_end(plan.created)
    if as_of <= frozen_until:
        raise PlanError(
            f"as-of: {as_of} is not after {frozen_until}, the end of the month in which the plan "
            "was frozen"
        )
    before = tested(read_sources(plan.source, plan.dyads, as_of=frozen_until), sets_of_power=None)
    after = tested(read_sources(plan.source, plan.dyads, as_of=as_of), dyad)
    verdicts = tuple(_gained(verdict, before[verdict.code]) for verdict in after.verdicts)
    first = frozen_until + timedelta(days=1)
    note = (
        f"Confirmatory: answers rest on the months from {first:%B %Y} to {as_of:%B %Y} alone, "
        "given those before; "
    )
    note += "numbers without a dyad or state are of the whole record."
    return replace(after, verdicts=verdicts, stamp=CONFIRMATORY, notes=(note, *after.notes))


def _gained(after: PooledVerdict, before: PooledVerdict) -> PooledVerdict:
    """Return a verdict on later months: its log Bayes factor is what they add."""
    now, then = after.outcome, before.outcome
    least = now.least - then.least
    answer: ClaimAnswer = "undecided"
    if now.answer == "cannot be tested" or (now.answer == "supported" and least > after.limit):
        answer = now.answer
    elif now.answer == "rejected" and now.most - then.most < -after.limit:
        answer = "rejected"
    words = (
        f"The months after the freeze change the least LBF by {number(least, 1)}, "
        f"to {number(now.least, 1)}."
    )
    outcome = replace(
        now,
        log_bayes_factor=now.log_bayes_factor - then.log_bayes_factor,
        least=least,
        most=now.most - then.most,
        answer=answer,
        sentences=(words, *now.sentences),
        priors={},
        parts={},
        windows={},
    )
    return replace(after, outcome=outcome)


def _notes(plan: Plan, data: Data, left_out: dict[str, str]) -> list[str]:
    seen = "" if plan.seen else "not "
    chosen = (
        []
        if plan.choice is None
        else [
            f"Dyads chosen by the rule of the plan: {plan.choice.words}.",
            *(f"{code} was left out: {why}." for code, why in left_out.items()),
            *(
                f"Read: {file.name} (SHA-256 {file.sha256[:12]})."
                for file in (data.events.files if data.events else ())
            ),
        ]
    )
    return [
        f"Plan frozen on {plan.created} (digest {plan.digest[:12]}). "
        f"Its author states that the data had {seen}been seen before.",
        *(
            []
            if plan.null_sets
            else [
                "The plan states no null sets, months or priors: tested by those of this version."
            ]
        ),
        *chosen,
        *(_predicted(plan, code) for code in plan.predicted),
        *plan.remarks,
        *(f"Deviation from the plan, {entry.day}: {entry.text}" for entry in plan.deviations),
    ]


def _predicted(plan: Plan, code: str) -> str:
    """Return in words what a plan predicts for a claim, and why."""
    reason = plan.reasons.get(code, "")
    return f"Predicted for {code}: {plan.predicted[code]}.{f' {reason}' if reason else ''}"


def describe(plan: Plan) -> list[tuple[str, Any]]:
    """Return the plan as names and texts for a terminal."""
    rule = ", ".join(f"{code} {factor:g}" for code, factor in plan.rule.items())
    state = f"frozen on {plan.created}" if plan.frozen else f"not frozen; made on {plan.created}"
    changed = "; CHANGED since" if plan.frozen not in (None, plan.digest) else ""
    return [
        ("plan", f"{state}{changed}; digest {plan.digest[:12]}"),
        ("stamp", plan.stamp),
        ("claims", ", ".join(plan.claims)),
        ("supported from a Bayes factor of", rule),
        *(
            (f"{code} must stand out from", join(sets))
            for code, sets in plan.null_sets.items()
            if sets
        ),
        *(
            (f"months that {code} needs of a dyad", str(months))
            for code, months in plan.months.items()
        ),
        ("dyads", ", ".join(plan.dyads) if plan.choice is None else plan.choice.words),
        (
            "data",
            f"{plan.source.words} as of {plan.as_of}; {'' if plan.seen else 'not '}seen before",
        ),
        ("seed", str(plan.seed)),
        *((f"predicted for {code}", f"{value}") for code, value in plan.predicted.items()),
        *((f"reason for {code}", words) for code, words in plan.reasons.items()),
        *(("remark", words) for words in plan.remarks),
        *((f"deviation of {entry.day}", entry.text) for entry in plan.deviations),
    ]
