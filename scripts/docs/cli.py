"""Reference of the command line, from the Typer app.

Every command, argument, option, default and exit code.
"""

import contextlib
import inspect
import io
import re
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import typer.main
from typer.core import TyperCommand

from forecast.cli import EXIT_CODES, app

from .text import code, plain, table, toctree


def cli_pages() -> dict[str, str]:
    """Return the index of commands and a page per command or group of commands."""
    root: Any = typer.main.get_command(app)
    commands = {name: command for name, command in root.commands.items() if not command.hidden}
    shown = {
        f"cli/{name}.md": "\n".join(_page(f"forecast {name}", command))
        for name, command in commands.items()
    }
    lines = ["# Command line", "", plain(root.help or ""), ""]
    lines += table(
        ["command", "what it does"],
        [
            [f"[`forecast {name}`]({name}.md)", _short(command)]
            for name, command in commands.items()
        ],
    )
    lines += ["Options before the command:", "", *_options(root)]
    codes = [[str(number), plain(words)] for number, words in EXIT_CODES.items()]
    lines += ["## Exit codes", "", *table(["code", "meaning"], codes)]
    lines += ["With 3, the report is stamped; with 130 and 143, nothing half-written is left.", ""]
    lines += toctree(commands, hidden=True)
    return {"cli/index.md": "\n".join(lines), **shown}


def _page(title: str, command: Any) -> list[str]:
    lines = _command(title, command, level=1)
    for name, subcommand in getattr(command, "commands", {}).items():
        if not subcommand.hidden:
            lines += _command(f"{title} {name}", subcommand, level=2)
    return lines


def _command(title: str, command: Any, *, level: int) -> list[str]:
    _complete(title, command)
    lines = [f"{'#' * level} {title}", "", *_prose(command.help or "")]
    if hasattr(command, "commands"):
        for name, one in command.commands.items():
            if not one.hidden:
                lines += [f"- [`{title} {name}`](#{title.replace(' ', '-')}-{name}): {_short(one)}"]
    else:
        arguments = [_usage(one) for one in command.params if one.param_type_name == "argument"]
        lines += [
            "```sh",
            " ".join([title, "[OPTIONS]", *arguments]),
            "```",
            "",
            *_options(command),
        ]
    return [*lines, "", *_prose(command.epilog or "")]


def _complete(title: str, command: Any) -> None:
    """Have a command complete its help, as some do when it is asked for."""
    if isinstance(command, TyperCommand) and type(command).get_help is not TyperCommand.get_help:
        context = command.make_context(title, [], resilient_parsing=True)
        with contextlib.redirect_stdout(io.StringIO()):
            command.get_help(context)


def _options(command: Any) -> list[str]:
    """Return tables of arguments and options, by panel."""
    panels: dict[str, list[list[str]]] = {}
    for parameter in command.params:
        if not getattr(parameter, "hidden", False) and "--help" not in parameter.opts:
            argument = parameter.param_type_name == "argument"
            panel = parameter.rich_help_panel or ("Arguments" if argument else "Options")
            panels.setdefault(panel, []).append(
                [_names(parameter, argument=argument), _default(parameter), _help(parameter)]
            )
    lines = []
    for panel, rows in panels.items():
        lines += [f"**{plain(panel)}**", "", *table(["", "default", ""], rows)]
    return lines


def _usage(parameter: Any) -> str:
    name = _argument(parameter) + ("..." if parameter.nargs == -1 or parameter.multiple else "")
    return name if parameter.required else f"[{name}]"


def _argument(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name.upper()).strip("[].")


def _names(parameter: Any, *, argument: bool) -> str:
    if argument:
        return code(_argument(parameter))
    names = ", ".join(code(name) for name in (*parameter.opts, *parameter.secondary_opts))
    return names if parameter.is_flag else f"{names} {plain(parameter.metavar or _kind(parameter))}"


def _kind(parameter: Any) -> str:
    """Name the kind of value that an option takes."""
    kind = parameter.type_descriptor.annotation
    while get_origin(kind) is list or NoneType in get_args(kind):
        kind = next(part for part in get_args(kind) if part is not NoneType)
    if get_origin(kind) is Literal:
        return " or ".join(map(str, get_args(kind)))
    words = {str: "TEXT", Path: "PATH", int: "NUMBER", float: "NUMBER"}.get(kind, "VALUE")
    low, high = getattr(parameter, "min", None), getattr(parameter, "max", None)
    ends = [f"from {low}"] * (low is not None) + [f"to {high}"] * (
        high is not None and high < 2**31
    )
    return f"{words} {' '.join(ends)}".strip()


def _default(parameter: Any) -> str:
    value = parameter.default
    if parameter.required:
        return "required"
    if isinstance(value, bool):
        return (
            code(parameter.opts[0])
            if value and parameter.secondary_opts
            else ("yes" if value else "")
        )
    if isinstance(value, str | int | float | Path):
        return code(str(value))
    return ""


def _help(parameter: Any) -> str:
    return plain(parameter.help or "")


def _short(command: Any) -> str:
    """Return the first sentence of a command's help."""
    first = " ".join(inspect.cleandoc(command.help or "").partition("\n\n")[0].split())
    return plain(re.split(r"(?<=\.) (?=[A-Z])", first)[0])


def _prose(text: str) -> list[str]:
    """Return the paragraphs of a help text.

    Lines that are indented, or marked as they are, stay as code.
    """
    lines: list[str] = []
    for part in re.split(r"\n\s*\n", inspect.cleandoc(text)):
        kept = part.startswith("\b") or all(line.startswith("    ") for line in part.splitlines())
        body = part.replace("\b", "").strip("\n")
        lines += (
            ["```sh", inspect.cleandoc(body), "```", ""]
            if kept and body.strip()
            else [plain(body), ""]
        )
    return lines
