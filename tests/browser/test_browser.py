"""Reports, and the page to try a model, in Chromium: under Jenkins' policy, wide and narrow, light and dark."""

import functools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.report import key_figures, night_report, nights_page
from scorers.python import nightsieve_scorer
from tests.browser import jenkins
from tests.conftest import ROOT
from tests.unit.export.exported_models import ESTIMATORS, SENTENCES, exported, fixed
from tests.unit.report.made_up import comparison, manifest, with_thresholds

# Where a build server tests, a browser that is missing is a failure; elsewhere its tests are skipped.
pytestmark = pytest.mark.skipif(
    "CI" not in os.environ
    and not (
        jenkins.CHROMIUM and jenkins.NODE and (jenkins.MODULES / "axe-core").exists()
    ),
    reason="needs chromium, node and the packages of .ci",
)
LOOKS = (
    (1400, "light"),
    (390, "dark"),
)  # in pixels, as Jenkins and a phone at night show them
FLOOR = {"floors": {"spam": {"precision": 0.999}}}


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[tuple[Path, str]]:
    """A folder, and the address that it is served at."""
    folder = tmp_path_factory.mktemp("served")
    with jenkins.served(folder) as address:
        yield folder, address


@pytest.fixture(scope="module")
def seen(served, tmp_path_factory) -> dict:
    """What the browser finds on every page, in each width and scheme, and on the page to try a model."""
    folder, address = served
    for name, files in pages().items():
        (folder / name).mkdir()
        for file, content in files.items():
            (folder / name / file).write_bytes(content)
    shutil.copytree(ROOT / "scorers" / "javascript", folder / "demo")
    (folder / "model.json").write_bytes(model())
    looks = [(name, *look) for name in pages() for look in LOOKS]
    job = {
        "pages": [
            jenkins.page(address, f"{name}/index.html", width, scheme)
            for name, width, scheme in looks
        ],
        "demo": {
            "address": f"{address}/plain/demo/demo.html",
            "model": str(folder / "model.json"),
            "text": SENTENCES["spam"],
            "damaged": model().decode().replace("free", "fred", 1),
        },
    }
    found = jenkins.drive(job)
    return {**found, "pages": dict(zip(looks, found["pages"], strict=True))}


@functools.cache
def pages() -> dict[str, dict[str, bytes]]:
    """Every kind of page by its name."""
    nights = [manifest(f"2026-11-{day:02}", serial=day) for day in range(1, 19)]
    before, figures = nights[-1], [key_figures(night) for night in nights]
    refused = with_thresholds(manifest("2026-11-20", champion=before, **FLOOR))
    again = {
        "serial": 19,
        "date": "2026-11-17",
        "config": before["config"],
        "restores": 17,
        "reason": "misses spam",
    }
    return {
        "first": night_report(manifest("2026-11-01"), comparison(), None, []),
        "refused": night_report(refused, comparison(before), before, figures),
        "nights": nights_page(
            [{**night, "report": "index.html"} for night in figures], again, [again]
        ),
    }


@functools.cache
def model() -> bytes:
    return exported(fixed(ESTIMATORS[0], 3))


def test_every_page_looks_right_under_jenkins_policy(seen):
    for look, found in seen["pages"].items():
        assert (found["said"], found["broken"], found["styled"]) == ([], [], True), look


def test_no_page_scrolls_sideways_and_a_phone_shows_the_decision_without_scrolling(
    seen,
):
    for look, found in seen["pages"].items():
        assert found["wide"] == [], look
        assert found["first"] < 700, look


def test_axe_finds_nothing_and_the_markup_is_valid(seen):
    for look, found in seen["pages"].items():
        assert (found["violations"], found["invalid"]) == ([], []), look


def test_the_page_to_try_a_model_scores_as_it_should_and_keeps_the_model_when_a_damaged_file_is_dropped(
    seen,
):
    found = seen["demo"]
    label = nightsieve_scorer.load(model()).label(SENTENCES["spam"])
    assert (found["label"], found["still"], found["errors"], found["violations"]) == (
        label,
        label,
        [],
        [],
    )
    assert (
        found["refusal"].startswith("Refused: damaged.json")
        and "The model below stays: model.json" in found["refusal"]
    )
