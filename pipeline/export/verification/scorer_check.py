"""Compares what the scorers write with what they must write."""

import itertools
import json
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeVar

from pipeline.errors import VerificationError
from pipeline.export.reference import Outcome, from_units
from pipeline.export.verification.examples import Examples
from pipeline.export.verification.scorer_process import (
    Scorer,
    ScorerProcess,
    hexadecimal_lines,
)
from pipeline.model.fixed_point import FixedPointModel
from pipeline.records.export import Vector

#: A line is waited for only when this many bytes must follow it, which is more than any
#: output buffer holds.
FLUSH_BYTES = 1 << 20
#: Seconds to wait for the lines of a chunk; a scorer writes thousands of lines in one.
REPLY_TIMEOUT = 600
#: The entries of a vector that a line of output holds.
LINE_ENTRIES = set(Outcome._fields)

T = TypeVar("T")


class Differences:
    """Counts of texts for which a scorer does not write what it must."""

    def __init__(self) -> None:
        self.by_language: Counter[str] = Counter()
        self._examples = Examples()

    def compare(
        self,
        texts: Sequence[str],
        expected: Sequence[T],
        written: Mapping[str, Sequence[T]],
    ) -> None:
        """Compare what each language's scorer wrote with the expected values."""
        for language, values in written.items():
            pairs = zip(values, expected, strict=True)
            differs = [value != right for value, right in pairs]
            wrong = list(itertools.compress(texts, differs))
            if wrong:
                self.by_language[language] += len(wrong)
                self._examples.add(wrong)

    def raise_if_any(self) -> None:
        """Raise a VerificationError if there is a difference."""
        if self.by_language:
            counts = [
                f"{language}: {count:,}" for language, count in self.by_language.items()
            ]
            raise VerificationError(
                "scorers: differ from training or the exported model on texts "
                f"({', '.join(counts)}; {self._examples}); do not use this export"
            )


def compare_vectors(
    model: FixedPointModel,
    vectors: Sequence[Vector],
    scorers: Mapping[str, Scorer],
    differences: Differences,
) -> None:
    """Run every scorer over the vectors, and compare the label with thresholds too."""
    texts = [from_units(vector.text) for vector in vectors]
    expected = list(map(_line_of, vectors))
    lines = {language: scorer(texts) for language, scorer in scorers.items()}
    differences.compare(texts, expected, lines)
    # Without a threshold it is the label, which the lines have compared.
    if model.thresholds.any() and not differences.by_language:
        decisions = {
            language: list(map(_decision, scorer(texts, "--explain")))
            for language, scorer in scorers.items()
        }
        expected_decisions = [vector.decision for vector in vectors]
        differences.compare(texts, expected_decisions, decisions)


@dataclass(frozen=True)
class _Batch:
    """Texts that the scorers received, and the lines that they must write."""

    texts: list[str]
    expected: list[bytes]
    lines: dict[str, Future[list[bytes]]]

    @property
    def size(self) -> int:
        return sum(map(len, self.expected))


class PendingLines:
    """The lines that running scorers have still to write.

    A line is compared only when the scorer must have flushed it, so that neither side
    waits for a line that is still in a buffer.
    """

    def __init__(
        self, processes: Sequence[ScorerProcess], differences: Differences
    ) -> None:
        self._processes = processes
        self._differences = differences
        self._batches: deque[_Batch] = deque()

    def start(self, texts: Sequence[str]) -> dict[str, Future[list[bytes]]]:
        """Send the texts to all scorers, and return the lines that they will write."""
        encoded = hexadecimal_lines(texts)
        return {process.language: process.score(encoded) for process in self._processes}

    def expect(
        self,
        texts: list[str],
        expected: list[bytes],
        lines: dict[str, Future[list[bytes]]],
    ) -> None:
        """Add the lines that the scorers must write for texts that were started."""
        self._batches.append(_Batch(texts, expected, lines))
        while self._bytes_after_first() > FLUSH_BYTES:
            self._compare_first()

    def finish(self) -> None:
        """Compare the lines that are still due, and wait for the scorers to exit."""
        ends = {process.language: process.end() for process in self._processes}
        while self._batches:
            self._compare_first()
        for language, end in ends.items():
            _wait_for(language, end)

    def _bytes_after_first(self) -> int:
        return sum(batch.size for batch in list(self._batches)[1:])

    def _compare_first(self) -> None:
        batch = self._batches.popleft()
        written = {
            language: _wait_for(language, lines)
            for language, lines in batch.lines.items()
        }
        self._differences.compare(batch.texts, batch.expected, written)


def _wait_for(language: str, future: Future[T]) -> T:
    try:
        return future.result(REPLY_TIMEOUT)
    except TimeoutError:
        raise VerificationError(
            f"{language} scorer: wrote nothing for {REPLY_TIMEOUT} seconds; "
            "run the night again if this machine was busy"
        ) from None


def _line_of(vector: Vector) -> bytes:
    entries = vector.model_dump(mode="json", include=LINE_ENTRIES)
    return Outcome(**entries).to_line()


def _decision(explanation: bytes) -> str | None:
    """Return the label with thresholds in a line of ``--explain``; None without one."""
    try:
        decision = json.loads(explanation)["decision"]
    except (ValueError, LookupError, TypeError):
        return None
    return decision if isinstance(decision, str) else None
