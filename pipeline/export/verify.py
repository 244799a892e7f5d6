"""The proof that a device which reads the file predicts what the fitted estimator predicts."""

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from sklearn.pipeline import Pipeline

from pipeline.errors import VerificationError
from scorers.python import nightsieve_scorer

CHUNK = 10_000  # texts held at once
NAMED = 3  # differing texts that an error names, by digest


def verify(
    model_bytes: bytes,
    fitted: Pipeline,
    texts: Iterable[str],
    total: int,
    progress: Callable[[float], None] = lambda fraction: None,
) -> dict:
    """How the plain scorer and ``fitted`` agree: ``{texts, differences, largest_score_difference, smallest_margin}``.

    Every distinct text is scored. Memory holds one chunk of them, and 16 bytes of digest for each text seen. The margin
    is that of the best over the second-best score, None without a text; ``progress`` is told how many of the ``total``
    texts are done.

    Raises
    ------
    VerificationError
        A text's labels differ; the message names texts by the start of their sha256.
    """
    scorer = nightsieve_scorer.load(model_bytes)
    tally, seen, done = _Tally(), set(), 0
    for chunk in _chunks(texts):
        distinct = _unseen(chunk, seen)
        if distinct:
            tally.add(distinct, scorer, fitted)
        done += len(chunk)
        progress(done / total)
    if tally.differences:
        raise VerificationError(
            f"The exported model labels {tally.differences} of {tally.texts} texts unlike the fitted estimator.\n"
            f"The first by their sha256: {', '.join(tally.named)}. The export must not be used."
        )
    return tally.summary()


@dataclass
class _Tally:
    texts: int = 0
    differences: int = 0
    named: list[str] = field(default_factory=list)
    largest_score_difference: float = 0.0
    smallest_margin: float = np.inf

    def add(self, texts: list[str], scorer: nightsieve_scorer.Scorer, fitted: Pipeline) -> None:
        """Scores the texts both ways and counts."""
        expected_labels, expected_scores = _expected(fitted, texts)
        found = [scorer.scores(text) for text in texts]
        scores = np.array([list(by_label.values()) for by_label in found])
        differing = np.flatnonzero(np.array(list(map(nightsieve_scorer.winner, found))) != expected_labels)
        ranked = np.sort(scores, axis=1)
        self.texts += len(texts)
        self.differences += len(differing)
        self.named += [_sha256(texts[i])[:12] for i in differing[: NAMED - len(self.named)]]
        self.largest_score_difference = max(self.largest_score_difference, np.abs(scores - expected_scores).max())
        self.smallest_margin = min(self.smallest_margin, (ranked[:, -1] - ranked[:, -2]).min())

    def summary(self) -> dict:
        """The counts as JSON values."""
        return {
            "texts": self.texts,
            "differences": self.differences,
            "largest_score_difference": float(self.largest_score_difference),
            "smallest_margin": float(self.smallest_margin) if self.texts else None,
        }


def _expected(fitted: Pipeline, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """What ``fitted.predict`` gives, and the scores [n_texts, K] that it decides by; the texts are vectorised once."""
    estimator, vectors = fitted[-1], fitted[:-1].transform(texts)
    decide = getattr(estimator, "decision_function", None) or estimator.predict_joint_log_proba
    scores = decide(vectors)
    return estimator.predict(vectors), np.column_stack([-scores, scores]) if scores.ndim == 1 else scores


def _chunks(texts: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(texts)
    while chunk := list(itertools.islice(remaining, CHUNK)):
        yield chunk


def _unseen(texts: list[str], seen: set[bytes]) -> list[str]:
    """The texts not met before, each once; what is ``seen`` grows by them."""
    digests = {hashlib.blake2b(_utf8(text), digest_size=16).digest(): text for text in reversed(texts)}
    unseen = [text for digest, text in reversed(digests.items()) if digest not in seen]
    seen.update(digests)
    return unseen


def _sha256(text: str) -> str:
    return hashlib.sha256(_utf8(text)).hexdigest()


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
