"""The script that holds ARCHITECTURE.md to the code finds what is wrong."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def check() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "check", ROOT / "scripts" / "check_architecture.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tree(root: Path, **sources: str) -> Path:
    """Make a small package: `outlook__fan="..."` is the source of forecast/outlook/fan.py."""
    for name, source in sources.items():
        path = root / "forecast" / (re.sub(r"(?<=[a-z0-9])__(?=\w)", "/", name) + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return root


def test_an_inventory_that_is_not_current_is_a_fault(check: ModuleType, tmp_path: Path) -> None:
    root = tree(tmp_path, dates='"""Days."""', new='"""New things.\n\nMore."""')
    (root / "docs").mkdir()
    assert check.main(root) == 2
    assert check.main(root, write=True) == 0
    assert "- `new.py` New things.\n" in (root / "docs" / "modules.md").read_text()
    (root / "forecast" / "dates.py").unlink()
    assert check.main(root) == 1


def test_every_limit_is_listed_with_value_and_reason(check: ModuleType, tmp_path: Path) -> None:
    source = "MIN_A = 3  # events; fewer are chance\n# months;\n# less is short\nMIN_B = 1 + 1\n"
    source += "# bytes of a line\nMAX_D = 9\n"
    root = tree(tmp_path, base__dates=source, data__new='MIN_C = 4\n"""Days;\nor weeks."""')
    assert check.limit_faults(root) == []
    page = check.limits_page(root)
    assert "| `MIN_A` | 3 | events; fewer are chance | `forecast/base/dates.py` |" in page
    assert "| `MIN_B` | 1 + 1 | months; less is short | `forecast/base/dates.py` |" in page
    assert "| `MAX_D` | 9 | bytes of a line |" in page
    assert "| `MIN_C` | 4 | Days; or weeks. | `forecast/data/new.py` |" in page


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("FEWEST_EVENTS = 3  # events", "call it MIN_"),
        ("ENOUGH = 3  # events", "call it MIN_"),
        ("LONGEST_LINE = 3  # bytes", "or MAX_"),
        ("MIN_A = 4  # events", "name it apart"),
        ("MIN_B = 4", "write its unit"),
    ],
)
def test_a_minimum_under_another_word_or_twice_or_without_reason_is_a_fault(
    check: ModuleType, tmp_path: Path, source: str, words: str
) -> None:
    root = tree(tmp_path, base__dates="MIN_A = 3  # events; fewer are chance", data__new=source)
    (fault,) = check.limit_faults(root)
    assert words in fault


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("outlook__fan", "import pymc as pm"),
        ("outlook__fan", "def f():\n    from pytensor.tensor import dot"),
        ("data__events__reader", "from forecast.model import Fit"),
        ("data__events__reader", "from forecast import model"),
        ("data__events__reader", "from ... import model"),
        ("data__events__reader", "from ...model.fit import Fit"),
        ("model__fit", "import forecast.report.page"),
        ("report__page", "import nutpie"),
        ("cli__report", "def f():\n    import numpy"),
        ("data__panel", "from forecast.cli import app"),
        ("base__files", "from forecast.data.events import EventTable"),
    ],
)
def test_a_layer_that_knows_too_much_is_found(
    check: ModuleType, tmp_path: Path, name: str, source: str
) -> None:
    (fault,) = check.layer_faults(tree(tmp_path, **{name: source}))
    assert "must know nothing of" in fault


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("outlook__fan", "import numpy\nfrom forecast.model import Fit\nfrom . import other"),
        ("outlook__fan", "import pymcmc"),
        ("report__page", "from forecast.outlook import Outlook"),
        ("base__files", "from forecast.base.errors import OutputError\nimport pandas"),
        ("__main__", "from forecast.cli import main"),
    ],
)
def test_what_a_layer_may_know_is_let_pass(
    check: ModuleType, tmp_path: Path, name: str, source: str
) -> None:
    assert check.layer_faults(tree(tmp_path, **{name: source})) == []


@pytest.mark.parametrize(
    "sources",
    [
        {"model__a": "from forecast.model.b import f", "model__b": "import forecast.model.a"},
        {
            "model__a": "from .b import f",
            "model__b": "def g():\n    from forecast.model.a import h",
        },
        {
            "model____init__": "if TYPE_CHECKING:\n    from forecast.model.a import h as h",
            "model__a": "from forecast.model import b",
            "model__b": "from forecast.model import h",
        },
        {
            "model__a": "from forecast.model.b import f",
            "model__b": "if TYPE_CHECKING:\n    import forecast.model.a",
        },
        {
            "model__a": "import forecast.model.b",
            "model__b": "import forecast.base.dates",
            "base__dates": "import forecast.model.a",
        },
    ],
)
def test_a_circle_of_imports_is_found_and_named(
    check: ModuleType, tmp_path: Path, sources: dict[str, str]
) -> None:
    (fault,) = check.circle_faults(tree(tmp_path, **sources))
    assert (
        "forecast.model.a -> forecast.model.b -> " in fault
        or "forecast.base.dates -> forecast.model.a" in fault
    )
    assert "circle" in fault


@pytest.mark.parametrize(
    "sources",
    [
        {"model__a": "import typing\nimport numpy", "model__b": "from forecast.model import a"},
        {"model____init__": "from forecast.model.a import f", "model__a": "import numpy"},
    ],
)
def test_imports_without_a_circle_are_let_pass(
    check: ModuleType, tmp_path: Path, sources: dict[str, str]
) -> None:
    assert check.circle_faults(tree(tmp_path, **sources)) == []
