"""Small fitted pipelines of every kind that can be exported, in many scripts."""

import functools
import itertools
import random

from hypothesis import strategies as st
from sklearn.base import ClassifierMixin, clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC

from pipeline.export.conformance.selection import make_vectors
from pipeline.export.exporters.nightsieve_linear.format import encode
from pipeline.model.fixed_point import FixedPointModel
from pipeline.model.from_sklearn import linear_model
from pipeline.model.quantise import quantise
from pipeline.records.export import Provenance, Vector
from pipeline.text import Tokeniser
from pipeline.text.character_map import preset

SENTENCES = {
    "bank": "Konto code 123456 счёт ΛΟΓΑΡΙΑΣΜΟΣ İban straße बैंक 账户 𐐀𐐁 don't the",
    "chat": "hello Привет καλημέρα नमस्ते 你好 ok 🔑 see you the a m\u0308arz ภาษา",
    "spam": "FREE win Выиграй ΔΩΡΟ मुफ़्त 免费 now!!! 1000 http://x.y prize the مجانا",
}
WORDS = {label: sentence.split() for label, sentence in SENTENCES.items()}
ALL_WORDS = list(itertools.chain.from_iterable(WORDS.values()))
NASTY = [
    "",
    " ",
    "\0",
    "free\0win",
    "\ud83d",
    "\udd11 free \ud83d",
    "\ud83d\udd11",
    "fr\u200dee \ufe0f win",
    "e\u0301\u0301" * 50,
    "İIıi ΣΑΣ ß ẞ ŉ ǰ",
    "\u2028free\u3000win\x85",
    "code " * 5000,
    "\U0010ffff",
    "１２３ ٤٥٦ 𝟜𝟝𝟞",
]
ESTIMATORS = [
    LogisticRegression(C=5),
    LinearSVC(random_state=0),
    SGDClassifier(random_state=0),
    MultinomialNB(),
    ComplementNB(),
]
KINDS = list(itertools.product(ESTIMATORS, (2, 3), ("l2", None), (False, True)))
PROVENANCE = Provenance(
    date="2026-11-20",
    fingerprint="0123456789abcdef",
    candidate="logistic_regression C=5, 1-2 grams, min_df 2",
    messages=200,
    documents=150,
    bits=12,
    libraries={"scikit-learn": "1.9.1"},
)
ANY_TEXT = st.text(st.characters(exclude_categories=()))
WORDY_TEXT = st.lists(st.sampled_from(ALL_WORDS) | ANY_TEXT).map(" ".join)


def identify(value: object) -> str:
    """Return the name of a parameter in a test's name."""
    if isinstance(value, (int, str, type(None))):
        return str(value)
    return type(value).__name__


def corpus(labels: int) -> tuple[list[str], list[str]]:
    """Return texts with mostly words of their label, and the labels."""
    chance = random.Random(labels)
    chosen = [chance.choice(sorted(WORDS)[:labels]) for _ in range(150)]
    texts = []
    for label in chosen:
        own = chance.choices(WORDS[label], k=6)
        others = chance.choices(ALL_WORDS, k=2)
        texts.append(" ".join(own + others))
    return texts, chosen


@functools.cache
def fit(
    estimator: ClassifierMixin,
    labels: int = 3,
    norm: str | None = "l2",
    sublinear: bool = False,
    vocabulary: tuple[str, ...] | None = None,
) -> Pipeline:
    """Return a pipeline as training fits it.

    Parameters
    ----------
    vocabulary
        The terms in their order; None for those that the corpus has.
    """
    tokeniser = Tokeniser(preset("casefold", "shape"), 2, frozenset({"the"}), (1, 2))
    vectoriser = TfidfVectorizer(
        analyzer=tokeniser,
        min_df=2,
        norm=norm,
        sublinear_tf=sublinear,
        vocabulary=vocabulary,
    )
    pipeline = Pipeline([("tfidf", vectoriser), ("estimator", clone(estimator))])
    texts, chosen = corpus(labels)
    return pipeline.fit(texts, chosen)


def exported(model: FixedPointModel) -> bytes:
    """Return the model as a file, with a self-test of two vectors."""
    return encode(model, PROVENANCE, self_test_of(model))


def self_test_of(model: FixedPointModel) -> tuple[Vector, ...]:
    """Return two vectors of the model."""
    texts = {SENTENCES["bank"]: "words", "free \ud83d": "surrogate"}
    return make_vectors(model, texts)


@functools.cache
def fixed(*kind, bits: int = 12) -> FixedPointModel:
    """Return the fixed-point model of a pipeline that `fit` makes."""
    return quantise(linear_model(fit(*kind)), bits)
