"""Escaping of untrusted text for terminals, spreadsheets, HTML, LaTeX and Markdown."""

import re

_CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069"
    "\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
"""Controls of a terminal, line ends beyond the usual, marks that reorder or hide text, and halves
of a character."""
_ADDRESS = re.compile(
    r"https?://([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::[0-9]{1,5})?(?:[/?#]\S*)?"
)
_FORMULA = re.compile(r"[\s\x00]*[=+\-@\t\r]")
_MARKDOWN = re.compile(r"[\\`*_\[\]|~$]")
_TAG_OR_ENTITY = re.compile(r"<(?=[A-Za-z/!?])|&(?=#?\w+;)")
_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "`": r"\textasciigrave{}",
    '"': r"\char34{}",
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "\N{MINUS SIGN}": "$-$",
    "\N{INFINITY}": r"$\infty$",
    "\N{MULTIPLICATION SIGN}": r"$\times$",
    "\N{NO-BREAK SPACE}": "~",
    "\N{NARROW NO-BREAK SPACE}": r"\,",
}
"""Characters that LaTeX interprets; after the end of a row it takes [ and * for arguments."""
_LATEX_SIGNS = re.compile("|".join(map(re.escape, _LATEX)))
_LIGATURE = re.compile(r"([-',])(?=\1)")


def has_controls(text: str) -> bool:
    """Return whether a text contains control characters, line ends and tabs included."""
    return bool(_CONTROLS.search(text))


def printable(text: str, keep: str = "") -> str:
    r"""Return a text with every control character written out.

    So it can be seen, and does nothing.
    """
    return _CONTROLS.sub(
        lambda match: (
            match[0]
            if match[0] in keep
            else match[0].encode("unicode_escape", "surrogatepass").decode()
        ),
        text,
    )


def json_text(text: str) -> str:
    r"""Return JSON with every control character in its strings in the form that JSON has for it."""
    return _CONTROLS.sub(
        lambda match: match[0] if match[0] == "\n" else f"\\u{ord(match[0]):04x}", text
    )


def web_host(text: str) -> str:
    """Return the host of a web address that a reader sees for what it is, else nothing."""
    # Letters beyond ASCII in a host, and names that stand for such, can look like another host's.
    address = _ADDRESS.fullmatch(text)
    if address is None or "xn--" in address[1].lower() or has_controls(text):
        return ""
    return address[1]


def spreadsheet_cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula.

    One that begins like a formula gets an apostrophe in front.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def latex(text: str) -> str:
    """Return a text that LaTeX sets as it is written.

    Letters beyond Latin need XeLaTeX or LuaLaTeX, and a font.
    """
    # Two of a kind would be drawn together, as a dash or a quotation mark.
    return _LIGATURE.sub(r"\1{}", _LATEX_SIGNS.sub(lambda sign: _LATEX[sign[0]], printable(text)))


def markdown(text: str) -> str:
    """Return a text that Markdown shows as it is written.

    It may stand on a line of its own paragraph or in a table.
    """
    # What could be a tag or an entity becomes an entity: renderers show it as well that let tags
    # through.
    shown = _TAG_OR_ENTITY.sub(lambda sign: "&lt;" if sign[0] == "<" else "&amp;", printable(text))
    return _MARKDOWN.sub(r"\\\g<0>", shown)
