"""Fused numba kernels with hand-written gradients, each wrapped as a PyTensor Op."""
