"""Compilation is what takes the time: one for all fits of one shape."""

import pytest


@pytest.fixture(scope="module")
def compiled_once():
    """While it is in use, models of one shape are compiled once and refilled with the data of the next.

    For panels that differ in nothing but the classes of their events, such as those of `simulate_panel`.
    """
    import nutpie

    compile_model, first = nutpie.compile_pymc_model, []

    def refill(model, **options):
        if not first:
            first.append(compile_model(model, **options))
        return first[0].with_data(**{data.name: data.get_value() for data in model.data_vars})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nutpie, "compile_pymc_model", refill)
        yield
