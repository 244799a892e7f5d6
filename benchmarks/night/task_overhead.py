"""What a task costs besides its work.

The `luigi` command runs tasks that only write an empty object, under luigid, with one
worker. The first task pays for the start of the command; each further one pays for the
scheduler, the fork and the store.
"""

import argparse
import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass

import luigi

from benchmarks.harness import command, machine
from benchmarks.harness.nights import RECEIPT, Site, TaskReceipt
from benchmarks.harness.processes import program, watch
from benchmarks.harness.results import Spread, values, write_result
from benchmarks.harness.services import (
    DATE,
    empty_prefix,
    running_services,
    write_overlay,
)
from benchmarks.night.records import TaskOverheadResult
from benchmarks.night.tables import task_overhead_tables
from nightsieve.store.configurations import freeze, store_settings
from nightsieve.store.objects import Store
from nightsieve.store.version import claim_layout
from tasks.base import NightTask

MODULE = "benchmarks.night.task_overhead"


class EmptyTask(NightTask):
    """Writes an empty object."""

    stage = "bench"
    name = "empty"

    number: int = luigi.IntParameter()

    def run(self) -> None:
        """Write the object."""
        self.output().dump({})


class ManyEmptyTasks(NightTask):
    """Requires a number of empty tasks."""

    stage = "bench"
    name = "many"

    tasks: int = luigi.IntParameter()

    def requires(self) -> list[EmptyTask]:
        """Return the tasks."""
        return [self.clone(EmptyTask, number=number) for number in range(self.tasks)]

    def run(self) -> None:
        """Write an empty object."""
        self.output().dump({})


@dataclass(frozen=True)
class CommandRun:
    """Seconds of a run of the command, and of its tasks' work, by their receipts."""

    seconds: float
    work: float


def main() -> None:
    """Measure a command with one task and with many; write ``task_overhead.json``."""
    arguments = _parse_arguments()
    short_runs = []
    long_runs = []
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(command.temporary_folder())
        services = stack.enter_context(running_services(folder / "home"))
        overlay = write_overlay(folder)
        environment = services.environment()
        for turn in range(arguments.rounds):
            command.log(f"round {turn + 1} of {arguments.rounds}")
            with empty_prefix(services, environment, overlay) as site:
                short_runs.append(_run(site, 1))
            with empty_prefix(services, environment, overlay) as site:
                long_runs.append(_run(site, 1 + arguments.tasks))
    result = _result(arguments.tasks, short_runs, long_runs)
    write_result("task_overhead", result, arguments.output)
    print(task_overhead_tables(result))


def _run(site: Site, n_tasks: int) -> CommandRun:
    os.environ.update(site.environment)
    store = Store(site.environment["NIGHTSIEVE_STORAGE"])
    digest = freeze(store, (str(site.overlay),), ())
    claim_layout(store)
    store_settings(store, digest)
    luigi_command = [program("luigi"), "--module", MODULE, "ManyEmptyTasks"]
    luigi_command += ["--tasks", str(n_tasks), "--date", str(DATE)]
    luigi_command += ["--config", digest, "--workers", "1"]
    environment = {**site.environment, "PYTHONPATH": str(machine.ROOT)}
    process = watch(luigi_command, environment)
    receipts = [TaskReceipt.read(path) for path in site.folder.rglob(f"*{RECEIPT}")]
    assert len(receipts) == n_tasks + 1
    return CommandRun(process.seconds, sum(values(receipts, "seconds")))


def _result(
    n_tasks: int, short_runs: Sequence[CommandRun], long_runs: Sequence[CommandRun]
) -> TaskOverheadResult:
    """Return what a further task took: the long runs less the short ones."""
    work = []
    beyond = []
    for short, long in zip(short_runs, long_runs, strict=True):
        whole_a_task = (long.seconds - short.seconds) / n_tasks
        work_a_task = (long.work - short.work) / n_tasks
        work.append(work_a_task)
        beyond.append(whole_a_task - work_a_task)
    return TaskOverheadResult(
        run=machine.describe_run("luigi", "boto3"),
        tasks=n_tasks,
        start=Spread.of(values(short_runs, "seconds")),
        work=Spread.of(work),
        beyond=Spread.of(beyond),
    )


def _parse_arguments() -> argparse.Namespace:
    parser = command.new_parser(MODULE, __doc__)
    command.add_size(parser, "tasks", 100, "tasks of the long run beyond the first")
    command.add_rounds(parser, 5)
    return parser.parse_args()


if __name__ == "__main__":
    main()
