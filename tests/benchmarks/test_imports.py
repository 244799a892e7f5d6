"""Every module of the benchmarks can be imported; no other test runs most of them."""

import importlib
import os
import pkgutil
import subprocess
import sys

import pytest

import benchmarks

#: The packages of the extra `bench`, which only CI and `make bench` install.
EXTRA = frozenset({"gevent", "locust", "m2cgen", "polars"})
#: Locust replaces the sockets of the process that imports it.
ALONE = "benchmarks.serving.traffic"
MODULES = [
    module.name for module in pkgutil.walk_packages(benchmarks.__path__, "benchmarks.")
]


@pytest.mark.skipif("CI" not in os.environ, reason="needs locust, of the extra bench")
def test_the_module_with_locust_can_be_imported():
    subprocess.run([sys.executable, "-c", f"import {ALONE}"], check=True)


@pytest.mark.parametrize("module", sorted({*MODULES} - {ALONE}))
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
