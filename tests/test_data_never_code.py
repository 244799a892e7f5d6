"""Nothing that is shipped reads a format that can run code."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support import ROOT

FOLDERS = ("pipeline", "tasks", "nightsieve", "scorers")
#: Modules that read pickles or other code, and the file that may import one, to write.
PICKLING = {"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve", "skops"}
WRITES_FOR_PEOPLE = "pipeline/export/pickled.py"
#: Calls that load code or native data, by their last name, and the files that may.
CALLS = {
    "loadb": {"pipeline/patterns/matcher.py"},
    "eval": set(),
    "exec": set(),
    "read_pickle": set(),
    "unsafe_load": set(),
}


def sources() -> Iterator[tuple[str, ast.AST]]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(path.read_text())
            yield path.relative_to(ROOT).as_posix(), tree


def imported(node: ast.AST) -> list[str]:
    """Return the modules that a statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return []


def test_only_the_file_for_people_is_a_pickle_and_nothing_reads_it():
    importing = {
        path
        for path, tree in sources()
        for node in ast.walk(tree)
        for module in imported(node)
        if module.partition(".")[0] in PICKLING
    }
    assert importing == {WRITES_FOR_PEOPLE}
    called = {
        node.attr
        for node in ast.walk(ast.parse((ROOT / WRITES_FOR_PEOPLE).read_text()))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "joblib"
    }
    assert called == {"dump"}


def test_nothing_else_loads_code():
    for path, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                assert path in CALLS.get(name, {path}), f"{path}: {name}"


def test_every_npz_file_is_read_with_its_size_checked():
    for path, tree in sources():
        for node in ast.walk(tree):
            is_load = isinstance(node, ast.Attribute) and node.attr == "load"
            if is_load and isinstance(node.value, ast.Name):
                assert node.value.id not in ("np", "numpy"), (
                    f"{path}: use decode_arrays"
                )
            allows = isinstance(node, ast.keyword) and node.arg == "allow_pickle"
            if allows:
                assert isinstance(node.value, ast.Constant)
                assert node.value.value is False, path


def test_there_are_sources():
    assert Path(ROOT, WRITES_FOR_PEOPLE).is_file()
    assert len(list(sources())) > 100
