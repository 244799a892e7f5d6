"""Generated crowds, and the results of crowd-kit 1.4.2 for them: ``crowds.json``.

Write them again by ``python -m tests.unit.statistics.crowds``, after
``uv pip install crowd-kit==1.4.2``. crowd-kit is no dependency, see
`pipeline.statistics.dawid_skene`, so its results are kept. No annotator here gave few
reviews, or the same label always.
"""

import json
import warnings
from pathlib import Path
from typing import NamedTuple, TypedDict

import numpy as np
import pandas as pd

GOLDEN = Path(__file__).with_name("crowds.json")
MISSING = "."


class Crowd(NamedTuple):
    """How a crowd is generated.

    Attributes
    ----------
    skills
        How often each annotator is right; a negative skill is how often an annotator
        gives the next label.
    frequency
        The labels by their frequency.
    missing
        The share of reviews that are missing.
    """

    n_messages: int
    skills: tuple[float, ...]
    frequency: tuple[float, ...]
    missing: float


class Golden(TypedDict):
    """Reviews, and the results of crowd-kit for them.

    Attributes
    ----------
    alpha
        Krippendorff's.
    reviews
        A string for each message, with a letter for each annotator's label, or
        `MISSING`.
    posterior
        The probability of each label, in the order of the letters, for each message.
    """

    alpha: float
    reviews: list[str]
    posterior: list[list[float]]


class Columns(NamedTuple):
    """The reviews of a crowd, each array int64 [n_reviews]."""

    message: np.ndarray
    annotator: np.ndarray
    label: np.ndarray


CROWDS = {
    "two labels, one annotator hardly better than chance": Crowd(
        60, skills=(0.9, 0.8, 0.55), frequency=(0.5, 0.5), missing=0.0
    ),
    "a rare label": Crowd(
        150, skills=(0.95, 0.85, 0.7, 0.7), frequency=(0.6, 0.3, 0.1), missing=0.0
    ),
    "four labels, a third of the reviews missing": Crowd(
        300,
        skills=(0.9, 0.9, 0.8, 0.7, 0.6, 0.5),
        frequency=(0.4, 0.3, 0.2, 0.1),
        missing=0.33,
    ),
    "one annotator takes each label for the next": Crowd(
        120, skills=(0.9, 0.85, 0.8, -0.9), frequency=(0.4, 0.3, 0.3), missing=0.1
    ),
}


def read() -> dict[str, Golden]:
    """Return the crowds by their names."""
    return json.loads(GOLDEN.read_text())


def columns(reviews: list[str]) -> Columns:
    """Return the message, the annotator and the label of each review."""
    triples = []
    for message, letters in enumerate(reviews):
        for annotator, letter in enumerate(letters):
            if letter != MISSING:
                triples.append((message, annotator, ord(letter) - ord("a")))
    return Columns(*np.array(triples).T)


def _make(crowd: Crowd) -> list[str]:
    """Return the reviews of a crowd; every annotator misses some messages."""
    chance = np.random.default_rng(crowd.n_messages)
    n_labels = len(crowd.frequency)
    truth = chance.choice(n_labels, crowd.n_messages, p=crowd.frequency)
    by_annotator = []
    for skill in crowd.skills:
        usual = truth if skill > 0 else (truth + 1) % n_labels
        other = chance.integers(n_labels, size=crowd.n_messages)
        is_usual = chance.random(crowd.n_messages) < abs(skill)
        label = np.where(is_usual, usual, other)
        is_missing = chance.random(crowd.n_messages) < crowd.missing
        by_annotator.append(np.where(is_missing, -1, label))
    by_message = np.array(by_annotator).T
    by_message[(by_message < 0).all(axis=1), 0] = 0
    return ["".join(map(_letter, labels)) for labels in by_message]


def _letter(label: int) -> str:
    return MISSING if label < 0 else chr(ord("a") + label)


def _by_crowd_kit(reviews: list[str]) -> Golden:
    # Imported here, since the tests run without crowd-kit.
    from crowdkit.aggregation import DawidSkene  # noqa: PLC0415
    from crowdkit.metrics.data import alpha_krippendorff  # noqa: PLC0415

    warnings.simplefilter("ignore")  # pandas 3 warns about crowd-kit
    message, annotator, label = columns(reviews)
    table = pd.DataFrame({"task": message, "worker": annotator, "label": label})
    # It must not stop when its loss changes little: probabilities change for longer.
    model = DawidSkene(n_iter=400, tol=-1)
    posterior = model.fit_predict_proba(table).sort_index()
    return {
        "alpha": round(alpha_krippendorff(table), 9),
        "reviews": reviews,
        "posterior": posterior[sorted(posterior)].round(9).to_numpy().tolist(),
    }


if __name__ == "__main__":
    results = {name: _by_crowd_kit(_make(crowd)) for name, crowd in CROWDS.items()}
    # A line for each crowd.
    lines = json.dumps(results).replace("}, ", "},\n")
    GOLDEN.write_text(f"{lines}\n")
