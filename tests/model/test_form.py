"""Arrays packed into vectors come out of the graph as they went in, whatever their lengths."""

import numpy as np
import pymc as pm
import pytensor
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.model.pendulum import hold, pack

LENGTHS = st.lists(st.integers(0, 7), min_size=4, max_size=4)


def arrays(lengths: list[int], seed: int = 1) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    one, two, three, four = lengths
    return {
        "level": rng.normal(size=one),
        "node": rng.integers(-5, 5, two),
        "cells": rng.integers(0, 9, (three, 3)),
        "table": rng.normal(size=(four, 2)),
    }


@pytest.fixture(scope="module")
def held():
    """A function that returns the slices of a model, and the model that holds them."""
    data = arrays([3, 2, 4, 1])
    with pm.Model() as model:
        slices = hold(data)
    mode = pytensor.compile.mode.Mode(linker="py", optimizer=None)
    return model, pytensor.function([], list(slices.values()), mode=mode), list(slices)


@settings(max_examples=60, deadline=None)
@given(lengths=LENGTHS, seed=st.integers(0, 9))
def test_every_array_comes_out_as_it_went_in(held, lengths, seed):
    model, read, names = held
    data = arrays(lengths, seed)
    for name, value in pack(data).items():
        model[name].set_value(value.astype(model[name].type.dtype))
    for name, value in zip(names, read(), strict=True):
        np.testing.assert_array_equal(value, data[name], err_msg=name)


def test_a_model_holds_three_arrays_whatever_it_reads(held):
    assert {variable.name for variable in held[0].data_vars} == {
        "held_numbers",
        "held_indices",
        "held_ends",
    }
