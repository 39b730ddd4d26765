"""Compilation is what takes the time: one for all fits of one shape."""

import pytest


@pytest.fixture(scope="module")
def compiled_once():
    """While it is in use, models of one form are compiled once and refilled with the data of the next.

    For panels that differ in nothing but the classes of their events, such as those of `simulate_panel`.
    """
    import nutpie

    compile_model, compiled = nutpie.compile_pymc_model, {}

    def refill(model, **options):
        start = model.initial_point()
        form = tuple((name, start[name].shape) for name in start)
        if form not in compiled:
            compiled[form] = compile_model(model, **options)
        return compiled[form].with_data(**{data.name: data.get_value() for data in model.data_vars})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nutpie, "compile_pymc_model", refill)
        yield
