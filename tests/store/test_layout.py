"""Keys: only the layout spells them, and its parsers invert them."""

import ast
import datetime
import re
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
#: Texts that no other module spells.
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
#: The paths of the service are no keys.
API_PATH = re.compile(r"/v1/\S*")
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
        if not isinstance(node, ast.Constant) or id(node) in docstrings:
            continue
        if isinstance(node.value, str):
            yield node.lineno, node.value


def spelled_keys(file: Path) -> Iterator[str]:
    """Yield the places where a module spells a key."""
    for line, text in literals(file):
        if any(key in API_PATH.sub("", text) for key in KEYS):
            yield f"{file.relative_to(ROOT)}:{line}: {text!r}"


@pytest.mark.parametrize("package", PACKAGES)
def test_only_the_layout_spells_keys(package):
    spelled = []
    for file in sorted((ROOT / package).rglob("*.py")):
        if file != Path(layout.__file__):
            spelled.extend(spelled_keys(file))
    assert spelled == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_template_spells_keys(package):
    for file in sorted((ROOT / package).rglob("templates/*")):
        text = file.read_text()
        assert layout.RUNS not in text
        assert layout.MODELS not in text


def test_spelled_keys_are_found_in_the_layout_itself():
    texts = {text for _, text in literals(Path(layout.__file__))}
    assert {layout.RUNS, ".receipt.json", layout.LAYOUT} <= texts


def test_a_run_is_parsed_from_its_key_only():
    run = Run(DATE, CONFIG)
    key = layout.run(*run)
    assert key == f"runs/2026-11-20/{CONFIG}.json"
    assert layout.parse_run(key) == run
    assert key.startswith(layout.runs_of(DATE))
    assert key.startswith(layout.RUNS)
    for other in (layout.receipt(key), f"{key}/x", "runs/x.json", f"x/{key}"):
        assert layout.parse_run(other) is None


def test_a_file_of_a_model_is_parsed_from_its_key_only():
    key = layout.model_file(12, "model.json")
    assert layout.parse_model_file(key) == ModelFile(12, "model.json")
    claim = layout.parse_model_file(layout.model_claim(12, "abc", "f00d"))
    assert claim.serial == 12
    assert claim.is_claim
    assert claim.claims_for("abc")
    assert not claim.claims_for("ab")
    assert not ModelFile(12, "model.json").is_claim
    for other in (layout.CURRENT_MODEL, layout.pinned_model(12), f"x/{key}"):
        assert layout.parse_model_file(other) is None
    assert layout.parse_pinned_model(layout.pinned_model(12)) == 12
    assert layout.parse_pinned_model(key) is None


def test_a_report_is_in_a_folder_of_its_run_and_linked_from_the_page_of_nights():
    page = layout.report_file(DATE, CONFIG, "index.html")
    link = layout.report_link(DATE, CONFIG)
    assert layout.nights_file(link) == page
    assert layout.report_index(DATE, CONFIG).rpartition("/")[0] in page


def test_a_part_is_in_the_folder_of_its_manifest_and_has_a_digest_in_its_name():
    key = layout.part("a/messages-f.json", 1, 3, "ab" * 32, "parquet")
    assert key == f"a/messages-f/part-00001-of-00003-{'ab' * 8}.parquet"


@pytest.mark.parametrize("module", ["nightsieve", "nightsieve.store", *STORE_MODULES])
def test_the_store_imports_neither_luigi_nor_pandas_nor_tasks(module):
    program = (
        f"import sys, {module}; "
        "print(*{'luigi', 'pandas', 'numpy', 'tasks'} & sys.modules.keys())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")
