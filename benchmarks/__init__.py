"""How fast the fits are, against other ways to the same posterior (benchmarks/README.md); no part of the package."""
