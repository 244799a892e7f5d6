"""How often the exported model says another label than scikit-learn. Run as ``python -m benchmarks.agreement``."""

import argparse
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from benchmarks import corpus, machine, models, results
from pipeline.config.settings import Candidate
from pipeline.model.counts import count_terms
from pipeline.model.decision_function import centred_decision_function
from pipeline.model.from_sklearn import linear_model
from pipeline.model.linear import LinearModel
from pipeline.model.quantise import choose_bits
from pipeline.model.rounding import compare
from scorers.python import nightsieve_scorer

KINDS = tuple(
    itertools.product((2, 3), ("l2", None), (True, False))
)  # labels, norm, sublinear tf
FEW_MESSAGES, FEW_TERMS = 20_000, 5_000


@dataclass(frozen=True)
class Half:
    """Half of the messages: their texts, what the vectoriser makes of them, and how often each term stands in them."""

    texts: list[str]
    vectors: sp.csr_array
    counts: sp.csr_array


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--messages", type=int, default=150_000)
    arguments.add_argument("--terms", type=int, default=20_000)
    chosen = arguments.parse_args()
    found = corpus.messages(chosen.messages)
    candidates = list(models.candidates().values())
    whole = list(_group(found.texts, found.labels, chosen.terms, candidates))
    kinds = list(
        _kinds(found.texts[:FEW_MESSAGES], found.labels[:FEW_MESSAGES], candidates)
    )
    result = {
        "machine": machine.describe(),
        "sources": found.sources,
        "whole": whole,
        "kinds": kinds,
    }
    results.write("agreement", result, tables(result))


def _kinds(
    texts: list[str], known: list[str], candidates: list[Candidate]
) -> Iterator[dict[str, Any]]:
    """The candidates with every number of labels, norm and term frequency."""
    for n_labels, norm, sublinear in KINDS:
        labels = (
            known
            if n_labels == 3
            else [label if label == "spam" else "other" for label in known]
        )
        scaling = {"norm": norm, "sublinear_tf": sublinear}
        group = [candidate.model_copy(update=scaling) for candidate in candidates]
        for candidate, row in zip(
            group, _group(texts, labels, FEW_TERMS, group), strict=True
        ):
            yield {
                "estimator": candidate.estimator,
                "labels": n_labels,
                **scaling,
                **row,
            }


def _group(
    texts: list[str], labels: list[str], terms: int, candidates: Sequence[Candidate]
) -> Iterator[dict[str, Any]]:
    """How each candidate agrees with its export: trained on every second message, scored on all.

    The candidates differ in their estimators alone.
    """
    seen, unseen = texts[::2], texts[1::2]
    training = models.count(seen, labels[::2], terms)
    halves: dict[str, Half] = {}
    for candidate in candidates:
        fitted = models.fit(training, candidate)
        model = linear_model(fitted)
        for name, half in {} if halves else {"seen": seen, "unseen": unseen}.items():
            # The same for every estimator; terms are ordered by their idf.
            halves[name] = Half(
                half, fitted[:-1].transform(half), count_terms(model, half)
            )
        yield {
            "candidate": str(candidate),
            **_agreement(fitted[-1], model, candidate, halves),
        }


def _agreement(
    estimator: Any, model: LinearModel, candidate: Candidate, halves: dict[str, Half]
) -> dict[str, Any]:
    """The bits are chosen on the messages that were trained on, as in a night; then both halves are scored."""
    fixed, bits = choose_bits(model, halves["seen"].counts)
    scorer = nightsieve_scorer.load(
        models.export(fixed, bits, candidate, len(halves["seen"].texts), [""])
    )
    result: dict[str, Any] = {"bits": bits}
    largest = 0.0
    for name, half in halves.items():
        found = [scorer.evaluate(text) for text in half.texts]
        expected = centred_decision_function(estimator, half.vectors)
        flipped = estimator.predict(half.vectors) != np.array(
            [outcome.label for outcome in found]
        )
        proved = compare(model, fixed, half.counts, expected).proved
        result[name] = {
            "messages": len(half.texts),
            "flips": int(np.count_nonzero(flipped)),
            "proved": int(np.count_nonzero(proved)),
        }
        largest = max(
            largest,
            float(
                np.abs(np.array([outcome.scores for outcome in found]) - expected).max()
            ),
        )
    return {**result, "largest_score_difference": largest}


def tables(result: dict[str, Any]) -> str:
    """The result in Markdown: all messages, then the kinds."""
    columns = (
        "bits",
        "flipped, seen",
        "flipped, unseen",
        "not proved",
        "largest score difference",
    )
    whole = [[row["candidate"], *_row(row)] for row in result["whole"]]
    kinds = [
        [
            row["estimator"],
            str(row["labels"]),
            row["norm"] or "none",
            "sublinear" if row["sublinear_tf"] else "raw",
            *_row(row),
        ]
        for row in result["kinds"]
    ]
    return "\n\n".join(
        [
            f"Messages: {results.sources(result['sources'])}.",
            results.table(("model", *columns), whole),
            "Every kind of model, on fewer messages and terms:",
            results.table(("estimator", "labels", "norm", "tf", *columns), kinds),
        ]
    )


def _row(row: dict[str, Any]) -> list[str]:
    halves = row["seen"], row["unseen"]
    flips = [f"{half['flips']:,} of {half['messages']:,}" for half in halves]
    unproved = sum(half["messages"] - half["proved"] for half in halves)
    return [
        str(row["bits"]),
        *flips,
        f"{unproved:,}",
        results.rounded(row["largest_score_difference"]),
    ]


if __name__ == "__main__":
    main()
