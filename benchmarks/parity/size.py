"""Size against flips: how many bits a weight needs. Run as ``python -m benchmarks.size``."""

import argparse
import gzip
import math
from typing import Any

import numpy as np
import scipy.sparse as sp

from benchmarks import corpus, machine, models, results
from benchmarks.size_plot import draw
from pipeline.config.settings import Candidate
from pipeline.model.counts import count_terms
from pipeline.model.decision_function import centred_decision_function
from pipeline.model.from_sklearn import linear_model
from pipeline.model.linear import LinearModel
from pipeline.model.quantise import choose_bits, quantise
from pipeline.model.rounding import compare

BITS = range(6, 21)
ESTIMATORS = (
    "logistic_regression",
    "multinomial_nb",
)  # one that leaves many weights small, one that leaves none
BAR = 200_000  # bytes, gzipped
PLOT = machine.ROOT / "docs" / "size-and-flips.svg"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--messages", type=int, default=150_000)
    arguments.add_argument("--terms", type=int, default=20_000)
    chosen = arguments.parse_args()
    found = corpus.messages(chosen.messages)
    training = models.count(found.texts, found.labels, chosen.terms)
    measured, counts = [], None
    for name in ESTIMATORS:
        candidate = models.candidates()[name]
        fitted = models.fit(training, candidate)
        model = linear_model(fitted)
        if counts is None:
            # Terms are ordered by their idf, which is the same for every estimator.
            counts = count_terms(model, found.texts)
        expected = centred_decision_function(
            fitted[-1], fitted[:-1].transform(found.texts)
        )
        measured.append(_measure(model, counts, expected, candidate))
    result = {
        "machine": machine.describe("matplotlib"),
        "sources": found.sources,
        "bar": BAR,
        "models": measured,
    }
    results.write("size", result, tables(result))
    draw(result, PLOT)


def _measure(
    model: LinearModel, counts: sp.csr_array, expected: np.ndarray, candidate: Candidate
) -> dict[str, Any]:
    """Every number of bits for one model."""
    fixed, chosen = choose_bits(model, counts)
    texts = models.test_texts(fixed)
    rows = []
    for bits in BITS:
        fixed = quantise(model, bits)
        agreement = compare(model, fixed, counts, expected)
        encoded = models.export(fixed, bits, candidate, len(expected), texts)
        rows.append(
            {
                "bits": bits,
                "bytes": len(encoded),
                "gzipped": len(gzip.compress(encoded, 9, mtime=0)),
                "flips": int(np.count_nonzero(agreement.flipped)),
                "proved": int(np.count_nonzero(agreement.proved)),
                "largest_score_difference": float(agreement.difference.max()),
            }
        )
    return {
        "candidate": str(candidate),
        "terms": len(model.terms),
        "labels": len(model.labels),
        "messages": len(expected),
        "chosen_bits": chosen,
        "rows": rows,
    }


def tables(result: dict[str, Any]) -> str:
    """The result in Markdown, a table for each model."""
    header = (
        "bits",
        "file, KB",
        "gzipped, KB",
        "labels flipped",
        "proved unchanged",
        "largest score difference",
    )
    parts = [
        f"Messages: {results.sources(result['sources'])}. KB are 1,000 bytes; in bold what the export chooses."
    ]
    for model in result["models"]:
        parts.append(
            f"**{model['candidate']}**: {model['terms']:,} terms, {model['labels']} labels"
        )
        parts.append(results.table(header, [_row(row, model) for row in model["rows"]]))
    return "\n\n".join(parts)


def _row(row: dict[str, Any], model: dict[str, Any]) -> list[str]:
    return [
        f"**{row['bits']}**"
        if row["bits"] == model["chosen_bits"]
        else str(row["bits"]),
        f"{row['bytes'] / 1000:,.0f}",
        f"{row['gzipped'] / 1000:,.1f}",
        f"{row['flips']:,} of {model['messages']:,}",
        f"{_floor(100 * row['proved'] / model['messages'])} %",
        results.rounded(row["largest_score_difference"]),
    ]


def _floor(percent: float) -> str:
    """To three decimals, and 100 only if it is all of them."""
    return f"{math.floor(percent * 1000) / 1000:.3f}"


if __name__ == "__main__":
    main()
