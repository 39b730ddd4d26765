"""Claims that can be tested: one module per claim, with its evidence, decision, words and contest."""
