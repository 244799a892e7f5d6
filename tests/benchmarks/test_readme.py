"""The benchmarks' README shows what the result files hold, and nothing else."""

import re

import pytest

from benchmarks import readme
from benchmarks.harness.results import RESULTS
from tests.support import ROOT

TEXT = readme.README.read_text(encoding="utf-8")


def test_the_readme_equals_what_the_results_give():
    assert readme.fill(TEXT) == TEXT, "run python -m benchmarks.readme"


def test_every_result_has_a_section():
    sections = [match["name"] for match in readme.SECTION.finditer(TEXT)]
    files = {path.stem for path in RESULTS.iterdir()}
    assert sorted(sections) == sorted({*files, readme.OVERVIEW})
    assert set(sections) == set(readme.SECTIONS)


def test_links_lead_somewhere():
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", TEXT):
        assert (readme.README.parent / target).exists(), target


def test_named_commands_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    names = re.findall(r"python -m benchmarks\.([\w.]+\w)", TEXT)
    for loop in re.findall(r"for name in ([^;]+);", makefile):
        names += loop.replace("\\", " ").split()
    for name in set(names) - {"FOLDER.NAME"}:
        path = ROOT / "benchmarks" / f"{name.replace('.', '/')}.py"
        assert path.exists(), name


def test_lines_wrap_but_for_tables():
    for line in TEXT.splitlines():
        assert len(line) <= 100 or line.startswith(("|", "<!--")), line


def test_a_marker_that_names_no_result_is_refused():
    with pytest.raises(KeyError):
        readme.fill("<!-- results: unknown -->\n<!-- end -->")
