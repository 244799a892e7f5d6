"""Loading a model and scoring, one message at a time, on one core.

The baselines are scikit-learn's own pipeline, which reads the same messages, and
m2cgen's Java for the same weights, which reads tf-idf vectors made beforehand: m2cgen
does not handle text.
"""

import argparse
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import joblib
from sklearn.pipeline import Pipeline

from benchmarks.harness import command, corpus, machine, models
from benchmarks.harness.results import Spread, write_result
from benchmarks.parity import m2cgen_java
from benchmarks.parity.records import ScoredModel, ScorerSpeed, ScoringResult
from benchmarks.parity.tables import M2CGEN, SKLEARN, scoring_tables
from pipeline.config.settings import Candidate
from pipeline.export.reference import units
from pipeline.model.counts import count_terms
from pipeline.model.from_sklearn import linear_model
from pipeline.model.quantise import choose_bits

DRIVERS = Path(__file__).parent / "drivers"
SCORERS = machine.ROOT / "scorers"
ESTIMATOR = "logistic_regression"
WARM_UPS = 3  # on one core a virtual machine compiles beside what it runs
SKLEARN_DIVISOR = 20  # scikit-learn is slow, so it scores fewer messages
NANOSECOND = 1e-9
# Unpickling the pipeline needs the project's packages, which a script's own folder
# would hide.
SKLEARN_CODE = (
    "import sys; "
    "from benchmarks.parity.drivers.sklearn_driver import main; "
    "main(*sys.argv[1:])"
)


@dataclass
class Driver:
    """A program that loads and scores (see drivers/README.md), and its answers.

    Attributes
    ----------
    actions
        What it can do beyond ``load``.
    messages
        How many it scores at a time.
    load_seconds
        From bytes to a model that scores, the first in its process.
    rates
        Messages a second for each action.
    peaks_mib
        Peak memory of its process.
    labels
        Messages by their label, in the order of the labels.
    """

    name: str
    command: Sequence[str | Path]
    actions: Sequence[str]
    messages: int
    load_seconds: list[float] = field(default_factory=list)
    rates: dict[str, list[float]] = field(default_factory=dict)
    peaks_mib: list[float] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)

    def run(self) -> None:
        """Run a round in a new process: a load, and each action after warming up."""
        with subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | machine.ONE_THREAD,
        ) as process:
            self.load_seconds.append(_ask(process, "load")[0] * NANOSECOND)
            for action in self.actions:
                for _ in range(WARM_UPS + 1):
                    answer = _ask(process, f"{action} {self.messages}")
                nanoseconds, *self.labels = answer
                rate = self.messages / (nanoseconds * NANOSECOND)
                self.rates.setdefault(action, []).append(rate)
            peak = machine.peak_memory(process.pid)
            if peak is not None:
                self.peaks_mib.append(peak)

    def summary(self) -> ScorerSpeed:
        """Return medians and ranges over the rounds."""
        evaluated = self.rates.get("evaluate")
        return ScorerSpeed(
            name=self.name,
            load_seconds=Spread.of(self.load_seconds),
            labels_per_second=Spread.of(self.rates["label"]),
            evaluates_per_second=Spread.of(evaluated) if evaluated else None,
            peak_mib=Spread.of(self.peaks_mib) if self.peaks_mib else None,
            labels=tuple(self.labels),
        )


@dataclass(frozen=True)
class ScoredMessages:
    """The messages that every driver scores, and their file."""

    texts: list[str]
    path: Path


def main() -> None:
    """Measure the scorers, and write ``scoring.json``."""
    arguments = _parse_arguments()
    drawn = corpus.draw_messages(arguments.messages)
    candidate = models.default_candidates()[ESTIMATOR]
    with command.temporary_folder() as folder:
        scored = ScoredMessages(drawn.texts[: arguments.scored], folder / "messages")
        lines = "\n".join(map(units, scored.texts))
        scored.path.write_text(lines, encoding="ascii")
        whole = _fit(drawn, arguments.terms, candidate)
        limit = m2cgen_java.find_limit(whole[-1], folder)
        command.log(f"javac compiles {limit.compiled_terms:,} of {limit.terms:,} terms")
        # The whole model, and one that m2cgen's code still compiles for.
        small = _fit(drawn, limit.compiled_terms, candidate)
        whole_drivers = _scorer_drivers(
            folder / "whole", whole, candidate, drawn.texts, scored
        )
        small_folder = folder / "small"
        small_drivers = _scorer_drivers(
            small_folder, small, candidate, drawn.texts, scored
        )
        small_drivers.append(_m2cgen_driver(small_folder, small, scored.texts))
        sizes = (
            _scored_model(whole, whole_drivers, arguments.rounds),
            _scored_model(small, small_drivers, arguments.rounds),
        )
    result = ScoringResult(
        run=machine.describe_run("m2cgen"),
        sources=drawn.sources,
        scored=len(scored.texts),
        rounds=arguments.rounds,
        candidate=str(candidate),
        m2cgen=limit,
        sizes=sizes,
    )
    write_result("scoring", result, arguments.output)
    print(scoring_tables(result))


def _fit(drawn: corpus.Corpus, terms: int, candidate: Candidate) -> Pipeline:
    messages = models.count_messages(drawn.texts, drawn.labels, terms)
    return models.fit(messages, candidate)


def _scorer_drivers(
    folder: Path,
    fitted: Pipeline,
    candidate: Candidate,
    texts: list[str],
    scored: ScoredMessages,
) -> list[Driver]:
    """Return the three scorers and scikit-learn, for one model."""
    folder.mkdir()
    model = linear_model(fitted)
    fixed, bits = choose_bits(model, count_terms(model, texts))
    self_test = models.self_test_texts(fixed)
    exported = folder / "model.json"
    exported.write_bytes(models.export(fixed, bits, candidate, len(texts), self_test))
    pickled = folder / "pipeline.joblib"
    joblib.dump(fitted, pickled)
    java_scorer = SCORERS / "java" / "NightsieveScorer.java"
    _compile(
        folder, java_scorer, DRIVERS / "Driver.java", DRIVERS / "ScorerDriver.java"
    )
    data: list[str | Path] = [exported, scored.path]
    python: list[str | Path] = [sys.executable, DRIVERS / "python_driver.py"]
    python += [SCORERS / "python" / "nightsieve_scorer.py", *data]
    java: list[str | Path] = ["java", "-cp", folder]
    java += ["benchmarks.ScorerDriver", *data]
    javascript: list[str | Path] = ["node", DRIVERS / "javascript_driver.js"]
    javascript += [SCORERS / "javascript" / "nightsieve_scorer.js", *data]
    sklearn: list[str | Path] = [
        sys.executable,
        "-c",
        SKLEARN_CODE,
        pickled,
        scored.path,
    ]
    actions = ("label", "evaluate")
    count = len(scored.texts)
    return [
        Driver("Python", python, actions, count),
        Driver("Java", java, actions, count),
        Driver("JavaScript", javascript, actions, count),
        Driver(SKLEARN, sklearn, ("label",), count // SKLEARN_DIVISOR),
    ]


def _m2cgen_driver(folder: Path, fitted: Pipeline, texts: list[str]) -> Driver:
    error = m2cgen_java.compile_source(m2cgen_java.generate(fitted[-1]), folder)
    if error:
        raise SystemExit(f"m2cgen's Java: javac does not compile it: {error}")
    _compile(folder, DRIVERS / "Driver.java", DRIVERS / "M2cgenDriver.java")
    vectors = fitted[0].transform(texts)
    path = folder / "vectors"
    m2cgen_java.write_vectors(vectors, path)
    java: list[str | Path] = ["java", "-cp", folder, "benchmarks.M2cgenDriver"]
    return Driver(M2CGEN, [*java, str(vectors.shape[1]), path], ("label",), len(texts))


def _compile(folder: Path, *sources: Path) -> None:
    subprocess.run(["javac", "-cp", folder, "-d", folder, *sources], check=True)


def _scored_model(fitted: Pipeline, drivers: list[Driver], rounds: int) -> ScoredModel:
    """Run every driver in turn, on one core."""
    with _one_core():
        for turn in range(rounds):
            command.log(f"round {turn + 1} of {rounds}")
            for driver in drivers:
                driver.run()
    return ScoredModel(
        terms=len(fitted[0].vocabulary),
        scorers=tuple(driver.summary() for driver in drivers),
    )


@contextlib.contextmanager
def _one_core() -> Iterator[None]:
    cores = os.sched_getaffinity(0)
    machine.pin_to_one_core()
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _ask(process: subprocess.Popen[str], line: str) -> list[int]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()
    return [int(word) for word in process.stdout.readline().split()]


def _parse_arguments() -> argparse.Namespace:
    parser = command.new_parser("benchmarks.parity.scoring", __doc__)
    command.add_size(parser, "messages", 150_000, "messages to train on")
    command.add_size(parser, "scored", 20_000, "of them, scored in every round")
    command.add_size(parser, "terms", 20_000, "maximum terms of the model")
    command.add_rounds(parser, 5)
    return parser.parse_args()


if __name__ == "__main__":
    main()
