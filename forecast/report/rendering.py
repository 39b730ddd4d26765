"""Templates of pages and of other texts, with the words and functions that they may use."""

import base64
import functools
import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from forecast.base import wording
from forecast.base.dates import months_between
from forecast.base.escaping import latex, markdown, printable
from forecast.base.wording import day
from forecast.report.events import cited, unchecked_note, who
from forecast.report.illustration import Draw, Illustration, illustrate
from forecast.report.words import interval, label

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).with_name("templates")


def render(template: str, content: Mapping[str, Any]) -> str:
    """Fill in a template, which may call common words and the functions in its `helpers`.

    All texts are escaped.
    """
    text = printable(environment(escaped=True).get_template(template).render(content), keep="\n")
    return text.replace(" ± ", "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}")


def callable_by_name(*functions: Callable[..., object]) -> dict[str, Callable[..., object]]:
    """Return the functions that a template may call as `helpers`, by name."""
    return {function.__name__: function for function in functions}


def fill(template: str, content: Mapping[str, Any]) -> str:
    """Fill in a template of a text that is not HTML."""
    return environment(escaped=False).get_template(template).render(content) + "\n"


def phrases(template: str, content: Mapping[str, Any]) -> Callable[[str], str]:
    """Return the plain texts of the macros of a template, by name."""
    module = environment(escaped=False).get_template(template).make_module(dict(content))

    def phrase(name: str) -> str:
        return re.sub(r"[ \n]+", " ", getattr(module, name)()).strip()

    return phrase


def worded(template: str, name: str, draw: Draw, facts: Mapping[str, Any]) -> Illustration:
    """Draw a figure with the alternative text and the caption that a template has for it."""
    phrase = phrases(template, facts)
    return illustrate(draw, alt=phrase(f"{name}_alt"), caption=phrase(f"{name}_caption"))


@functools.cache
def environment(*, escaped: bool) -> "Environment":
    """Return the environment of the templates of pages, or of other texts.

    The values of other texts are not escaped.
    """
    from jinja2 import PackageLoader, StrictUndefined

    from forecast.report.provenance import setting_rows, vintage

    names: dict[str, Any] = {
        "address": _address,
        "cited": cited,
        "copy_digest": _copy_digest(),
        "copy_script": _copy_script(),
        "day": _day,
        "fitted_together": wording.fitted_together,
        "interval": interval,
        "label": label,
        "latex": latex,
        "markdown": markdown,
        "months_between": months_between,
        "period": wording.period,
        "printable": printable,
        "setting_rows": setting_rows,
        "unchecked_note": unchecked_note,
        "vintage": vintage,
        "who": who,
    }
    pages, templates = PackageLoader("forecast.report"), wording.environment()
    templates.globals |= names
    templates.filters |= names
    return templates.overlay(
        loader=pages, autoescape=escaped, undefined=StrictUndefined, lstrip_blocks=True
    )


@functools.cache
def _copy_script() -> Markup:
    """Return the script that copies sentences and figures, the only one that a page may run."""
    return Markup((TEMPLATES / "copy.js").read_text("utf-8"))


def _copy_digest() -> str:
    """Return the digest by which a page permits that script and no other."""
    return base64.b64encode(hashlib.sha256(_copy_script().encode()).digest()).decode()


def _day(when: date | str) -> str:
    """Format a day, or its ISO date."""
    return day(date.fromisoformat(when) if isinstance(when, str) else when)


def _address(svg: str) -> str:
    """Return an SVG as an address that holds it.

    An image runs no scripts and clashes with no other's ids.
    """
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
