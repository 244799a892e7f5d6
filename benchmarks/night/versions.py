"""Nights of this checkout beside nights of an earlier commit, in turns in one run.

Run as ``python -m benchmarks.versions COMMIT``. Both read the same table and use the
same installed libraries; each night writes under an S3 prefix of its own. What is
printed are seconds by median, least and most, and the ratio of the medians.
"""

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import machine
from benchmarks.night import NEXT
from benchmarks.night_place import (
    DATE,
    empty,
    filled,
    running,
    timed,
    write_overlay,
)
from benchmarks.night_stages import Night, Place

FAMILIES = {"search": "EvaluateCandidate", "labelling": "ApplyRules"}


@dataclass(frozen=True)
class Measured:
    """Seconds of one round of one version, by what was measured."""

    seconds: dict[str, float]


def main() -> None:
    arguments = _arguments()
    with contextlib.ExitStack() as stack:
        temporary = tempfile.TemporaryDirectory(prefix="nightsieve-bench-")
        folder = Path(stack.enter_context(temporary))
        checkouts = {
            "before": stack.enter_context(_checkout(arguments.commit, folder)),
            "now": machine.ROOT,
        }
        services = stack.enter_context(running(arguments.home or folder / "home"))
        environment = filled(services.environment(), arguments.rows)
        overlay = write_overlay(folder)
        rounds: dict[str, list[Measured]] = {name: [] for name in checkouts}
        for turn in range(arguments.rounds):
            # Whoever goes second finds warmer caches: so they take turns in that, too.
            names = list(checkouts) if turn % 2 == 0 else list(checkouts)[::-1]
            for name in names:
                with empty(services, environment, overlay) as place:
                    of_version = _with_code(place, checkouts[name])
                    rounds[name].append(_measure(name, of_version))
    print(f"{arguments.rows:,} rows, {arguments.rounds} rounds, {arguments.commit}")
    for line in _lines(rounds):
        print(line)


def _measure(name: str, place: Place) -> Measured:
    """Run a first night, the next one, and that one again."""
    first = timed(f"{name}: first night", place.night, DATE)
    following = timed(f"{name}: next night", place.night, NEXT)
    again = timed(f"{name}: that night again", place.night, NEXT)
    if again.tasks:
        sys.exit(f"{name}: the second run of the same night did work")
    return Measured(
        {
            "first night": first.process.seconds,
            "next night": following.process.seconds,
            "second run": again.process.seconds,
            **{what: _work(first, family) for what, family in FAMILIES.items()},
        }
    )


def _work(night: Night, family: str) -> float:
    """Return the seconds of all tasks of a family together."""
    return sum(task.end - task.start for task in night.tasks if task.family == family)


def _lines(rounds: Mapping[str, list[Measured]]) -> Iterator[str]:
    for what in rounds["now"][0].seconds:
        seconds = {
            name: [measured.seconds[what] for measured in of_version]
            for name, of_version in rounds.items()
        }
        medians = {name: statistics.median(each) for name, each in seconds.items()}
        spans = ", ".join(
            f"{name} {medians[name]:.1f} [{min(each):.1f}, {max(each):.1f}] s"
            for name, each in seconds.items()
        )
        ratio = medians["now"] / medians["before"]
        yield f"{what}: {spans}; ratio {ratio:.3f}"


def _with_code(place: Place, checkout: Path) -> Place:
    """Return the place with nights whose processes import the checkout's code."""
    environment = {**place.environment, "PYTHONPATH": os.fspath(checkout)}
    return replace(place, environment=environment, checkout=checkout)


@contextlib.contextmanager
def _checkout(commit: str, folder: Path) -> Iterator[Path]:
    """Check a commit out beside the folder's other files, for as long as it is needed."""
    tree = folder / "before"
    git = ["git", "-C", os.fspath(machine.ROOT), "worktree"]
    subprocess.run(
        [*git, "add", "--detach", os.fspath(tree), commit],
        check=True,
        capture_output=True,
    )
    try:
        yield tree
    finally:
        subprocess.run([*git, "remove", "--force", os.fspath(tree)], check=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.versions")
    parser.add_argument("commit", help="what this checkout is measured beside")
    parser.add_argument("--rows", type=int, default=3_000_000, help="of the table")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--home", type=Path, help="of the services, kept afterwards")
    return parser.parse_args()


if __name__ == "__main__":
    main()
