"""Every module of the benchmarks can be imported; no other test runs most of them."""

import importlib
import os
import pkgutil

import pytest

import benchmarks

#: The packages of the extra `bench`, which only CI and `make bench` install.
EXTRA = frozenset({"m2cgen", "polars"})
MODULES = [
    module.name for module in pkgutil.walk_packages(benchmarks.__path__, "benchmarks.")
]


@pytest.mark.parametrize("module", MODULES)
def test_a_module_can_be_imported(module: str):
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name not in EXTRA or "CI" in os.environ:
            raise
        pytest.skip(f"needs {error.name}, of the extra bench")


def test_the_modules_of_every_folder_are_found():
    assert "benchmarks.readme" in MODULES
    assert "benchmarks.parity.scoring" in MODULES
    assert "benchmarks.labelling.engines" in MODULES
