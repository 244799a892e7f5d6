"""How much of each stage is what it cannot do without. Run as ``python -m benchmarks.limits``.

A night is run; then each stage's work is done again in this process, on the objects of that night. What no other way of
doing it could spare is timed inside it: the search of the texts, the solvers, the scorers.
"""

import argparse
import contextlib
import itertools
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_limits

from benchmarks import machine, results
from benchmarks.night_place import (
    DATE,
    empty,
    filled,
    resolved,
    running,
    say,
    write_overlay,
)
from benchmarks.night_stages import Place, bare_copy
from nightsieve.store.objects import Store
from pipeline.config.settings import Candidate, Settings
from pipeline.data.codecs import Joblib, Npz, Table
from pipeline.data.training_set import TrainingSet
from pipeline.export import verify_model
from pipeline.export.verification import scorer_process
from pipeline.labelling import apply_rules
from pipeline.patterns import Matcher, PatternDatabase, compile_patterns
from pipeline.patterns.byte_classes import encode
from pipeline.patterns.compile_process import CompileProcess
from pipeline.preprocessing import TrainingSetStage, clean
from pipeline.records.export import DEFAULT_FORMAT
from pipeline.rules import rule_patterns
from pipeline.text import Tokeniser
from pipeline.training import cross_validate, estimators, evaluate_candidate, fit

ROWS = 3_000_000
OF_OTHER_ROWS = {
    "IngestMessages", "CompileRules", "ApplyRules", "CleanMessages", "BuildTrainingSet", "EvaluateCandidate",
    "CrossValidate", "FitModel", "VerifyExport",
}  # fmt: skip


class Clock:
    """Seconds spent in calls of what it was put around."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **options: Any) -> Any:
            begun = time.perf_counter()
            try:
                return call(*arguments, **options)
            finally:
                self.seconds += time.perf_counter() - begun

        return timed


def seconds(call: Callable[..., Any], *arguments: Any) -> float:
    """How long the call takes."""
    begun = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - begun


def main() -> None:
    chosen = _arguments()
    with contextlib.ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="nightsieve-bench-"))
        )
        services = stack.enter_context(running(chosen.home or folder / "home"))
        overlay = write_overlay(folder)
        environment = filled(services.environment(), chosen.rows)
        settings = resolved(overlay)
        place = stack.enter_context(empty(services, environment, overlay))
        ran = place.night(DATE)
        os.environ.update(place.environment)
        stack.enter_context(threadpool_limits(limits=1))
        rows = []
        for name, stage in STAGES.items():
            say(f"{name} ...")
            whole, limit, what = stage(place, settings)
            rows.append({"stage": name, "seconds": whole, "limit": limit, "what": what})
        result = {
            "machine": machine.describe("hyperscan"),
            "rows": chosen.rows,
            "night": ran.process.seconds,
        }
        tables = (
            f"A night of {chosen.rows:,} rows, one in ten sampled.\n\n{_table(rows)}"
        )
        results.write("limits", {**result, "stages": rows}, tables)


def ingest(place: Place, settings: Settings) -> tuple[float, float, str]:
    """The task's own seconds, and a bare COPY of the sample."""
    (manifest,) = place.outputs(DATE)["IngestMessages"]
    receipt = json.loads(Path(f"{manifest}.receipt.json").read_bytes())
    return (
        receipt["seconds"],
        bare_copy(settings, DATE, place.environment["NIGHTSIEVE_DATABASE_URL"]),
        "a bare COPY",
    )


def compile_(place: Place, settings: Settings) -> tuple[float, float, str]:
    """The limit is Hyperscan's compilation, and the process of its own that it has."""
    clock = Clock()
    with _instead(CompileProcess, "compile", clock.around(CompileProcess.compile)):
        whole = seconds(
            compile_patterns,
            rule_patterns(settings.labelling.rules),
            settings.labelling.engine.compile_timeout_seconds,
        )
    return whole, clock.seconds, "Hyperscan's compilation, its process included"


def label(place: Place, settings: Settings) -> tuple[float, float, str]:
    """One shard after the other; the limit is Hyperscan over the distinct texts, with nothing done about matches."""
    (content,) = (path.read_bytes() for path in place.outputs(DATE)["CompileRules"])
    shards = _messages(place)
    whole = sum(
        seconds(apply_rules, shard, settings.labelling, content) for shard in shards
    )
    matcher = Matcher(
        rule_patterns(settings.labelling.rules),
        PatternDatabase.from_bytes(content),
        compile_timeout=settings.labelling.engine.compile_timeout_seconds,
        search_timeout=settings.labelling.engine.search_timeout_seconds,
    )
    limit = 0.0
    for shard, field in itertools.product(shards, matcher.fields):
        texts = shard[field].dropna().unique().tolist()
        for number, table in enumerate(matcher._byte_tables):
            for database in matcher._databases.get((field, number), []):
                encoded = encode(texts, table)
                bounds = encoded.offsets.tolist()
                pieces = [
                    encoded.content[start:end]
                    for start, end in zip(bounds[:-1], bounds[1:], strict=True)
                ]
                limit += seconds(_scan, database, pieces)
    return whole, limit, "Hyperscan's scans of distinct texts"


def _scan(database: Any, pieces: list[bytes]) -> None:
    for piece in pieces:
        database.scan(piece, match_event_handler=_nothing)


def _nothing(*_: Any) -> None:
    return None


def clean_messages(place: Place, settings: Settings) -> tuple[float, float, str]:
    """The limit is the character map over the distinct texts, without tokens or a table."""
    shards, map_ = _messages(place), Tokeniser.from_settings(settings.text).characters
    whole = sum(seconds(clean, shard, settings.text) for shard in shards)
    limit = sum(
        seconds(
            lambda texts: [text.translate(map_.table) for text in texts],
            s["body"].unique(),
        )
        for s in shards
    )
    return whole, limit, "str.translate of distinct texts"


def collect(place: Place, settings: Settings) -> tuple[float, float, str]:
    """The limit is one grouping of all cleaned texts."""
    (path,) = place.outputs(DATE)["ResolveVotes"]
    resolved_labels = Table("resolved_labels").decode(path.read_bytes())
    votes, cleaned = (
        _sharded(place, "ApplyRules", "votes"),
        _sharded(place, "CleanMessages", "cleaned"),
    )
    stage = TrainingSetStage(resolved_labels)
    whole = seconds(stage.run, list(zip(votes, cleaned, strict=True)))
    limit = seconds(
        lambda table: table.groupby("text", sort=True).size(), pd.concat(cleaned)
    )
    return whole, limit, "one groupby of the cleaned texts"


def search(place: Place, settings: Settings) -> tuple[float, float, str]:
    """All candidates, one after the other; the limit is the solvers' own seconds."""
    candidates, training_set = settings.training.search.candidates, _training_set(place)
    return _solved(
        lambda: [
            evaluate_candidate(training_set, each, settings.training)
            for each in candidates
        ]
    )


def cross_validation(place: Place, settings: Settings) -> tuple[float, float, str]:
    """The best candidate's; the limit is its solver's own seconds."""
    best, training_set = _best(place, settings), _training_set(place)
    goals, confidence = settings.release.goals, settings.evaluation.confidence
    return _solved(
        lambda: cross_validate(training_set, best, settings.training, goals, confidence)
    )


def final_fit(place: Place, settings: Settings) -> tuple[float, float, str]:
    """The best candidate's; the limit is its solver's own seconds."""
    best, training_set = _best(place, settings), _training_set(place)
    return _solved(lambda: fit(training_set, best, settings.training, settings.text))


def _solved(call: Callable[[], Any]) -> tuple[float, float, str]:
    clock, build = Clock(), estimators.build

    def timed(*arguments: Any) -> Any:
        estimator = build(*arguments)
        estimator.fit = clock.around(estimator.fit)
        return estimator

    with _instead(estimators, "build", timed):
        return seconds(call), clock.seconds, "the solvers"


def verification(place: Place, settings: Settings) -> tuple[float, float, str]:
    """The limit is the slowest language's process, by itself."""
    outputs = place.outputs(DATE)
    model, vectors = (
        outputs[task][0].read_bytes()
        for task in ("ExportCoefficients", "ExportVectors")
    )
    fitted = Joblib().decode(outputs["FitModel"][0].read_bytes())
    texts = list(
        itertools.chain.from_iterable(shard["body"] for shard in _messages(place))
    )
    cleaned = itertools.chain.from_iterable(
        shard["text"] for shard in _sharded(place, "CleanMessages", "cleaned")
    )
    messages, distinct = (
        list(zip(texts, cleaned, strict=True)),
        list(dict.fromkeys(texts)),
    )
    whole = seconds(
        verify_model,
        DEFAULT_FORMAT,
        model,
        vectors,
        fitted,
        messages,
        len(messages),
        id,
    )
    with scorer_process.scorers(model) as running:
        took = {
            language: seconds(scorer, distinct) for language, scorer in running.items()
        }
    slowest = max(took, key=took.__getitem__)
    return whole, took[slowest], f"the {slowest} scorer, alone"


def others(place: Place, settings: Settings) -> tuple[float, float, str]:
    """The seconds of all tasks that stand in no other row; it names the longest."""
    receipts = [
        json.loads(path.read_bytes()) for path in place.folder.rglob("*.receipt.json")
    ]
    took = Counter(
        {
            each["task"]: each["seconds"]
            for each in receipts
            if each["task"] not in OF_OTHER_ROWS
        }
    )
    longest = ", ".join(
        f"{task} {seconds:.1f} s" for task, seconds in took.most_common(4)
    )
    return took.total(), 0.0, f"none; the longest: {longest}"


def storage(place: Place, settings: Settings) -> tuple[float, float, str]:
    """Every object of the night read and written by the store once; the limit is the same on the bare file system."""
    contents = [path.read_bytes() for path in place.folder.rglob("*") if path.is_file()]
    store = Store(place.environment["NIGHTSIEVE_STORAGE"])

    def through_store() -> None:
        for number, content in enumerate(contents):
            store.write(f"limits/{number}", content)
            store.read(f"limits/{number}")

    def through_files() -> None:
        for number, content in enumerate(contents):
            path = place.folder / f"limits-{number}"
            path.write_bytes(content)
            path.read_bytes()

    return seconds(through_store), seconds(through_files), "the same bytes as files"


STAGES = {
    "ingest": ingest,
    "compile rules": compile_,
    "label": label,
    "clean": clean_messages,
    "collect the training set": collect,
    "search": search,
    "cross-validate": cross_validation,
    "fit": final_fit,
    "verify the export": verification,
    "all other tasks": others,
    "S3, every object once": storage,
}


def _training_set(place: Place) -> TrainingSet:
    (path,) = place.outputs(DATE)["BuildTrainingSet"]
    return Npz().decode(path.read_bytes())


def _best(place: Place, settings: Settings) -> Candidate:
    (path,) = place.outputs(DATE)["SearchGrid"]
    return settings.training.search.candidates[json.loads(path.read_bytes())["best"]]


def _messages(place: Place) -> list[pd.DataFrame]:
    return [Table("messages").decode(path.read_bytes()) for path in place.sample(DATE)]


def _sharded(place: Place, task: str, schema: str) -> list[pd.DataFrame]:
    """What the task made of each shard, in their order."""

    def shard(path: Path) -> int:
        return int(
            json.loads(Path(f"{path}.receipt.json").read_bytes())["parameters"]["shard"]
        )

    return [
        Table(schema).decode(path.read_bytes())
        for path in sorted(place.outputs(DATE)[task], key=shard)
    ]


@contextlib.contextmanager
def _instead(owner: Any, name: str, value: Any) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def _table(rows: list[dict[str, Any]]) -> str:
    lines = [
        [
            row["stage"],
            f"{row['seconds']:.1f}",
            f"{row['limit']:.1f}",
            f"{row['limit'] / row['seconds']:.0%}",
            row["what"],
        ]
        for row in rows
    ]
    return results.table(
        ["stage, in one process", "seconds", "of it the limit", "share", "the limit"],
        lines,
    )


def _arguments() -> argparse.Namespace:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=ROWS)
    arguments.add_argument(
        "--home",
        type=Path,
        help="of the services: kept, and with it the tables, for another time",
    )
    return arguments.parse_args()


if __name__ == "__main__":
    main()
