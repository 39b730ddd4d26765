"""Commands that a page, a script or a workflow shows, held against the command line."""

import re
import shlex
from pathlib import Path

import typer.main

from forecast.cli import app


def shown_commands(text: str) -> list[list[str]]:
    """Return the words of every command `forecast` in a text, with lines that go on joined."""
    whole = re.sub(r"\\\n\s*", " ", text)
    lines = [line.strip() for line in whole.splitlines()]
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("forecast ")]


def unknown(words: list[str]) -> list[str]:
    """Return the words of a command that the command line does not know as verb or option."""
    command = typer.main.get_command(app)
    rest = list(words)
    while rest and hasattr(command, "commands"):
        if rest[0] not in command.commands:
            return [rest[0]]
        command = command.commands[rest.pop(0)]
    known = {
        option
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    return [word for word in rest if word.startswith("--") and word.partition("=")[0] not in known]


def faults(path: Path) -> list[str]:
    """Return the commands of a file that do not exist, or not with these options."""
    return [
        f"{' '.join(words)}: {wrong}"
        for words in shown_commands(path.read_text("utf-8"))
        if (wrong := unknown(words))
    ]
