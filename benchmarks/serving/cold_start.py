"""How long a Lambda function takes until its first response.

The package of ``nightsieve package lambda`` runs under AWS' own program, as does a
handler that returns a constant, and one that loads scikit-learn's pipeline, as most
people would write it. What AWS needs before it starts the process is not measured.
"""

import argparse
import json
import shutil
import subprocess
import time
import zipfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from benchmarks.harness import command, corpus, machine
from benchmarks.harness.lambda_runtime import running_function
from benchmarks.harness.processes import program
from benchmarks.harness.results import Spread, values, write_result
from benchmarks.serving.records import ColdStart, ColdStartResult
from benchmarks.serving.tables import cold_start_tables
from benchmarks.serving.trained import prepare

MODULE = "benchmarks.serving.cold_start"
HANDLER = "lambda_function.lambda_handler"
BODY = json.dumps({"messages": [{"text": "Your code is 123456. Do not share it."}]})
EVENT = {
    "version": "2.0",
    "rawPath": "/v1/predictions",
    "headers": {"content-type": "application/json"},
    "requestContext": {
        "http": {"method": "POST", "path": "/v1/predictions"},
        "stage": "$default",
    },
    "body": BODY,
    "isBase64Encoded": False,
}
BARE_CODE = """
def lambda_handler(event, context):
    return {"statusCode": 200, "body": "{}"}
"""
SKLEARN_CODE = """
import json
import joblib

pipeline = joblib.load("pipeline.joblib")

def lambda_handler(event, context):
    texts = [message["text"] for message in json.loads(event["body"])["messages"]]
    scores = pipeline.decision_function(texts).tolist()
    labels = pipeline.predict(texts).tolist()
    return {"statusCode": 200, "body": json.dumps([labels, scores])}
"""
#: The pipeline's tokeniser is a class of this project.
SKLEARN_VARIABLES = {"PYTHONPATH": str(machine.ROOT), **machine.ONE_THREAD}


@dataclass(frozen=True)
class Candidate:
    """A function that is measured, in the folder of its package."""

    name: str
    folder: Path
    variables: dict[str, str]


class Start(NamedTuple):
    """What one start took."""

    init_seconds: float
    first_seconds: float
    warm_seconds: float
    memory_mib: float | None


def main() -> None:
    """Measure, and write ``cold_start.json``."""
    arguments = _parse_arguments()
    drawn = corpus.draw_messages(arguments.messages)
    with command.temporary_folder() as folder:
        with command.announced(f"a model of {arguments.terms:,} terms"):
            prepared = prepare(folder, drawn, arguments.terms)
        package = folder / "lambda.zip"
        candidates = _candidates(folder, package, prepared.model, prepared.pipeline)
        starts: dict[str, list[Start]] = defaultdict(list)
        for turn in range(arguments.rounds):
            command.log(f"round {turn + 1} of {arguments.rounds}")
            for candidate in candidates:
                starts[candidate.name].append(_start(candidate, folder / "log"))
        result = ColdStartResult(
            run=machine.describe_run("awslambdaric"),
            sources=drawn.sources,
            terms=arguments.terms,
            rounds=arguments.rounds,
            package_bytes=package.stat().st_size,
            functions=tuple(_summary(name, done) for name, done in starts.items()),
        )
    write_result("cold_start", result, arguments.output)
    print(cold_start_tables(result))


def _candidates(
    folder: Path, package: Path, model: Path, pipeline: Path
) -> list[Candidate]:
    options = ["--model", str(model), "--to", str(package)]
    subprocess.run(
        [program("nightsieve"), "package", "lambda", *options],
        stdout=subprocess.DEVNULL,
        check=True,
    )
    packaged = folder / "packaged"
    with zipfile.ZipFile(package) as archive:
        archive.extractall(packaged)
    bare = _written(folder / "bare", BARE_CODE)
    sklearn = _written(folder / "sklearn", SKLEARN_CODE)
    shutil.copy(pipeline, sklearn / "pipeline.joblib")
    return [
        Candidate("the packaged model", packaged, {}),
        Candidate("returns a constant", bare, {}),
        Candidate("scikit-learn, joblib", sklearn, SKLEARN_VARIABLES),
    ]


def _written(folder: Path, code: str) -> Path:
    folder.mkdir()
    (folder / "lambda_function.py").write_text(code)
    return folder


def _start(candidate: Candidate, log: Path) -> Start:
    with running_function(
        candidate.folder, HANDLER, log, **candidate.variables
    ) as function:
        outcome = function.invoke(EVENT)
        first = time.perf_counter()
        if outcome.is_error or outcome.json()["statusCode"] != 200:  # noqa: PLR2004
            raise SystemExit(f"{candidate.name}: {outcome.body!r}\n{function.log()}")
        function.invoke(EVENT)
        warm = time.perf_counter()
        assert function.asked is not None
        return Start(
            init_seconds=function.asked - function.started,
            first_seconds=first - function.started,
            warm_seconds=warm - first,
            memory_mib=machine.peak_memory(function.pid),
        )


def _summary(name: str, starts: list[Start]) -> ColdStart:
    peaks = [start.memory_mib for start in starts if start.memory_mib is not None]
    return ColdStart(
        name=name,
        init_seconds=Spread.of(values(starts, "init_seconds")),
        first_seconds=Spread.of(values(starts, "first_seconds")),
        warm_seconds=Spread.of(values(starts, "warm_seconds")),
        memory_mib=Spread.of(peaks) if peaks else None,
    )


def _parse_arguments() -> argparse.Namespace:
    parser = command.new_parser(MODULE, __doc__)
    command.add_size(parser, "messages", 150_000, "messages to train on")
    command.add_size(parser, "terms", 20_000, "maximum terms of the model")
    command.add_rounds(parser, 20)
    return parser.parse_args()


if __name__ == "__main__":
    main()
