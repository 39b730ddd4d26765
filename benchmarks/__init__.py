"""How fast the fits are, beside other ways to the same posterior (benchmarks/README.md); no part of the package."""
