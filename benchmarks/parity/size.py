"""Size of the exported file against flipped labels: how many bits a weight needs."""

import argparse
import gzip

import numpy as np
import scipy.sparse as sp

from benchmarks.harness import command, corpus, machine, models
from benchmarks.harness.results import write_result
from benchmarks.parity.records import SizedModel, SizeResult, SizeRow
from benchmarks.parity.tables import size_tables
from pipeline.config.settings import Candidate
from pipeline.model.counts import count_terms
from pipeline.model.decision_function import centred_decision_function
from pipeline.model.from_sklearn import linear_model
from pipeline.model.linear import LinearModel
from pipeline.model.quantise import choose_bits, quantise
from pipeline.model.rounding import compare

BITS = range(6, 21)
# One estimator with many small weights, and one with none.
ESTIMATORS = ("logistic_regression", "multinomial_nb")
MAX_GZIPPED = 200_000  # bytes


def main() -> None:
    """Measure sizes and flips, and write ``size.json``."""
    arguments = _parse_arguments()
    drawn = corpus.draw_messages(arguments.messages)
    training = models.count_messages(drawn.texts, drawn.labels, arguments.terms)
    sized_models = []
    counts = None
    for estimator in ESTIMATORS:
        candidate = models.default_candidates()[estimator]
        fitted = models.fit(training, candidate)
        model = linear_model(fitted)
        if counts is None:
            # Terms are ordered by their idf, which is the same for every estimator.
            counts = count_terms(model, drawn.texts)
        vectors = fitted[:-1].transform(drawn.texts)
        expected_scores = centred_decision_function(fitted[-1], vectors)
        sized_models.append(_measure(model, counts, expected_scores, candidate))
    result = SizeResult(
        run=machine.describe_run(),
        sources=drawn.sources,
        max_gzipped=MAX_GZIPPED,
        models=tuple(sized_models),
    )
    write_result("size", result, arguments.output)
    print(size_tables(result))


def _measure(
    model: LinearModel,
    counts: sp.csr_array,
    expected_scores: np.ndarray,
    candidate: Candidate,
) -> SizedModel:
    """Export the model with every number of bits."""
    chosen_model, chosen_bits = choose_bits(model, counts)
    self_test = models.self_test_texts(chosen_model)
    n_messages = len(expected_scores)
    rows = []
    for bits in BITS:
        fixed = quantise(model, bits)
        agreement = compare(model, fixed, counts, expected_scores)
        encoded = models.export(fixed, bits, candidate, n_messages, self_test)
        row = SizeRow(
            bits=bits,
            bytes=len(encoded),
            gzipped=len(gzip.compress(encoded, 9, mtime=0)),
            flips=int(np.count_nonzero(agreement.flipped)),
            proved=int(np.count_nonzero(agreement.proved)),
            largest_score_difference=float(agreement.difference.max()),
        )
        rows.append(row)
    return SizedModel(
        candidate=str(candidate),
        terms=len(model.terms),
        labels=len(model.labels),
        messages=n_messages,
        chosen_bits=chosen_bits,
        rows=tuple(rows),
    )


def _parse_arguments() -> argparse.Namespace:
    parser = command.new_parser("benchmarks.parity.size", __doc__)
    command.add_size(parser, "messages", 150_000, "messages to train on and to score")
    command.add_size(parser, "terms", 20_000, "maximum terms of a model")
    return parser.parse_args()


if __name__ == "__main__":
    main()
