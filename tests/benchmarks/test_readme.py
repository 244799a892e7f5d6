"""Pages with tables show what the result files hold, and nothing else."""

import itertools
import operator
import re
from collections.abc import Iterator
from contextlib import suppress

import pytest

from benchmarks import readme
from benchmarks.gate.records import ThirtyNightsResult
from benchmarks.harness.results import RESULTS, read_result
from pipeline.records.release import Bound, Check, CheckKind, Comparison, Verdict
from pipeline.records.words import describe_measure, name_check
from tests.support import ROOT

TEXT = readme.README.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", readme.PAGES, ids=operator.attrgetter("name"))
def test_a_page_equals_what_the_results_give(page):
    text = page.read_text(encoding="utf-8")
    assert readme.fill(text) == text, "run python -m benchmarks.readme"


def test_every_result_has_a_section():
    texts = [page.read_text(encoding="utf-8") for page in readme.PAGES]
    matches = itertools.chain.from_iterable(map(readme.SECTION.finditer, texts))
    sections = [match["name"] for match in matches]
    files = {path.stem for path in RESULTS.iterdir()}
    assert sorted(sections) == sorted({*files, readme.OVERVIEW})
    assert set(sections) == set(readme.SECTIONS)


@pytest.mark.parametrize("name", ["thirty_nights_sample", "thirty_nights_uci"])
def test_what_the_gate_said_is_in_its_sentences_of_today(name):
    result = read_result(name, ThirtyNightsResult)
    reasons = [reason for night in result.nights for reason in night.reasons]
    beginnings = tuple(beginnings_of_sentences())
    assert reasons
    for reason in reasons:
        assert reason.startswith(beginnings), reason
        assert "; it must be at " in reason


def beginnings_of_sentences() -> Iterator[str]:
    """The sentences of the gate about failed checks, up to the value."""
    subjects = [None, "ham", "notification", "personal", "spam"]
    measures = ["precision", "recall", "f1"]
    for kind, subject, measure in itertools.product(CheckKind, subjects, measures):
        check = Check(
            kind=kind,
            subject=subject,
            measure=measure,
            value=0,
            bound=Bound(comparison=Comparison.AT_MOST, value=0),
            verdict=Verdict.FAILED,
        )
        with suppress(KeyError):  # A kind is about the whole model or about a label.
            yield f"{name_check(check)}: the {describe_measure(check)} is "


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
