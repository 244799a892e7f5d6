"""How often the exported model gives another label than scikit-learn.

Each model is trained on half of the messages; both halves are scored.
"""

import argparse
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from sklearn.base import ClassifierMixin

from benchmarks.harness import command, corpus, machine, models
from benchmarks.harness.results import write_result
from benchmarks.parity.records import (
    Agreement,
    AgreementResult,
    HalfAgreement,
    KindOfModel,
)
from benchmarks.parity.tables import agreement_tables
from pipeline.config.settings import Candidate
from pipeline.model.counts import count_terms
from pipeline.model.decision_function import centred_decision_function
from pipeline.model.from_sklearn import linear_model
from pipeline.model.linear import LinearModel
from pipeline.model.quantise import choose_bits
from pipeline.model.rounding import compare
from scorers.python import nightsieve_scorer

NORMS = ("l2", None)
SUBLINEAR_TF = (True, False)
KINDS_MESSAGES = 20_000
KINDS_TERMS = 5_000


@dataclass(frozen=True)
class Half:
    """Half of the messages.

    Attributes
    ----------
    vectors
        [n_messages, V], what the vectoriser makes of the texts.
    counts
        [n_messages, V], of each term.
    """

    texts: Sequence[str]
    vectors: sp.csr_array
    counts: sp.csr_array


def main() -> None:
    """Measure the agreement, and write ``agreement.json``."""
    arguments = _parse_arguments()
    drawn = corpus.draw_messages(arguments.messages)
    candidates = list(models.default_candidates().values())
    whole = _agreements(drawn.texts, drawn.labels, arguments.terms, candidates)
    few_texts = drawn.texts[:KINDS_MESSAGES]
    few_labels = drawn.labels[:KINDS_MESSAGES]
    kinds = _kinds(few_texts, few_labels, candidates)
    result = AgreementResult(
        run=machine.describe_run(),
        sources=drawn.sources,
        whole=tuple(whole),
        kinds=tuple(kinds),
    )
    write_result("agreement", result, arguments.output)
    print(agreement_tables(result))


def _kinds(
    texts: Sequence[str], three_labels: Sequence[str], candidates: Sequence[Candidate]
) -> Iterator[KindOfModel]:
    """Yield the candidates with every number of labels, norm and term frequency."""
    two_labels = ["spam" if label == "spam" else "other" for label in three_labels]
    labels_by_count: dict[int, Sequence[str]] = {2: two_labels, 3: three_labels}
    for n_labels, norm, sublinear in itertools.product(
        labels_by_count, NORMS, SUBLINEAR_TF
    ):
        labels = labels_by_count[n_labels]
        scaling = {"norm": norm, "sublinear_tf": sublinear}
        scaled = [candidate.model_copy(update=scaling) for candidate in candidates]
        agreements = _agreements(texts, labels, KINDS_TERMS, scaled)
        for candidate, agreement in zip(scaled, agreements, strict=True):
            yield KindOfModel(
                estimator=candidate.estimator,
                labels=n_labels,
                norm=norm,
                sublinear_tf=sublinear,
                **dict(agreement),
            )


def _agreements(
    texts: Sequence[str],
    labels: Sequence[str],
    terms: int,
    candidates: Sequence[Candidate],
) -> Iterator[Agreement]:
    """Train each candidate on every second message, and score all.

    The candidates differ in their estimators alone.
    """
    halves: dict[str, Half] = {}
    training = models.count_messages(texts[::2], labels[::2], terms)
    for candidate in candidates:
        fitted = models.fit(training, candidate)
        model = linear_model(fitted)
        if not halves:
            # The same for every estimator; terms are ordered by their idf.
            for name, half in {"seen": texts[::2], "unseen": texts[1::2]}.items():
                vectors = fitted[:-1].transform(half)
                halves[name] = Half(half, vectors, count_terms(model, half))
        yield _agreement(fitted[-1], model, candidate, halves)


def _agreement(
    estimator: ClassifierMixin,
    model: LinearModel,
    candidate: Candidate,
    halves: dict[str, Half],
) -> Agreement:
    """Compare the exported model with the estimator on both halves.

    The bits are chosen on the messages that were trained on, as in a night.
    """
    seen = halves["seen"]
    fixed, bits = choose_bits(model, seen.counts)
    exported = models.export(fixed, bits, candidate, len(seen.texts), [""])
    scorer = nightsieve_scorer.load(exported)
    agreements = {}
    differences = []
    for name, half in halves.items():
        outcomes = [scorer.evaluate(text) for text in half.texts]
        labels = np.array([outcome.label for outcome in outcomes])
        scores = np.array([outcome.scores for outcome in outcomes])
        expected_scores = centred_decision_function(estimator, half.vectors)
        flipped = estimator.predict(half.vectors) != labels
        proved = compare(model, fixed, half.counts, expected_scores).proved
        agreements[name] = HalfAgreement(
            messages=len(half.texts),
            flips=int(np.count_nonzero(flipped)),
            proved=int(np.count_nonzero(proved)),
        )
        differences.append(float(np.abs(scores - expected_scores).max()))
    return Agreement(
        candidate=str(candidate),
        bits=bits,
        seen=agreements["seen"],
        unseen=agreements["unseen"],
        largest_score_difference=max(differences),
    )


def _parse_arguments() -> argparse.Namespace:
    parser = command.new_parser("benchmarks.parity.agreement", __doc__)
    command.add_size(parser, "messages", 150_000, "messages, in two halves")
    command.add_size(parser, "terms", 20_000, "maximum terms of a model")
    return parser.parse_args()


if __name__ == "__main__":
    main()
