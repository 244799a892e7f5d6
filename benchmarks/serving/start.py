"""How long the service takes until it is ready, beside the bare imports of its parts.

All run in turns, in new processes: a Python process that imports Starlette, uvicorn and
boto3 and ends, and ``nightsieve serve`` with one process and with two.
"""

import argparse
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

from benchmarks.harness import command, corpus, machine
from benchmarks.harness.results import Spread, write_result
from benchmarks.serving import servers
from benchmarks.serving.records import ServiceStart, StartResult
from benchmarks.serving.tables import start_tables
from benchmarks.serving.trained import prepare

MODULE = "benchmarks.serving.start"
IMPORTS = "import starlette.applications, uvicorn, boto3"
WORKERS = {"nightsieve serve": 1, "nightsieve serve --workers 2": 2}


def main() -> None:
    """Measure, and write ``start.json``."""
    arguments = _parse_arguments()
    drawn = corpus.draw_messages(arguments.messages)
    with command.temporary_folder() as folder:
        with command.announced(f"a model of {arguments.terms:,} terms"):
            model = prepare(folder, drawn, arguments.terms).model
        imports: list[float] = []
        starts: dict[str, list[float]] = defaultdict(list)
        for turn in range(arguments.rounds):
            command.log(f"round {turn + 1} of {arguments.rounds}")
            imports.append(_imports())
            for name, workers in WORKERS.items():
                starts[name].append(_start(model, workers, folder / "log"))
    result = StartResult(
        run=machine.describe_run("boto3", "starlette", "uvicorn"),
        sources=drawn.sources,
        terms=arguments.terms,
        rounds=arguments.rounds,
        imports=Spread.of(imports),
        services=tuple(
            _summary(name, seconds, imports) for name, seconds in starts.items()
        ),
    )
    write_result("start", result, arguments.output)
    print(start_tables(result))


def _imports() -> float:
    started = time.perf_counter()
    core = ["taskset", "--cpu-list", str(servers.SERVER_CORE)]
    subprocess.run([*core, sys.executable, "-c", IMPORTS], check=True)
    return time.perf_counter() - started


def _start(model: Path, workers: int, log: Path) -> float:
    service = servers.service("--model", str(model), "--workers", str(workers))
    with servers.running(service, log) as server:
        return server.start_seconds


def _summary(name: str, seconds: list[float], imports: list[float]) -> ServiceStart:
    beyond = [start - bare for start, bare in zip(seconds, imports, strict=True)]
    return ServiceStart(name=name, seconds=Spread.of(seconds), beyond=Spread.of(beyond))


def _parse_arguments() -> argparse.Namespace:
    parser = command.new_parser(MODULE, __doc__)
    command.add_size(parser, "messages", 150_000, "messages to train on")
    command.add_size(parser, "terms", 20_000, "maximum terms of the model")
    command.add_rounds(parser, 20)
    return parser.parse_args()


if __name__ == "__main__":
    main()
