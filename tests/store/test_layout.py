"""Keys: what each module may know of them, and that their parsers invert them."""

import ast
import datetime
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nightsieve.store import layout
from nightsieve.store.layout import ModelFile, Run
from tests.support import ROOT

DATE = datetime.date(2026, 11, 20)
CONFIG = "0123456789abcdef"
#: What no other module spells.
KEYS = (
    layout.CONFIGS,
    layout.RUNS,
    layout.REPORTS,
    layout.MODELS,
    layout.REPLAYS,
    ".receipt.json",
    "/part-",
    "claim-",
    layout.LAYOUT,
    layout.MODEL_ENTRY,
    layout.REPORT_INDEX,
)
PACKAGES = ("nightsieve", "tasks", "pipeline")
STORE_MODULES = [
    f"nightsieve.store.{file.stem}"
    for file in sorted((ROOT / "nightsieve" / "store").glob("*.py"))
]


def literals(file: Path) -> Iterator[tuple[int, str]]:
    """Yield the strings of a module but for its docstrings, with their lines."""
    nodes = list(ast.walk(ast.parse(file.read_text())))
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if is_text and id(node) not in docstrings:
            yield node.lineno, node.value


def test_the_text_of_a_key_stands_in_the_layout_alone():
    spelled = []
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            if file == Path(layout.__file__):
                continue
            for line, text in literals(file):
                if any(key in text for key in KEYS):
                    spelled.append(f"{file.relative_to(ROOT)}:{line}: {text!r}")
        for file in sorted((ROOT / package).rglob("templates/*")):
            if any(key in file.read_text() for key in (layout.RUNS, layout.MODELS)):
                spelled.append(str(file.relative_to(ROOT)))
    assert spelled == []


def test_the_layout_itself_would_be_found():
    found = {text for _, text in literals(Path(layout.__file__))}
    assert {layout.RUNS, ".receipt.json", layout.LAYOUT} <= found


def test_a_run_is_read_from_its_key_and_from_no_other():
    run = Run(DATE, CONFIG)
    key = layout.run(*run)
    assert key == f"runs/2026-11-20/{CONFIG}.json"
    assert layout.parse_run(key) == run
    assert key.startswith(layout.runs_of(DATE)) and key.startswith(layout.RUNS)
    for other in (layout.receipt(key), f"{key}/x", "runs/x.json", f"x/{key}"):
        assert layout.parse_run(other) is None


def test_a_file_of_a_model_is_read_from_its_key_and_from_no_other():
    key = layout.model_file(12, "model.json")
    assert layout.parse_model_file(key) == ModelFile(12, "model.json")
    claim = layout.parse_model_file(layout.model_claim(12, "abc", "f00d"))
    assert claim.serial == 12 and claim.is_claim and claim.claims_for("abc")
    assert not claim.claims_for("ab") and not ModelFile(12, "model.json").is_claim
    for other in (layout.CURRENT_MODEL, layout.pinned_model(12), f"x/{key}"):
        assert layout.parse_model_file(other) is None
    assert layout.parse_pinned_model(layout.pinned_model(12)) == 12
    assert layout.parse_pinned_model(key) is None


def test_a_report_lies_in_a_folder_of_its_run_and_is_linked_from_the_page_of_all():
    page = layout.report_file(DATE, CONFIG, "index.html")
    link = layout.report_link(DATE, CONFIG)
    assert layout.nights_file(link) == page
    assert layout.report_index(DATE, CONFIG).rpartition("/")[0] in page


def test_a_part_lies_in_the_folder_of_its_manifest_and_names_its_content():
    key = layout.part("a/messages-f.json", 1, 3, "ab" * 32, "parquet")
    assert key == f"a/messages-f/part-00001-of-00003-{'ab' * 8}.parquet"


@pytest.mark.parametrize("module", ["nightsieve", "nightsieve.store", *STORE_MODULES])
def test_the_store_imports_neither_luigi_nor_pandas_nor_tasks(module):
    program = (
        f"import sys, {module}; "
        "print(*{'luigi', 'pandas', 'numpy', 'tasks'} & sys.modules.keys())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")
