"""The process of the level: trend, cycle and ceiling, each one class.

It knows priors and variables, and no panel, fit or report. Only methods that write a graph import
PyMC and PyTensor.
"""
