"""The proof that scorers, exported model and estimator agree.

Every scorer computes exactly what the exported model says, and the exported model says
what the estimator says but for rounding.
"""

import contextlib
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from pipeline.export.conformance.vectors_file import decode_vectors
from pipeline.export.exporters.base import MessagesToVerify
from pipeline.export.reference import Outcome, outcomes
from pipeline.export.verification.chunks import SeenTexts, chunks
from pipeline.export.verification.estimator_check import EstimatorCheck
from pipeline.export.verification.scorer_check import (
    Differences,
    PendingLines,
    compare_vectors,
)
from pipeline.export.verification.scorer_process import scorers
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
    seen = SeenTexts()
    done = 0
    with scorers(content) as by_language, contextlib.ExitStack() as stack:
        compare_vectors(model, vectors, by_language, differences)
        processes = []
        for scorer in by_language.values():
            processes.append(stack.enter_context(scorer.start()))
        pending = PendingLines(processes, differences)
        for chunk in chunks(messages.messages):
            new = seen.add(chunk)
            if new:
                _check(model, new, pending, estimator_check)
            done += len(chunk)
            report_progress(done / messages.total)
        pending.finish()
    differences.raise_if_any()
    estimator_check.raise_if_unexplained()
    has_texts = estimator_check.texts > 0
    unproved = estimator_check.texts - estimator_check.proved
    return Verification(
        texts=estimator_check.texts,
        vectors=len(vectors),
        languages=tuple(by_language),
        differences=0,
        flips=estimator_check.flips,
        proved=estimator_check.proved,
        observed=unproved - estimator_check.flips,
        largest_score_difference=estimator_check.largest_score_difference,
        smallest_margin=estimator_check.smallest_margin if has_texts else None,
    )


def _check(
    model: FixedPointModel,
    messages: Mapping[str, str],
    pending: PendingLines,
    estimator_check: EstimatorCheck,
) -> None:
    """Send distinct texts to the scorers and the estimator.

    What depends only on the tokens is computed once for all texts with these tokens.
    """
    texts = list(messages)
    # The scorers work while this process computes the lines that they must write.
    lines = pending.start(texts)
    cleaned = np.array(list(messages.values()), dtype=object)
    codes, distinct = pd.factorize(cleaned)
    first_rows = np.unique(codes, return_index=True)[1]
    counts = count_terms(model, distinct, cleaned=True)
    first_texts = [texts[row] for row in first_rows]
    estimator_check.compare(first_texts, counts, np.bincount(codes))
    tokens = [text.split(SEPARATOR) if text else [] for text in distinct]
    distinct_outcomes = outcomes(model, tokens, counts)
    distinct_lines = list(map(Outcome.to_line, distinct_outcomes))
    expected = list(map(distinct_lines.__getitem__, codes))
    pending.expect(texts, expected, lines)
