"""Configuration of the site: `make docs` builds it into build/site, without the network."""

import shutil
import sys
import time
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator as HTMLTranslator

TUTORIAL_LIMIT = 240
"""Seconds that a tutorial may run; nine of them, run one after the other, took 8 minutes together.

One that takes longer is shown without its outputs, so that the site is never lost to it.
"""
TIMEOUT_ERROR = "CellTimeoutError"
"""Name of the error of a cell that runs when the time of its tutorial is over."""

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
sys.path.insert(0, str(ROOT))

from scripts.docs import write_pages  # noqa: E402
from scripts.docs.built import faults  # noqa: E402
from scripts.docs.links import MissingTarget, relink  # noqa: E402

project = "pendulum-forecast"
author = "The pendulum-forecast authors"
copyright = f"{author}. Code: Apache-2.0. Data and text: CC BY 4.0"
version = release = version_of(project)
language = "en"
smartquotes = False  # options begin with two dashes

extensions = ["sphinx.ext.autodoc", "numpydoc", "myst_nb"]
exclude_patterns = ["conf.py", "gallery/*.py", "tutorials/_*.py"]
suppress_warnings = ["config.cache", "mystnb.exec"]  # the latter are reported below
html_math_renderer = "mathml"

autodoc_typehints = "none"  # the docstrings say the types
autodoc_member_order = "bysource"
numpydoc_show_class_members = False

myst_heading_anchors = 4
myst_enable_extensions = ["attrs_inline", "colon_fence", "dollarmath"]
myst_url_schemes = {"http": None, "https": None, "mailto": None, "site": {"url": "{{path}}"}}

nb_custom_formats = {".py": ["jupytext.reads", {"fmt": "py:percent"}]}
nb_execution_mode = "cache"
nb_execution_cache_path = str(ROOT / "build" / "notebooks")
nb_execution_timeout = TUTORIAL_LIMIT  # for a cell; `_remaining_seconds` makes it the tutorial's
nb_execution_raise_on_error = False  # `_report_execution` tells a slow tutorial from a fault
nb_execution_in_temp = True  # what a tutorial writes does not stay in the repository
nb_merge_streams = True

html_theme = "pydata_sphinx_theme"
html_title = project
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_sidebars = {"index": [], "start": []}
html_theme_options = {
    "logo": {"text": project},
    "header_links_before_dropdown": 7,
    "navbar_end": ["theme-switcher"],
    "show_prev_next": False,
    "footer_start": ["copyright"],
    "footer_end": [],
    "navigation_with_keys": False,
}

logger = logging.getLogger(__name__)


def _relink(app: Sphinx, page: str, source: list[str]) -> None:
    """Convert the relative links of a page; those that lead nowhere are warnings."""
    path = Path(app.env.doc2path(page))
    if path.suffix == ".rst" or path.relative_to(DOCS).parts[0] in ("generated", "schema"):
        return
    try:
        source[0] = relink(source[0], path, path)
    except MissingTarget as error:
        logger.warning("%s", error, location=page)


def _finish(app: Sphinx, error: Exception | None) -> None:
    """Copy the reports into the site, and check its links."""
    if error is not None or app.builder.format != "html":
        return
    shutil.copytree(
        ROOT / "reports",
        Path(app.outdir) / "reports",
        dirs_exist_ok=True,
        ignore=shutil.ignore_patterns("*.zarr", "origins", "run.json"),
    )
    for fault in faults(Path(app.outdir)):
        logger.warning("%s", fault)


def _remaining_seconds(client: Any, cell: object = None) -> float:
    """Return the seconds that a tutorial still has, of which its next cell may take all."""
    now = time.monotonic()
    if not hasattr(client, "started"):
        client.started = now
    return max(1.0, TUTORIAL_LIMIT - (now - client.started))


def _report_execution(app: Sphinx, tree: nodes.document) -> None:
    """Say on a tutorial's page, and at the end, that it took too long.

    Any other fault of a cell is a warning.
    """
    execution = app.env.metadata.get(app.env.docname, {}).get("exec_data")
    if execution is None or execution.get("succeeded", True):
        return
    fault = f"{execution.get('error')} {execution.get('traceback') or ''}"
    if TIMEOUT_ERROR not in fault:
        logger.warning("a cell failed: %s", fault[-600:], location=app.env.docname)
        return
    words = (
        f"This tutorial took more than {TUTORIAL_LIMIT} seconds on the machine that made this "
        "page, which therefore has no outputs."
    )
    tree[0].insert(1, nodes.note("", nodes.paragraph("", words)))
    print(f"Skipped, because it takes more than {TUTORIAL_LIMIT} s: {app.env.docname}")


def _mathml(visitor: HTMLTranslator, node: nodes.Element) -> None:
    """Write a formula as MathML, which browsers typeset without a script and network."""
    block = isinstance(node, nodes.math_block)
    written = tex2mathml(node.astext(), as_block=block)
    visitor.body.append(f'<div class="math">{written}</div>' if block else written)
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Make the generated pages and connect the rest."""
    write_pages()
    from nbclient import NotebookClient  # comes with myst-nb

    NotebookClient._get_timeout = _remaining_seconds
    app.add_lexer("csv", TextLexer)
    app.add_html_math_renderer(
        "mathml", inline_renderers=(_mathml, None), block_renderers=(_mathml, None)
    )
    app.connect("source-read", _relink)
    app.connect("doctree-read", _report_execution)
    app.connect("build-finished", _finish)
