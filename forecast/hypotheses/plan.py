"""Plan of a run of tests: every choice in one file, fixed before the data are analysed.

A frozen plan contains digests of itself and of the data. `forecast test --plan` runs exactly this plan and fails if
either has changed. Results without a frozen plan are exploratory and labelled as such.
"""

import json
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)

from forecast.arguments import (
    DATA,
    FLAG,
    MOST_MONTHS,
    MOST_POINTS,
    PATH,
    SOURCE,
    TEXTS,
    checked,
    faults,
    read_form,
    require_positive,
    require_sampler,
    require_whole,
)
from forecast.dates import reject_future, today
from forecast.errors import PlanError, SpecError
from forecast.files import digest, write_text
from forecast.hypotheses.registry import CLAIMS, OFFERS, answerable
from forecast.hypotheses.verdict import Rule
from forecast.model.spec import PendulumSpec, spec_for
from forecast.sources import Data, Source
from forecast.sources.records import Frequency

VERSION = 1
PACKAGE = "pendulum-forecast"
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_STRICT = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
_HEAD = """\
# The plan of a run of hypothesis tests (docs/schema/plan.md).
# Once frozen, `forecast test --plan` runs exactly this, and fails if the plan or its data have changed.
# After an edit on purpose, and before the look: forecast plan freeze FILE
"""


class DataDigest(BaseModel):
    """Digests of the data: SHA-256 of the panel's content, and of every file that was read, by name."""

    model_config = _STRICT

    panel: Digest
    files: dict[str, Digest]


class Plan(BaseModel):
    """Every choice of a run of tests."""

    model_config = _STRICT

    version: Literal[1] = 1  # Of this form
    dyad: str = Field(pattern=r"^[A-Z]{3}-[A-Z]{3}$")  # Of which data: as for `gather`
    as_of: date
    source: Source = Source()
    frequency: Frequency = "month"
    scale: str = "commitment"
    unit: Literal["happening", "row"] = "happening"
    data: DataDigest  # What they were when the plan was made
    # The dyads that claims about several dyads fit together. A plan of an earlier version does not state them; then
    # they are those of `forecast.events.hierarchy`.
    hierarchy: tuple[str, ...] = ()
    claims: tuple[str, ...] = Field(min_length=1)  # Codes, in the order of the theory
    models: dict[str, tuple[str, ...]]  # For each claim what is set against each other, in words
    base: dict[str, Any]  # The model that all are variants of: the fields of a `PendulumSpec` but for its priors
    priors: dict[str, Any]  # The fields of `Priors`
    rule: Rule = Rule()  # How a claim is decided
    smallest_effect: float = 5.0  # Points of share; the smallest difference of interest
    # Months; half-lives of the cycle whose detection the power is about.
    half_lives: tuple[float, ...] = Field(default=(6.0, 24.0), min_length=1)
    simulations: int = 20  # Simulated records an alternative for the power; 0 for none
    sensitivity: bool = True  # Whether other codings, eras and priors are gone through
    draws: int = 800  # Of every fit
    tune: int = 300
    chains: int = 4
    seed: int = 1  # The same seed gives the same numbers
    package: str  # Version of the package that made the plan
    created: date  # The day it was made or frozen
    frozen: Digest | None = None  # SHA-256 of all of the above

    @field_validator("as_of", "created")
    @classmethod
    def _past(cls, day: date, info: ValidationInfo) -> date:
        try:
            reject_future(day, str(info.field_name))
        except SpecError as error:
            raise ValueError(str(error)) from error
        return day

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if unknown := [code for code in self.claims if code not in CLAIMS]:
            raise ValueError(f"claims: there is no test of {', '.join(unknown)}; known are {', '.join(CLAIMS)}")
        if self.claims != tuple(code for code in CLAIMS if code in self.claims):
            raise ValueError("claims: expected each once, in the order of the theory")
        for code, models in _models(self.claims).items():
            if self.models.get(code) != models:
                raise ValueError(f"models: this version tests {code} with {list(models)}; make a new plan")
        if extra := set(self.models) - set(self.claims):
            raise ValueError(f"models: {', '.join(sorted(extra))} is not among the claims; leave it out")
        return self

    @model_validator(mode="after")
    def _within_bounds(self) -> Self:
        try:
            require_sampler(draws=self.draws, tune=self.tune, chains=self.chains, seed=self.seed)
            require_whole("simulations", self.simulations)
            require_positive("smallest_effect", self.smallest_effect, MOST_POINTS, "points of share")
            for half_life in self.half_lives:
                require_positive("half_lives", half_life, MOST_MONTHS, "months")
        except SpecError as error:
            raise ValueError(str(error)) from error
        return self

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Make sure that base and priors are whole: what a plan leaves to a default, it does not fix."""
        try:
            whole = _choices(self.spec)
        except (SpecError, TypeError) as error:
            raise ValueError(f"base, priors: {error}") from error
        for name, values in whole.items():
            if missing := sorted(values.keys() - getattr(self, name).keys()):
                raise ValueError(f"{name}: missing: {', '.join(missing)}; a plan states every choice")
        return self

    @model_serializer(mode="wrap")
    def _without_empty_hierarchy(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out a hierarchy that is not stated, so that earlier plans keep their digest."""
        content: dict[str, Any] = handler(self)
        return content if self.hierarchy else {name: value for name, value in content.items() if name != "hierarchy"}

    @property
    def spec(self) -> PendulumSpec:
        """The base model with its priors."""
        return PendulumSpec.from_dict({**self.base, "priors": self.priors})

    @property
    def digest(self) -> str:
        """SHA-256 of the plan's content, whatever its layout in a file."""
        content = self.model_dump(mode="json", exclude={"frozen"})
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return digest(text.encode("utf-8", "surrogatepass"))


@checked(data=DATA, source=SOURCE, claims=TEXTS)
def make_plan(data: Data, source: Source, *, claims: tuple[str, ...] = (), **choices: Any) -> Plan:
    """Make a plan for data that have been gathered.

    Parameters
    ----------
    data : Data
        Of `gather`.
    source : Source
        Where they came from.
    claims : tuple of str
        Codes; by default all that the data can answer.
    **choices
        Further fields of `Plan`; `spec` stands for `base` and `priors`.

    Returns
    -------
    Plan
        Not frozen.

    Raises
    ------
    PlanError
        If a choice makes no sense.

    Examples
    --------
    >>> from forecast.hypotheses.plan import make_plan
    >>> from forecast.sources import Source, gather
    >>> plan = make_plan(gather(Source(), "USA-CHN"), Source(), claims=("S5",))
    >>> plan.claims, plan.rule.bayes_factor, plan.frozen is None
    (('S5',), 3.0, True)
    """
    claims = claims or tuple(code for code in answerable(data.offers) if CLAIMS[code].by_default)
    spec = choices.pop("spec", None) or spec_for(data.panel)
    attributes = data.panel.attrs
    given = {
        "dyad": data.dyad,
        "as_of": data.as_of,
        "source": source,
        "frequency": attributes["frequency"],
        "scale": attributes.get("scale", "index"),
        "unit": attributes.get("unit", "row"),
        "data": DataDigest(panel=data.digest, files=data.files),
        "hierarchy": data.hierarchy,
        "claims": claims,
        "models": _models(claims),
        **_choices(spec),
        "package": version(PACKAGE),
        "created": today(),
    }
    try:
        return Plan.model_validate(given | choices)
    except ValidationError as error:
        raise PlanError(f"plan: {faults(error)}") from error


def freeze(plan: Plan, day: date | None = None) -> Plan:
    """Return the plan with its own digest, as of a day (today)."""
    dated = plan.model_copy(update={"created": day or today(), "frozen": None})
    return dated.model_copy(update={"frozen": dated.digest})


def write_plan(path: str | Path, plan: Plan) -> None:
    """Write a plan as YAML."""
    import yaml

    content = plan.model_dump(mode="json")
    # Letters beyond ASCII are escaped: some of them are line ends to YAML, and would not come back.
    text = yaml.safe_dump(content, sort_keys=False, width=110, default_flow_style=None)
    write_text(path, _HEAD + text)


@checked(path=PATH, frozen=FLAG)
def read_plan(path: str | Path, *, frozen: bool = True) -> Plan:
    """Read a plan.

    Parameters
    ----------
    path : str or pathlib.Path
        A file of `write_plan`, edited or not.
    frozen : bool
        Whether it must be frozen, and unchanged since.

    Raises
    ------
    PlanError
        If it cannot be read, a field is unknown, missing or malformed, or it has changed since it was frozen.

    Examples
    --------
    >>> from forecast.hypotheses.plan import read_plan
    >>> read_plan("plan.yaml").claims  # doctest: +SKIP
    ('S5', 'S6')
    """
    content = read_form(Path(path), "plan", PlanError)
    if not isinstance(content, dict):
        raise PlanError(f"{path}: expected fields and values (`dyad: USA-CHN`), found {content!r:.60}")
    if content.get("version") != VERSION:
        raise PlanError(
            f"{path}: the field `version` is {content.get('version')!r:.20}; this package reads version {VERSION}. "
            "Make a new plan (forecast plan new)"
        )
    try:
        # By way of JSON, in which the strict reading knows lists for tuples and texts for days, and nothing else.
        plan = Plan.model_validate_json(json.dumps(content, default=str))
    except ValidationError as error:
        raise PlanError(f"{path}: {faults(error)}. See docs/schema/plan.md for every field") from error
    except (TypeError, ValueError, RecursionError) as error:
        raise PlanError(f"{path}: the plan holds what no plan can ({error}). See docs/schema/plan.md") from error
    if frozen and plan.frozen is None:
        raise PlanError(f"{path}: the plan is not frozen. Freeze it before the look: forecast plan freeze {path}")
    if frozen and plan.frozen != plan.digest:
        raise PlanError(
            f"{path}: the plan has changed since it was frozen on {plan.created}: its content has the digest "
            f"{plan.digest[:12]}, and {str(plan.frozen)[:12]} was frozen. Restore it, or freeze it again and say so"
        )
    return plan


def require_data(plan: Plan, data: Data) -> None:
    """Reject data that are not those of the plan."""
    then, now = plan.data.files, data.files
    changed = [
        *(f"{name} has changed" for name in then if name in now and now[name] != then[name]),
        *(f"{name} is gone" for name in then if name not in now),
        *(f"{name} is new" for name in now if name not in then),
    ]
    if data.digest != plan.data.panel and not changed:
        changed = ["the panel has changed, though no file has: the package counts events in another way"]
    if changed:
        raise PlanError(
            f"plan: the data are not those of {plan.created}: {'; '.join(changed)}. Restore them, or make a new plan"
        )


def require_answerable(claims: tuple[str, ...], data: Data) -> None:
    """Reject claims that the data cannot speak of."""
    possible = answerable(data.offers)
    if missing := [code for code in claims if code not in possible]:
        needed = "; ".join(f"{code} needs {OFFERS[CLAIMS[code].needs]}" for code in missing)
        raise SpecError(f"claims: {needed}, and these data have no such thing. Possible are {', '.join(possible)}")


def _models(claims: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    return {code: CLAIMS[code].models for code in claims if code in CLAIMS}


def _choices(spec: PendulumSpec) -> dict[str, Any]:
    """Split a spec into base and priors, as JSON would give them back."""
    values = json.loads(json.dumps(spec.to_dict()))
    return {"priors": values.pop("priors"), "base": values}
