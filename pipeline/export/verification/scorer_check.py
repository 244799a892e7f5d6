"""What the scorers write beside what they must write."""

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

#: Bytes that a scorer must have to write after a line before that line is waited for:
#: no output buffer is as large.
FLUSH_BYTES = 1 << 20
#: Seconds to wait for the lines of a chunk, of which a scorer writes thousands in one.
REPLY_TIMEOUT = 600
#: The entries of a vector that a line of output holds.
LINE_ENTRIES = set(Outcome._fields)

T = TypeVar("T")


class Differences:
    """Counts the texts for which a scorer does not write what it must."""

    def __init__(self) -> None:
        self.by_language: Counter[str] = Counter()
        self._examples = Examples()

    def compare(
        self,
        texts: Sequence[str],
        expected: Sequence[T],
        written: Mapping[str, Sequence[T]],
    ) -> None:
        """Compare what each language's scorer wrote with what it must have written."""
        for language, values in written.items():
            wrong = [
                text
                for text, value, expected_value in zip(
                    texts, values, expected, strict=True
                )
                if value != expected_value
            ]
            if wrong:
                self.by_language[language] += len(wrong)
                self._examples.add(wrong)

    def raise_if_any(self) -> None:
        """Raise a VerificationError if there is a difference."""
        if self.by_language:
            counts = ", ".join(
                f"{count} in {language}" for language, count in self.by_language.items()
            )
            raise VerificationError(
                "Scorers get something else than training counted or the exported "
                f"model says: {counts} texts.\n{self._examples}"
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
    # Without a threshold it is the label, which the lines have shown.
    if model.thresholds.any() and not differences.by_language:
        decisions = {
            language: list(map(_decision, scorer(texts, "--explain")))
            for language, scorer in scorers.items()
        }
        expected_decisions = [vector.decision for vector in vectors]
        differences.compare(texts, expected_decisions, decisions)


@dataclass(frozen=True)
class _Batch:
    """Texts that were given to the scorers."""

    texts: list[str]
    expected: list[bytes]
    lines: dict[str, Future[list[bytes]]]

    @property
    def size(self) -> int:
        return sum(map(len, self.expected))


class PendingLines:
    """Gives texts to running scorers, and compares their lines once they must be there.

    So scorers neither wait nor keep in a buffer what is waited for.
    """

    def __init__(
        self, processes: Sequence[ScorerProcess], differences: Differences
    ) -> None:
        self._processes = processes
        self._differences = differences
        self._batches: deque[_Batch] = deque()

    def start(self, texts: Sequence[str]) -> dict[str, Future[list[bytes]]]:
        """Give the texts to all scorers, and return the lines that they will write."""
        given = hexadecimal_lines(texts)
        return {process.language: process.score(given) for process in self._processes}

    def expect(
        self,
        texts: list[str],
        expected: list[bytes],
        lines: dict[str, Future[list[bytes]]],
    ) -> None:
        """Say what the lines of texts that were started must be."""
        self._batches.append(_Batch(texts, expected, lines))
        while self._bytes_after_first() > FLUSH_BYTES:
            self._compare_first()

    def finish(self) -> None:
        """Compare what the scorers have not written yet, and wait for their end."""
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
            f"The {language} scorer has written nothing for {REPLY_TIMEOUT} seconds."
        ) from None


def _line_of(vector: Vector) -> bytes:
    entries = vector.model_dump(mode="json", include=LINE_ENTRIES)
    return Outcome(**entries).to_line()


def _decision(explanation: bytes) -> str | None:
    """Return the label with thresholds in a line of a scorer's ``--explain``.

    A line that does not say it gives None.
    """
    try:
        return json.loads(explanation)["decision"]
    except (ValueError, LookupError, TypeError):
        return None
