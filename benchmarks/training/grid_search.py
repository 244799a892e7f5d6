"""The grid search of a night beside `GridSearchCV` over a `Pipeline`.

All get the same public messages, splits and candidates, those of the default
configuration. A night has two processes, `GridSearchCV` one job or two. Each run is a
process of its own. Seconds are from the raw texts to the scores of all candidates.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.harness import command, machine, plain_script
from benchmarks.harness.models import default_settings
from benchmarks.harness.nights import WORKERS
from benchmarks.harness.processes import run_module
from benchmarks.harness.results import Record, Spread, values, write_result
from benchmarks.training.corpora import (
    CORPORA,
    LabelledTexts,
    corpora,
    training_set_of,
)
from benchmarks.training.records import (
    GRID_SEARCH,
    GRID_SEARCH_TWO_JOBS,
    NIGHT,
    GridSearchResult,
    SearchedCorpus,
    Searcher,
)
from benchmarks.training.tables import grid_search_tables
from pipeline.config.settings import Candidate, Settings
from pipeline.training import evaluate_candidate

MODULE = "benchmarks.training.grid_search"

Scores = dict[Candidate, tuple[float, ...]]
"""Of each candidate on each fold."""


class SearchRun(Record):
    """One search in a process of its own; scores by the candidate's description."""

    seconds: float
    messages: int
    scores: dict[str, tuple[float, ...]]


def main() -> None:
    """Measure all searches, and write ``grid_search.json``."""
    arguments = _parse_arguments()
    if arguments.side:
        _run_side(arguments.side, arguments.corpus, arguments.to)
        return
    names = [arguments.corpus] if arguments.corpus else corpora()
    searched = {name: _compare(name, arguments.rounds) for name in names}
    result = GridSearchResult(
        run=machine.describe_run("pandas"), rounds=arguments.rounds, corpora=searched
    )
    write_result("grid_search", result, arguments.output)
    print(grid_search_tables(result))


def _compare(corpus_name: str, rounds: int) -> SearchedCorpus:
    """Run all sides in turns."""
    runs: defaultdict[str, list[SearchRun]] = defaultdict(list)
    peaks: defaultdict[str, list[float]] = defaultdict(list)
    with command.temporary_folder() as folder:
        to = folder / "run.json"
        for turn in range(rounds):
            for side in SIDES:
                command.log(f"{corpus_name}, {side}: round {turn + 1} of {rounds}")
                options = ["--side", side, "--corpus", corpus_name, "--to", str(to)]
                process = run_module(MODULE, *options, environment=machine.ONE_THREAD)
                runs[side].append(SearchRun.from_json(to.read_bytes()))
                peaks[side].append(process.peak_mib)
    sides = {}
    for side in SIDES:
        seconds = Spread.of(values(runs[side], "seconds"))
        sides[side] = Searcher(seconds=seconds, peak_mib=max(peaks[side]))
    last_of_night = runs[NIGHT][-1]
    return SearchedCorpus(
        messages=last_of_night.messages,
        candidates=len(last_of_night.scores),
        differences=_differences(last_of_night, runs[GRID_SEARCH][-1]),
        sides=sides,
    )


def _differences(night: SearchRun, baseline: SearchRun) -> dict[str, float]:
    """Return the largest difference of a score on any fold, by estimator."""
    differences: dict[str, float] = {}
    for candidate, scores in night.scores.items():
        distances = np.abs(np.subtract(scores, baseline.scores[candidate]))
        estimator = candidate.split()[0]
        largest = max(differences.get(estimator, 0.0), float(distances.max()))
        differences[estimator] = largest
    return differences


def _search_as_a_night(labelled: LabelledTexts, settings: Settings) -> Scores:
    """Search the grid by the stages of a night."""
    evaluate = partial(
        evaluate_candidate,
        training_set_of(labelled, settings),
        training=settings.training,
    )
    candidates = settings.training.search.candidates
    with ProcessPoolExecutor(WORKERS) as pool:
        results = list(pool.map(evaluate, candidates))
    return {
        candidate: result.scores
        for candidate, result in zip(candidates, results, strict=True)
    }


def _search_as_a_script(
    labelled: LabelledTexts, settings: Settings, jobs: int = 1
) -> Scores:
    """Search the grid by `GridSearchCV`."""
    bodies = pd.Series(labelled.texts, dtype=object)
    cleaned = plain_script.clean(bodies, settings.text)
    messages = pd.DataFrame({"text": cleaned, "label": labelled.labels})
    messages = messages.sort_values(["text", "label"])
    texts = messages["text"].to_numpy(object)
    labels = messages["label"].to_numpy(object)
    scores = plain_script.search(texts, labels, settings.training, jobs)
    return {candidate: tuple(row) for candidate, row in scores.items()}


SIDES: dict[str, Callable[[LabelledTexts, Settings], Scores]] = {
    NIGHT: _search_as_a_night,
    GRID_SEARCH: _search_as_a_script,
    GRID_SEARCH_TWO_JOBS: partial(_search_as_a_script, jobs=2),
}


def _run_side(side: str, corpus_name: str, to: Path) -> None:
    """Search the grid once in this process, and write the run to the file."""
    settings = default_settings()
    labelled = CORPORA[corpus_name]()
    started = time.perf_counter()
    scores = SIDES[side](labelled, settings)
    seconds = time.perf_counter() - started
    run = SearchRun(
        seconds=seconds,
        messages=len(labelled.texts),
        scores={str(candidate): row for candidate, row in scores.items()},
    )
    to.write_bytes(run.to_json())


def _parse_arguments() -> argparse.Namespace:
    parser = command.new_parser(MODULE, __doc__)
    command.add_rounds(parser, 3)
    parser.add_argument(
        "--corpus",
        choices=CORPORA,
        help="these messages alone (default: the public ones, or else the sample)",
    )
    # The benchmark runs itself with these two.
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--to", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
