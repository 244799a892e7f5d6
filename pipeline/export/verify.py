"""The proof that every scorer gets from every message what the exported model says, and what the estimator meant."""

import contextlib
import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.pipeline import Pipeline

from pipeline.characters import SEPARATOR
from pipeline.decision import decision_scores
from pipeline.errors import VerificationError
from pipeline.export.agreement import compare
from pipeline.export.assemble import assemble
from pipeline.export.format import decode
from pipeline.export.model import FixedPointModel, LinearModel, count_terms
from pipeline.export.reference import outcomes
from pipeline.export.runtimes import Scorer, scorers
from pipeline.export.vectors import OUTCOME, decode_vectors

CHUNK, CHUNK_CHARACTERS = 40_000, 10_000_000  # held at once: texts, and their characters
NAMED = 3  # differing texts that an error names, by digest


def verify(
    model_bytes: bytes,
    vectors_bytes: bytes,
    fitted: Pipeline,
    texts: Iterable[str],
    total: int,
    progress: Callable[[float], None] = lambda fraction: None,
) -> dict[str, Any]:
    """How the scorers, the exported model and ``fitted`` agree on every distinct text and on the conformance vectors.

    Of the vectors, the label with the thresholds is compared too.

    ``languages`` are those whose scorers could run here, ``differences`` the texts whose lines were not what the model
    says, to the last bit. ``flips`` are labels unlike the estimator's. Rounding cannot have changed labels that are
    ``proved``; of the others, ``observed`` were seen to be the same. ``smallest_margin`` is that of the best over
    the second-best score of the estimator, None without a text.

    Memory holds one chunk of texts, and 16 bytes for each text seen; ``progress`` is told which fraction of all texts,
    ``total``, is done.

    Raises
    ------
    VerificationError
        A line or a vector differs, a scorer fails, or a score is further from the estimator's than rounding explains.
        The message names texts by the start of their sha256.
    """
    vectors, seen, done = decode_vectors(vectors_bytes, model_bytes), set(), 0
    with scorers(model_bytes) as running:
        tally = _Tally(decode(model_bytes), fitted, assemble(fitted), running)
        tally.check_vectors(vectors)
        for chunk in _chunks(texts):
            distinct = _unseen(chunk, seen)
            if distinct:
                tally.check(distinct)
            done += len(chunk)
            progress(done / total)
    tally.raise_if_wrong()
    return tally.summary(len(vectors))


@dataclass
class _Tally:
    model: FixedPointModel
    fitted: Pipeline
    linear: LinearModel
    running: dict[str, Scorer]
    texts: int = 0
    differences: dict[str, int] = field(default_factory=dict)
    unexplained: int = 0
    named: list[str] = field(default_factory=list)
    flips: int = 0
    proved: int = 0
    largest_score_difference: float = 0.0
    smallest_margin: float = np.inf

    def check_vectors(self, vectors: list[dict[str, Any]]) -> None:
        """Runs every scorer over the vectors, which also say what the label with the thresholds is."""
        texts = [bytes.fromhex(vector["text"]).decode("utf-16-be", "surrogatepass") for vector in vectors]
        with self._lines(texts) as lines:
            self._compare(texts, map(_line, vectors), lines)
        # Without a threshold it is the label, which the lines have shown.
        if self.model.thresholds.any() and not self.differences:
            with self._lines(texts, "--explain") as explained:
                self._compare(texts, [vector["decision"] for vector in vectors], explained, _decision)

    def check(self, texts: list[str]) -> None:
        """Runs every scorer over the texts, and counts lines and labels unlike the model's and the estimator's.

        What depends on the tokens alone is computed once for all texts that have the same.
        """
        self.texts += len(texts)
        with self._lines(texts) as lines:
            tokens = [self.model.tokeniser.tokens(text) for text in texts]
            places, cleaned = pd.factorize(np.array([SEPARATOR.join(words) for words in tokens], dtype=object))
            counts = count_terms(self.model, cleaned, cleaned=True)
            first = np.unique(places, return_index=True)[1]
            self._agree([texts[row] for row in first], counts, np.bincount(places))
            self._compare(texts, map(_line, outcomes(self.model, tokens, counts[places])), lines)

    def _agree(self, texts: list[str], counts: sp.csr_array, standing_for: np.ndarray) -> None:
        """Compares the model with the estimator that it was made from, on texts that stand for so many."""
        vectors, estimator = self.fitted[:-1].transform(texts), self.fitted[-1]
        expected = decision_scores(estimator, vectors)
        agreement = compare(self.linear, self.model, counts, expected)
        found = np.array(self.model.labels)[self.model.scores(counts).argmax(axis=1)]
        ranked = np.sort(expected, axis=1)
        self.flips += standing_for[found != estimator.predict(vectors).astype(str)].sum()
        self.proved += standing_for[agreement.proved].sum()
        self.unexplained += standing_for[~agreement.explained].sum()
        self._name(itertools.compress(texts, ~agreement.explained))
        self.largest_score_difference = max(self.largest_score_difference, agreement.difference.max())
        self.smallest_margin = min(self.smallest_margin, (ranked[:, -1] - ranked[:, -2]).min())

    def raise_if_wrong(self) -> None:
        named = f"The first by their sha256: {', '.join(self.named)}. The export must not be used."
        if self.differences:
            counts = ", ".join(f"{count} in {language}" for language, count in self.differences.items())
            raise VerificationError(
                f"Scorers get something else than the exported model says: {counts} texts.\n{named}"
            )
        if self.unexplained:
            reason = f"Rounding does not explain the scores of {self.unexplained} of {self.texts} texts"
            raise VerificationError(f"The exported model is not the fitted one. {reason}.\n{named}")

    def summary(self, vectors: int) -> dict[str, Any]:
        """The counts as JSON values."""
        return {
            "texts": self.texts,
            "vectors": vectors,
            "languages": list(self.running),
            "differences": 0,
            "flips": int(self.flips),
            "proved": int(self.proved),
            "observed": int(self.texts - self.proved - self.flips),
            "largest_score_difference": float(self.largest_score_difference),
            "smallest_margin": float(self.smallest_margin) if self.texts else None,
        }

    @contextlib.contextmanager
    def _lines(self, texts: list[str], *options: str) -> Iterator[dict[str, Future[list[bytes]]]]:
        """What each scorer will have written; they run while the caller goes on."""
        with ThreadPoolExecutor(len(self.running)) as pool:
            yield {language: pool.submit(scorer, texts, *options) for language, scorer in self.running.items()}

    def _compare(
        self,
        texts: list[str],
        expected: Iterable[Any],
        lines: dict[str, Future[list[bytes]]],
        read: Callable[[bytes], Any] = bytes,
    ) -> None:
        """Counts the texts of whose lines something else than expected is read."""
        right = list(expected)
        for language, written in lines.items():
            found = map(read, written.result())
            wrong = [text for text, is_, must in zip(texts, found, right, strict=True) if is_ != must]
            if wrong:
                self.differences[language] = self.differences.get(language, 0) + len(wrong)
                self._name(wrong)

    def _name(self, texts: Iterable[str]) -> None:
        self.named += [_sha256(text)[:12] for text in itertools.islice(texts, NAMED - len(self.named))]


def _line(outcome: dict[str, Any]) -> bytes:
    """The line that a scorer must write."""
    return json.dumps({key: outcome[key] for key in OUTCOME}, separators=(",", ":")).encode()


def _decision(explanation: bytes) -> str | None:
    """The label with the thresholds in a line of a scorer's ``--explain``; None if the line is none."""
    try:
        return json.loads(explanation)["decision"]
    except (ValueError, LookupError, TypeError):
        return None


def _chunks(texts: Iterable[str]) -> Iterator[list[str]]:
    chunk, characters = [], 0
    for text in texts:
        chunk.append(text)
        characters += len(text)
        if len(chunk) == CHUNK or characters >= CHUNK_CHARACTERS:
            yield chunk
            chunk, characters = [], 0
    if chunk:
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
