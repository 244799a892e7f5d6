"""The report of a benchmark that Jenkins publishes."""

from xml.etree import ElementTree

import pytest

from benchmarks.harness import corpus
from benchmarks.harness.results import RESULTS, read_result, write_result
from benchmarks.report import REPORTS
from benchmarks.training.corpora import corpora
from benchmarks.training.records import NIGHT, GridSearchResult
from tests.support.gate_records import changed


def slowed(result: GridSearchResult, factor: float) -> GridSearchResult:
    """Return the result with a night that takes longer by this factor."""
    searched = {}
    for name, corpus_result in result.corpora.items():
        night = corpus_result.sides[NIGHT]
        slow = changed(night, seconds=night.seconds.scaled(factor))
        sides = {**corpus_result.sides, NIGHT: slow}
        searched[name] = changed(corpus_result, sides=sides)
    return changed(result, corpora=searched)


@pytest.mark.parametrize(("factor", "missed"), [(0.5, 0), (100, 2)])
def test_a_target_that_is_missed_is_a_failure_and_the_page_says_so(
    tmp_path, factor, missed
):
    result = read_result("grid_search", GridSearchResult)
    write_result("grid_search", slowed(result, factor), tmp_path)
    REPORTS["grid_search"].write("grid_search", tmp_path, tmp_path)
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert len(suite) == 2 * len(result.corpora)
    assert len(list(suite.iter("failure"))) == missed
    page = (tmp_path / "report/index.html").read_text()
    assert page.count('<td class="number">no</td>') == missed
    assert (tmp_path / "report/report.css").exists()
    # Jenkins' policy allows neither.
    assert "style=" not in page
    assert "<script" not in page


def test_every_report_is_of_a_result():
    assert all((RESULTS / f"{name}.json").exists() for name in REPORTS)


def test_the_sample_is_searched_where_the_public_messages_are_missing(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(corpus, "UCI_FILE", tmp_path / "missing")
    assert corpora() == ["sample"]
    (tmp_path / "missing").touch()
    assert corpora() == ["UCI", "UCI and NUS"]
