"""Synthetic messages, and the training set that they make."""

from itertools import groupby, pairwise

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.svm import LinearSVC

from pipeline.config.settings import (
    Candidate,
    CrossValidation,
    Evaluation,
    Grid,
    ReviewTraining,
    Search,
    Text,
    Training,
)
from pipeline.data.training_set import TrainingSet
from pipeline.text import Tokeniser
from pipeline.training.estimators import build

NO_REVIEWS = ReviewTraining(sources=(), weight=1.0)
EVALUATION = Evaluation(aggregation="majority", merge={}, confidence=0.95)
CONFIDENCE = EVALUATION.confidence
TEXT = Text(preset="casefold", digits="shape", min_token=1, stop_words=("the",))
TOPICS = {
    "bank": "account debited credited balance the card bank transfer of rupees",
    "chat": "hello lunch tomorrow see you the home love of course",
    "otp": "code password login verification of the account expires minutes",
}
Message = tuple[str, str]


def make_messages(n: int, seed: int, repeats: int = 1) -> list[Message]:
    """Return ``(raw text, label)`` of ``n`` documents, in their order.

    Each is there 1 to ``repeats`` times, spelt differently.
    """
    rng = np.random.default_rng(seed)
    topics = {label: words.split() for label, words in TOPICS.items()}
    everything = sorted({word for words in topics.values() for word in words})
    documents = {}
    while len(documents) < n:
        label = str(rng.choice(list(topics)))
        words = rng.choice(
            topics[label] + everything, size=rng.integers(1, 12)
        ).tolist() + ["4711"]
        spellings = [
            separator.join(words).upper()
            for separator in rng.choice([" ", "-", ", "], size=repeats)
        ]
        documents.setdefault(
            _document((spellings[0], label)),
            spellings[: rng.integers(1, repeats, endpoint=True)],
        )
    return in_order(
        [
            (text, label)
            for (_, label), spellings in documents.items()
            for text in spellings
        ]
    )


def in_order(messages: list[Message]) -> list[Message]:
    """The messages in the order of a training set: by cleaned text, then label."""
    return sorted(messages, key=_document)


def make_training_set(
    messages: list[Message], labels: tuple[str, ...] = tuple(TOPICS)
) -> TrainingSet:
    """The training set of the messages."""
    documents = [
        (document, len(list(same)))
        for document, same in groupby(in_order(messages), key=_document)
    ]
    tokens = [text.split() for (text, _), _ in documents]
    vocabulary = sorted({token for document in tokens for token in document})
    number = {token: i for i, token in enumerate(vocabulary)}
    return TrainingSet(
        labels=labels,
        vocabulary=tuple(vocabulary),
        y=np.array([labels.index(label) for (_, label), _ in documents]),
        weight=np.array([weight for _, weight in documents]),
        label_weight=np.ones(len(documents)),
        group=np.cumsum([0, *(a[0][0] != b[0][0] for a, b in pairwise(documents))]),
        tokens=np.array(
            [number[token] for document in tokens for token in document], dtype=np.int32
        ),
        offsets=np.cumsum([0, *map(len, tokens)]),
    )


def reference(candidate: Candidate, training: Training) -> BaseEstimator:
    """Return scikit-learn's own classifier; its SVM with a far smaller tolerance."""
    if candidate.estimator == "linear_svm":
        return LinearSVC(
            C=candidate.C, tol=1e-9, max_iter=1_000_000, random_state=training.seed
        )
    return build(candidate, training)


def _document(message: Message) -> tuple[str, str]:
    text, label = message
    return " ".join(Tokeniser.from_settings(TEXT).tokens(text)), label


def make_grid(estimator: str, **knobs) -> Grid:
    """A grid of one estimator; a knob that is not given has one value."""
    strength = (
        {"C": (2.0,)}
        if estimator in ("logistic_regression", "linear_svm")
        else {"alpha": (0.01,)}
    )
    one = {
        "ngrams": ((1, 2),),
        "min_df": (2,),
        "sublinear_tf": (True,),
        "norm": ("l2",),
        **strength,
    }
    return Grid(estimator=estimator, **{**one, **knobs})


def make_training(
    grid: Grid, folds: int = 3, scoring: str = "f1_macro", max_iter: int = 5000
) -> Training:
    search = Search(folds=folds, seed=1, scoring=scoring, grids=(grid,))
    cross_validation = CrossValidation(folds=folds, seed=2)
    return Training(
        seed=7,
        max_iter=max_iter,
        max_in_memory_documents=1000,
        holdout_fraction=0.0,
        rare_labels="error",
        reviews=NO_REVIEWS,
        search=search,
        cross_validation=cross_validation,
    )
