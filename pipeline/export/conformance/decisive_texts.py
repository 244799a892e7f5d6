"""Texts chosen by their scores: closest margins, thresholds, unusual winners.

Many texts are made up, and the model's own scores choose among them, so no wrong scorer
needs to run.
"""

import itertools
from collections.abc import Iterator

import numpy as np

from pipeline.export.conformance.made_up_text import Written
from pipeline.export.conformance.material import MAX_CHOICES, Material
from pipeline.export.conformance.text_generator import TextGenerator
from pipeline.model.counts import count_terms
from pipeline.model.fixed_point import FixedPointModel
from pipeline.text.character_map import SEPARATOR

POOL = 4000  # texts in which the closest scores are searched
THRESHOLD_POOL = 1000  # texts in which scores around a threshold are searched
SHORT_POOL = 2000  # short texts in which unusual winners are searched


def smallest_margins(material: Material) -> Iterator[Written]:
    """Yield a text with close scores for each pair of labels.

    Its scores are the closest of some thousand texts, preferably of texts where these
    labels are the best two.
    """
    model = material.model
    generator = TextGenerator(material, "smallest margins")
    texts = [generator.plain(4, 12) for _ in range(POOL)]
    scores = _scores(model, texts)
    pairs = list(itertools.combinations(range(len(model.labels)), 2))
    for i, j in pairs:
        near = texts[_closest(scores, i, j)]
        # One more term brings most pairs much closer than another thousand texts.
        additions = (generator.term() for _ in range(POOL // len(pairs)))
        nearer = [near, *(f"{near} {term}" for term in additions)]
        text = nearer[_closest(_scores(model, nearer), i, j)]
        yield Written(text, f"{model.labels[i]} and {model.labels[j]}")


def around_thresholds(material: Material) -> Iterator[Written]:
    """Yield the closest texts above and below the threshold of each label with one."""
    model = material.model
    generator = TextGenerator(material, "thresholds")
    for label in np.flatnonzero(model.thresholds).tolist():
        strongest = material.strongest(label, MAX_CHOICES)
        texts = [_leaning(generator, strongest) for _ in range(THRESHOLD_POOL)]
        remaining = model.subtract_thresholds(_scores(model, texts))
        others = np.delete(remaining, label, axis=1)
        lead = remaining[:, label] - others.max(axis=1)
        for side, on_side in (("above", lead > 0), ("below", lead < 0)):
            if on_side.any():
                distance = np.where(on_side, np.abs(lead), np.inf)
                text = texts[int(distance.argmin())]
                yield Written(text, f"{side} the threshold of {model.labels[label]}")


def odd_winners(material: Material) -> Iterator[Written]:
    """Yield the shortest text for each unusual way in which a label wins.

    A way that no label of the model wins has no text.
    """
    model = material.model
    generator = TextGenerator(material, "odd winners")
    texts = [generator.plain(1, 5) for _ in range(SHORT_POOL)]
    lengths = np.array(list(map(len, texts)))
    for description, applies in _odd_ways(model, _scores(model, texts)).items():
        if applies.any():
            shortest = np.where(applies, lengths, np.inf).argmin()
            yield Written(texts[int(shortest)], description)


def _odd_ways(model: FixedPointModel, scores: np.ndarray) -> dict[str, np.ndarray]:
    """Return where a label wins in each unusual way, bool [n_texts] by description."""
    winner = scores.argmax(axis=1)
    first_positive = (scores > 0).argmax(axis=1)
    without_biases = scores - np.ldexp(model.biases.astype(float), model.bias_shift)
    ranked = np.sort(scores, axis=1)
    return {
        "only without thresholds": model.label_with_thresholds(scores) != winner,
        "only by the biases": without_biases.argmax(axis=1) != winner,
        "the last label, with the second below 0": (winner > 1) & (scores[:, 1] <= 0),
        "another score is further from 0": np.abs(scores).argmax(axis=1) != winner,
        "another label is above 0 before it": first_positive < winner,
        "the first of two equal ones": ranked[:, -1] == ranked[:, -2],
    }


def _leaning(generator: TextGenerator, strongest: list[str]) -> str:
    """Return a text with up to eight of the strongest terms of a label.

    Whether the label wins is left to chance.
    """
    chosen = generator.random.choices(strongest, k=generator.random.randint(0, 8))
    return SEPARATOR.join([*chosen, generator.plain(1, 8)])


def _scores(model: FixedPointModel, texts: list[str]) -> np.ndarray:
    return model.scores(count_terms(model, texts))


def _closest(scores: np.ndarray, i: int, j: int) -> int:
    """Return the row of scores [n_texts, K] in which two labels are closest.

    Rows where these labels are the best two are preferred.
    """
    margins = np.abs(scores[:, i] - scores[:, j])
    second_best = np.partition(scores, -2, axis=1)[:, -2]
    best_two = np.minimum(scores[:, i], scores[:, j]) >= second_best
    if best_two.any():
        margins = np.where(best_two, margins, np.inf)
    return int(margins.argmin())
