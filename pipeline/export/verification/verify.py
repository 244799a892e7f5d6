"""The proof that scorers, exported model and estimator agree.

Every scorer computes exactly what the exported model says, and the exported model says
what the estimator says but for rounding.
"""

import contextlib
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from pipeline.export.conformance.vectors_file import decode_vectors
from pipeline.export.exporters.base import MessagesToVerify
from pipeline.export.reference import outcomes
from pipeline.export.verification.chunks import Message, SeenTexts, chunks
from pipeline.export.verification.estimator_check import EstimatorCheck
from pipeline.export.verification.scorer_check import (
    Differences,
    PendingLines,
    compare_vectors,
)
from pipeline.export.verification.scorer_process import ScorerProcess, scorers
from pipeline.model.counts import count_terms
from pipeline.model.fixed_point import FixedPointModel
from pipeline.records.export import Verification
from pipeline.text.character_map import SEPARATOR


def verify(
    model: FixedPointModel,
    content: bytes,
    *,
    vectors_file: bytes,
    fitted: Pipeline,
    messages: MessagesToVerify,
    report_progress: Callable[[float], None],
) -> Verification:
    """Return how the scorers, the exported model and ``fitted`` agree.

    They are compared on every distinct text and on the conformance vectors; on the
    vectors the label with thresholds is compared too. Scorers must find the tokens
    that training counted.

    Memory holds a few chunks of texts, and some 80 bytes for each distinct text.

    Parameters
    ----------
    model
        The model in the file's ``content``.
    vectors_file
        The file that accompanies the model file.
    report_progress
        Receives the share of messages that are done, from 0 to 1.

    Raises
    ------
    VerificationError
        A line or a vector differs, a scorer fails or hangs, or a score is further from
        the estimator's than rounding explains. The message names texts only by the
        start of their sha256.
    """
    vectors = decode_vectors(vectors_file, content)
    estimator_check = EstimatorCheck(model, fitted)
    differences = Differences()
    with scorers(content) as by_language, contextlib.ExitStack() as stack:
        compare_vectors(model, vectors, by_language, differences)
        processes = []
        for scorer in by_language.values():
            processes.append(stack.enter_context(scorer.start()))
        comparison = _TextComparison(model, estimator_check, differences, processes)
        n_messages = 0
        for chunk in chunks(messages.messages):
            comparison.add(chunk)
            n_messages += len(chunk)
            report_progress(n_messages / messages.total)
        return comparison.result(n_vectors=len(vectors))


class _TextComparison:
    """Compares the model with the scorers and the estimator on every distinct text."""

    def __init__(
        self,
        model: FixedPointModel,
        estimator_check: EstimatorCheck,
        differences: Differences,
        processes: Sequence[ScorerProcess],
    ) -> None:
        self._model = model
        self._estimator_check = estimator_check
        self._differences = differences
        self._languages = tuple(process.language for process in processes)
        self._pending = PendingLines(processes, differences)
        self._seen = SeenTexts()

    def add(self, chunk: list[Message]) -> None:
        """Send the texts that are new in a chunk to the scorers and the estimator."""
        cleaned_texts = self._seen.add(chunk)
        if not cleaned_texts:
            return
        texts = list(cleaned_texts)
        # The scorers work while this process computes the lines that they must write.
        lines = self._pending.start(texts)
        expected = self._check_estimator(texts, list(cleaned_texts.values()))
        self._pending.expect(texts, expected, lines)

    def _check_estimator(self, texts: list[str], cleaned: list[str]) -> list[bytes]:
        """Compare texts with the estimator; return the lines that scorers must write.

        What depends only on the tokens is computed once for all texts with these
        tokens.
        """
        codes, distinct = pd.factorize(np.array(cleaned, dtype=object))
        _, first_rows = np.unique(codes, return_index=True)
        first_texts = [texts[row] for row in first_rows]
        counts = count_terms(self._model, distinct, cleaned=True)
        self._estimator_check.compare(first_texts, counts, np.bincount(codes))
        tokens = [text.split(SEPARATOR) if text else [] for text in distinct]
        distinct_outcomes = outcomes(self._model, tokens, counts)
        distinct_lines = [outcome.to_line() for outcome in distinct_outcomes]
        return [distinct_lines[code] for code in codes]

    def result(self, n_vectors: int) -> Verification:
        """Wait for the scorers' last lines, then return how all texts compare.

        Raises
        ------
        VerificationError
            As `verify`.
        """
        self._pending.finish()
        self._differences.raise_if_any()
        check = self._estimator_check
        check.raise_if_unexplained()
        unproved = check.texts - check.proved
        return Verification(
            texts=check.texts,
            vectors=n_vectors,
            languages=self._languages,
            differences=0,
            flips=check.flips,
            proved=check.proved,
            observed=unproved - check.flips,
            largest_score_difference=check.largest_score_difference,
            smallest_margin=check.smallest_margin if check.texts else None,
        )
