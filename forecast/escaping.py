"""Text of unknown origin, made harmless where it is shown: in a terminal, in a spreadsheet, on a page."""

import re

_CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
"""Controls of a terminal, line ends beyond the usual, marks that reorder or hide text, and halves of a character."""
_ADDRESS = re.compile(r"https?://([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::[0-9]{1,5})?(?:[/?#]\S*)?")
_FORMULA = re.compile(r"[\s\x00]*[=+\-@\t\r]")


def has_controls(text: str) -> bool:
    """Whether a text has characters that act instead of being seen; line ends and tabs count."""
    return bool(_CONTROLS.search(text))


def printable(text: str, keep: str = "") -> str:
    r"""Return a text with every control character written out, so that it can be seen and does nothing.

    Parameters
    ----------
    text : str
    keep : str
        Control characters to leave as they are, such as line ends.

    Examples
    --------
    >>> from forecast.escaping import printable
    >>> printable("a\x1b[31mb")
    'a\\x1b[31mb'
    """

    def written_out(match: re.Match[str]) -> str:
        character = match.group()
        if character in keep:
            return character
        return character.encode("unicode_escape", "surrogatepass").decode("ascii")

    return _CONTROLS.sub(written_out, text)


def json_text(text: str) -> str:
    r"""Return JSON with every control character in its strings in the form that JSON has for it.

    Examples
    --------
    >>> from forecast.escaping import json_text
    >>> json_text('{"a": "\x9b31m"}')
    '{"a": "\\u009b31m"}'
    """
    return _CONTROLS.sub(lambda match: match[0] if match[0] == "\n" else f"\\u{ord(match[0]):04x}", text)


def web_host(text: str) -> str:
    """Return the host of a web address that a reader sees for what it is, else nothing.

    Letters beyond ASCII in a host, and names that stand for such, can look like another host's.

    Examples
    --------
    >>> from forecast.escaping import web_host
    >>> web_host("https://www.example.org/a"), web_host("https://example.org@elsewhere.net/")
    ('www.example.org', '')
    """
    address = _ADDRESS.fullmatch(text)
    if address is None or "xn--" in address[1].lower() or has_controls(text):
        return ""
    return address[1]


def spreadsheet_cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: one that begins like one gets an apostrophe in front.

    Examples
    --------
    >>> from forecast.escaping import spreadsheet_cell
    >>> spreadsheet_cell("=1+1"), spreadsheet_cell("1+1")
    ("'=1+1", '1+1')
    """
    return f"'{text}" if _FORMULA.match(text) else text
