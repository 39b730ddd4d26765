"""Public names of a package, imported when they are first used."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module


def exporter(
    package: str, names_by_module: Mapping[str, Sequence[str]]
) -> tuple[list[str], Callable[[str], object]]:
    """Return `__all__` and `__getattr__` of a package whose names are in other modules."""
    module_of = {name: module for module, names in names_by_module.items() for name in names}

    def __getattr__(name: str) -> object:
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(module_of[name]), name)

    return sorted(module_of), __getattr__
