"""Text that others wrote, made fit for the terminal."""

from forecast.escaping import printable


def escape(text: str, keep: str = "") -> str:
    """Return a text that is shown as it is: no markup, and controls written out but those to `keep`."""
    from rich.markup import escape as without_markup

    return without_markup(printable(text, keep))
