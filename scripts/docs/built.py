"""Check of the built site.

Every relative link and anchor leads somewhere, and nothing is loaded from elsewhere.
"""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class _Page(HTMLParser):
    """Links, anchors and loaded files of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "link" and "href" in given and given.get("rel") != "canonical":
            self.loaded.append(given["href"])
        elif "src" in given:
            self.loaded.append(given["src"])


def faults(site: Path) -> list[str]:
    """Return links that lead nowhere and files from other hosts; reports have their own tests."""
    others = (site / "reports", site / "_static")
    paths = [
        path
        for path in sorted(site.rglob("*.html"))
        if not any(path.is_relative_to(folder) for folder in others)
    ]
    pages = {path: _Page(path.read_text("utf-8")) for path in paths}
    wrong = []
    for path, page in pages.items():
        here = path.relative_to(site).as_posix()
        wrong += [
            f"{here}: {link} is loaded from the network"
            for link in page.loaded
            if urlsplit(link).netloc
        ]
        for link in [*page.links, *page.loaded]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if target.is_dir():
                target = target / "index.html"
            if not target.exists():
                wrong.append(f"{here}: the link to {link} leads nowhere")
            elif (
                parts.fragment
                and target in pages
                and unquote(parts.fragment) not in pages[target].anchors
            ):
                wrong.append(f"{here}: {link} has no such anchor")
    return sorted(set(wrong))
