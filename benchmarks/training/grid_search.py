"""The grid search beside `GridSearchCV` over a `Pipeline`, on public messages. Run as ``python -m benchmarks.search``.

All get the same messages, splits and candidates, those of the default configuration; a night has two processes,
`GridSearchCV` one job or two. Each run is a process of its own. Seconds are from the raw texts to the scores of all
candidates.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import baseline, corpus, machine, results
from benchmarks.night_stages import WORKERS, watch
from pipeline.config import DEFAULTS, file_layer, resolve
from pipeline.config.settings import Candidate, Settings
from pipeline.data.training_set import TrainingSet
from pipeline.preprocessing import TrainingSetStage, clean
from pipeline.rules.files import read_rules
from pipeline.training import evaluate_candidate

Scores = dict[Candidate, list[float]]


def main() -> None:
    chosen = _arguments()
    if chosen.side:
        _run(chosen.side, chosen.messages, chosen.to)
        return
    found = {name: compare(name, chosen.rounds) for name in MESSAGES}
    result = {
        "machine": machine.describe("pandas"),
        "rounds": chosen.rounds,
        "corpora": found,
    }
    results.write("search", result, _tables(result))


def compare(name: str, rounds: int) -> dict[str, Any]:
    """All ways in turns: their seconds and peaks, and how far their scores differ."""
    measured: dict[str, list[dict[str, Any]]] = {side: [] for side in SIDES}
    with tempfile.TemporaryDirectory(prefix="nightsieve-bench-") as folder:
        for turn in range(rounds):
            for side in SIDES:
                print(
                    f"{name}, {side}, round {turn + 1} of {rounds}",
                    file=sys.stderr,
                    flush=True,
                )
                to = Path(folder, "result.json")
                words = [
                    sys.executable,
                    "-m",
                    "benchmarks.search",
                    "--side",
                    side,
                    "--messages",
                    name,
                    "--to",
                    str(to),
                ]
                process = watch(words, machine.ONE_THREAD)
                measured[side].append(
                    {**json.loads(to.read_bytes()), "peak_mib": process.peak_mib}
                )
    last = {side: runs[-1] for side, runs in measured.items()}
    differences: dict[str, float] = {}
    for candidate, scores in last["night"]["scores"].items():
        most = max(
            map(abs, np.subtract(scores, last["GridSearchCV"]["scores"][candidate]))
        )
        estimator = candidate.split()[0]
        differences[estimator] = max(differences.get(estimator, 0.0), float(most))
    return {
        "messages": last["night"]["messages"],
        "candidates": len(last["night"]["scores"]),
        "differences": differences,
        "sides": {
            side: {
                "seconds": results.summary([run["seconds"] for run in runs]),
                "peak_mib": max(run["peak_mib"] for run in runs),
            }
            for side, runs in measured.items()
        },
    }


def training_set(
    texts: list[str], labels: list[str], settings: Settings
) -> TrainingSet:
    """What a night makes of the texts when its rules say these labels."""
    keys = pd.Series(range(len(texts))).astype("str")
    cleaned = clean(
        pd.DataFrame({"key": keys, "body": pd.Series(texts, dtype="str")}),
        settings.text,
    )
    votes = pd.DataFrame({"key": keys, "rules": [[label] for label in labels]})
    names = sorted(set(labels))
    resolved_labels = pd.DataFrame(
        {"rules": [[name] for name in names], "label": names, "confidence": 1.0}
    )
    return TrainingSetStage(resolved_labels).run([(votes, cleaned)]).training_set


def search_as_a_night(
    texts: list[str], labels: list[str], settings: Settings
) -> Scores:
    """The score on each fold of every candidate, by the stages of a night."""
    evaluate = partial(
        evaluate_candidate,
        training_set(texts, labels, settings),
        training=settings.training,
    )
    candidates = settings.training.search.candidates
    with ProcessPoolExecutor(WORKERS) as pool:
        found = pool.map(evaluate, candidates)
        return {
            candidate: each.scores
            for candidate, each in zip(candidates, found, strict=True)
        }


def search_as_a_script(
    texts: list[str], labels: list[str], settings: Settings, jobs: int = 1
) -> Scores:
    """The same by `GridSearchCV`."""
    cleaned = baseline.clean(pd.Series(texts, dtype=object), settings.text)
    messages = pd.DataFrame({"text": cleaned, "label": labels}).sort_values(
        ["text", "label"]
    )
    strings = (messages[column].to_numpy(object) for column in ("text", "label"))
    return baseline.search(*strings, settings.training, jobs)


def _uci() -> tuple[list[str], list[str]]:
    texts, labels = corpus.reviewed()
    return texts, labels.tolist()


def _uci_and_nus() -> tuple[list[str], list[str]]:
    texts, labels = _uci()
    others = [
        text
        for name, found in corpus.public().items()
        if name.startswith("NUS")
        for text in found
    ]
    return texts + others, labels + ["ham"] * len(others)


MESSAGES: dict[str, Callable[[], tuple[list[str], list[str]]]] = {
    "UCI": _uci,
    "UCI and NUS": _uci_and_nus,
}
SIDES = {
    "night": search_as_a_night,
    "GridSearchCV": search_as_a_script,
    "GridSearchCV, two jobs": partial(search_as_a_script, jobs=2),
}


def _run(side: str, messages: str, to: Path) -> None:
    """One way, once, in this process; its seconds and scores go to the file."""
    settings = resolve([file_layer(DEFAULTS)], read_rules).settings
    texts, labels = MESSAGES[messages]()
    begun = time.perf_counter()
    scores = SIDES[side](texts, labels, settings)
    seconds = time.perf_counter() - begun
    found = {str(candidate): each for candidate, each in scores.items()}
    to.write_text(
        json.dumps({"seconds": seconds, "messages": len(texts), "scores": found}),
        encoding="utf-8",
    )


def _tables(result: dict[str, Any]) -> str:
    rows = []
    for name, found in result["corpora"].items():
        slow = [
            found["sides"][side]["seconds"]["median"]
            for side in ("GridSearchCV", "GridSearchCV, two jobs")
        ]
        for side, measured in found["sides"].items():
            seconds = measured["seconds"]
            ratios = [f"{each / seconds['median']:.1f}" for each in slow]
            texts = f"{found['messages']:,}"
            rows.append(
                [
                    name,
                    texts,
                    side,
                    results.spread(seconds, 1),
                    *ratios,
                    f"{measured['peak_mib']:,.0f}",
                ]
            )
    header = [
        "corpus",
        "messages",
        "way",
        "seconds",
        "times GridSearchCV",
        "with two jobs",
        "peak MiB of a process",
    ]
    estimators = sorted(
        {name for found in result["corpora"].values() for name in found["differences"]}
    )
    differences = [
        [
            name,
            *(
                results.rounded(found["differences"][estimator])
                for estimator in estimators
            ),
        ]
        for name, found in result["corpora"].items()
    ]
    return "\n\n".join(
        [
            f"Medians of {result['rounds']} rounds in turns.",
            results.table(header, rows),
            "The largest difference of a score on any fold:",
            results.table(["corpus", *estimators], differences),
        ]
    )


def _arguments() -> argparse.Namespace:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument(
        "--side", choices=SIDES, help="one way, once: what the benchmark itself starts"
    )
    arguments.add_argument("--messages", choices=MESSAGES)
    arguments.add_argument("--to", type=Path)
    return arguments.parse_args()


if __name__ == "__main__":
    main()
