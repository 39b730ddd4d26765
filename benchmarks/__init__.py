"""How fast the fits are, against other ways to the same posterior (benchmarks/README.md).

No part of the package.
"""
