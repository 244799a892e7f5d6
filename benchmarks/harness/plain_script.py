"""The night as one plain script: pandas, `re` and scikit-learn alone, in one process.

It trains from the database of ``NIGHTSIEVE_DATABASE_URL`` as the configuration says.
Four things are taken from the project, or the results could not be equal: what the
configuration says, the tokens of a message, which texts are held out, and which message
is in which fold.
"""

import argparse
import contextlib
import datetime
import math
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

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
from pipeline.records.record import Record
from pipeline.rules.files import read_rules
from pipeline.text import Tokeniser
from pipeline.training.folds import assign_folds

RESULT_FILE = "result.json"
LABELS_FILE = "labels.parquet"
CHUNK_ROWS = 50_000
QUERY = "SELECT key, body, sender, received_at FROM messages WHERE received_at < :until"
# Parameters of the pipeline's steps, by the name that the grid has for them.
PIPELINE_PARAMETERS = {
    "ngrams": "tfidf__ngram_range",
    "min_df": "tfidf__min_df",
    "sublinear_tf": "tfidf__sublinear_tf",
    "norm": "tfidf__norm",
    "C": "estimator__C",
    "alpha": "estimator__alpha",
}


class PlainScriptResult(Record):
    """What the script did, and how long it took.

    Attributes
    ----------
    aside_seconds
        For what is done for the comparison alone: reading a given sample, writing what
        is compared, and the second search with two jobs.
    two_jobs_seconds
        Of that second search.
    seconds
        By stage, without these.
    sampled, labelled
        Messages.
    scores
        Of each candidate on each fold, by its description.
    best
        The description of the winning candidate.
    macro_f1
        Of the winning candidate, cross-validated.
    """

    aside_seconds: float
    two_jobs_seconds: float
    seconds: dict[str, float]
    sampled: int
    labelled: int
    scores: dict[str, tuple[float, ...]]
    best: str
    macro_f1: float


class StageClock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the seconds of the block to the stage."""
        started = time.perf_counter()
        yield
        seconds = time.perf_counter() - started
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds


def main() -> None:
    """Run the script as the command line says."""
    arguments = _parse_arguments()
    layers = [file_layer(DEFAULTS), *map(file_layer, arguments.config)]
    settings = resolve(layers, read_rules).settings
    arguments.to.mkdir(parents=True, exist_ok=True)
    result = run(settings, arguments.until, arguments.sample, arguments.to)
    (arguments.to / RESULT_FILE).write_bytes(result.to_json())


def run(
    settings: Settings, until: datetime.date, sample: Sequence[Path], folder: Path
) -> PlainScriptResult:
    """Run every stage in turn.

    Parameters
    ----------
    sample
        Parquet files of messages that the stages after ingest get. The database is
        sampled, and that is timed, all the same. Without them they get that sample.
    folder
        Where the files go.
    """
    clock = StageClock()
    training = settings.training
    url = os.environ["NIGHTSIEVE_DATABASE_URL"]
    drawn = settings.source.sample
    with clock.stage("ingest"):
        messages = ingest(url, until, drawn.fraction, drawn.seed)
    if sample:
        with clock.stage("aside"):
            columns = ["key", "body", "sender"]
            parts = [pd.read_parquet(path, columns=columns) for path in sample]
            messages = pd.concat(parts, ignore_index=True)
    with clock.stage("label"):
        messages["label"] = label(messages, settings.labelling.rules)
    with clock.stage("clean"):
        messages["text"] = clean(messages["body"], settings.text)
    with clock.stage("aside"):
        messages[["key", "label"]].to_parquet(folder / LABELS_FILE)
    # In this order, because the steps of SGD depend on it.
    labelled = messages.dropna(subset=["label"]).sort_values(["text", "label"])
    with clock.stage("aside"):
        is_held_out = held_out(labelled["text"], training.holdout_fraction)
    labelled = labelled[~is_held_out]
    texts = labelled["text"].to_numpy(object)
    labels = labelled["label"].to_numpy(object)
    with clock.stage("search"):
        scores = search(texts, labels, training)
    means = {candidate: np.mean(row) for candidate, row in scores.items()}
    best = max(means, key=means.__getitem__)  # the first on a tie
    with clock.stage("cross-validate"):
        macro_f1 = cross_validate(texts, labels, best, training)
    with clock.stage("fit"):
        fit(texts, labels, best, training, folder / "pipeline.joblib")
    with clock.stage("two jobs"):
        search(texts, labels, training, jobs=2)
    two_jobs_seconds = clock.seconds.pop("two jobs")
    return PlainScriptResult(
        aside_seconds=clock.seconds.pop("aside") + two_jobs_seconds,
        two_jobs_seconds=two_jobs_seconds,
        seconds=clock.seconds,
        sampled=len(messages),
        labelled=len(labelled),
        scores={str(candidate): tuple(row) for candidate, row in scores.items()},
        best=str(best),
        macro_f1=macro_f1,
    )


def ingest(url: str, until: datetime.date, fraction: float, seed: int) -> pd.DataFrame:
    """Return a random share of the messages received up to the date, with a body."""
    next_day = until + datetime.timedelta(days=1)
    end = datetime.datetime.combine(next_day, datetime.time(), datetime.UTC)
    rng = np.random.default_rng(seed)
    psycopg2_url = sqlalchemy.make_url(url).set(drivername="postgresql+psycopg2")
    engine = sqlalchemy.create_engine(psycopg2_url)
    sampled_chunks = []
    with engine.connect().execution_options(stream_results=True) as connection:
        query = sqlalchemy.text(QUERY)
        for chunk in pd.read_sql(
            query, connection, params={"until": end}, chunksize=CHUNK_ROWS
        ):
            sampled = chunk.sample(frac=fraction, random_state=rng)
            sampled_chunks.append(sampled.dropna(subset=["body"]))
    engine.dispose()
    return pd.concat(sampled_chunks, ignore_index=True)


Search = tuple[Callable[[str], re.Match[str] | None], str, float]
"""A rule: the search for its pattern, its label, its weight."""


def label(messages: pd.DataFrame, rules: Sequence[Rule]) -> pd.Series:
    """Return the label that most weight votes for; None on a tie or without votes."""
    body_rules = _compile_rules(rules, "body")
    sender_rules = _compile_rules(rules, "sender")

    def majority(body: str, sender: object) -> str | None:
        votes: Counter[str] = Counter()
        for search_in, name, weight in body_rules:
            if search_in(body):
                votes[name] += weight  # type: ignore[assignment]  # weights are floats
        if isinstance(sender, str):
            for search_in, name, weight in sender_rules:
                if search_in(sender):
                    votes[name] += weight  # type: ignore[assignment]  # as above
        leaders = votes.most_common(2)
        if not leaders:
            return None
        if len(leaders) > 1 and math.isclose(leaders[0][1], leaders[1][1]):
            return None
        return leaders[0][0]

    labels = [
        majority(body, sender)
        for body, sender in zip(messages["body"], messages["sender"], strict=True)
    ]
    return pd.Series(labels, index=messages.index, dtype=object)


def _compile_rules(rules: Sequence[Rule], field: str) -> list[Search]:
    compiled: list[Search] = []
    for rule in rules:
        if rule.field == field:
            pattern = re.compile(rule.pattern, re.IGNORECASE)
            compiled.append((pattern.search, rule.label, rule.weight))
    return compiled


def clean(bodies: pd.Series, text: Text) -> pd.Series:
    """Return the tokens of each message, joined by spaces."""
    tokens = Tokeniser.from_settings(text).tokens
    return bodies.map(lambda body: " ".join(tokens(body)))


def search(
    texts: np.ndarray, labels: np.ndarray, training: Training, jobs: int = 1
) -> dict[Candidate, list[float]]:
    """Return the score of every candidate on each fold, in the order of the grids."""
    fold_of_message = assign(texts, labels, training.search.folds, training.search.seed)
    folds = PredefinedSplit(fold_of_message)
    scores: dict[Candidate, list[float]] = {}
    for grid in training.search.grids:
        parameters = {}
        for name, parameter in PIPELINE_PARAMETERS.items():
            values = getattr(grid, name)
            if values is not None:
                parameters[parameter] = values
        searched = GridSearchCV(
            _pipeline(grid.estimator, training),
            parameters,
            scoring=training.search.scoring,
            cv=folds,
            n_jobs=jobs,
            refit=False,
        ).fit(texts, labels)
        fold_scores = [
            searched.cv_results_[f"split{fold}_test_score"]
            for fold in range(folds.get_n_splits())
        ]
        rows = np.stack(fold_scores, axis=1).tolist()
        for chosen, row in zip(searched.cv_results_["params"], rows, strict=True):
            candidate = _candidate(grid.estimator, chosen)
            scores[candidate] = row
    return {candidate: scores[candidate] for candidate in training.search.candidates}


def cross_validate(
    texts: np.ndarray, labels: np.ndarray, best: Candidate, training: Training
) -> float:
    """Return the macro F1 of the candidate's predictions for unseen messages."""
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
    """Write the candidate, fitted to all messages."""
    joblib.dump(_configured(best, training).fit(texts, labels), path, compress=3)


def assign(texts: np.ndarray, labels: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """Return the fold of every message, as a night assigns documents of one message."""
    y, names = pd.factorize(labels, sort=True)
    group, _ = pd.factorize(texts, sort=True)
    ones = np.ones(len(texts), dtype=np.int64)
    messages = TrainingSet(
        labels=tuple(names),
        y=y.astype(np.int64),
        weight=ones,
        label_weight=ones.astype(float),
        group=group.astype(np.int64),
        # Folds do not depend on the tokens.
        vocabulary=(),
        tokens=ones[:0],
        offsets=np.zeros(len(texts) + 1, dtype=np.int64),
    )
    return assign_folds(messages, folds, seed, "folds")


def _pipeline(estimator: str, training: Training) -> Pipeline:
    tfidf = TfidfVectorizer(tokenizer=str.split, token_pattern=None, lowercase=False)
    return Pipeline([("tfidf", tfidf), ("estimator", _estimator(estimator, training))])


def _estimator(name: str, training: Training) -> ClassifierMixin:
    solver = {"max_iter": training.max_iter, "random_state": training.seed}
    estimators = {
        "logistic_regression": LogisticRegression(**solver),
        "linear_svm": LinearSVC(**solver),
        "sgd": SGDClassifier(**solver),
        "multinomial_nb": MultinomialNB(),
        "complement_nb": ComplementNB(),
    }
    return estimators[name]


def _candidate(estimator: str, parameters: dict[str, object]) -> Candidate:
    """Return the candidate with these parameters of the pipeline."""
    values = {
        name: parameters[parameter]
        for name, parameter in PIPELINE_PARAMETERS.items()
        if parameter in parameters
    }
    return Candidate.model_validate({"estimator": estimator, **values})


def _configured(best: Candidate, training: Training) -> Pipeline:
    """Return the pipeline with the candidate's parameters."""
    parameters = {}
    for name, parameter in PIPELINE_PARAMETERS.items():
        value = getattr(best, name)
        # None is a norm, but an absent C or alpha.
        if value is not None or name not in {"C", "alpha"}:
            parameters[parameter] = value
    return _pipeline(best.estimator, training).set_params(**parameters)


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.harness.plain_script",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--until",
        type=datetime.date.fromisoformat,
        required=True,
        metavar="DATE",
        help="Last day of the messages, UTC, such as 2026-11-20.",
    )
    parser.add_argument(
        "--config",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="Overlay of the configuration; may be repeated.",
    )
    parser.add_argument(
        "--sample",
        type=Path,
        nargs="*",
        default=[],
        metavar="FILE",
        help="Parquet files of messages that the stages after ingest get.",
    )
    parser.add_argument(
        "--to",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="Folder for the model and the figures.",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
