"""Help text of commands: their docstring, and examples of their use."""

from collections.abc import Callable


def with_examples[Command: Callable[..., None]](*examples: str) -> Callable[[Command], Command]:
    """Append examples to the docstring of a command, which is its help.

    Each paragraph becomes one line, so that the terminal breaks it where it ends.
    """

    def complete(command: Command) -> Command:
        paragraphs = [" ".join(text.split()) for text in (command.__doc__ or "").split("\n\n")]
        lines = "\n".join(f"    forecast {example}" for example in examples)
        command.__doc__ = "\n\n".join([*paragraphs, "Examples:", lines])
        return command

    return complete
