"""Training in blocks beside training in memory, on public messages. Run as ``python -m benchmarks.blocks``.

The candidates are those of the default configuration that can be trained in blocks; each run is a process of its own.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine, results, search
from benchmarks.night_stages import watch
from pipeline.config import DEFAULTS, file_layer, patch_layer, resolve
from pipeline.config.settings import Settings
from pipeline.rules.files import read_rules
from pipeline.training import vectoriser

MESSAGES = "UCI and NUS"
BLOCK = 10_000  # documents: small enough for several of them
GRIDS = [
    {
        "estimator": estimator,
        "ngrams": [[1, 2]],
        "min_df": [2],
        "sublinear_tf": [True],
        "norm": ["l2"],
        "alpha": alphas,
    }
    for estimator, alphas in (
        ("sgd", [1e-5, 1e-4]),
        ("multinomial_nb", [0.1]),
        ("complement_nb", [0.1]),
    )
]
SIDES = {"in memory": 10**9, "in blocks": 1}  # training.max_in_memory_documents


def main() -> None:
    chosen = _arguments()
    if chosen.side:
        _run(chosen.side, chosen.to)
        return
    measured: dict[str, list[dict[str, Any]]] = {side: [] for side in SIDES}
    with tempfile.TemporaryDirectory(prefix="nightsieve-bench-") as folder:
        for _ in range(chosen.rounds):
            for side in SIDES:
                to = Path(folder, "result.json")
                words = [
                    sys.executable,
                    "-m",
                    "benchmarks.blocks",
                    "--side",
                    side,
                    "--to",
                    str(to),
                ]
                process = watch(words, machine.ONE_THREAD)
                measured[side].append(
                    {**json.loads(to.read_bytes()), "peak_mib": process.peak_mib}
                )
    result = _result(measured)
    results.write("blocks", result, _tables(result))


def _run(side: str, to: Path) -> None:
    """All candidates, one after the other in this process; seconds and scores go to the file."""
    vectoriser.BLOCK = BLOCK
    settings = _settings(SIDES[side])
    training_set = search.training_set(*search.MESSAGES[MESSAGES](), settings)
    found = {}
    for candidate in settings.training.search.candidates:
        begun = time.perf_counter()
        result = search.evaluate_candidate(training_set, candidate, settings.training)
        found[str(candidate)] = {
            "seconds": time.perf_counter() - begun,
            "scores": result.scores,
        }
    to.write_text(
        json.dumps({"documents": len(training_set), "candidates": found}),
        encoding="utf-8",
    )


def _settings(in_memory: int) -> Settings:
    values = {
        "training.max_in_memory_documents": in_memory,
        "training.search.grids": GRIDS,
    }
    patches = [
        patch_layer(f"{key}={json.dumps(value)}") for key, value in values.items()
    ]
    return resolve([file_layer(DEFAULTS), *patches], read_rules).settings


def _result(measured: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    last = {side: runs[-1]["candidates"] for side, runs in measured.items()}
    memory, in_blocks = (last[side] for side in SIDES)
    return {
        "machine": machine.describe("pandas"),
        "rounds": len(measured["in memory"]),
        "documents": measured["in memory"][-1]["documents"],
        "peak_mib": {
            side: max(run["peak_mib"] for run in runs)
            for side, runs in measured.items()
        },
        "candidates": {
            name: {
                "difference": float(
                    np.abs(
                        np.subtract(memory[name]["scores"], in_blocks[name]["scores"])
                    ).max()
                ),
                "seconds": {
                    side: results.summary(
                        [run["candidates"][name]["seconds"] for run in runs]
                    )
                    for side, runs in measured.items()
                },
            }
            for name in memory
        },
    }


def _tables(result: dict[str, Any]) -> str:
    rows = [
        [
            name,
            *(results.spread(found["seconds"][side], 1) for side in SIDES),
            results.rounded(found["difference"]),
        ]
        for name, found in result["candidates"].items()
    ]
    rows.append(
        [
            "largest process, MiB",
            *(f"{result['peak_mib'][side]:,.0f}" for side in SIDES),
            "",
        ]
    )
    return "\n\n".join(
        [
            f"{MESSAGES}: {result['documents']:,} unique documents, blocks of {BLOCK:,}, five folds; medians of "
            f"{result['rounds']} rounds in turns.",
            results.table(
                (
                    "",
                    *(f"{side}, s" for side in SIDES),
                    "largest difference of a score",
                ),
                rows,
            ),
        ]
    )


def _arguments() -> argparse.Namespace:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument(
        "--side", choices=SIDES, help="one way, once: what the benchmark itself starts"
    )
    arguments.add_argument("--to", type=Path)
    return arguments.parse_args()


if __name__ == "__main__":
    main()
