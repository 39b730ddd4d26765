"""One module a claim that can be tested: what is claimed, what decides, and how the findings read."""
