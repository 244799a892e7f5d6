"""The night as one plain script, in one process: what one writes with pandas, `re` and scikit-learn alone.

``python -m benchmarks.baseline --until 2026-11-20 --to out`` trains from the database of ``NIGHTSIEVE_DATABASE_URL`` as
the configuration says. Four things are taken from the project, for else the results could not be equal: what the
configuration says, the tokens of a message, which texts train nothing, and which message is in which fold.
"""

import argparse
import datetime
import json
import math
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import sqlalchemy
from sklearn.base import ClassifierMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.metrics import f1_score
from sklearn.model_selection import GridSearchCV, PredefinedSplit, cross_val_predict
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC

from pipeline.config import DEFAULTS, file_layer, resolve
from pipeline.config.settings import Candidate, Rule, Settings, Text, Training
from pipeline.data.holdout import held_out
from pipeline.data.training_set import TrainingSet
from pipeline.rules.files import read_rules
from pipeline.text import Tokeniser
from pipeline.training.folds import assign_folds

CHUNK = 50_000
QUERY = "SELECT key, body, sender, received_at FROM messages WHERE received_at < :until"
# Parameters of the pipeline's steps, by the grid's name for them.
STEPS = {
    "ngrams": "tfidf__ngram_range",
    "min_df": "tfidf__min_df",
    "sublinear_tf": "tfidf__sublinear_tf",
    "norm": "tfidf__norm",
    "C": "estimator__C",
    "alpha": "estimator__alpha",
}


def main() -> None:
    chosen = _arguments()
    layers = [file_layer(DEFAULTS), *map(file_layer, chosen.config)]
    settings = resolve(layers, read_rules).settings
    chosen.to.mkdir(parents=True, exist_ok=True)
    result = run(settings, chosen.until, chosen.sample, chosen.to)
    (chosen.to / "result.json").write_text(
        json.dumps(result, indent=1) + "\n", encoding="utf-8"
    )


def run(
    settings: Settings, until: datetime.date, given: Sequence[Path], to: Path
) -> dict[str, Any]:
    """Every stage in turn; the files go into the folder ``to``.

    With ``given``, Parquet files of messages, these are what follows the sampling; it is done, and timed, all the same.
    The seconds for reading them, for writing what is only compared, and for searching once more with two jobs, which
    are ``two_jobs``, are ``aside``.
    """
    clock, training, sample = Clock(), settings.training, settings.source.sample
    url = os.environ["NIGHTSIEVE_DATABASE_URL"]
    messages = clock.time("ingest", ingest, url, until, sample.fraction, sample.seed)
    if given:
        messages = clock.time(
            "aside", pd.read_parquet, list(given), columns=["key", "body", "sender"]
        )
    messages["label"] = clock.time("label", label, messages, settings.labelling.rules)
    messages["text"] = clock.time("clean", clean, messages["body"], settings.text)
    clock.time("aside", messages[["key", "label"]].to_parquet, to / "labels.parquet")
    # In this order, because the steps of SGD depend on it.
    labelled = messages.dropna(subset=["label"]).sort_values(["text", "label"])
    labelled = labelled[
        ~clock.time(
            "aside", held_out, labelled["text"], settings.training.holdout_fraction
        )
    ]
    texts, labels = (
        labelled["text"].to_numpy(object),
        labelled["label"].to_numpy(object),
    )
    scores = clock.time("search", search, texts, labels, training)
    best = max(
        scores, key=lambda candidate: np.mean(scores[candidate])
    )  # the first on a tie
    macro_f1 = clock.time(
        "cross-validate", cross_validate, texts, labels, best, training
    )
    clock.time("fit", fit, texts, labels, best, training, to / "pipeline.joblib")
    clock.time("two jobs", search, texts, labels, training, 2)
    two_jobs = clock.seconds.pop("two jobs")
    return {
        "aside": clock.seconds.pop("aside", 0.0) + two_jobs,
        "two_jobs": two_jobs,
        "seconds": clock.seconds,
        "sampled": len(messages),
        "labelled": len(labelled),
        "scores": {str(candidate): found for candidate, found in scores.items()},
        "best": str(best),
        "macro_f1": macro_f1,
    }


class Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def time(
        self, stage: str, call: Callable[..., Any], *arguments: Any, **options: Any
    ) -> Any:
        """What the call gives; its seconds are added to the stage's."""
        begun = time.perf_counter()
        value = call(*arguments, **options)
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - begun
        return value


def ingest(url: str, until: datetime.date, fraction: float, seed: int) -> pd.DataFrame:
    """A random share of the messages received up to the date, those without a body left out."""
    end = datetime.datetime.combine(
        until + datetime.timedelta(days=1), datetime.time(), datetime.UTC
    )
    chance = np.random.default_rng(seed)
    engine = sqlalchemy.create_engine(
        sqlalchemy.make_url(url).set(drivername="postgresql+psycopg2")
    )
    with engine.connect().execution_options(stream_results=True) as connection:
        chunks = pd.read_sql(
            sqlalchemy.text(QUERY), connection, params={"until": end}, chunksize=CHUNK
        )
        kept = [
            chunk.sample(frac=fraction, random_state=chance).dropna(subset=["body"])
            for chunk in chunks
        ]
    engine.dispose()
    return pd.concat(kept, ignore_index=True)


def label(messages: pd.DataFrame, rules: Sequence[Rule]) -> pd.Series:
    """The label that most of the weight votes for; None on a tie or without a vote."""
    compiled = {
        field: [
            (re.compile(r.pattern, re.IGNORECASE).search, r.label, r.weight)
            for r in rules
            if r.field == field
        ]
        for field in ("body", "sender")
    }

    def majority(body: str, sender: Any) -> str | None:
        votes: Counter[str] = Counter()
        for search, name, weight in compiled["body"]:
            if search(body):
                votes[name] += weight
        if isinstance(sender, str):
            for search, name, weight in compiled["sender"]:
                if search(sender):
                    votes[name] += weight
        leaders = votes.most_common(2)
        if not leaders or (
            len(leaders) == 2 and math.isclose(leaders[0][1], leaders[1][1])
        ):
            return None
        return leaders[0][0]

    found = [
        majority(body, sender)
        for body, sender in zip(messages["body"], messages["sender"], strict=True)
    ]
    return pd.Series(found, index=messages.index, dtype=object)


def clean(bodies: pd.Series, text: Text) -> pd.Series:
    """Each message's tokens, joined by one blank."""
    tokens = Tokeniser.from_settings(text).tokens
    return bodies.map(lambda body: " ".join(tokens(body)))


def search(
    texts: np.ndarray, labels: np.ndarray, training: Training, jobs: int = 1
) -> dict[Candidate, list[float]]:
    """The score on each fold of every candidate, in the order of the grids."""
    folds = PredefinedSplit(
        assign(texts, labels, training.search.folds, training.search.seed)
    )
    found: dict[Candidate, list[float]] = {}
    for grid in training.search.grids:
        searched = GridSearchCV(
            _pipeline(grid.estimator, training),
            {
                step: getattr(grid, name)
                for name, step in STEPS.items()
                if getattr(grid, name) is not None
            },
            scoring=training.search.scoring,
            cv=folds,
            n_jobs=jobs,
            refit=False,
        ).fit(texts, labels)
        scores = np.stack(
            [
                searched.cv_results_[f"split{n}_test_score"]
                for n in range(folds.get_n_splits())
            ],
            axis=1,
        )
        for parameters, row in zip(
            searched.cv_results_["params"], scores.tolist(), strict=True
        ):
            knobs = {
                name: parameters[step]
                for name, step in STEPS.items()
                if step in parameters
            }
            found[Candidate(estimator=grid.estimator, **knobs)] = row
    return {candidate: found[candidate] for candidate in training.search.candidates}


def cross_validate(
    texts: np.ndarray, labels: np.ndarray, best: Candidate, training: Training
) -> float:
    """The macro F1 of what the candidate predicts of messages that it has not seen."""
    settings = training.cross_validation
    folds = PredefinedSplit(assign(texts, labels, settings.folds, settings.seed))
    predicted = cross_val_predict(_configured(best, training), texts, labels, cv=folds)
    return float(f1_score(labels, predicted, average="macro"))


def fit(
    texts: np.ndarray,
    labels: np.ndarray,
    best: Candidate,
    training: Training,
    path: Path,
) -> None:
    """Writes the candidate, fitted to all messages."""
    joblib.dump(_configured(best, training).fit(texts, labels), path, compress=3)


def assign(texts: np.ndarray, labels: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """The fold of every message: the night's own assignment, for documents of one message each."""
    y, names = pd.factorize(labels, sort=True)
    group = pd.factorize(texts, sort=True)[0].astype(np.int64)
    ones = np.ones(len(texts), dtype=np.int64)
    nothing = {
        "vocabulary": (),
        "tokens": ones[:0],
        "offsets": np.zeros(len(texts) + 1, dtype=np.int64),
    }
    messages = TrainingSet(
        labels=tuple(names),
        y=y.astype(np.int64),
        weight=ones,
        label_weight=ones.astype(float),
        group=group,
        **nothing,
    )
    return assign_folds(messages, folds, seed, "folds")


def _pipeline(estimator: str, training: Training) -> Pipeline:
    vectoriser = TfidfVectorizer(
        tokenizer=str.split, token_pattern=None, lowercase=False
    )
    return Pipeline(
        [("tfidf", vectoriser), ("estimator", _estimator(estimator, training))]
    )


def _estimator(name: str, training: Training) -> ClassifierMixin:
    solver = {"max_iter": training.max_iter, "random_state": training.seed}
    return {
        "logistic_regression": LogisticRegression(**solver),
        "linear_svm": LinearSVC(**solver),
        "sgd": SGDClassifier(**solver),
        "multinomial_nb": MultinomialNB(),
        "complement_nb": ComplementNB(),
    }[name]


def _configured(best: Candidate, training: Training) -> Pipeline:
    """The pipeline with the candidate's parameters."""
    knobs = best.model_dump(exclude={"C", "alpha"}) | best.model_dump(
        include={"C", "alpha"}, exclude_none=True
    )
    parameters = {step: knobs[name] for name, step in STEPS.items() if name in knobs}
    return _pipeline(best.estimator, training).set_params(**parameters)


def _arguments() -> argparse.Namespace:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "--until",
        type=datetime.date.fromisoformat,
        required=True,
        help="the last day, UTC",
    )
    arguments.add_argument(
        "--config",
        type=Path,
        action="append",
        default=[],
        help="overlays of the configuration",
    )
    arguments.add_argument(
        "--sample",
        type=Path,
        nargs="*",
        default=[],
        help="Parquet files to work with instead",
    )
    arguments.add_argument(
        "--to",
        type=Path,
        required=True,
        help="the folder for the model and the figures",
    )
    return arguments.parse_args()


if __name__ == "__main__":
    main()
