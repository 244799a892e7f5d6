"""The examples of docstrings run."""

import doctest
import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import pytest

import nightsieve
import pipeline
from tests.support.memory_store import MemoryStore


def modules() -> Iterator[ModuleType]:
    """Yield every module of the library and of what surrounds a night."""
    for package in (pipeline, nightsieve):
        prefix = f"{package.__name__}."
        for module in pkgutil.walk_packages(package.__path__, prefix):
            yield importlib.import_module(module.name)


def examples() -> Iterator[doctest.DocTest]:
    """Yield the docstrings that have examples."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    for module in modules():
        for docstring in finder.find(module):
            if docstring.examples:
                yield docstring


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_an_example_says_what_is_so(example: doctest.DocTest):
    example.globs["store"] = MemoryStore()
    runner = doctest.DocTestRunner(verbose=False)
    report: list[str] = []
    runner.run(example, out=report.append)
    assert not runner.failures, "".join(report)
