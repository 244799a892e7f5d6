"""What a task costs besides its work. Run as ``python -m benchmarks.overhead``.

Tasks that do nothing but write an empty object are run by the luigi command under luigid, one worker. The first of them
pays for the start of the command; each further one for the scheduler, the fork and the store.
"""

import argparse
import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import luigi

from benchmarks import machine, results
from benchmarks.night_place import DATE, empty, running, write_overlay
from benchmarks.night_stages import program, watch
from nightsieve.store.configurations import freeze, store_settings
from nightsieve.store.objects import Store
from nightsieve.store.version import claim_layout
from tasks.base import NightTask

TASKS = 100
BAR = 0.15  # seconds


class Nothing(NightTask):
    """Writes an empty object."""

    stage, name = "bench", "nothing"

    number: int = luigi.IntParameter()

    def run(self) -> None:
        self.output().dump({})


class Many(NightTask):
    """Requires so many of them."""

    stage, name = "bench", "many"

    tasks: int = luigi.IntParameter()

    def requires(self) -> list[Nothing]:
        return [self.clone(Nothing, number=number) for number in range(self.tasks)]

    def run(self) -> None:
        self.output().dump({})


def main() -> None:
    chosen = _arguments()
    with contextlib.ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="nightsieve-bench-"))
        )
        services = stack.enter_context(running(folder / "home"))
        overlay = write_overlay(folder)
        few, many = [], []
        for _ in range(chosen.rounds):
            for tasks, found in ((1, few), (1 + TASKS, many)):
                place = stack.enter_context(
                    empty(services, services.environment(), overlay)
                )
                found.append(_run(place.environment, place.folder, overlay, tasks))
    whole = [
        (long["seconds"] - short["seconds"]) / TASKS
        for long, short in zip(many, few, strict=True)
    ]
    work = [
        (long["work"] - short["work"]) / TASKS
        for long, short in zip(many, few, strict=True)
    ]
    beyond = [all_ - own for all_, own in zip(whole, work, strict=True)]
    result = {
        "machine": machine.describe("luigi", "boto3"),
        "tasks": TASKS,
        "start": results.summary([short["seconds"] for short in few]),
        "work": results.summary(work),
        "beyond": results.summary(beyond),
    }
    results.write("overhead", result, _table(result))


def _run(
    environment: dict[str, str], folder: Path, overlay: Path, tasks: int
) -> dict[str, float]:
    """Seconds of the command, and of the work that its tasks' receipts tell."""
    os.environ.update(environment)
    store = Store(environment["NIGHTSIEVE_STORAGE"])
    digest = freeze(store, (str(overlay),), ())
    claim_layout(store)
    store_settings(store, digest)
    command = [
        program("luigi"),
        "--module",
        "benchmarks.overhead",
        "Many",
        "--tasks",
        str(tasks),
    ]
    command += ["--date", str(DATE), "--config", digest, "--workers", "1"]
    process = watch(command, {**environment, "PYTHONPATH": str(machine.ROOT)})
    receipts = [
        json.loads(path.read_bytes()) for path in folder.rglob("*.receipt.json")
    ]
    assert len(receipts) == tasks + 1
    return {
        "seconds": process.seconds,
        "work": sum(receipt["seconds"] for receipt in receipts),
    }


def _table(result: dict[str, Any]) -> str:
    rows = [
        [
            "start of the command, to the end of a first task",
            results.spread(result["start"], 2),
            "",
        ],
        ["a further task: its own work", results.spread(result["work"], 3), ""],
        [
            "a further task: beyond its work, its two PUTs included",
            results.spread(result["beyond"], 3),
            f"{BAR} s",
        ],
    ]
    return results.table(["", "seconds", "bar"], rows)


def _arguments() -> argparse.Namespace:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5)
    return arguments.parse_args()


if __name__ == "__main__":
    main()
