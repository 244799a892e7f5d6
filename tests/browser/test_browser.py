"""Pages in Chromium: under Jenkins' policy, wide and narrow, light and dark."""

import functools
import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.records.run import ListedNight
from pipeline.report.html.pages import night_report, nights_page
from pipeline.report.key_figures import key_figures
from scorers.python import nightsieve_scorer
from tests.support import ROOT, jenkins_page
from tests.support.exported_models import ESTIMATORS, SENTENCES, exported, fixed
from tests.support.report_records import (
    UNREACHED,
    comparison,
    entry,
    manifest,
    with_thresholds,
)

HAS_BROWSER = (
    jenkins_page.CHROMIUM is not None
    and jenkins_page.NODE is not None
    and (jenkins_page.MODULES / "axe-core").exists()
)
# Without a browser these tests are skipped; on a build server they fail.
pytestmark = pytest.mark.skipif(
    "CI" not in os.environ and not HAS_BROWSER,
    reason="needs chromium, node and the packages of .ci",
)
#: The width in pixels and the colour scheme of Jenkins, and of a phone at night.
LOOKS = ((1400, "light"), (390, "dark"))
KEY = "runs/of/a/night.json"

Findings = dict[str, Any]  # the JSON that drive.js writes


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Path, str]]:
    """Serve a folder; yield it and its address."""
    folder = tmp_path_factory.mktemp("served")
    with jenkins_page.served(folder) as address:
        yield folder, address


@pytest.fixture(scope="module")
def seen(served: tuple[Path, str]) -> Findings:
    """Return what the browser finds on every page, and on the demo page."""
    folder, address = served
    for name, files in pages().items():
        (folder / name).mkdir()
        for file, content in files.items():
            (folder / name / file).write_bytes(content)
    shutil.copytree(ROOT / "scorers" / "javascript", folder / "demo")
    (folder / "model.json").write_bytes(model())
    looks = list(itertools.product(pages(), LOOKS))
    job = {
        "pages": [
            jenkins_page.page(address, f"{name}/index.html", width, scheme)
            for name, (width, scheme) in looks
        ],
        "demo": {
            "address": f"{address}/plain/demo/demo.html",
            "model": str(folder / "model.json"),
            "text": SENTENCES["spam"],
            "damaged": model().decode().replace("free", "fred", 1),
        },
    }
    answer = jenkins_page.drive(job)
    return {**answer, "pages": dict(zip(looks, answer["pages"], strict=True))}


@functools.cache
def pages() -> dict[str, dict[str, bytes]]:
    """Return every kind of page by its name."""
    nights = [manifest(f"2026-11-{day:02}", serial=day) for day in range(1, 19)]
    before = nights[-1]
    figures = [key_figures(night) for night in nights]
    refused = with_thresholds(manifest(champion=before, floor=UNREACHED))
    rollback = entry("2026-11-17", 19, restores=17, reason="misses spam")
    listed = [ListedNight(figures=night, report="index.html") for night in figures]
    first = manifest("2026-11-01")
    return {
        "first": night_report(first, comparison(), None, [], KEY),
        "refused": night_report(refused, comparison(before), before, figures, KEY),
        "nights": nights_page(listed, rollback, [rollback]),
    }


@functools.cache
def model() -> bytes:
    """Return the file of a small model."""
    return exported(fixed(ESTIMATORS[0], 3))


def test_every_page_looks_right_under_jenkins_policy(seen: Findings):
    for look, page in seen["pages"].items():
        assert page["said"] == [], look
        assert page["broken"] == [], look
        assert page["styled"], look


def test_no_page_scrolls_sideways_and_a_phone_shows_the_decision_at_once(
    seen: Findings,
):
    for look, page in seen["pages"].items():
        assert page["wide"] == [], look
        assert page["first"] < 700, look


def test_axe_finds_nothing_and_the_markup_is_valid(seen: Findings):
    for look, page in seen["pages"].items():
        assert page["violations"] == [], look
        assert page["invalid"] == [], look


def test_the_demo_page_scores_and_keeps_its_model_if_a_file_is_damaged(seen: Findings):
    demo = seen["demo"]
    label = nightsieve_scorer.load(model()).label(SENTENCES["spam"])
    assert (demo["label"], demo["still"]) == (label, label)
    assert (demo["errors"], demo["violations"]) == ([], [])
    assert demo["refusal"].startswith("Refused: damaged.json")
    assert "The model below stays: model.json" in demo["refusal"]
