"""A report and questions in a process that may not use the network.

Prints how they ended and what they tried.

Run as ``unshare -rn python -m tests.nightly.offline`` in an empty folder. Every call of Python's
for the network fails, and the kernel counts what anybody tries: packets that had no way out of this
network namespace.
"""

import json
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.made import unsampled
from tests.records import DATA, run, write_record

CALLS = (
    "socket.connect",
    "socket.sendto",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.bind",
)
TO_THE_NETWORK = (socket.AF_INET, socket.AF_INET6)


def watched() -> list[str]:
    """Let every call for the network fail from now on; return a list of those that are made."""
    tried = list[str]()

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in CALLS or (event == "socket.__new__" and arguments[1] in TO_THE_NETWORK):
            tried.append(f"{event} {arguments[1:]}")
            raise OSError("no call is made from here")

    sys.addaudithook(hook)
    return tried


def without_a_way() -> int:
    """Return how many packets had no way out of this network namespace."""
    names, values = (
        line.split()
        for line in Path("/proc/net/snmp").read_text("utf-8").splitlines()
        if line.startswith("Ip:")
    )
    newer = dict(line.split() for line in Path("/proc/net/snmp6").read_text("utf-8").splitlines())
    return int(values[names.index("OutNoRoutes")]) + int(newer["Ip6OutNoRoutes"])


def main() -> None:
    """Make a fit of draws from the prior, and do with it what others do with theirs."""
    tried = watched()
    write_record()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("forecast.model.fit", unsampled)
        run("report", "USA-CHN", *DATA, "--alone", "--horizons", "3", "--out", "made")
    half = ("--above", "50", "--months", "6", "--as-of", "2023-12-31", "--id", "half")
    done = [
        run("report", "USA-CHN", "--fit", "made/fit.zarr", "--horizons", "3", "--out", "out"),
        run("question", "new", "USA-CHN", *DATA, *half),
        run("question", "update", *DATA, "--fit", "made/fit.zarr"),
    ]
    ended = [f"{one.exit_code}: {one.output[-200:]} {one.exception!r}" for one in done]
    print(json.dumps({"ended": ended, "tried": tried, "without a way": without_a_way()}))


if __name__ == "__main__":
    main()
