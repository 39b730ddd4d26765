"""Plan of tests of claims: every choice in one file, fixed before the results are seen.

A plan names its dyads, or the rule by which they are chosen once there are data (`plan_ahead`). A
frozen plan contains digests of itself and of the data. `plan_execution.run_plan` runs exactly this
plan, and fails if the plan or the data have changed. Deviations are logged below the plan, and do
not break the freeze.
"""

import json
from collections.abc import Callable, Sequence
from datetime import date
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
from forecast.base.dates import reject_future, today
from forecast.base.described import described
from forecast.base.digests import digest
from forecast.base.errors import DataError, PlanError
from forecast.base.files import write_text
from forecast.base.forms import faults, read_form
from forecast.base.limits import require_whole, whole_seed
from forecast.base.typing import Seed
from forecast.base.wording import join
from forecast.data.events.dyads import dyad_code
from forecast.data.records import Records
from forecast.data.sources import Data, Source
from forecast.model.process.declarations import priors_of
from forecast.study.hypotheses.claims import CLAIMS
from forecast.study.hypotheses.outcome import FACTOR
from forecast.study.hypotheses.record import MIN_POOLED_DYADS
from forecast.study.hypotheses.results import EXPLORATORY
from forecast.study.hypotheses.run import parse_claims

VERSION = 2
PACKAGE = "pendulum-forecast"
PARTS_OF_PRIORS = ("common", "claims")  # of priors.toml: those by which claims are tested
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
    """Digests (SHA-256) of the panel's content, and of every file that was read, by name."""

    model_config = _STRICT

    panel: Digest  # SHA-256 of the panel
    files: dict[str, Digest]  # SHA-256 by file; tables of the package begin with `data/`


class Deviation(BaseModel):
    """A deviation from the plan: what was done in another way, and why."""

    model_config = _STRICT

    day: date
    text: str = Field(min_length=1)


class Choice(BaseModel):
    """Rule that chooses dyads once there are data: all long and dense enough, less some."""

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
        first = by_dyad["date"].min().dt.to_period("M")
        last = by_dyad["date"].max().dt.to_period("M")
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
    # Rule by which dyads are chosen once there are data, in place of `dyads`
    choice: Choice | None = None
    as_of: date  # Events with a later `known_at` are not used
    source: Source = Source()  # Origin of the data
    # Digests of the data. Null in a plan for data that its author does not have, with `seen: false`
    data: DataDigest | None
    seed: int = 1  # Of placebo dates
    # Bayes factor that supports each claim; its inverse rejects it. Fixed by the package version
    rule: dict[str, float]
    # Null sets by claim: of simulated records of each kind at most 5% may give a supported
    # claim as much evidence. Fixed by the package version
    null_sets: dict[str, tuple[str, ...]] = {}
    # Months from first event to last that a dyad needs, by claim. Fixed by the package version
    months: dict[str, int] = {}
    priors: Digest | None = None  # SHA-256 of the priors of the tests. Fixed by the package version
    # What the author expects by claim, a log Bayes factor or words
    predicted: dict[str, float | str] = {}
    reasons: dict[str, str] = {}  # Why the author expects that, by claim
    remarks: tuple[str, ...] = ()  # What readers of the results have to know; printed with them
    seen: bool  # The author's statement: the data, or results from them, had been seen before
    package: str  # Package version that made the plan
    created: date  # The day it was made or frozen
    frozen: Digest | None = None  # SHA-256 of all of the above; null before freezing
    # Dated entries, `day` and `text`; not part of the digest
    deviations: tuple[Deviation, ...] = ()

    @field_validator("as_of", "created")
    @classmethod
    def _past(cls, day: date, info: ValidationInfo) -> date:
        """Reject a day in the future."""
        reject_future(day, str(info.field_name))
        return day

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        """Reject fields that contradict each other or this version."""
        if self.claims != parse_claims(self.claims):
            raise ValueError(f"claims: expected each once, in the order {', '.join(CLAIMS)}")
        require_whole("seed", self.seed)
        too_few = self.choice is None and len(self.dyads) < MIN_POOLED_DYADS
        chosen_twice = self.choice is not None and bool(self.dyads)
        if too_few or chosen_twice:
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
        """Leave out empty fields, so that the digests of earlier plans do not change."""
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
        """Status of the results of the plan on its own data."""
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
    """Return a plan, with the fields that the version of the package fixes."""
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
    """Return the plan with its own digest and the date of a day (today).

    Its rule, null sets, months and priors become those of this version.
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
        # From JSON, because only then does the strict validation read lists as tuples and texts as
        # days.
        plan = Plan.model_validate_json(json.dumps(content, default=str))
    except ValidationError as error:
        raise PlanError(f"{path}: {faults(error)}. See `forecast help hypotheses`") from error
    except (TypeError, ValueError, RecursionError) as error:
        raise PlanError(
            f"{path}: a field of the plan is malformed ({error}). See `forecast help hypotheses`"
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
