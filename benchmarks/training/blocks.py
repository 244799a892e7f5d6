"""Training in blocks beside training in memory, on public messages.

The candidates are those of the default configuration that can be trained in blocks.
Each run is a process of its own.
"""

import argparse
import json
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from benchmarks.harness import command, machine
from benchmarks.harness.processes import run_module
from benchmarks.harness.results import Json, Record, Spread, write_result
from benchmarks.training.corpora import CORPORA, UCI_AND_NUS, training_set_of
from benchmarks.training.records import (
    IN_BLOCKS,
    IN_MEMORY,
    BlocksResult,
    BlockwiseCandidate,
)
from benchmarks.training.tables import blocks_tables
from pipeline.config import DEFAULTS, file_layer, patch_layer, resolve
from pipeline.config.settings import Settings
from pipeline.rules.files import read_rules
from pipeline.training import evaluate_candidate, vectoriser

MODULE = "benchmarks.training.blocks"
BLOCK = 10_000  # documents: small enough for several blocks


def _grid(estimator: str, *alphas: float) -> Json:
    return {
        "estimator": estimator,
        "ngrams": [[1, 2]],
        "min_df": [2],
        "sublinear_tf": [True],
        "norm": ["l2"],
        "alpha": list(alphas),
    }


GRIDS: Json = [
    _grid("sgd", 1e-5, 1e-4),
    _grid("multinomial_nb", 0.1),
    _grid("complement_nb", 0.1),
]
# Of training.max_in_memory_documents.
SIDES = {IN_MEMORY: 10**9, IN_BLOCKS: 1}


class CandidateRun(Record):
    """One candidate in one run; its score on each fold."""

    seconds: float
    scores: tuple[float, ...]


class BlocksRun(Record):
    """All candidates in one process, by description."""

    documents: int
    candidates: dict[str, CandidateRun]


def main() -> None:
    """Measure both ways to train, and write ``blocks.json``."""
    arguments = _parse_arguments()
    if arguments.side:
        _run_side(arguments.side, arguments.corpus, arguments.to)
        return
    runs: defaultdict[str, list[BlocksRun]] = defaultdict(list)
    peaks: defaultdict[str, list[float]] = defaultdict(list)
    with command.temporary_folder() as folder:
        to = folder / "run.json"
        for turn in range(arguments.rounds):
            for side in SIDES:
                command.log(f"{side}: round {turn + 1} of {arguments.rounds}")
                options = ["--side", side, "--corpus", arguments.corpus]
                options += ["--to", str(to)]
                process = run_module(MODULE, *options, environment=machine.ONE_THREAD)
                runs[side].append(BlocksRun.from_json(to.read_bytes()))
                peaks[side].append(process.peak_mib)
    names = runs[IN_MEMORY][-1].candidates
    result = BlocksResult(
        run=machine.describe_run("pandas"),
        rounds=arguments.rounds,
        corpus=arguments.corpus,
        documents=runs[IN_MEMORY][-1].documents,
        block=BLOCK,
        peak_mib={side: max(peaks[side]) for side in SIDES},
        candidates={name: _compare(name, runs) for name in names},
    )
    write_result("blocks", result, arguments.output)
    print(blocks_tables(result))


def _compare(name: str, runs: dict[str, list[BlocksRun]]) -> BlockwiseCandidate:
    """Compare a candidate in memory with the same one in blocks."""
    in_memory = runs[IN_MEMORY][-1].candidates[name].scores
    in_blocks = runs[IN_BLOCKS][-1].candidates[name].scores
    seconds = {}
    for side in SIDES:
        measured = [run.candidates[name].seconds for run in runs[side]]
        seconds[side] = Spread.of(measured)
    difference = np.abs(np.subtract(in_memory, in_blocks)).max()
    return BlockwiseCandidate(difference=float(difference), seconds=seconds)


def _run_side(side: str, corpus_name: str, to: Path) -> None:
    """Evaluate all candidates in this process, and write the run to the file."""
    vectoriser.BLOCK = BLOCK
    settings = _settings(SIDES[side])
    training_set = training_set_of(CORPORA[corpus_name](), settings)
    candidates = {}
    for candidate in settings.training.search.candidates:
        started = time.perf_counter()
        result = evaluate_candidate(training_set, candidate, settings.training)
        seconds = time.perf_counter() - started
        candidates[str(candidate)] = CandidateRun(seconds=seconds, scores=result.scores)
    run = BlocksRun(documents=len(training_set), candidates=candidates)
    to.write_bytes(run.to_json())


def _settings(max_in_memory_documents: int) -> Settings:
    values = {
        "training.max_in_memory_documents": max_in_memory_documents,
        "training.search.grids": GRIDS,
    }
    patches = [
        patch_layer(f"{key}={json.dumps(value)}") for key, value in values.items()
    ]
    return resolve([file_layer(DEFAULTS), *patches], read_rules).settings


def _parse_arguments() -> argparse.Namespace:
    parser = command.new_parser(MODULE, __doc__)
    command.add_rounds(parser, 3)
    parser.add_argument(
        "--corpus",
        choices=CORPORA,
        default=UCI_AND_NUS,
        help="messages to train on (default: %(default)s)",
    )
    # The benchmark runs itself with these two.
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--to", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
