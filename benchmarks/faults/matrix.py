"""Run a night with one fault at one stage, then the same command again, many times.

Each cell must end in a finished night with the bytes of the night that nothing
disturbed, or in one documented error and then, by the same command, in these bytes.
"""

import argparse
import functools
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from benchmarks.faults import injected
from benchmarks.faults.injected import (
    Away,
    Damage,
    FullFolder,
    Injection,
    Kill,
    NotInjected,
    Requests,
    Restart,
    Stage,
    Stop,
)
from benchmarks.faults.records import Cell, MatrixResult
from benchmarks.faults.rules import Fault, Rule
from benchmarks.faults.tables import matrix_tables
from benchmarks.faults.world import (
    MESSAGES,
    Ended,
    World,
    problem_of,
    problem_of_ending,
    small_world,
)
from benchmarks.harness import command, machine
from benchmarks.harness.results import read_result, write_result
from nightsieve.nights import exit_codes
from nightsieve.store import layout

MODULE = "benchmarks.faults.matrix"
_KILLED = (-signal.SIGKILL,)
_TERMINATED = (128 + signal.SIGTERM,)
_INTERRUPTED = (128 + signal.SIGINT,)
_FAILED = (exit_codes.TASK_FAILED,)
STAGES = (
    "IngestMessages",
    "CompileRules",
    "ApplyRules",
    "ResolveVotes",
    "BuildTrainingSet",
    "EvaluateCandidate",
    "FitModel",
    "ExportCoefficients",
    "GateModel",
    "PublishModel",
)
#: Stages that run at the same time as another task.
IN_PAIRS = ("ApplyRules", "EvaluateCandidate")
SOME = ("IngestMessages", "ApplyRules", "PublishModel")
JOBS = 2
ONCE = 1
AT_EVERY_STAGE: tuple[Injection, ...] = (
    Kill("SIGKILL of the task's process", "child", signal.SIGKILL),
    Kill("SIGKILL of the command", "parent", signal.SIGKILL, _KILLED),
    Kill("SIGTERM of the command", "parent", signal.SIGTERM, _TERMINATED),
    Requests("PUT altered on its way", Rule(Fault.FLIP, "PUT", times=ONCE)),
    Requests("body of the GET cut off", Rule(Fault.BREAK, "GET", times=ONCE)),
    Damage("stored object flipped", injected.flip_a_bit),
    Damage("stored receipt flipped", injected.flip_a_bit, of_receipt=True),
)
AT_SOME_STAGES: tuple[Injection, ...] = (
    Requests("connection reset at the PUT", Rule(Fault.RESET, "PUT", times=ONCE)),
    Requests("answer of the PUT lost", Rule(Fault.LOST, "PUT", times=ONCE)),
    Requests("GET altered on its way", Rule(Fault.FLIP, "GET", times=ONCE)),
    Requests("SlowDown three times", Rule(Fault.STATUS, times=3, code="SlowDown")),
    Requests("InternalError twice", Rule(Fault.STATUS, times=2, code="InternalError")),
    Requests("PUT without an answer for 5 s", Rule(Fault.DELAY, "PUT", seconds=5)),
    Requests("PUT forbidden", Rule(Fault.STATUS, "PUT", code="AccessDenied"), _FAILED),
    Damage("stored object cut in half", injected.cut_in_half),
    Damage("stored object emptied", injected.empty),
    Kill("SIGKILL of the guardian", "guardian", signal.SIGKILL),
    Kill("SIGINT of all processes", "group", signal.SIGINT, _INTERRUPTED),
    Kill("SIGTERM of all processes", "group", signal.SIGTERM, _TERMINATED),
    Away("store refuses connections for 20 s", "refused", 20),
    Away("store answers 503 for 20 s", "503", 20),
    Stop("all processes stopped for 90 s", 90),
    Restart("luigid killed, back after 3 s", "luigid", 3),
    Restart("S3 killed, back after 3 s", "S3", 3),
)
IN_PAIRS_ALONE = Kill("SIGKILL of all tasks' processes", "children", signal.SIGKILL)
OF_THE_DATABASE = Restart("PostgreSQL killed, back after 2 s", "PostgreSQL", 2)
OF_TEMPORARY_FILES = FullFolder("no space for temporary files")


@dataclass(frozen=True)
class Plan:
    """A cell that has not run yet."""

    injection: Injection
    family: str

    @property
    def name(self) -> str:
        """The fault and the stage."""
        return f"{self.injection.name}, {self.family}"


def plans() -> list[Plan]:
    """Return all cells in a fixed order."""
    return list(_plans())


def run_cell(world: World, plan: Plan) -> Cell:
    """Run the night with the fault and, if it does not finish, the same command again.

    Every run is compared with the reference.
    """
    started = time.monotonic()
    stage = Stage(plan.family, _key_of(world, plan.family))
    with world.copied(without=world.families_from(plan.family)) as copy:
        try:
            first = plan.injection.run(world, copy, stage)
        except NotInjected as error:
            command.log(f"{plan.name}: the fault did not happen\n{error}")
            return _cell(plan, None, False, started, "the fault did not happen")
        problem = problem_of_ending(first)
        if not problem and first.code not in plan.injection.codes:
            problem = f"exit code {first.code}"
        if not problem and plan.injection.is_told and stage.key not in first.output:
            problem = "no word of the damaged object"
        again = first.code != 0
        last = first
        if again and not problem:
            last = copy.run()
        if not problem:
            problem = problem_of(last, copy.other_bytes(world.expected))
    if problem:
        command.log(f"{plan.name}: {problem}\n{last.output}")
    return _cell(plan, first, again, started, problem)


def run_cells(world: World, chosen: Sequence[Plan], jobs: int) -> list[Cell]:
    """Run several cells at once, and then one by one those that stop a service.

    Returns
    -------
    list of Cell
        In the order of the plans.
    """
    alone = [plan for plan in chosen if isinstance(plan.injection, Restart)]
    together = [plan for plan in chosen if plan not in alone]
    cells: dict[Plan, Cell] = {}
    for plans_at_once, workers in ((together, jobs), (alone, 1)):
        with ThreadPoolExecutor(workers) as pool:
            runs = pool.map(functools.partial(run_cell, world), plans_at_once)
            for plan, cell in zip(plans_at_once, runs, strict=True):
                cells[plan] = cell
                command.log(_line(len(cells), len(chosen), cell))
    return [cells[plan] for plan in chosen]


def main() -> None:
    """Run cells and write ``faults.json``; exit with 1 if one is not as promised."""
    arguments = _parse_arguments()
    chosen = [plan for plan in plans() if arguments.only in plan.name]
    if arguments.cheapest:
        chosen = cheapest(chosen, read_result("faults", MatrixResult))
    started = time.monotonic()
    with command.temporary_folder() as folder, small_world(folder / "home") as world:
        cells = run_cells(world, chosen, arguments.jobs)
    result = MatrixResult(
        run=machine.describe_run("boto3", "luigi"),
        messages=MESSAGES,
        seconds=round(time.monotonic() - started),
        cells=tuple(cells),
    )
    if arguments.output is not None:
        write_result("faults", result, arguments.output)
    print(matrix_tables(result))
    sys.exit(1 if any(cell.problem for cell in cells) else 0)


def _plans() -> Iterator[Plan]:
    for injection in AT_EVERY_STAGE:
        for family in STAGES:
            yield Plan(injection, family)
    for injection in AT_SOME_STAGES:
        for family in SOME:
            yield Plan(injection, family)
    for family in IN_PAIRS:
        yield Plan(IN_PAIRS_ALONE, family)
    for family in ("IngestMessages", "IngestReviews"):
        yield Plan(OF_THE_DATABASE, family)
    if injected.can_mount():
        yield Plan(OF_TEMPORARY_FILES, "IngestMessages")


def _key_of(world: World, family: str) -> str:
    """Return the key of an object of a family that has a receipt."""
    receipts = [key for key in world.written[family] if layout.described(key) != key]
    return layout.described(receipts[0])


def cheapest(planned: Sequence[Plan], measured: MatrixResult) -> list[Plan]:
    """Return the cheapest cell of each fault, by what was measured; cheap ones first.

    A cell that was not measured costs nothing: so a new fault is among them.
    """
    seconds = {(cell.fault, cell.stage): cell.seconds for cell in measured.cells}

    def cost(plan: Plan) -> float:
        return seconds.get((plan.injection.name, plan.family), 0)

    chosen: dict[str, Plan] = {}
    for plan in sorted(planned, key=cost):
        chosen.setdefault(plan.injection.name, plan)
    return list(chosen.values())


def _cell(
    plan: Plan, first: Ended | None, again: bool, started: float, problem: str
) -> Cell:
    return Cell(
        fault=plan.injection.name,
        stage=plan.family,
        code=None if first is None else first.code,
        message="" if first is None else _last_complaint(first),
        again=again,
        seconds=round(time.monotonic() - started, 1),
        problem=problem,
    )


def _last_complaint(ended: Ended) -> str:
    lines = [
        line.strip()
        for line in ended.output.splitlines()
        if line.startswith(("WARNING", "ERROR", "CRITICAL"))
    ]
    return lines[-1] if lines else ""


def _line(index: int, total: int, cell: Cell) -> str:
    ending = cell.problem or (
        "error, then the same bytes" if cell.again else "same bytes"
    )
    return (
        f"{index}/{total} {cell.fault}, {cell.stage}: {ending} "
        f"({cell.code}, {cell.seconds:.0f} s)"
    )


def _parse_arguments() -> argparse.Namespace:
    parser = command.new_parser(MODULE, __doc__)
    command.add_size(parser, "jobs", JOBS, "nights at once")
    parser.add_argument(
        "--cheapest",
        action="store_true",
        help="run the cheapest cell of each fault, by the last result",
    )
    parser.add_argument(
        "--only", default="", metavar="TEXT", help="run cells whose name contains this"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
