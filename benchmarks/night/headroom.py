"""How much of each stage is work that no other way of doing it could spare.

A night is run. Then the work of each stage is done again in this process, on the
objects of that night. The part that cannot be spared is timed inside it: the search of
the texts, the solvers, the scorers.
"""

import argparse
import contextlib
import itertools
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import pandas as pd
from threadpoolctl import threadpool_limits

from benchmarks.harness import command, machine
from benchmarks.harness.nights import (
    RECEIPT,
    Site,
    TaskReceipt,
    bare_copy,
    receipt_of,
)
from benchmarks.harness.results import write_result
from benchmarks.harness.services import (
    DATE,
    empty_prefix,
    fill_table,
    running_services,
    settings_of,
    write_overlay,
)
from benchmarks.night.records import HeadroomResult, StageHeadroom
from benchmarks.night.tables import headroom_tables
from benchmarks.night.whole_night import DATABASE, ROWS
from nightsieve.store.objects import Store
from pipeline.config.settings import Candidate, Settings
from pipeline.data.codecs import FittedNpz, Npz, Table
from pipeline.data.training_set import TrainingSet
from pipeline.export import verify_model
from pipeline.export.verification import scorer_process
from pipeline.labelling import apply_rules
from pipeline.patterns import Matcher, PatternDatabase, compile_patterns
from pipeline.patterns.byte_classes import encode
from pipeline.patterns.compile_process import CompileProcess
from pipeline.preprocessing import TrainingSetStage
from pipeline.preprocessing.clean import clean
from pipeline.records.export import DEFAULT_FORMAT
from pipeline.records.training import SearchResult
from pipeline.rules import rule_patterns
from pipeline.text import Tokeniser
from pipeline.training import (
    cross_validate,
    estimators,
    evaluate_candidate,
    fit,
    rebuild,
)

SHOWN_TASKS = 4  # of all tasks without a row of their own
TASKS_WITH_A_ROW = {
    "IngestMessages",
    "CompileRules",
    "ApplyRules",
    "CleanMessages",
    "BuildTrainingSet",
    "EvaluateCandidate",
    "CrossValidate",
    "FitModel",
    "VerifyExport",
}

Parameters = ParamSpec("Parameters")
Value = TypeVar("Value")


@dataclass(frozen=True)
class Measured:
    """Seconds of a stage, and of the part of it that cannot be spared."""

    seconds: float
    limit_seconds: float
    limit: str


class CallClock:
    """Seconds spent in the calls of functions that it wraps."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def wrap(self, call: Callable[Parameters, Value]) -> Callable[Parameters, Value]:
        """Return the function, timed."""

        def timed(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Value:
            started = time.perf_counter()
            try:
                return call(*args, **kwargs)
            finally:
                self.seconds += time.perf_counter() - started

        return timed


def main() -> None:
    """Measure each stage of a night, and write ``headroom.json``."""
    arguments = _parse_arguments()
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(command.temporary_folder())
        home = arguments.home or folder / "home"
        services = stack.enter_context(running_services(home))
        overlay = write_overlay(folder)
        environment = fill_table(services.environment(), arguments.rows)
        settings = settings_of(overlay)
        site = stack.enter_context(empty_prefix(services, environment, overlay))
        with command.announced("night"):
            night = site.run_night(DATE)
        os.environ.update(site.environment)
        stack.enter_context(threadpool_limits(limits=1))
        stages = []
        for name, measure in STAGES.items():
            with command.announced(name):
                measured = measure(site, settings)
            stages.append(
                StageHeadroom(
                    stage=name,
                    seconds=measured.seconds,
                    limit_seconds=measured.limit_seconds,
                    limit=measured.limit,
                )
            )
    result = HeadroomResult(
        run=machine.describe_run("hyperscan"),
        rows=arguments.rows,
        night_seconds=night.process.seconds,
        stages=tuple(stages),
    )
    write_result("headroom", result, arguments.output)
    print(headroom_tables(result))


def measure_ingest(site: Site, settings: Settings) -> Measured:
    """Compare the task's own seconds with a bare COPY of the sample."""
    receipt = receipt_of(site.output(DATE, "IngestMessages"))
    copy_seconds = bare_copy(settings, DATE, site.environment[DATABASE])
    return Measured(receipt.seconds, copy_seconds, "a bare COPY")


def measure_compile(site: Site, settings: Settings) -> Measured:
    """Measure Hyperscan's compilation, and the process that it runs in."""
    clock = CallClock()
    patterns = rule_patterns(settings.labelling.rules)
    timeout = settings.labelling.engine.compile_timeout_seconds
    with _replaced(CompileProcess, "compile", clock.wrap(CompileProcess.compile)):
        seconds = _seconds_of(lambda: compile_patterns(patterns, timeout))
    limit = "Hyperscan's compilation, its process included"
    return Measured(seconds, clock.seconds, limit)


def measure_label(site: Site, settings: Settings) -> Measured:
    """Label one shard after the other; measure Hyperscan's scans of distinct texts.

    The scans do nothing about matches.
    """
    content = site.output(DATE, "CompileRules").read_bytes()
    database = PatternDatabase.from_bytes(content)
    shards = _messages(site)
    seconds = 0.0
    for shard in shards:
        started = time.perf_counter()
        apply_rules(shard, settings.labelling, database)
        seconds += time.perf_counter() - started
    matcher = Matcher(
        rule_patterns(settings.labelling.rules),
        database,
        search_timeout=settings.labelling.engine.search_timeout_seconds,
    )
    scan_seconds = 0.0
    for shard, field in itertools.product(shards, matcher.fields):
        texts = shard[field].dropna().unique().tolist()
        scan_seconds += _scan_seconds(matcher, field, texts)
    return Measured(seconds, scan_seconds, "Hyperscan's scans of distinct texts")


def _scan_seconds(matcher: Matcher, field: str, texts: list[str]) -> float:
    # What Hyperscan takes alone can only be seen inside the matcher.
    seconds = 0.0
    for index, byte_table in enumerate(matcher._byte_tables):
        for database in matcher._databases.get((field, index), []):
            encoded = encode(texts, byte_table)
            bounds = itertools.pairwise(encoded.offsets.tolist())
            pieces = [encoded.content[start:end] for start, end in bounds]
            started = time.perf_counter()
            for piece in pieces:
                database.scan(piece, match_event_handler=_ignore_match)
            seconds += time.perf_counter() - started
    return seconds


def _ignore_match(*_: object) -> None:
    return None


def measure_clean(site: Site, settings: Settings) -> Measured:
    """Measure the character map over distinct texts, without tokens or a table."""
    table = Tokeniser.from_settings(settings.text).characters.table
    seconds = 0.0
    translate_seconds = 0.0
    for shard in _messages(site):
        started = time.perf_counter()
        clean(shard, settings.text)
        seconds += time.perf_counter() - started
        started = time.perf_counter()
        for text in shard["body"].unique():
            text.translate(table)
        translate_seconds += time.perf_counter() - started
    return Measured(seconds, translate_seconds, "str.translate of distinct texts")


def measure_training_set(site: Site, settings: Settings) -> Measured:
    """Measure one grouping of all cleaned texts."""
    content = site.output(DATE, "ResolveVotes").read_bytes()
    votes = _shards(site, "ApplyRules", "votes")
    cleaned = _shards(site, "CleanMessages", "cleaned")
    stage = TrainingSetStage(Table("resolved_labels").decode(content))
    shards = list(zip(votes, cleaned, strict=True))
    seconds = _seconds_of(lambda: stage.run(shards))
    all_cleaned = pd.concat(cleaned)
    grouped = _seconds_of(lambda: all_cleaned.groupby("text", sort=True).size())
    return Measured(seconds, grouped, "one groupby of the cleaned texts")


def measure_search(site: Site, settings: Settings) -> Measured:
    """Evaluate all candidates, one after the other; measure the solvers."""
    candidates = settings.training.search.candidates
    training_set = _training_set(site)

    def search() -> None:
        for candidate in candidates:
            evaluate_candidate(training_set, candidate, settings.training)

    return _measure_solvers(search)


def measure_cross_validation(site: Site, settings: Settings) -> Measured:
    """Cross-validate the best candidate; measure its solver."""
    best = _best_candidate(site, settings)
    training_set = _training_set(site)
    goals = settings.release.goals
    confidence = settings.evaluation.confidence

    def validate() -> None:
        cross_validate(training_set, best, settings.training, goals, confidence)

    return _measure_solvers(validate)


def measure_fit(site: Site, settings: Settings) -> Measured:
    """Fit the best candidate; measure its solver."""
    best = _best_candidate(site, settings)
    training_set = _training_set(site)

    def fit_best() -> None:
        fit(training_set, best, settings.training, settings.text)

    return _measure_solvers(fit_best)


def _measure_solvers(call: Callable[[], None]) -> Measured:
    clock = CallClock()
    build = estimators.build

    def build_timed(*args: Any) -> Any:
        estimator = build(*args)
        estimator.fit = clock.wrap(estimator.fit)
        return estimator

    with _replaced(estimators, "build", build_timed):
        seconds = _seconds_of(call)
    return Measured(seconds, clock.seconds, "the solvers")


def measure_verification(site: Site, settings: Settings) -> Measured:
    """Verify the export; measure the process of the slowest language by itself."""
    model = site.output(DATE, "ExportCoefficients").read_bytes()
    vectors = site.output(DATE, "ExportVectors").read_bytes()
    fitted_model = FittedNpz().decode(site.output(DATE, "FitModel").read_bytes())
    texts = pd.concat(_messages(site))["body"].tolist()
    cleaned = pd.concat(_shards(site, "CleanMessages", "cleaned"))["text"].tolist()
    messages = list(zip(texts, cleaned, strict=True))
    started = time.perf_counter()
    verify_model(
        DEFAULT_FORMAT,
        model,
        vectors,
        rebuild(fitted_model),
        messages,
        total=len(messages),
        report_progress=_ignore_match,
    )
    seconds = time.perf_counter() - started
    distinct = list(dict.fromkeys(texts))
    by_language = {}
    with scorer_process.scorers(model) as running:
        for language, scorer in running.items():
            started = time.perf_counter()
            scorer(distinct)
            by_language[language] = time.perf_counter() - started
    slowest = max(by_language, key=by_language.__getitem__)
    return Measured(seconds, by_language[slowest], f"the {slowest} scorer, alone")


def measure_other_tasks(site: Site, settings: Settings) -> Measured:
    """Add up the seconds of all tasks without a row of their own; name the longest."""
    seconds: dict[str, float] = {}
    for path in site.folder.rglob(f"*{RECEIPT}"):
        receipt = TaskReceipt.read(path)
        if receipt.task not in TASKS_WITH_A_ROW:
            seconds.setdefault(receipt.task, 0.0)
            seconds[receipt.task] += receipt.seconds
    by_seconds = sorted(seconds, key=seconds.__getitem__, reverse=True)
    longest = [f"{task} {seconds[task]:.1f} s" for task in by_seconds[:SHOWN_TASKS]]
    limit = f"none; the longest: {', '.join(longest)}"
    return Measured(sum(seconds.values()), 0.0, limit)


def measure_storage(site: Site, settings: Settings) -> Measured:
    """Write and read every object of the night once; measure the same with files."""
    paths = site.folder.rglob("*")
    contents = [path.read_bytes() for path in paths if path.is_file()]
    store = Store(site.environment["NIGHTSIEVE_STORAGE"])

    def use_store() -> None:
        for index, content in enumerate(contents):
            store.write(f"limits/{index}", content)
            store.read(f"limits/{index}")

    def use_files() -> None:
        for index, content in enumerate(contents):
            path = site.folder / f"limits-{index}"
            path.write_bytes(content)
            path.read_bytes()

    seconds = _seconds_of(use_store)
    return Measured(seconds, _seconds_of(use_files), "the same bytes as files")


STAGES: dict[str, Callable[[Site, Settings], Measured]] = {
    "ingest": measure_ingest,
    "compile rules": measure_compile,
    "label": measure_label,
    "clean": measure_clean,
    "collect the training set": measure_training_set,
    "search": measure_search,
    "cross-validate": measure_cross_validation,
    "fit": measure_fit,
    "verify the export": measure_verification,
    "all other tasks": measure_other_tasks,
    "S3, every object once": measure_storage,
}


def _seconds_of(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _training_set(site: Site) -> TrainingSet:
    return Npz().decode(site.output(DATE, "BuildTrainingSet").read_bytes())


def _best_candidate(site: Site, settings: Settings) -> Candidate:
    search = SearchResult.from_json(site.output(DATE, "SearchGrid").read_bytes())
    return settings.training.search.candidates[search.best]


def _messages(site: Site) -> Sequence[pd.DataFrame]:
    return [Table("messages").decode(path.read_bytes()) for path in site.sample(DATE)]


def _shards(site: Site, task: str, schema: str) -> list[pd.DataFrame]:
    """Return what the task made of each shard, in the order of the shards."""
    paths = {}
    for path in site.outputs(DATE)[task]:
        shard = int(receipt_of(path).parameters["shard"])
        paths[shard] = path
    return [Table(schema).decode(paths[shard].read_bytes()) for shard in sorted(paths)]


@contextlib.contextmanager
def _replaced(owner: object, name: str, value: object) -> Iterator[None]:
    original = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, original)


def _parse_arguments() -> argparse.Namespace:
    parser = command.new_parser("benchmarks.night.headroom", __doc__)
    command.add_size(parser, "rows", ROWS, "rows of the table")
    command.add_home(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
