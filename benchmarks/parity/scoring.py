"""Loading and scoring, one message at a time, on one core. Run as ``python -m benchmarks.scoring``.

The baselines are scikit-learn's own pipeline, which reads the same messages, and m2cgen's Java for the same weights,
which reads tf-idf vectors made beforehand: m2cgen does not handle text.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import joblib
from sklearn.pipeline import Pipeline

from benchmarks import corpus, m2cgen_java, machine, models, results
from pipeline.config.settings import Candidate
from pipeline.export.reference import units
from pipeline.model.counts import count_terms
from pipeline.model.from_sklearn import linear_model
from pipeline.model.quantise import choose_bits

DRIVERS = Path(__file__).parent / "drivers"
SCORERS = machine.ROOT / "scorers"
ESTIMATOR = "logistic_regression"
PYTHON, JAVA, JAVASCRIPT, SKLEARN, M2CGEN = (
    "Python",
    "Java",
    "JavaScript",
    "scikit-learn",
    "m2cgen's Java",
)
WARM_UPS = 3  # on one core a virtual machine compiles beside what it runs
SLOWER = 20  # scikit-learn is given so many times fewer messages, one at a time
NANO = 1e-9
MILLI = 1e3


@dataclass
class Program:
    """A driver (see drivers/README.md), and what it answered in every round.

    Attributes
    ----------
    actions : what can be asked of it, beyond ``load``.
    messages : how many it is given at a time.
    load : seconds from bytes to a model that scores, the first in its process.
    rates : messages a second for each action.
    memory : MiB, the most that its process held.
    """

    name: str
    command: Sequence[str]
    actions: Sequence[str]
    messages: int
    load: list[float] = field(default_factory=list)
    rates: dict[str, list[float]] = field(default_factory=dict)
    memory: list[float] = field(default_factory=list)
    tally: list[int] = field(default_factory=list)

    def run(self) -> None:
        """One round in a process of its own: a load, and each action after warming up."""
        with subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | machine.ONE_THREAD,
        ) as process:
            self.load.append(_ask(process, "load")[0] * NANO)
            for action in self.actions:
                for _ in range(WARM_UPS + 1):
                    nanoseconds, *self.tally = _ask(
                        process, f"{action} {self.messages}"
                    )
                self.rates.setdefault(action, []).append(
                    self.messages / (nanoseconds * NANO)
                )
            peak = machine.peak_memory(process.pid)
            self.memory += [] if peak is None else [peak]
            process.stdin.close()

    def summary(self) -> dict[str, Any]:
        """Medians and ranges over the rounds."""
        rates = {
            f"{action}s_per_second": results.summary(found)
            for action, found in self.rates.items()
        }
        memory = {"peak_mib": results.summary(self.memory)} if self.memory else {}
        return {
            "name": self.name,
            "load_seconds": results.summary(self.load),
            **rates,
            **memory,
            "labels": self.tally,
        }


def _ask(process: subprocess.Popen, line: str) -> list[int]:
    process.stdin.write(line + "\n")
    process.stdin.flush()
    return [int(word) for word in process.stdout.readline().split()]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--messages", type=int, default=150_000, help="to train on")
    arguments.add_argument(
        "--scored", type=int, default=20_000, help="of them, in every round"
    )
    arguments.add_argument("--terms", type=int, default=20_000)
    arguments.add_argument("--rounds", type=int, default=5)
    chosen = arguments.parse_args()
    found = corpus.messages(chosen.messages)
    candidate = models.candidates()[ESTIMATOR]
    scored = found.texts[: chosen.scored]
    with tempfile.TemporaryDirectory() as folder:
        messages = Path(folder, "messages")
        messages.write_text("\n".join(map(units, scored)), encoding="ascii")
        fitted = models.fit(
            models.count(found.texts, found.labels, chosen.terms), candidate
        )
        most, complaint = m2cgen_java.largest(fitted[-1], Path(folder))
        print(
            f"javac takes {most:,} of {chosen.terms:,} terms of m2cgen's",
            file=sys.stderr,
        )
        # The whole model, and one that m2cgen's code still compiles for.
        fewer = models.fit(models.count(found.texts, found.labels, most), candidate)
        sizes = []
        for name, pipeline in {"whole": fitted, "m2cgen": fewer}.items():
            own = Path(folder, name)
            own.mkdir()
            programs = _programs(
                own, pipeline, candidate, found.texts, messages, chosen.scored
            )
            if name == "m2cgen":
                programs.append(_m2cgen(own, pipeline, scored))
            sizes.append(
                {
                    "terms": len(pipeline[0].vocabulary),
                    "programs": _measured(programs, chosen),
                }
            )
    result = {
        "machine": m2cgen_java.describe(),
        "sources": found.sources,
        "scored": len(scored),
        "rounds": chosen.rounds,
        "candidate": str(candidate),
        "m2cgen": {"largest": most, "of": chosen.terms, "complaint": complaint},
        "sizes": sizes,
    }
    results.write("scoring", result, tables(result))


def _programs(
    folder: Path,
    fitted: Pipeline,
    candidate: Candidate,
    texts: list[str],
    messages: Path,
    scored: int,
) -> list[Program]:
    """The three scorers and scikit-learn, for one model."""
    model = linear_model(fitted)
    fixed, bits = choose_bits(model, count_terms(model, texts))
    exported = folder / "model.json"
    exported.write_bytes(
        models.export(fixed, bits, candidate, len(texts), models.test_texts(fixed))
    )
    joblib.dump(fitted, folder / "pipeline.joblib")
    _compile(
        folder,
        SCORERS / "java" / "NightsieveScorer.java",
        DRIVERS / "Driver.java",
        DRIVERS / "ScorerDriver.java",
    )
    python, node = DRIVERS / "python_driver.py", DRIVERS / "javascript_driver.js"
    data = [str(exported), str(messages)]
    ours = ("label", "evaluate")
    return [
        Program(
            PYTHON,
            [
                sys.executable,
                python,
                SCORERS / "python" / "nightsieve_scorer.py",
                *data,
            ],
            ours,
            scored,
        ),
        Program(
            JAVA,
            ["java", "-cp", folder, "benchmarks.ScorerDriver", *data],
            ours,
            scored,
        ),
        Program(
            JAVASCRIPT,
            ["node", node, SCORERS / "javascript" / "nightsieve_scorer.js", *data],
            ours,
            scored,
        ),
        Program(
            SKLEARN,
            [sys.executable, "-c", _SKLEARN, folder / "pipeline.joblib", messages],
            ("label",),
            scored // SLOWER,
        ),
    ]


# Unpickling the pipeline needs the project's packages, which a script's own folder would hide.
_SKLEARN = "import sys; from benchmarks.drivers.sklearn_driver import main; main(*sys.argv[1:])"


def _m2cgen(folder: Path, fitted: Pipeline, scored: list[str]) -> Program:
    if said := m2cgen_java.compiled(m2cgen_java.generate(fitted[-1]), folder):
        raise SystemExit(f"javac does not take what m2cgen wrote: {said}")
    _compile(folder, DRIVERS / "Driver.java", DRIVERS / "M2cgenDriver.java")
    vectors = fitted[0].transform(scored)
    m2cgen_java.write_vectors(vectors, folder / "vectors")
    command = [
        "java",
        "-cp",
        folder,
        "benchmarks.M2cgenDriver",
        str(vectors.shape[1]),
        folder / "vectors",
    ]
    return Program(M2CGEN, command, ("label",), len(scored))


def _compile(folder: Path, *sources: Path) -> None:
    subprocess.run(["javac", "-cp", folder, "-d", folder, *sources], check=True)


def _measured(
    programs: list[Program], chosen: argparse.Namespace
) -> list[dict[str, Any]]:
    """Every program in turn, on one core, as often as was asked for."""
    with ExitStack() as stack:
        stack.callback(os.sched_setaffinity, 0, os.sched_getaffinity(0))
        machine.pin()
        for turn in range(chosen.rounds):
            print(f"round {turn + 1} of {chosen.rounds}", file=sys.stderr)
            for program in programs:
                program.run()
    return [program.summary() for program in programs]


def tables(result: dict[str, Any]) -> str:
    """The result in Markdown: a table for each size of the model."""
    m2cgen, rounds = result["m2cgen"], result["rounds"]
    parts = [
        f"{result['candidate']}, 3 labels; {result['scored']:,} messages (a twentieth for scikit-learn), one at a time "
        f"on one core; median of {rounds} rounds in turns, lowest and highest in brackets. Loading is the first in a "
        "new process, scoring follows a warm-up. *label* finds the label, *evaluate* tokens, sums and scores too.",
    ]
    for size in result["sizes"]:
        parts += [f"**{size['terms']:,} terms**", _table(size["programs"])]
    if m2cgen["largest"] < m2cgen["of"]:
        parts.append(
            "m2cgen's Java is measured without any handling of text: it is handed tf-idf vectors. It has no more terms "
            f"because javac takes {m2cgen['largest']:,} of the {m2cgen['of']:,}; of more it says: "
            f"*{m2cgen['complaint'].strip()}*."
        )
    return "\n\n".join(parts)


def _table(programs: list[dict[str, Any]]) -> str:
    baselines = {
        name: _median(programs, name)
        for name in (M2CGEN, SKLEARN)
        if _median(programs, name)
    }
    header = (
        "scorer",
        "load, ms",
        "label, messages/s",
        "evaluate, messages/s",
        "peak, MiB",
    )
    header += tuple(f"label, times {name}" for name in baselines)
    rows = []
    for program in programs:
        label = program["labels_per_second"]
        evaluate = program.get("evaluates_per_second")
        load = {
            key: seconds * MILLI for key, seconds in program["load_seconds"].items()
        }
        peak = program.get("peak_mib")
        rows.append(
            [
                program["name"],
                results.spread(load),
                results.spread(label),
                results.spread(evaluate) if evaluate else "",
                f"{peak['median']:,.0f}" if peak else "",
                *(f"{label['median'] / median:,.2f}" for median in baselines.values()),
            ]
        )
    return results.table(header, rows)


def _median(programs: list[dict[str, Any]], name: str) -> float | None:
    return next(
        (
            each["labels_per_second"]["median"]
            for each in programs
            if each["name"] == name
        ),
        None,
    )


if __name__ == "__main__":
    main()
