"""Texts that wrong scorers may get wrong, a few hundred, of which the greedy cover takes the best.

No message is among them, and the same model gives the same texts.
"""

import itertools

import numpy as np

from pipeline.export.conformance.text_generator import Author
from pipeline.model.counts import count_terms
from pipeline.model.fixed_point import FixedPointModel

POOL = 4000  # texts among which the closest scores are looked for
LEANING = (
    1000  # texts among which the margins nearest to a label's threshold are looked for
)
SURROGATES = (
    "\ud83d",
    "\udd11",
    "{0}\ud83d{1} {1}\udd11{0}",
    "\ud83d {0} {1}\ud83d\ud83d\udd11{0}",
    "{0}\udd11\ud83d{1} {0}\ud801\udc00{1} {0}\udc00\ud801{1}",
    "{0}\ud801{1} {0}\udc28{1} {0}\ud801\ud801\udc28\udc28{1}",
    "\udbff{0}\udbff\udfff{1}\ud800\udc00 {0}\udd11\udd11{1}\ud83d",
)


def candidates(model: FixedPointModel) -> list[str]:
    """Texts for a greedy cover, a few hundred, all of them short but one."""
    author = Author(model)
    texts = [author.plain() for _ in range(40)] + [author.varied() for _ in range(140)]
    texts += itertools.chain(
        author.phrases(),
        author.repeats(),
        author.strong(),
        author.lengths(),
        author.zoo(),
    )
    texts += [author.filled(pattern) for pattern in SURROGATES]
    texts += [author.corners(), author.long_text(), author.first_and_last()]
    return list(dict.fromkeys(texts))


def required(model: FixedPointModel) -> dict[str, str]:
    """Texts that every set of vectors has, whatever they kill, each with why."""
    author = Author(model)
    texts = {
        "": "empty",
        "\0": "NUL",
        author.filled("{0}\0{1}\0{2} {3}\0"): "NUL between terms and after them",
    }
    texts |= {
        author.filled(pattern): "surrogates, alone or in pairs"
        for pattern in SURROGATES
    }
    texts |= {author.unknown(8): "no known term", author.over_long(): "over-long"}
    texts |= {author.separated(): "separators of many kinds"}
    texts |= {text: "characters that runtimes do not agree on" for text in author.zoo()}
    return (
        texts | author.edges() | closest(model, author) | at_thresholds(model, author)
    )


def closest(model: FixedPointModel, author: Author) -> dict[str, str]:
    """For each pair of labels a text with their scores as close as any of some thousand, if possible the best two."""
    texts = [author.plain(4, 12) for _ in range(POOL)]
    scores = model.scores(count_terms(model, texts))
    pairs = list(itertools.combinations(range(len(model.labels)), 2))
    found = {}
    for pair in pairs:
        near = texts[_closest(scores, *pair)]
        # One term more brings most pairs far closer than another thousand texts would.
        nearer = [
            near,
            *(f"{near} {author.plain(1, 1)}" for _ in range(POOL // len(pairs))),
        ]
        text = nearer[_closest(model.scores(count_terms(model, nearer)), *pair)]
        names = " and ".join(model.labels[label] for label in pair)
        found[text] = (
            f"{found[text]}, and of {names}"
            if text in found
            else f"the smallest margin of {names}"
        )
    return found


def at_thresholds(model: FixedPointModel, author: Author) -> dict[str, str]:
    """For each label with a threshold the texts of some thousand that are decided for it and against it the closest."""
    found = {}
    for label in np.flatnonzero(model.thresholds).tolist():
        texts = list(itertools.islice(author.leaning(label), LEANING))
        less = model.subtract_thresholds(model.scores(count_terms(model, texts)))
        lead = less[:, label] - np.delete(less, label, axis=1).max(axis=1)
        for side, where in (("above", lead > 0), ("below", lead < 0)):
            if where.any():
                text = texts[int(np.where(where, np.abs(lead), np.inf).argmin())]
                found[text] = (
                    f"the smallest margin {side} the threshold of {model.labels[label]}"
                )
    return found


def _closest(scores: np.ndarray, i: int, j: int) -> int:
    """The row in which two labels' scores [n_texts, K] are closest, of those where they are the best two, if any."""
    margins = np.abs(scores[:, i] - scores[:, j])
    best_two = (
        np.minimum(scores[:, i], scores[:, j])
        >= np.partition(scores, -2, axis=1)[:, -2]
    )
    return int(
        np.where(best_two, margins, np.inf if best_two.any() else margins).argmin()
    )
