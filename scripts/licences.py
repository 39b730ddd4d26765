"""Write docs/licences.md: the packages of an installation without extras, with their licences.

Run as ``python scripts/licences.py`` in the environment of uv.lock. Packages are those of uv.lock
on any system, licences those that the installed packages state. With ``--check`` it compares the
page with them instead, and prints one line per fault.
"""

import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata, version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "licences.md"
ELSEWHERE = {"colorama": "BSD-3-Clause"}
"""Of packages of Windows alone."""
ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "LGPL-2.1-only",
    "MIT",
    "MIT-CMU",
    "MPL-2.0",
    "PSF-2.0",
    "Zlib",
}
"""Licences of packages that a program under the Apache licence may import."""
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

`pip install pendulum-forecast` brings these packages, each under the licence that its metadata
state. Some are for Windows only. `make licences` writes this page from uv.lock, and `make supply`
writes a bill of materials (`build/sbom.json`, CycloneDX) that has the packages of the extras, too,
with versions and digests.

pycountry (LGPL) and certifi (MPL) are installed as published, and none of their code is in this
package.

| package | licence |
|---|---|
"""


def locked() -> dict[str, str]:
    """Return the packages that the core dependencies bring, on any system, with their versions."""
    editions = defaultdict(list)
    for package in tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))["package"]:
        editions[package["name"]].append(package)
    versions = dict[str, str]()
    waiting = [("pendulum-forecast", "")]  # names, each with an extra or none
    seen = set(waiting)
    while waiting:
        name, extra = waiting.pop()
        for package in editions[name]:
            versions[name] = package["version"]
            by_extra = {"": package.get("dependencies", [])}
            by_extra |= package.get("optional-dependencies", {})
            needed = {
                (dependency["name"], its_extra)
                for dependency in by_extra.get(extra, [])
                for its_extra in ("", *dependency.get("extra", []))
            }
            waiting += needed - seen
            seen |= needed
    del versions["pendulum-forecast"]
    return dict(sorted(versions.items()))


def stated(package: PackageMetadata) -> str:
    """Return the identifier of the licence that a package states."""
    if expression := package.get("License-Expression"):
        return expression
    classified = [
        classifier.split(" :: ")[-1]
        for classifier in package.get_all("Classifier", [])
        if classifier.startswith("License")
    ]
    name = classified[0] if classified else package.get("License", "")
    return IDENTIFIERS.get(name, name)


def licence(name: str) -> str:
    """Return the licence of a package."""
    try:
        return stated(metadata(name))
    except PackageNotFoundError:
        return ELSEWHERE[name]


def page() -> str:
    """Return the page."""
    return START + "".join(f"| {name} | {licence(name)} |\n" for name in locked())


def faults() -> Iterator[str]:
    """Yield packages that the page does not list as they are, or whose licence is not allowed."""
    rows = re.findall(r"^\| ([\w.-]+) \| ([^|]+) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    listed = dict(rows[1:])
    packages = locked()
    if list(listed) != list(packages):
        yield f"{PAGE.name} does not list the packages of uv.lock; run `make licences`"
    for name in listed.keys() & packages.keys():
        if not {*re.split(" AND | OR ", listed[name])} <= ALLOWED:
            yield f"{name}: the licence {listed[name]} is not among those that are allowed"
        if _installed(name) == packages[name] and licence(name) != listed[name]:
            yield f"{name}: the licence is {licence(name)}; run `make licences`"


def _installed(name: str) -> str | None:
    """Return the installed version of a package, None if it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def main() -> int:
    """Write the page or, with ``--check``, print what is wrong with it; return the exit code."""
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page(), "utf-8")
        return 0
    wrong = sorted(faults())
    print("\n".join(wrong) or "Every package is listed with a licence that is allowed.")
    return min(len(wrong), 1)


if __name__ == "__main__":
    sys.exit(main())
