"""The site: every page is in its tree, every link leads somewhere, and no warning is left."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from posixpath import normpath
from types import SimpleNamespace

import pytest
from docutils import nodes

from scripts import docs as site
from scripts.docs import built, gallery, links

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
TREE = re.compile(
    r"^```\{toctree\}\n(.*?)^```|^\.\. toctree::\n((?:[ ]{3}[^\n]*\n|\n)*)", re.M | re.S
)


@pytest.fixture(scope="module")
def pages():
    """The text of every page of the site by its name, generated ones included."""
    written = {
        path.relative_to(DOCS).with_suffix("").as_posix(): path.read_text("utf-8")
        for path in [*DOCS.rglob("*.md"), *DOCS.glob("tutorials/[!_]*.py")]
        if not {"generated", "schema"} & {*path.parts}
    }
    made = {name.rpartition(".")[0]: text for name, text in site.pages().items()}
    return {**written, **made}


def children(name, pages):
    """Return the pages of the trees of a page."""
    folder = name.rpartition("/")[0]
    for tree in TREE.findall(pages[name]):
        lines = [line.strip() for line in "".join(tree).splitlines()]
        for entry in [line for line in lines if line and not line.startswith(":")]:
            path = normpath(f"{folder}/{entry}").lstrip("/")
            if "*" in path:
                yield from (
                    one
                    for one in pages
                    if Path(one).match(path) and one.count("/") == path.count("/")
                )
            else:
                yield path


def test_every_page_is_in_the_tree_once(pages):
    found, waiting = [], ["index"]
    while waiting:
        name = waiting.pop()
        found.append(name)
        waiting += children(name, pages)
    assert sorted(found) == sorted(pages)


def test_every_relative_link_of_a_page_leads_somewhere(pages):
    for name, text in pages.items():
        path = DOCS / f"{name}.md"
        shown = text if re.match("generated|schema", name) else links.relink(text, path, path)
        for link in re.findall(r"\]\(([^)\s:#]+)\.md\b", shown):
            assert (path.parent / link).resolve().relative_to(DOCS).as_posix() in pages, (
                f"{name}: {link}"
            )


def test_every_page_that_the_code_names_is_there(pages):
    for path in [*ROOT.glob("forecast/**/*.py"), *ROOT.glob("scripts/**/*.py"), ROOT / "Makefile"]:
        for name in re.findall(r"\bdocs/([\w/-]+)\.md\b", path.read_text("utf-8")):
            assert name in pages, f"{path}: docs/{name}.md"


def test_a_link_to_a_missing_file_is_an_error():
    with pytest.raises(links.MissingTarget, match=r"start\.md.*no-such\.md"):
        links.relink("See [that](no-such.md).", DOCS / "start.md", DOCS / "start.md")


def test_links_are_those_that_the_site_needs():
    page = DOCS / "research" / "pool.md"
    text = (
        "[a](../../reports/skill/index.html) [b](../../CHANGELOG.md) [c](../../LICENSE) "
        "[d](https://x.org) [e](#f)"
    )
    assert links.relink(text, page, page) == (
        "[a](site:../reports/skill/index.html) [b](../generated/changelog.md) c [d](https://x.org) "
        "[e](#f)"
    )


def test_faults_of_a_built_site_are_found(tmp_path):
    (tmp_path / "a.html").write_text(
        '<a href="b.html#c">1</a><a href="d.html">2</a><script src="https://x.org/y.js">'
    )
    (tmp_path / "b.html").write_text('<p id="e">')
    assert built.faults(tmp_path) == [
        "a.html: b.html#c has no such anchor",
        "a.html: https://x.org/y.js is loaded from the network",
        "a.html: the link to d.html leads nowhere",
    ]


@pytest.mark.slow
def test_it_builds_without_a_warning(tmp_path):
    pytest.importorskip("myst_nb")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "--fail-on-warning",
        "--quiet",
        "-d",
        tmp_path / "trees",
    ]
    done = subprocess.run(
        [*command, DOCS, tmp_path / "site"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "reports" / "index.html").exists()


@pytest.fixture
def configuration():
    spec = importlib.util.spec_from_file_location("site_configuration", DOCS / "conf.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def executed(configuration, monkeypatch, **data):
    """Return the text of a tutorial's page after its execution, and what was warned of."""
    warned = []
    monkeypatch.setattr(
        configuration.logger, "warning", lambda words, *_, **__: warned.append(words)
    )
    app = SimpleNamespace(
        env=SimpleNamespace(
            docname="tutorials/one", metadata={"tutorials/one": {"exec_data": data}}
        ),
    )
    tree = nodes.document("", "")
    tree += nodes.section("", nodes.title("", "One"))
    configuration._report_execution(app, tree)
    return tree.astext(), warned


def test_the_cells_of_a_tutorial_share_its_time(configuration, monkeypatch):
    client = SimpleNamespace()
    for moment, remaining in ((1000, 240), (1100, 140), (1500, 1)):
        monkeypatch.setattr(configuration.time, "monotonic", lambda moment=moment: moment)
        assert configuration._remaining_seconds(client) == remaining


def test_a_slow_tutorial_is_named_and_a_fault_fails(configuration, monkeypatch, capsys):
    assert executed(configuration, monkeypatch, succeeded=True) == ("One", [])
    text, warned = executed(
        configuration, monkeypatch, succeeded=False, error="CellTimeoutError", traceback=""
    )
    assert "took more than 240 seconds" in text and not warned
    assert "Skipped" in capsys.readouterr().out
    assert executed(configuration, monkeypatch, succeeded=False, error="ValueError", traceback="")[
        1
    ]


def test_a_formula_is_typeset_without_a_script(configuration):
    visitor = SimpleNamespace(body=[])
    with pytest.raises(nodes.SkipNode):
        configuration._mathml(visitor, nodes.math_block("", r"x_{t+1} = \phi\, x_t"))
    assert visitor.body[0].startswith('<div class="math"><math') and "script" not in visitor.body[0]


def test_a_slow_script_of_the_gallery_is_skipped_and_said(tmp_path, capsys):
    scripts, out = tmp_path / "docs" / "gallery", tmp_path / "out"
    scripts.mkdir(parents=True)
    (tmp_path / "forecast").mkdir()
    figure = "import matplotlib.pyplot as plt\nplt.figure()\n"
    (scripts / "quick.py").write_text(f"# %% Quick\n{figure}")
    (scripts / "slow.py").write_text(f"# %% Slow\nimport time\ntime.sleep(60)\n{figure}")

    gallery.draw_figures(tmp_path, out, limit=3)

    assert (out / "quick.stamp").exists()
    assert not (out / "slow.stamp").exists()  # The next build tries it again
    assert (out / "slow.png").exists()  # A sentence in place of the figure
    assert "too slow" in capsys.readouterr().out
