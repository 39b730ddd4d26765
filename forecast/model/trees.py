"""Trees of datasets, taken apart once they are read or written.

The nodes of an `xarray.DataTree` refer to each other in a circle. A tree that is dropped therefore keeps its arrays
until Python's next full garbage collection, which in a process with the million objects of compiled models comes after
many fits. What lives long holds datasets, and a tree that was made on the way is taken apart.
"""

from collections.abc import Mapping

import xarray as xr

type Groups = Mapping[str, xr.Dataset]


def groups_of(tree: xr.DataTree | Groups) -> dict[str, xr.Dataset]:
    """Return the groups of a tree by their names, the root's (of attributes alone) under ``/``."""
    if not isinstance(tree, xr.DataTree):
        return dict(tree)
    return {"/": tree.to_dataset(), **{name: node.to_dataset() for name, node in tree.children.items()}}


def take_apart(tree: xr.DataTree) -> dict[str, xr.Dataset]:
    """Return the groups of a tree and part its nodes, so that their arrays are freed with their last user."""
    groups = groups_of(tree)
    for node in list(tree.children.values()):
        node.orphan()
    return groups
