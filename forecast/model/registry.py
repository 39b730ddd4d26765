"""Kinds of one thing by their names: those of the package, and those that others register."""

from typing import Protocol

from forecast.errors import SpecError


class Named(Protocol):
    """Anything with a name."""

    @property
    def name(self) -> str:
        """As the field of a spec has it."""


class Registry[Kind: Named]:
    """One instance a kind, by its name."""

    def __init__(self, field: str, *packaged: Kind) -> None:
        self.field = field
        self.packaged = frozenset(kind.name for kind in packaged)
        self._kinds = {kind.name: kind for kind in packaged}

    def find(self, name: str) -> Kind:
        """Return the kind of a name, or raise `SpecError`."""
        if not isinstance(name, str) or name not in self._kinds:
            raise SpecError(f"{self.field}: got {name!r}; expected one of {', '.join(self._kinds)}")
        return self._kinds[name]

    def all(self) -> tuple[Kind, ...]:
        """Return all kinds, in the order in which they became known."""
        return tuple(self._kinds.values())

    def add(self, kind: Kind) -> None:
        """Make a kind known, or raise `SpecError` if its name is taken."""
        if kind.name in self._kinds:
            raise SpecError(f"{self.field}: {kind.name!r} is registered already; choose another name")
        self._kinds[kind.name] = kind

    def remove(self, name: str) -> None:
        """Forget a kind that was registered; those of the package stay."""
        if name not in self.packaged:
            self._kinds.pop(name, None)
