"""Compares the exported model with the estimator that it was made from."""

import itertools

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.pipeline import Pipeline

from pipeline.errors import VerificationError
from pipeline.export.verification.examples import Examples
from pipeline.model.decision_function import centred_decision_function
from pipeline.model.fixed_point import FixedPointModel
from pipeline.model.from_sklearn import linear_model
from pipeline.model.rounding import compare
from pipeline.records.export import MODEL_FILE


class EstimatorCheck:
    """Counts of texts whose label or scores differ from the estimator's.

    Attributes
    ----------
    texts, flips, proved, unexplained
        The number of texts that were compared, and how many of them have another label,
        a label that rounding cannot change, or a score that rounding does not explain.
    largest_score_difference, smallest_margin
        See `pipeline.records.export.Verification`.
    """

    def __init__(self, model: FixedPointModel, fitted: Pipeline) -> None:
        """Raise a VerificationError if ``fitted`` counts other terms or tokens."""
        self.texts = 0
        self.flips = 0
        self.proved = 0
        self.unexplained = 0
        self.largest_score_difference = 0.0
        self.smallest_margin = np.inf
        self._examples = Examples()
        self._model = model
        self._linear = linear_model(fitted)
        self._estimator = fitted[-1]
        vectoriser = fitted[0]
        same_tokens = model.tokeniser == self._linear.tokeniser
        if not same_tokens or model.terms != self._linear.terms:
            raise VerificationError(
                f"{MODEL_FILE}: not the fitted model, it has other terms or tokens; "
                "do not use this export"
            )
        self._tfidf = TfidfTransformer(
            norm=vectoriser.norm, sublinear_tf=vectoriser.sublinear_tf
        )
        self._tfidf.idf_ = vectoriser.idf_
        column_of = {term: column for column, term in enumerate(model.terms)}
        terms = vectoriser.get_feature_names_out()
        self._columns = [column_of[term] for term in terms]

    def compare(
        self, texts: list[str], counts: sp.csr_array, multiplicity: np.ndarray
    ) -> None:
        """Compare the labels and scores of texts.

        Parameters
        ----------
        counts
            int64 [n_texts, V].
        multiplicity
            int64 [n_texts], the number of texts that have the same tokens.
        """
        vectors = self._tfidf.transform(counts[:, self._columns])
        expected = centred_decision_function(self._estimator, vectors)
        agreement = compare(self._linear, self._model, counts, expected)
        winner = self._model.scores(counts).argmax(axis=1)
        labels = np.array(self._model.labels)[winner]
        flipped = labels != self._estimator.predict(vectors).astype(str)
        self.texts += int(multiplicity.sum())
        self.flips += int(multiplicity[flipped].sum())
        self.proved += int(multiplicity[agreement.proved].sum())
        self.unexplained += int(multiplicity[~agreement.explained].sum())
        self._examples.add(itertools.compress(texts, ~agreement.explained))
        self._widen(agreement.difference, expected)

    def raise_if_unexplained(self) -> None:
        """Raise a VerificationError if rounding does not explain a score."""
        if self.unexplained:
            raise VerificationError(
                f"{MODEL_FILE}: not the fitted model, rounding does not explain the "
                f"scores of {self.unexplained} of {self.texts} texts "
                f"({self._examples}); do not use this export"
            )

    def _widen(self, differences: np.ndarray, expected: np.ndarray) -> None:
        ranked = np.sort(expected, axis=1)
        margins = ranked[:, -1] - ranked[:, -2]
        self.largest_score_difference = max(
            self.largest_score_difference, float(differences.max())
        )
        self.smallest_margin = min(self.smallest_margin, float(margins.min()))
