"""Nights of this checkout beside nights of an earlier commit, in turns.

Both read the same table and use the same installed libraries. Each night writes under
an S3 prefix of its own. The ratio of the medians is below 1 where this checkout is
faster.
"""

import argparse
import contextlib
import os
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.harness import command, machine
from benchmarks.harness.nights import Site
from benchmarks.harness.results import Spread, write_result
from benchmarks.harness.services import (
    empty_prefix,
    fill_table,
    running_services,
    write_overlay,
)
from benchmarks.night.records import VersionSeconds, VersionsResult
from benchmarks.night.tables import versions_tables
from benchmarks.night.whole_night import ROWS, describe_night_run, run_three_nights

BEFORE = "before"
NOW = "now"


def main() -> None:
    """Measure both commits; write ``versions.json`` if a folder is given."""
    arguments = _parse_arguments()
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(command.temporary_folder())
        before = stack.enter_context(_checked_out(arguments.commit, folder))
        checkouts = {BEFORE: before, NOW: machine.ROOT}
        home = arguments.home or folder / "home"
        services = stack.enter_context(running_services(home))
        environment = fill_table(services.environment(), arguments.rows)
        overlay = write_overlay(folder)
        rounds: defaultdict[str, list[dict[str, float]]] = defaultdict(list)
        for turn in range(arguments.rounds):
            # The second one finds warmer caches, so they take turns in going first.
            names = [BEFORE, NOW] if turn % 2 == 0 else [NOW, BEFORE]
            for name in names:
                with empty_prefix(services, environment, overlay) as site:
                    code_site = _with_code(site, checkouts[name])
                    rounds[name].append(_measure(name, code_site))
    seconds = {}
    for measured in rounds[NOW][0]:
        seconds[measured] = VersionSeconds(
            before=Spread.of([of_round[measured] for of_round in rounds[BEFORE]]),
            now=Spread.of([of_round[measured] for of_round in rounds[NOW]]),
        )
    result = VersionsResult(
        run=describe_night_run(),
        before=arguments.commit,
        rows=arguments.rows,
        rounds=arguments.rounds,
        seconds=seconds,
    )
    if arguments.output is not None:
        write_result("versions", result, arguments.output)
    print(versions_tables(result))


def _measure(name: str, site: Site) -> dict[str, float]:
    """Return the seconds of a round, by what was measured."""
    nights = run_three_nights(site, f"{name}: ")
    return {
        "first night": nights.first.process.seconds,
        "next night": nights.next_night.process.seconds,
        "second run": nights.again.process.seconds,
        "search": nights.first.work_of("EvaluateCandidate"),
        "labelling": nights.first.work_of("ApplyRules"),
    }


def _with_code(site: Site, checkout: Path) -> Site:
    """Return the site with nights whose processes import the checkout's code."""
    environment = {**site.environment, "PYTHONPATH": os.fspath(checkout)}
    return replace(site, environment=environment, checkout=checkout)


@contextlib.contextmanager
def _checked_out(commit: str, folder: Path) -> Iterator[Path]:
    """Check a commit out into the folder, and remove it at the end."""
    tree = folder / BEFORE
    worktree = ["git", "-C", os.fspath(machine.ROOT), "worktree"]
    subprocess.run(
        [*worktree, "add", "--detach", os.fspath(tree), commit],
        check=True,
        capture_output=True,
    )
    try:
        yield tree
    finally:
        subprocess.run([*worktree, "remove", "--force", os.fspath(tree)], check=True)


def _parse_arguments() -> argparse.Namespace:
    # The README does not show the result, so it is not kept unless a folder is named.
    parser = command.new_parser("benchmarks.night.versions", __doc__, output=None)
    parser.add_argument("commit", help="The earlier commit.")
    command.add_size(parser, "rows", ROWS, "rows of the table")
    command.add_rounds(parser, 3)
    command.add_home(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
