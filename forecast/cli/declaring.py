"""Declaration of options and arguments, and those that several commands share."""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, field, fields, is_dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, get_type_hints

import typer
from typer.models import OptionInfo

from forecast.base.errors import OutputPathError
from forecast.base.limits import LIMITS

COMPUTATION, MODEL, OUTPUT, WINDOW = "Computation", "Model", "Output", "Forecast"
"""Panels of the help, which those of groups of options complete."""


def opt(
    help: str, default: Any = None, *, name: str = "", panel: str | None = None, **settings: Any
) -> Any:
    """Declare an option as the default of a parameter or field, whose name it has unless another is given.

    A default of ... stands for an option that must be given. The help has it in a panel, by default
    that of its class.
    """

    def made(own: str) -> Any:
        return typer.Option(name or own, help=help, rich_help_panel=panel, **settings)

    return field(default=default, metadata={"made": made})


def arg(help: str, default: Any = None, **settings: Any) -> Any:
    """Declare an argument as the default of a parameter or field."""
    return field(
        default=default, metadata={"made": lambda own: typer.Argument(help=help, **settings)}
    )


def grouped(*examples: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a command of a function, with the fields of its parameters that are dataclasses as options after its own."""
    return partial(_command, examples=examples)


def _command(command: Callable[..., None], examples: tuple[str, ...]) -> Callable[..., None]:
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    own = inspect.signature(command).parameters
    parameters = [
        _parameter(name, one.default, hints[name])
        for name, one in own.items()
        if name not in groups
    ]
    for group in groups.values():
        kinds = get_type_hints(group)
        in_order = sorted(fields(group), key=lambda one: one.name not in group.__annotations__)
        parameters += [_parameter(one.name, one, kinds[one.name], group.panel) for one in in_order]

    def run(**values: Any) -> None:
        made = {
            name: group(**{one.name: values.pop(one.name) for one in fields(group)})
            for name, group in groups.items()
        }
        command(**made, **values)

    words = [" ".join(part.split()) for part in (command.__doc__ or "").split("\n\n")]
    run.__doc__ = "\n\n".join(
        [*words, "Examples:", "\n".join(f"    forecast {one}" for one in examples)]
    )
    run.__name__, run.__module__ = command.__name__, command.__module__
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return run


def _parameter(name: str, declared: Any, kind: Any, panel: str | None = None) -> inspect.Parameter:
    """Return the parameter that typer is to see."""
    if not isinstance(declared, Field):  # the context of the command
        return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind)
    made = declared.metadata["made"](f"--{name.replace('_', '-')}")
    if isinstance(made, OptionInfo):
        made.rich_help_panel = made.rich_help_panel or panel
    default = inspect.Parameter.empty if declared.default in (..., MISSING) else declared.default
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, made]
    )


def whole(help: str, name: str, default: int | None = None, panel: str | None = None) -> Any:
    """Declare an option that is a whole number within the limits of its name."""
    least, most = LIMITS[name]
    return opt(help, default, min=least, max=most, panel=panel)


def output(help: str, default: Path | None = None, kind: str = "FOLDER") -> Any:
    """Declare the option ``--out``: a file or folder to be written, with a name."""
    return opt(help, default, parser=_output_path, metavar=kind, panel=OUTPUT)


def own_folder(parent: str) -> Any:
    """Declare the option ``--out`` of a page that has a folder of its own if none is named."""
    return output(
        f"Folder of the page. Default: {parent}/DYAD-DAY, with a number if there is one of that name."
    )


def _output_path(text: str | Path) -> Path:
    if not str(text).strip():  # Python would take that for the working folder
        raise OutputPathError(
            "--out: an empty name; give the name of a folder, or . for the working folder"
        )
    return Path(text)


AS_OF = "Use only events that the data date, or publish, by this day, YYYY-MM-DD or YYYY-MM"
shared = SimpleNamespace(
    dyad=partial(
        arg,
        "Two states, such as USA-CHN; `forecast dyads` lists those that are embedded.",
        metavar="DYAD",
    ),
    as_of=partial(opt, f"{AS_OF}. Default: the coverage end."),
    feed=partial(
        opt, "With --events: which feed the files are of. Default: what their content says."
    ),
    feed_setting=partial(
        opt,
        "With a feed: what is counted of it, such as one_a_day=no. Repeat it (`forecast help feeds`).",
        name="--feed-setting",
    ),
    frequency=partial(opt, "Periods: month or week; counts bring their own.", "month", panel=MODEL),
    seed=partial(whole, "The same seed gives the same numbers.", "seed", 1, panel=COMPUTATION),
    cores=partial(
        whole, "Cores to use; default: all. Changes no number.", "cores", panel=COMPUTATION
    ),
    together=partial(
        opt,
        "Dyads to fit together with this one, such as USA-RUS,CHN-RUS. Default: those that `forecast dyads` "
        "lists as fitted together; none for a dyad that is fitted alone.",
        name="--with",
        panel=MODEL,
    ),
    improvement=partial(
        opt, "Points of share (0 to 100) that count as a change.", 5.0, panel=WINDOW
    ),
    replace=partial(
        opt, "Replace the earlier page that is in the folder of --out.", False, panel=OUTPUT
    ),
    json=partial(opt, "Print JSON for programs.", False, name="--json", panel=OUTPUT),
)
"""Options that several commands have, each to be called for the default of a parameter."""
