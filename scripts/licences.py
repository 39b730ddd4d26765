"""Write docs/licences.md: every package that an installation without extras brings, with its licence.

Run as ``python scripts/licences.py`` in the environment of uv.lock. Packages are those of uv.lock
on any system, licences those that the installed packages state.
"""

import tomllib
from collections import defaultdict
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "licences.md"
ELSEWHERE = {"colorama": "BSD-3-Clause"}
"""Of packages of Windows alone."""
IDENTIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""Names of the classifiers of packages that have no identifier; BSD is that of two or three
clauses."""
START = """\
# Licences of what is installed

`pip install pendulum-forecast` brings these packages, each under the licence that its metadata state. Some are for
Windows only. `make licences` writes this page from uv.lock, and `make supply` writes a bill of materials
(`build/sbom.json`, CycloneDX) that has the packages of the extras, too, with versions and digests.

pycountry (LGPL) and certifi (MPL) are installed as published, and none of their code is in this package.

| package | licence |
|---|---|
"""


def locked() -> dict[str, str]:
    """Return the packages that the core dependencies bring, on any system, with their versions."""
    packages = defaultdict(list)
    for one in tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))["package"]:
        packages[one["name"]].append(one)
    found, waiting = dict[str, str](), [("pendulum-forecast", "")]
    seen = set(waiting)
    while waiting:
        name, extra = waiting.pop()
        for package in packages[name]:
            found[name] = package["version"]
            needed = {"": package.get("dependencies", [])} | package.get(
                "optional-dependencies", {}
            )
            wanted = {
                (one["name"], more)
                for one in needed.get(extra, [])
                for more in ("", *one.get("extra", []))
            }
            waiting += wanted - seen
            seen |= wanted
    del found["pendulum-forecast"]
    return dict(sorted(found.items()))


def stated(package: PackageMetadata) -> str:
    """Return the identifier of the licence that a package states."""
    if expression := package.get("License-Expression"):
        return expression
    classified = [
        one.split(" :: ")[-1]
        for one in package.get_all("Classifier", [])
        if one.startswith("License")
    ]
    name = classified[0] if classified else package.get("License", "")
    return IDENTIFIERS.get(name, name)


def licence(name: str) -> str:
    """Return the licence of a package."""
    try:
        return stated(metadata(name))
    except PackageNotFoundError:
        return ELSEWHERE[name]


if __name__ == "__main__":
    PAGE.write_text(
        START + "".join(f"| {name} | {licence(name)} |\n" for name in locked()), "utf-8"
    )
