"""Class of the commands: their errors name options, as users know them, in place of arguments."""

from typing import Any

from typer.core import TyperCommand

from forecast.base.errors import ForecastError

# Of arguments in Python whose option has another name
OPTION_OF = {
    "baseline_months": "baseline",
    "fit_path": "fit",
    "hierarchy": "with",
    "last": "until",
    "origins": "from",
}
MAX_NAMES_BEFORE_AN_ERROR = 3  # at the beginning of an error; more is a sentence


class Command(TyperCommand):
    """A command whose errors begin with the option that is wrong, such as ``--until``."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except ForecastError as error:
            error.args = (self.with_options(str(error)),)
            raise

    def with_options(self, message: str) -> str:
        """Return the message of an error with options in place of arguments at its beginning."""
        begin, colon, rest = message.partition(": ")
        names = begin.split(", ")
        if not colon or len(names) > MAX_NAMES_BEFORE_AN_ERROR:
            return message
        options = [self._option(name) for name in names]
        if None in options:
            return message
        return f"{', '.join(map(str, options))}: {rest}"

    def _option(self, argument: str) -> str | None:
        """Return the option of an argument; None if the command has none."""
        by_name = {}
        for parameter in self.params:
            option = parameter.opts[0]
            if option.startswith("--"):
                by_name[str(parameter.name)] = option
                by_name[option.removeprefix("--").replace("-", "_")] = option
        name = argument.replace("-", "_")
        return by_name.get(OPTION_OF.get(name, name)) or by_name.get(name)
