"""Links between pages that were made, and pages without drawings."""

import base64
import hashlib
import re
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import pytest

import forecast
from forecast.model import PendulumSpec
from forecast.report.rendering import environment


def dangling(folder: Path) -> list[str]:
    """Return the relative links of all pages below a folder that lead nowhere."""
    return [
        f"{page.relative_to(folder)}: {link}"
        for page in folder.rglob("index.html")
        for link in re.findall(r'href="([^"#:]+)"', page.read_text("utf-8"))
        if not (page.parent / unquote(unescape(link))).exists()
    ]


def choices_shown(spec: PendulumSpec) -> dict[str, str]:
    """Return what pages say of the choices of a model, by name."""
    words = (
        '{% from "parts.html.j2" import settings with context %}{{ settings(spec, ["USA-CHN"]) }}'
    )
    page = environment(escaped=True).from_string(words).render(spec=spec)
    rows = re.findall(r"<tr>\s*<th[^>]*>(.*?)</th>\s*<td[^>]*>(.*?)</td>", page, re.S)
    return {unescape(name).strip(): unescape(value).strip() for name, value in rows}


def leave_figures_empty(patch: pytest.MonkeyPatch) -> None:
    """Leave figures of pages empty; their captions and words stay."""
    patch.setattr("forecast.report.illustration._svg", lambda draw, layout: "<svg/>")


def without_own_script(html: str) -> str:
    """Return a page without the one script that it may run, which its policy permits by digest.

    It must be that.
    """
    script = (Path(forecast.__file__).parent / "report" / "templates" / "copy.js").read_text(
        "utf-8"
    )
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert html.count(f"<script>{script}</script>") == 1
    assert html.count("script-src") == 1 and f"script-src 'sha256-{digest}'\">" in html
    return html.replace(f"<script>{script}</script>", "")
