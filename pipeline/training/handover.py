"""Turn a fitted pipeline into data, and back.

Reading a pickle runs code that its writer chose. So tasks hand over data, and rebuild
the pipeline from it; only the classes named here are ever made.
"""

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from sklearn.pipeline import Pipeline

from pipeline.data.fitted_model import FittedModel
from pipeline.errors import ArtefactError
from pipeline.records.training import FittedCharacters, FittedDescription, Scalar
from pipeline.text import Tokeniser
from pipeline.text.character_map import CharacterMap
from pipeline.training.svm import NewtonSVC

_ESTIMATORS: dict[str, type[ClassifierMixin]] = {
    "logistic_regression": LogisticRegression,
    "linear_svm": NewtonSVC,
    "sgd": SGDClassifier,
    "multinomial_nb": MultinomialNB,
    "complement_nb": ComplementNB,
}
_ATTRIBUTES = {
    "class_count_",
    "class_log_prior_",
    "classes_",
    "coef_",
    "converged_",
    "feature_all_",
    "feature_count_",
    "feature_log_prob_",
    "intercept_",
    "n_features_in_",
    "n_iter_",
    "t_",
}


def as_data(fitted: Pipeline) -> FittedModel:
    """Return all of a pipeline of `fit` that its predictions depend on.

    What scikit-learn keeps for itself (attributes that begin with an underscore) is
    left out: it makes this again when it needs it.
    """
    vectoriser, estimator = (step for _, step in fitted.steps)
    tokeniser = vectoriser.analyzer
    arrays: dict[str, np.ndarray] = {}
    scalars: dict[str, Scalar] = {}
    names = [name for name in vars(estimator) if name in _ATTRIBUTES]
    for name in names:
        value = getattr(estimator, name)
        if isinstance(value, np.ndarray):
            arrays[name] = value
        else:
            scalars[name] = value.item() if isinstance(value, np.generic) else value
    description = FittedDescription(
        estimator=_name(estimator),
        parameters=_chosen_parameters(estimator),
        attributes=tuple(names),
        scalars=scalars,
        norm=vectoriser.norm,
        sublinear_tf=vectoriser.sublinear_tf,
        characters=_characters(tokeniser.characters),
        min_token=tokeniser.min_token,
        stop_words=tuple(sorted(tokeniser.stop_words)),
        ngrams=tokeniser.ngrams,
    )
    return FittedModel(
        description, tuple(vectoriser.vocabulary), vectoriser.idf_, arrays
    )


def rebuild(model: FittedModel) -> Pipeline:
    """Return the pipeline whose data `as_data` returned; it predicts the same.

    Strings are interned: a pickle writes one object once, so its bytes would depend on
    which equal strings the reader of JSON happened to share.

    Raises
    ------
    ArtefactError
        It is not the data of a pipeline that `fit` makes.
    """
    description = model.description
    tokeniser = Tokeniser(
        _character_map(description.characters),
        description.min_token,
        frozenset(map(sys.intern, description.stop_words)),
        description.ngrams,
    )
    tfidf = TfidfVectorizer(
        analyzer=tokeniser,
        vocabulary=list(model.terms),
        norm=description.norm and sys.intern(description.norm),
        sublinear_tf=description.sublinear_tf,
    )
    tfidf.idf_ = model.idf
    values: Mapping[str, Any] = {**description.scalars, **model.estimator}
    if not _ATTRIBUTES.issuperset(values) or {*values} != {*description.attributes}:
        raise ArtefactError(
            "a fitted model: holds what no fit sets; run the night again"
        )
    estimator = _estimator(description)
    for name in description.attributes:
        setattr(estimator, name, values[name])
    return Pipeline([("tfidf", tfidf), ("estimator", estimator)])


def _name(estimator: ClassifierMixin) -> str:
    for name, estimator_class in _ESTIMATORS.items():
        if type(estimator) is estimator_class:
            return name
    raise TypeError(f"{type(estimator).__name__}: not a classifier of training")


def _chosen_parameters(estimator: ClassifierMixin) -> dict[str, Scalar]:
    defaults = type(estimator)().get_params()
    return {
        name: value
        for name, value in estimator.get_params().items()
        if value != defaults[name]
    }


def _characters(characters: CharacterMap) -> FittedCharacters:
    return FittedCharacters(
        replace=characters.replace,
        drop=characters.drop,
        shift=characters.shift,
        keep=characters.keep,
    )


def _character_map(characters: FittedCharacters) -> CharacterMap:
    replace = [
        (first, last, sys.intern(string)) for first, last, string in characters.replace
    ]
    return CharacterMap(
        tuple(replace), characters.drop, characters.shift, characters.keep
    )


def _estimator(description: FittedDescription) -> ClassifierMixin:
    estimator_class = _ESTIMATORS.get(description.estimator)
    if estimator_class is None:
        raise ArtefactError(
            f"a fitted model: {description.estimator} is not a classifier of training; "
            "run the night again"
        )
    parameters = {
        name: sys.intern(value) if isinstance(value, str) else value
        for name, value in description.parameters.items()
    }
    return estimator_class(**parameters)
