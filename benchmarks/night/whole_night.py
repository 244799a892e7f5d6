"""The whole night beside the plain script.

Services are embedded ones of their own. A table of every size has its own schema in
their database. Every round writes under an S3 prefix of its own, so that the whole
night is done each time.
"""

import argparse
import contextlib
import datetime
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from benchmarks.harness import command, machine
from benchmarks.harness.nights import (
    WORKERS,
    Night,
    Site,
    bare_copy,
    counted_requests,
)
from benchmarks.harness.plain_script import PlainScriptResult
from benchmarks.harness.processes import Process, run_module
from benchmarks.harness.results import Run, Spread, values, write_result
from benchmarks.harness.services import (
    DATE,
    empty_prefix,
    fill_table,
    running_services,
    settings_of,
    write_overlay,
)
from benchmarks.night.comparison import compare, largest, read_script_result
from benchmarks.night.records import (
    Differences,
    NightSpread,
    ScriptSpread,
    StageSpread,
    WholeNightResult,
)
from benchmarks.night.tables import whole_night_tables
from nightsieve.cli.services import Stack
from pipeline.config.settings import Settings

ROWS = 3_000_000
NEXT_DATE = DATE + datetime.timedelta(days=1)
COUNTED_DATE = DATE + datetime.timedelta(days=2)
ENDPOINT = "AWS_ENDPOINT_URL_S3"
DATABASE = "NIGHTSIEVE_DATABASE_URL"


@dataclass(frozen=True)
class ScriptRun:
    """A run of the plain script, and how a night's results differ from its own."""

    process: Process
    result: PlainScriptResult
    differences: Differences


class ThreeNights(NamedTuple):
    """A first night, the next one, and that one again, which has nothing to do."""

    first: Night
    next_night: Night
    again: Night


@dataclass(frozen=True)
class NightRound:
    """Nights, seconds of a bare COPY, and maybe the script."""

    nights: ThreeNights
    copy_seconds: float
    script: ScriptRun | None


@dataclass(frozen=True)
class Requests:
    """Requests to S3 of a night, and its tasks."""

    tasks: int
    by_method: dict[str, int]


def main() -> None:
    """Measure the night and the script, and write ``whole_night.json``."""
    arguments = _parse_arguments()
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(command.temporary_folder())
        home = arguments.home or folder / "home"
        services = stack.enter_context(running_services(home))
        overlay = write_overlay(folder)
        result = _measure(services, overlay, folder / "script", arguments)
    write_result("whole_night", result, arguments.output)
    print(whole_night_tables(result))


def _measure(
    services: Stack, overlay: Path, script_folder: Path, arguments: argparse.Namespace
) -> WholeNightResult:
    """Run the night and the script in turns; only the first rounds have the script."""
    environment = fill_table(services.environment(), arguments.rows)
    settings = settings_of(overlay)
    n_scripts = min(arguments.rounds, arguments.scripts or arguments.rounds)
    rounds = []
    for turn in range(arguments.rounds):
        command.log(f"round {turn + 1} of {arguments.rounds}")
        with empty_prefix(services, environment, overlay) as site:
            folder = script_folder if turn < n_scripts else None
            rounds.append(_run_round(site, settings, folder))
            if turn == arguments.rounds - 1:
                requests = _count_requests(site)
    scripts = [round_.script for round_ in rounds if round_.script is not None]
    last_result = scripts[-1].result
    training = settings.training
    return WholeNightResult(
        run=describe_night_run(),
        rows=arguments.rows,
        sampled=last_result.sampled,
        labelled=last_result.labelled,
        rules=len(settings.labelling.rules),
        candidates=len(training.search.candidates),
        folds=training.search.folds,
        workers=WORKERS,
        rounds=arguments.rounds,
        scripts=n_scripts,
        script=_script_spread(scripts),
        first=night_spread(_nights(rounds, "first")),
        next_night=night_spread(_nights(rounds, "next_night")),
        again=night_spread(_nights(rounds, "again")),
        copy_seconds=Spread.of(values(rounds, "copy_seconds")),
        request_tasks=requests.tasks,
        requests=requests.by_method,
        differences=largest([script.differences for script in scripts]),
    )


def _run_round(
    site: Site, settings: Settings, script_folder: Path | None
) -> NightRound:
    return NightRound(
        nights=run_three_nights(site),
        copy_seconds=bare_copy(settings, DATE, site.environment[DATABASE]),
        script=_run_script(site, script_folder) if script_folder else None,
    )


def run_three_nights(site: Site, name: str = "") -> ThreeNights:
    """Run a first night, the next one, and that one again.

    Raises
    ------
    SystemExit
        The last one ran a task.
    """
    with command.announced(f"{name}first night"):
        first = site.run_night(DATE)
    with command.announced(f"{name}next night"):
        next_night = site.run_night(NEXT_DATE)
    with command.announced(f"{name}that night again"):
        again = site.run_night(NEXT_DATE)
    if again.tasks:
        families = ", ".join(task.family for task in again.tasks)
        raise SystemExit(f"{name}second run of the same night: it ran {families}")
    return ThreeNights(first, next_night, again)


def _nights(rounds: Sequence[NightRound], field: str) -> list[Night]:
    """Return one of the three nights of each round."""
    return [getattr(round_.nights, field) for round_ in rounds]


def _run_script(site: Site, folder: Path) -> ScriptRun:
    """Run the plain script on the next night's sample."""
    options = ["--until", str(DATE), "--config", str(site.overlay)]
    options += ["--to", str(folder)]
    options += ["--sample", *map(str, site.sample(NEXT_DATE))]
    with command.announced("plain script"):
        process = run_module(
            "benchmarks.harness.plain_script", *options, environment=site.environment
        )
    differences = compare(site, NEXT_DATE, folder)
    return ScriptRun(process, read_script_result(folder), differences)


def _count_requests(site: Site) -> Requests:
    """Run one more night, and count its requests to S3."""
    with (
        counted_requests(site.environment[ENDPOINT]) as (address, counts),
        command.announced("night whose requests are counted"),
    ):
        night = site.run_night(COUNTED_DATE, {ENDPOINT: address})
    return Requests(tasks=len(night.tasks), by_method=dict(counts))


def _script_spread(scripts: Sequence[ScriptRun]) -> ScriptSpread:
    """Return what the script took, without what it did for the comparison alone."""
    results = [script.result for script in scripts]
    seconds = [
        script.process.seconds - script.result.aside_seconds for script in scripts
    ]
    stages = {}
    for stage in results[0].seconds:
        stages[stage] = Spread.of([result.seconds[stage] for result in results])
    return ScriptSpread(
        seconds=Spread.of(seconds),
        peak_mib=max(values(scripts, "process.peak_mib")),
        stages=stages,
        two_jobs=Spread.of(values(results, "two_jobs_seconds")),
    )


def night_spread(nights: Sequence[Night]) -> NightSpread:
    """Return what nights of the same work took."""
    uses = [night.stages() for night in nights]
    stages = {}
    for stage, first_use in uses[0].items():
        of_stage = [use[stage] for use in uses]
        stages[stage] = StageSpread(
            tasks=first_use.tasks,
            peak_mib=max(values(of_stage, "peak_mib")),
            seconds=Spread.of(values(of_stage, "seconds")),
            share=Spread.of(values(of_stage, "share")),
            work=Spread.of(values(of_stage, "work")),
        )
    n_tasks = len(nights[0].tasks)
    unused_a_task = []
    for night in nights:
        unused = night.process.seconds * WORKERS - night.work
        unused_a_task.append(unused / max(1, n_tasks))
    return NightSpread(
        seconds=Spread.of(values(nights, "process.seconds")),
        peak_mib=max(values(nights, "peak_mib")),
        tasks=n_tasks,
        work=Spread.of(values(nights, "work")),
        unused_a_task=Spread.of(unused_a_task),
        idle=Spread.of(values(nights, "idle_seconds")),
        bytes=statistics.median(values(nights, "written")),
        stages=stages,
    )


def describe_night_run() -> Run:
    """Return how and where nights are measured, with the libraries that matter."""
    return machine.describe_run("pandas", "pyarrow", "luigi", "sqlalchemy", "hyperscan")


def _parse_arguments() -> argparse.Namespace:
    parser = command.new_parser("benchmarks.night.whole_night", __doc__)
    command.add_size(parser, "rows", ROWS, "rows of the table")
    command.add_rounds(parser, 3)
    parser.add_argument(
        "--scripts",
        type=int,
        metavar="N",
        help="rounds that also run the plain script, which takes most of the time "
        "(default: all)",
    )
    command.add_home(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
