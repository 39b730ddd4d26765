"""Testable claims: one module per claim, with its evidence, decision, wording and alternatives."""
