"""Synthetic messages, the training set that they make, and settings to train with."""

from itertools import chain, groupby, pairwise
from typing import Any, Literal, get_args

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.svm import LinearSVC

from pipeline.config.settings import (
    Candidate,
    Corrections,
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
EVALUATION = Evaluation(
    sources=None,
    corrections=Corrections(per_annotator_and_day=50),
    aggregation="majority",
    merge={},
    confidence=0.95,
)
CONFIDENCE = EVALUATION.confidence
TEXT = Text(preset="casefold", digits="shape", min_token=1, stop_words=("the",))
TOPICS = {
    "bank": "account debited credited balance the card bank transfer of rupees",
    "chat": "hello lunch tomorrow see you the home love of course",
    "otp": "code password login verification of the account expires minutes",
}
Message = tuple[str, str]
Estimator = Literal[
    "logistic_regression", "linear_svm", "sgd", "multinomial_nb", "complement_nb"
]
ESTIMATORS = get_args(Estimator)
#: Several values of each setting of a grid that all estimators have.
EVERY_SETTING = {
    "ngrams": ((1, 1), (1, 2), (2, 3)),
    "min_df": (1, 4),
    "sublinear_tf": (True, False),
    "norm": ("l2", None),
}


def make_messages(n: int, seed: int, repeats: int = 1) -> list[Message]:
    """Return ``(raw text, label)`` of ``n`` documents, in their order.

    Each document occurs 1 to ``repeats`` times, spelt differently.
    """
    rng = np.random.default_rng(seed)
    topics = {label: words.split() for label, words in TOPICS.items()}
    all_words = sorted(set(chain.from_iterable(topics.values())))
    documents: dict[Message, list[str]] = {}
    while len(documents) < n:
        label = str(rng.choice(list(topics)))
        n_words = rng.integers(1, 12)
        words = rng.choice(topics[label] + all_words, size=n_words).tolist()
        words.append("4711")
        separators = rng.choice([" ", "-", ", "], size=repeats)
        spellings = [separator.join(words).upper() for separator in separators]
        n_messages = rng.integers(1, repeats, endpoint=True)
        document = _document((spellings[0], label))
        documents.setdefault(document, spellings[:n_messages])
    messages = []
    for (_, label), spellings in documents.items():
        messages += [(text, label) for text in spellings]
    return in_order(messages)


def in_order(messages: list[Message]) -> list[Message]:
    """Return the messages in the order of a training set: by cleaned text, label."""
    return sorted(messages, key=_document)


def make_training_set(
    messages: list[Message], labels: tuple[str, ...] = tuple(TOPICS)
) -> TrainingSet:
    """Return the training set of the messages."""
    texts = []
    y = []
    weight = []
    for (text, label), equal_messages in groupby(in_order(messages), key=_document):
        texts.append(text)
        y.append(labels.index(label))
        weight.append(len(list(equal_messages)))
    tokens = [text.split() for text in texts]
    all_tokens = list(chain.from_iterable(tokens))
    vocabulary = sorted(set(all_tokens))
    token_ids = {token: i for i, token in enumerate(vocabulary)}
    is_new_text = [text != previous for previous, text in pairwise(texts)]
    return TrainingSet(
        labels=labels,
        vocabulary=tuple(vocabulary),
        y=np.array(y),
        weight=np.array(weight),
        label_weight=np.ones(len(texts)),
        group=np.cumsum([0, *is_new_text]),
        tokens=np.array([token_ids[token] for token in all_tokens], dtype=np.int32),
        offsets=np.cumsum([0, *map(len, tokens)]),
    )


def reference(candidate: Candidate, training: Training) -> BaseEstimator:
    """Return scikit-learn's own classifier; its SVM with a much smaller tolerance."""
    if candidate.estimator == "linear_svm":
        return LinearSVC(
            C=candidate.C, tol=1e-9, max_iter=1_000_000, random_state=training.seed
        )
    return build(candidate, training)


def _document(message: Message) -> tuple[str, str]:
    text, label = message
    return " ".join(Tokeniser.from_settings(TEXT).tokens(text)), label


def make_grid(estimator: Estimator, **settings: tuple[Any, ...]) -> Grid:
    """Return a grid of one estimator; a setting that is not given has one value."""
    if estimator in ("logistic_regression", "linear_svm"):
        regularisation: dict[str, tuple[Any, ...]] = {"C": (2.0,)}
    else:
        regularisation = {"alpha": (0.01,)}
    values = {
        "ngrams": ((1, 2),),
        "min_df": (2,),
        "sublinear_tf": (True,),
        "norm": ("l2",),
        **regularisation,
        **settings,
    }
    return Grid.model_validate({"estimator": estimator, **values})


def make_training(
    *grids: Grid,
    scoring: Literal["f1_macro", "f1_weighted", "balanced_accuracy"] = "f1_macro",
    max_iter: int = 5000,
    max_in_memory_documents: int = 1000,
    seed: int = 7,
) -> Training:
    search = Search(folds=3, seed=1, scoring=scoring, grids=grids)
    return Training(
        seed=seed,
        max_iter=max_iter,
        max_in_memory_documents=max_in_memory_documents,
        holdout_fraction=0.0,
        rare_labels="error",
        reviews=NO_REVIEWS,
        search=search,
        cross_validation=CrossValidation(folds=3, seed=2),
    )
