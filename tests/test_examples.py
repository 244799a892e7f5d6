"""The examples of docstrings run, and public functions have one.

Each example begins with these names, beside those of its module:

``store``
    An empty store in memory.
``store_with_night``
    A store in memory that holds the night of 2026-11-20: see
    `tests.support.example_night`.

Examples run in a temporary folder where ``model.json`` is the example of
docs/format.md. What an example does to the environment is undone.
"""

import doctest
import importlib
import inspect
import os
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from unittest import mock

import pytest

import nightsieve
import nightsieve.access
import nightsieve.database
import nightsieve.nights
import nightsieve.store
import pipeline
from scorers.python import nightsieve_scorer
from tests.support import ROOT
from tests.support.example_night import store_with_night
from tests.support.memory_store import MemoryStore

DATABASE_URL = "NIGHTSIEVE_DATABASE_URL"
#: They open a store or a database of their own, so nothing in memory can stand for it.
NEEDS_SERVICES = {
    "nightsieve.database.connection.connect",
    "nightsieve.database.connection.open_connection",
    "nightsieve.database.connection.transaction",
    "nightsieve.database.corrections.store_corrections",
    "nightsieve.database.erasure.count",
    "nightsieve.database.erasure.erase",
    "nightsieve.database.erasure.rewrite_tables",
    "nightsieve.database.messages.load_messages",
    "nightsieve.database.pool.ConnectionPool",
    "nightsieve.database.reviews.import_reviews",
    "nightsieve.database.reviews.unknown_messages",
    "nightsieve.database.tables.add_annotators",
    "nightsieve.database.tables.create_tables",
    "nightsieve.database.upsert.fetch_row",
    "nightsieve.database.upsert.stage",
    "nightsieve.database.upsert.upsert",
    "nightsieve.database.upsert.upsert_each",
    "nightsieve.nights.forget.forget_messages",
    "nightsieve.store.s3.persist_request",
    "nightsieve.store.version.open_store",
}
#: Public functions and classes without an example, and why.
WITHOUT_EXAMPLE = {
    "nightsieve.nights.reviewable.TextScorer": "a protocol; `load_models` returns one",
    "nightsieve.store.objects.StoreUnavailable": "needs a server that does not answer",
    "nightsieve.store.uploads.Upload": "`Store.upload` sends it",
    "nightsieve.store.uploads.UploadLostError": "needs a server that loses an upload",
}
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def modules(*packages: ModuleType) -> Iterator[ModuleType]:
    """Yield every module of the packages."""
    for package in packages:
        prefix = f"{package.__name__}."
        for module in pkgutil.walk_packages(package.__path__, prefix):
            yield importlib.import_module(module.name)


def examples() -> Iterator[doctest.DocTest]:
    """Yield the docstrings of the library that have examples."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    for module in [nightsieve_scorer, *modules(pipeline, nightsieve)]:
        for docstring in finder.find(module):
            if docstring.examples:
                yield docstring


def public_names(module: ModuleType) -> Iterator[str]:
    """Yield the public functions and classes that a module defines."""
    for name, value in vars(module).items():
        is_ours = getattr(value, "__module__", None) == module.__name__
        is_documented = inspect.isroutine(value) or inspect.isclass(value)
        if is_ours and is_documented and not name.startswith("_"):
            yield f"{module.__name__}.{name}"


@pytest.fixture(autouse=True)
def model_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example of docs/format.md in the folder where examples run."""
    page = (ROOT / "docs" / "format.md").read_text()
    model = page.partition("```json\n")[2].partition("```")[0]
    (tmp_path / "model.json").write_text(model)
    monkeypatch.chdir(tmp_path)


EXAMPLES = {example.name: example for example in examples()}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_gives_what_it_says(name: str, request: pytest.FixtureRequest):
    example = EXAMPLES[name]
    example.globs["store"] = MemoryStore()
    if any("store_with_night" in line.source for line in example.examples):
        example.globs["store_with_night"] = store_with_night()
    runner = doctest.DocTestRunner(verbose=False, optionflags=OPTIONS)
    report: list[str] = []
    with mock.patch.dict(os.environ):
        if name in NEEDS_SERVICES:
            request.getfixturevalue("environment")
        else:
            os.environ[DATABASE_URL] = "postgresql://127.0.0.1/messages"
        runner.run(example, out=report.append)
    assert not runner.failures, "".join(report)


@pytest.mark.parametrize(
    "package",
    [nightsieve.access, nightsieve.store, nightsieve.nights, nightsieve.database],
)
def test_every_public_function_and_class_has_an_example(package: ModuleType):
    missing = set()
    for module in modules(package):
        missing |= set(public_names(module)) - EXAMPLES.keys()
    expected = {
        name for name in WITHOUT_EXAMPLE if name.startswith(f"{package.__name__}.")
    }
    assert missing == expected
