"""The whole night beside the plain script, and with ``--growth`` how it grows. Run as ``python -m benchmarks.night``.

Services are embedded ones, of their own; every size of the table has a schema of its own in their database, and every
round writes under an S3 prefix of its own, so that all of the night is done each time.
"""

import argparse
import contextlib
import datetime
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import machine, night_plot, results
from benchmarks.night_place import (
    DATE,
    empty,
    filled,
    resolved,
    running,
    say,
    timed,
    write_overlay,
)
from benchmarks.night_stages import (
    WORKERS,
    Night,
    Place,
    bare_copy,
    compare,
    counted,
    watch,
)
from nightsieve.cli.services import Stack
from pipeline.config.settings import Settings

ROWS = 3_000_000
GROWTH = (0.1, 1, 5)  # times ROWS
NEXT, COUNTED = (DATE + datetime.timedelta(days=days) for days in (1, 2))
STAGES_PLOT, GROWTH_PLOT = (
    machine.ROOT / "docs" / name for name in ("night-stages.svg", "night-growth.svg")
)


def main() -> None:
    chosen = _arguments()
    with contextlib.ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="nightsieve-bench-"))
        )
        services = stack.enter_context(running(chosen.home or folder / "home"))
        overlay = write_overlay(folder)
        if chosen.growth:
            result = growth(
                services,
                overlay,
                [round(chosen.rows * times) for times in GROWTH],
                chosen.rounds,
            )
            results.write("growth", result, night_plot.growth_tables(result))
            night_plot.draw_growth(result, GROWTH_PLOT)
        else:
            rounds = chosen.rounds, min(chosen.rounds, chosen.scripts or chosen.rounds)
            result = night(services, overlay, chosen.rows, *rounds, folder / "plain")
            results.write("night", result, night_plot.night_tables(result))
            night_plot.draw_stages(result, STAGES_PLOT)


def night(
    services: Stack, overlay: Path, rows: int, rounds: int, scripts: int, plain: Path
) -> dict[str, Any]:
    """The night and the plain script in turns; the script in the first ones alone where there are fewer ``scripts``."""
    environment = filled(services.environment(), rows)
    settings = resolved(overlay)
    turns = []
    for turn in range(rounds):
        say(f"round {turn + 1} of {rounds}")
        with empty(services, environment, overlay) as place:
            turns.append(_turn(place, settings, plain if turn < scripts else None))
            if turn == rounds - 1:
                with counted(environment["AWS_ENDPOINT_URL_S3"]) as (address, requests):
                    last = timed(
                        "night, for its requests",
                        place.night,
                        COUNTED,
                        {"AWS_ENDPOINT_URL_S3": address},
                    )
    measured = {
        name: [found[name] for found in turns if name in found] for name in turns[0]
    }
    told, training = measured["plain"][-1][1], settings.training
    return {
        "machine": _machine(),
        "rows": rows,
        "sampled": told["sampled"],
        "labelled": told["labelled"],
        "rules": len(settings.labelling.rules),
        "candidates": len(training.search.candidates),
        "folds": training.search.folds,
        "workers": WORKERS,
        "rounds": rounds,
        "scripts": scripts,
        "plain": _script(measured["plain"]),
        **{name: _nights(measured[name]) for name in ("first", "next", "again")},
        "copy": results.summary(measured["copy"]),
        "requests": {"tasks": len(last.tasks), **requests},
        "equal": _worst(measured["equal"]),
    }


def _turn(place: Place, settings: Settings, plain: Path | None) -> dict[str, Any]:
    """A first night, the next one, that one again, a bare COPY, and the plain script if it has a folder."""
    found: dict[str, Any] = {}
    for name, date in (("first", DATE), ("next", NEXT), ("again", NEXT)):
        found[name] = timed(f"night, {name}", place.night, date)
    if found["again"].tasks:
        sys.exit("the second run of the same night did work")
    found["copy"] = bare_copy(
        settings, DATE, place.environment["NIGHTSIEVE_DATABASE_URL"]
    )
    if plain is None:
        return found
    command = [
        sys.executable,
        "-m",
        "benchmarks.baseline",
        "--until",
        str(DATE),
        "--config",
        str(place.overlay),
    ]
    command += ["--to", str(plain), "--sample", *map(str, place.sample(NEXT))]
    process = timed("plain script", watch, command, place.environment)
    found["plain"] = (process, json.loads((plain / "result.json").read_bytes()))
    found["equal"] = compare(place, NEXT, plain)
    return found


def growth(
    services: Stack, overlay: Path, sizes: Sequence[int], rounds: int
) -> dict[str, Any]:
    """The first night of tables that grow; without the plain script."""
    grown = []
    for rows in sizes:
        environment = filled(services.environment(), rows)
        settings = resolved(overlay)
        nights, copies, searched = [], [], []
        for turn in range(rounds):
            with empty(services, environment, overlay) as place:
                nights.append(
                    timed(
                        f"{rows:,} rows, round {turn + 1} of {rounds}",
                        place.night,
                        DATE,
                    )
                )
                (ingested,) = place.outputs(DATE)["IngestMessages"]
                counts = json.loads(ingested.read_bytes())["counts"]
                (search,) = place.outputs(DATE)["SearchGrid"]
                best = json.loads(search.read_bytes())["candidates"][0]["description"]
                searched.append(_candidates(place))
            copies.append(
                bare_copy(settings, DATE, environment["NIGHTSIEVE_DATABASE_URL"])
            )
        candidates = {
            candidate: {
                "seconds": results.summary(
                    [found[candidate]["seconds"] for found in searched]
                ),
                "iterations": told["iterations"],
            }
            for candidate, told in searched[-1].items()
        }
        of_size = {
            "rows": rows,
            "sampled": counts["kept"],
            "best": best,
            "candidates": candidates,
        }
        grown.append({**of_size, "copy": results.summary(copies), **_nights(nights)})
    rules, candidates = (
        len(settings.labelling.rules),
        len(settings.training.search.candidates),
    )
    return {
        "machine": _machine(),
        "rounds": rounds,
        "rules": rules,
        "candidates": candidates,
        "sizes": grown,
    }


def _candidates(place: Place) -> dict[str, dict[str, float]]:
    """The seconds of each candidate's task, and its solver's iterations a fold, by its description."""
    found = {}
    for path in place.outputs(DATE)["EvaluateCandidate"]:
        result, receipt = (
            json.loads(Path(name).read_bytes())
            for name in (path, f"{path}.receipt.json")
        )
        iterations = statistics.mean(result["iterations"])
        found[result["description"]] = {
            "seconds": receipt["seconds"],
            "iterations": iterations,
        }
    return found


def _worst(compared: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Of several rounds' comparisons the largest difference in each thing compared."""
    return {
        what: (all if isinstance(value, bool) else max)(each[what] for each in compared)
        for what, value in compared[0].items()
    }


def _script(runs: Sequence[tuple[Any, dict[str, Any]]]) -> dict[str, Any]:
    """What the plain script took; what it did for the comparison alone does not count."""
    stages = runs[0][1]["seconds"]
    return {
        "seconds": results.summary(
            [process.seconds - told["aside"] for process, told in runs]
        ),
        "peak_mib": max(process.peak_mib for process, _ in runs),
        "stages": {
            stage: results.summary([told["seconds"][stage] for _, told in runs])
            for stage in stages
        },
        "two_jobs": results.summary([told["two_jobs"] for _, told in runs]),
    }


def _nights(nights: Sequence[Night]) -> dict[str, Any]:
    """What nights of the same work took."""
    of_stages = [night.stages() for night in nights]
    tasks = len(nights[0].tasks)
    unused = [night.process.seconds * WORKERS - night.work for night in nights]
    return {
        "seconds": results.summary([night.process.seconds for night in nights]),
        "peak_mib": max(night.peak_mib for night in nights),
        "tasks": tasks,
        "work": results.summary([night.work for night in nights]),
        "unused_a_task": results.summary(
            [seconds / max(1, tasks) for seconds in unused]
        ),
        "between": results.summary([night.between for night in nights]),
        "bytes": statistics.median(night.written for night in nights),
        "stages": {
            stage: {
                "tasks": of_stages[0][stage]["tasks"],
                "peak_mib": max(stages[stage]["peak_mib"] for stages in of_stages),
                **{
                    what: results.summary([stages[stage][what] for stages in of_stages])
                    for what in ("seconds", "share", "work")
                },
            }
            for stage in of_stages[0]
        },
    }


def _machine() -> dict[str, Any]:
    return machine.describe("pandas", "pyarrow", "luigi", "sqlalchemy", "hyperscan")


def _arguments() -> argparse.Namespace:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "--rows",
        type=int,
        default=ROWS,
        help="of the table; with --growth of the middle one",
    )
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument(
        "--scripts",
        type=int,
        help="rounds with the plain script, which is most of them: default all",
    )
    arguments.add_argument(
        "--growth", action="store_true", help="the night alone, on fewer and more rows"
    )
    arguments.add_argument(
        "--home",
        type=Path,
        help="of the services: kept, and with it the tables, for another time",
    )
    return arguments.parse_args()


if __name__ == "__main__":
    main()
