"""What the benchmarks compute from measurements."""

import doctest
import json

import pytest

from benchmarks.gate.scenario import Decision, thirty_nights
from benchmarks.harness import machine, markdown, results
from benchmarks.harness.nights import BEYOND_SCRIPT, Night, Task
from benchmarks.harness.processes import Process
from benchmarks.harness.results import Run, Spread
from benchmarks.night.records import TaskOverheadResult

RUN = Run(
    command="python -m benchmarks.night.task_overhead",
    date="2026-11-20",
    commit="0123456789ab",
    cpu="a processor",
    cores=2,
    system="Linux x86_64",
    versions={"python": "3.11.7"},
)
RESULT = TaskOverheadResult(
    run=RUN,
    tasks=100,
    start=Spread.of([1.5, 1.25, 2.0]),
    work=Spread.of([0.1 + 0.2]),
    beyond=Spread.of([1e-9, 3.0]),
)


@pytest.mark.parametrize("module", [machine, markdown, results])
def test_examples_of_docstrings_run(module):
    assert doctest.testmod(module).failed == 0


def test_a_result_is_read_as_it_was_written(tmp_path):
    results.write_result("some", RESULT, tmp_path)
    assert results.read_result("some", TaskOverheadResult, tmp_path) == RESULT


def test_a_result_file_is_json_in_short_lines(tmp_path):
    results.write_result("some", RESULT, tmp_path)
    text = (tmp_path / "some.json").read_text(encoding="utf-8")
    assert json.loads(text) == RESULT.model_dump(mode="json")
    assert max(map(len, text.splitlines())) <= results.LINE_LENGTH


def test_a_paragraph_is_not_broken_inside_a_code_span():
    text = markdown.paragraph(f"{'x' * 95} `python -m benchmarks.readme` follows.")
    assert "`python -m benchmarks.readme`" in text


def task(stage: str, start: float, end: float) -> Task:
    return Task(family="Some", stage=stage, start=start, end=end, peak_mib=100)


def test_tasks_that_run_at_once_share_the_time_of_the_night():
    tasks = [task("ingest", 1, 3), task("label", 2, 6), task(BEYOND_SCRIPT, 4, 6)]
    night = Night(Process(seconds=8, started=0, peak_mib=50), tasks, written=0)
    stages = night.stages()
    assert stages["ingest"].share == 1 + 0.5
    assert stages["label"].share == 0.5 + 1 + 1
    assert stages[BEYOND_SCRIPT].share == 1
    assert stages["label"].seconds == 4
    assert night.idle_seconds == 3
    assert night.work == 8
    assert night.peak_mib == 100


def test_the_scenario_has_thirty_nights_and_an_override():
    scenes = thirty_nights()
    assert sum(not scene.same_date for scene in scenes) == 30
    (override,) = [scene for scene in scenes if scene.same_date]
    assert override.expected is Decision.OVERRIDDEN
