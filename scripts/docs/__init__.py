"""Pages of the site that are made from the code: API, command line, file formats, data and gallery.

`write_pages` writes them into docs/generated and docs/schema, which git ignores; docs/conf.py calls
it at every build.
"""

from .api import api_pages
from .cli import cli_pages
from .formats import format_pages
from .gallery import draw_figures, gallery_pages
from .links import DOCS, ROOT, copied_pages
from .reference import reference_pages

__all__ = ["api_pages", "cli_pages", "format_pages", "pages", "write_pages"]


def pages() -> dict[str, str]:
    """Return the text of every generated page by its path below docs."""
    generated = {
        **api_pages(),
        **cli_pages(),
        **copied_pages(),
        **gallery_pages(ROOT),
        **reference_pages(ROOT),
    }
    formats = {f"schema/{name}": text for name, text in format_pages().items()}
    return {**{f"generated/{name}": text for name, text in generated.items()}, **formats}


def write_pages() -> None:
    """Draw the gallery, write the pages that changed, and remove those that are no longer made."""
    draw_figures(ROOT, DOCS / "generated" / "gallery")
    texts = pages()
    for name, text in texts.items():
        path = DOCS / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    existing = [
        *DOCS.glob("schema/*.md"),
        *DOCS.glob("generated/**/*.md"),
        *DOCS.glob("generated/**/*.rst"),
    ]
    for path in existing:
        if path.relative_to(DOCS).as_posix() not in texts:
            path.unlink()
