"""Made-up crowds, and what crowd-kit 1.4.2 makes of them: ``crowds.json``.

Written by ``uv pip install crowd-kit==1.4.2 && python -m tests.unit.statistics.crowds``. crowd-kit is no
dependency, see `pipeline.statistics.dawid_skene`: what it says is kept
instead. Nobody here gave few reviews, nor always the same label.
"""

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

GOLDEN = Path(__file__).with_name("crowds.json")
# Messages, how often each annotator is right, labels by their frequency, and the share of reviews that are missing.
CROWDS = {
    "two labels, one annotator hardly better than chance": (
        60,
        (0.9, 0.8, 0.55),
        (0.5, 0.5),
        0.0,
    ),
    "a rare label": (150, (0.95, 0.85, 0.7, 0.7), (0.6, 0.3, 0.1), 0.0),
    "four labels, a third of the reviews missing": (
        300,
        (0.9, 0.9, 0.8, 0.7, 0.6, 0.5),
        (0.4, 0.3, 0.2, 0.1),
        0.33,
    ),
    "one annotator takes each label for the next": (
        120,
        (0.9, 0.85, 0.8, -0.9),
        (0.4, 0.3, 0.3),
        0.1,
    ),
}
MISSING = "."


def read() -> dict[str, dict]:
    """By their names the crowds' ``reviews``, ``posterior`` and ``alpha``.

    ``reviews`` has a string for each message, in it a letter for each annotator's label, or `MISSING`. ``posterior``
    has crowd-kit's probability of each label, in the order of the letters.
    """
    return json.loads(GOLDEN.read_text())


def columns(reviews: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The message, the annotator and the label of each review, int64 [n_reviews]."""
    given = [
        (m, w, ord(x) - ord("a"))
        for m, row in enumerate(reviews)
        for w, x in enumerate(row)
        if x != MISSING
    ]
    return tuple(np.array(given).T)


def _make(
    n_messages: int,
    skills: tuple[float, ...],
    frequency: tuple[float, ...],
    missing: float,
) -> list[str]:
    """Reviews of a crowd; a negative skill is how often an annotator says the next label. Everybody misses some."""
    chance, n_labels = np.random.default_rng(n_messages), len(frequency)
    truth = chance.choice(n_labels, n_messages, p=frequency)
    said = []
    for skill in skills:
        usual = truth if skill > 0 else (truth + 1) % n_labels
        other = chance.integers(n_labels, size=n_messages)
        label = np.where(chance.random(n_messages) < abs(skill), usual, other)
        said.append(np.where(chance.random(n_messages) < missing, -1, label))
    rows = np.array(said).T
    rows[(rows < 0).all(axis=1), 0] = 0
    return [
        "".join(MISSING if label < 0 else chr(ord("a") + label) for label in row)
        for row in rows
    ]


def _by_crowd_kit(reviews: list[str]) -> dict:
    from crowdkit.aggregation import DawidSkene
    from crowdkit.metrics.data import alpha_krippendorff

    warnings.simplefilter("ignore")  # what pandas 3 says of it
    table = pd.DataFrame(
        dict(zip(("task", "worker", "label"), columns(reviews), strict=True))
    )
    # Not until its loss changes little: that is before the probabilities do.
    found = DawidSkene(n_iter=400, tol=-1).fit_predict_proba(table).sort_index()
    return {
        "alpha": round(alpha_krippendorff(table), 9),
        "reviews": reviews,
        "posterior": found[sorted(found)].round(9).to_numpy().tolist(),
    }


if __name__ == "__main__":
    crowds = {name: _by_crowd_kit(_make(*crowd)) for name, crowd in CROWDS.items()}
    GOLDEN.write_text(
        json.dumps(crowds).replace("}, ", "},\n") + "\n"
    )  # a line for each
