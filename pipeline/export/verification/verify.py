"""The proof that every scorer gets from every message what the exported model says, and what the estimator meant."""

import contextlib
import hashlib
import itertools
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import InitVar, dataclass, field
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.pipeline import Pipeline

from pipeline.errors import VerificationError
from pipeline.export.conformance.selection import OUTCOME, decode_vectors
from pipeline.export.exporters.nightsieve_linear.format import decode
from pipeline.export.reference import outcomes
from pipeline.export.verification.scorer_process import (
    Scorer,
    Work,
    hexadecimal_lines,
    scorers,
)
from pipeline.model.counts import count_terms
from pipeline.model.decision_function import centred_decision_function
from pipeline.model.fixed_point import FixedPointModel
from pipeline.model.from_sklearn import linear_model
from pipeline.model.linear import LinearModel
from pipeline.model.rounding import compare
from pipeline.text.character_map import SEPARATOR

CHUNK, CHUNK_CHARACTERS = (
    20_000,
    5_000_000,
)  # of which a few are held at once: texts, and their characters
# Bytes that a scorer must have to write after a line before that line is waited for: no output buffer is as large.
AFTERWARDS = 1 << 20
PATIENCE = 600  # seconds to wait for the lines of a chunk, of which a scorer writes thousands in one
NAMED = 3  # differing texts that an error names, by digest
T = TypeVar("T")
_ENCODE = json.JSONEncoder(separators=(",", ":")).encode


def verify(
    model_bytes: bytes,
    vectors_bytes: bytes,
    fitted: Pipeline,
    messages: Iterable[tuple[str, str]],
    total: int,
    progress: Callable[[float], None] = lambda fraction: None,
) -> dict[str, Any]:
    """How the scorers, the exported model and ``fitted`` agree on every distinct text and on the conformance vectors.

    A message is its text and what that was cleaned to: the tokens that training has counted are those that scorers must
    find. Of the vectors, the label with the thresholds is compared too.

    ``languages`` are those whose scorers could run here, ``differences`` the texts whose lines were not what the model
    says, to the last bit. ``flips`` are labels unlike the estimator's. Rounding cannot have changed labels that are
    ``proved``; of the others, ``observed`` were seen to be the same. ``smallest_margin`` is that of the best over
    the second-best score of the estimator, None without a text.

    Memory holds a few chunks of texts, and some 80 bytes for each text seen; ``progress`` is told which fraction of all
    messages, ``total``, is done.

    Raises
    ------
    VerificationError
        A line or a vector differs, a scorer fails or hangs, or a score is further from the estimator's than rounding
        explains. The message names texts by the start of their sha256.
    """
    vectors, seen, done = decode_vectors(vectors_bytes, model_bytes), set(), 0
    tally = _Tally(decode(model_bytes), linear_model(fitted), fitted)
    with scorers(model_bytes) as running, contextlib.ExitStack() as stack:
        tally.check_vectors(vectors, running)
        work = {
            language: stack.enter_context(scorer.start())
            for language, scorer in running.items()
        }
        for chunk in _chunks(messages):
            distinct = _unseen(chunk, seen)
            if distinct:
                tally.check(distinct, work)
            done += len(chunk)
            progress(done / total)
        tally.finish(work)
    tally.raise_if_wrong()
    return {**tally.summary(), "vectors": len(vectors), "languages": list(running)}


@dataclass
class _Tally:
    model: FixedPointModel
    linear: LinearModel
    fitted: InitVar[Pipeline]
    texts: int = 0
    differences: dict[str, int] = field(default_factory=dict)
    unexplained: int = 0
    named: list[str] = field(default_factory=list)
    flips: int = 0
    proved: int = 0
    largest_score_difference: float = 0.0
    smallest_margin: float = np.inf
    begun: deque[tuple[list[str], list[bytes], dict[str, Future[list[bytes]]]]] = field(
        default_factory=deque
    )

    def __post_init__(self, fitted: Pipeline) -> None:
        """Raises a VerificationError where a text's counts would not be those that the estimator decides by."""
        vectoriser, self.estimator = fitted
        if (
            self.model.tokeniser != self.linear.tokeniser
            or self.model.terms != self.linear.terms
        ):
            raise VerificationError(
                "The exported model is not the fitted one: its terms or its tokens are others."
            )
        self.tfidf = TfidfTransformer(
            norm=vectoriser.norm, sublinear_tf=vectoriser.sublinear_tf
        )
        self.tfidf.idf_ = vectoriser.idf_
        place = {term: column for column, term in enumerate(self.model.terms)}
        self.columns = [place[term] for term in vectoriser.get_feature_names_out()]

    def check_vectors(
        self, vectors: list[dict[str, Any]], running: Mapping[str, Scorer]
    ) -> None:
        """Runs every scorer over the vectors, which also say what the label with the thresholds is."""
        texts = [
            bytes.fromhex(vector["text"]).decode("utf-16-be", "surrogatepass")
            for vector in vectors
        ]
        lines = {language: scorer(texts) for language, scorer in running.items()}
        self._compare(texts, list(map(_line, vectors)), lines)
        # Without a threshold it is the label, which the lines have shown.
        if self.model.thresholds.any() and not self.differences:
            found = {
                name: list(map(_decision, scorer(texts, "--explain")))
                for name, scorer in running.items()
            }
            self._compare(texts, [vector["decision"] for vector in vectors], found)

    def check(self, messages: dict[str, str], work: Mapping[str, Work]) -> None:
        """Gives the texts to the scorers, and counts those whose label or scores are unlike the estimator's.

        What depends on the tokens alone is computed once for all texts that have the same. Lines are compared when
        enough of others must follow them, so that scorers neither wait nor keep them in a buffer.
        """
        self.texts += len(messages)
        texts = list(messages)
        given = hexadecimal_lines(texts)
        written = {language: scorer.lines(given) for language, scorer in work.items()}
        places, cleaned = pd.factorize(np.array([*messages.values()], dtype=object))
        first = np.unique(places, return_index=True)[1]
        counts = count_terms(self.model, cleaned, cleaned=True)
        self._agree([texts[row] for row in first], counts, np.bincount(places))
        tokens = [text.split(SEPARATOR) if text else [] for text in cleaned]
        lines = list(map(_line, outcomes(self.model, tokens, counts)))
        self.begun.append((texts, [lines[place] for place in places], written))
        while (
            len(self.begun) > 1
            and sum(len(line) for _, after, _ in [*self.begun][1:] for line in after)
            > AFTERWARDS
        ):
            self._compare_first()

    def finish(self, work: Mapping[str, Work]) -> None:
        """Compares what the scorers have not written yet."""
        ended = {language: scorer.end() for language, scorer in work.items()}
        while self.begun:
            self._compare_first()
        for language, end in ended.items():
            _wait_for(language, end)

    def _compare_first(self) -> None:
        texts, expected, written = self.begun.popleft()
        self._compare(
            texts,
            expected,
            {
                language: _wait_for(language, lines)
                for language, lines in written.items()
            },
        )

    def _agree(
        self, texts: list[str], counts: sp.csr_array, standing_for: np.ndarray
    ) -> None:
        """Compares the model with the estimator that it was made from, on texts that stand for so many."""
        vectors, estimator = (
            self.tfidf.transform(counts[:, self.columns]),
            self.estimator,
        )
        expected = centred_decision_function(estimator, vectors)
        agreement = compare(self.linear, self.model, counts, expected)
        found = np.array(self.model.labels)[self.model.scores(counts).argmax(axis=1)]
        ranked = np.sort(expected, axis=1)
        self.flips += standing_for[
            found != estimator.predict(vectors).astype(str)
        ].sum()
        self.proved += standing_for[agreement.proved].sum()
        self.unexplained += standing_for[~agreement.explained].sum()
        self._name(itertools.compress(texts, ~agreement.explained))
        self.largest_score_difference = max(
            self.largest_score_difference, agreement.difference.max()
        )
        self.smallest_margin = min(
            self.smallest_margin, (ranked[:, -1] - ranked[:, -2]).min()
        )

    def raise_if_wrong(self) -> None:
        named = f"The first by their sha256: {', '.join(self.named)}. The export must not be used."
        if self.differences:
            counts = ", ".join(
                f"{count} in {language}" for language, count in self.differences.items()
            )
            otherwise = "Scorers get something else than training counted or the exported model says"
            raise VerificationError(f"{otherwise}: {counts} texts.\n{named}")
        if self.unexplained:
            reason = f"Rounding does not explain the scores of {self.unexplained} of {self.texts} texts"
            raise VerificationError(
                f"The exported model is not the fitted one. {reason}.\n{named}"
            )

    def summary(self) -> dict[str, Any]:
        """The counts as JSON values."""
        return {
            "texts": self.texts,
            "differences": 0,
            "flips": int(self.flips),
            "proved": int(self.proved),
            "observed": int(self.texts - self.proved - self.flips),
            "largest_score_difference": float(self.largest_score_difference),
            "smallest_margin": float(self.smallest_margin) if self.texts else None,
        }

    def _compare(
        self, texts: list[str], expected: list[Any], found: Mapping[str, list[Any]]
    ) -> None:
        """Counts the texts of which a scorer has something else than expected."""
        for language, those in found.items():
            wrong = [
                text
                for text, is_, must in zip(texts, those, expected, strict=True)
                if is_ != must
            ]
            if wrong:
                self.differences[language] = self.differences.get(language, 0) + len(
                    wrong
                )
                self._name(wrong)

    def _name(self, texts: Iterable[str]) -> None:
        self.named += [
            _sha256(text)[:12]
            for text in itertools.islice(texts, NAMED - len(self.named))
        ]


def _wait_for(language: str, future: Future[T]) -> T:
    try:
        return future.result(PATIENCE)
    except TimeoutError:
        raise VerificationError(
            f"The {language} scorer has written nothing for {PATIENCE} seconds."
        ) from None


def _line(outcome: dict[str, Any]) -> bytes:
    """The line that a scorer must write."""
    return _ENCODE({key: outcome[key] for key in OUTCOME}).encode()


def _decision(explanation: bytes) -> str | None:
    """The label with the thresholds in a line of a scorer's ``--explain``; None if the line is none."""
    try:
        return json.loads(explanation)["decision"]
    except (ValueError, LookupError, TypeError):
        return None


def _chunks(messages: Iterable[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    chunk, characters = [], 0
    for message in messages:
        chunk.append(message)
        characters += len(message[0])
        if len(chunk) == CHUNK or characters >= CHUNK_CHARACTERS:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk


def _unseen(messages: list[tuple[str, str]], seen: set[bytes]) -> dict[str, str]:
    """The texts not met before, and what they were cleaned to; what is ``seen`` grows by them."""
    digests = {
        text: hashlib.blake2b(_utf8(text), digest_size=16).digest()
        for text, _ in messages
    }
    unseen = {text: cleaned for text, cleaned in messages if digests[text] not in seen}
    seen.update(digests.values())
    return unseen


def _sha256(text: str) -> str:
    return hashlib.sha256(_utf8(text)).hexdigest()


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
