"""The examples of docstrings run."""

import doctest
import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import pytest

import nightsieve
import pipeline
from scorers.python import nightsieve_scorer
from tests.support import ROOT
from tests.support.memory_store import MemoryStore


@pytest.fixture(autouse=True)
def model_file(tmp_path, monkeypatch):
    """Examples run where ``model.json`` is the example of docs/format.md."""
    page = (ROOT / "docs" / "format.md").read_text()
    model = page.partition("```json\n")[2].partition("```")[0]
    (tmp_path / "model.json").write_text(model)
    monkeypatch.chdir(tmp_path)


def modules() -> Iterator[ModuleType]:
    """Yield every module of the library and of what surrounds a night."""
    yield nightsieve_scorer
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
