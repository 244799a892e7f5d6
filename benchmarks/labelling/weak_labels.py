"""What rules alone teach, judged by human labels. Run as ``python -m benchmarks.weak_labels``.

The messages are the UCI SMS Spam Collection's. A human's label is only compared, and *ham* is whatever is not spam.
"""

import argparse
import re
import sys
import zlib
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from benchmarks import corpus, machine, models, results
from pipeline import labelling, patterns, preprocessing, training
from pipeline.config.settings import Labelling
from pipeline.data.resolved_labels import LabelLookup
from pipeline.rules import rule_patterns
from pipeline.statistics.classification import classification_report

FOLDS = 5
METHODS = ("majority", "label_model")
HUMAN = ("ham", "spam")
SURE = 0.9


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    texts, human = corpus.reviewed()
    if not texts:
        sys.exit(f"there is no uci-sms in {corpus.PUBLIC}")
    rules = models.settings().labelling
    messages = _messages(texts)
    database = patterns.compile_patterns(rule_patterns(rules.rules), 5)
    votes = labelling.apply_rules(messages, rules, database.to_bytes())
    masked = [
        _masked(text, ids, rules)
        for text, ids in zip(texts, votes["rules"], strict=True)
    ]
    rows = []
    for name, resolution in _resolutions(rules).items():
        settings = rules.model_copy(update={"resolution": resolution})
        resolved_labels = labelling.ResolutionStage(settings).run([votes])
        human_names = resolved_labels["label"].map(_human, na_action="ignore")
        resolved_labels["label"] = human_names
        labels = _labels(votes, resolved_labels)
        predicted = _predicted(
            messages, votes, resolved_labels, resolution.soft_labels, texts, masked
        )
        labelled = labels != ""
        rows.append(
            {
                "name": name,
                "coverage": float(labelled.mean()),
                "labels": _measure(human[labelled], labels[labelled]),
                "recall_of_all": float((labels[human == "spam"] == "spam").mean()),
                **{of: _measure(human, found) for of, found in predicted.items()},
            }
        )
    result = {
        "machine": machine.describe(),
        "messages": len(texts),
        "rules": len(rules.rules),
        "masked_messages": sum(a != b for a, b in zip(texts, masked, strict=True)),
        "rows": rows,
    }
    results.write("weak_labels", result, tables(result))


def _resolutions(rules: Labelling) -> dict[str, Any]:
    """What is compared: both methods, then the label model's surest labels, and its confidence as weights."""
    plain = {
        method: rules.resolution.model_copy(update={"method": method})
        for method in METHODS
    }
    model = plain["label_model"]
    return {
        "majority": plain["majority"],
        "label model": model,
        f"label model, confidence of {SURE} or more": model.model_copy(
            update={"min_confidence": SURE}
        ),
        "label model, soft weights": model.model_copy(update={"soft_labels": True}),
    }


def _messages(texts: list[str]) -> pd.DataFrame:
    keys = pd.Series(range(len(texts))).astype("str")
    return pd.DataFrame(
        {"key": keys, "body": texts, "sender": [None] * len(texts)}
    ).astype("str")


def _masked(text: str, ids: list[str], rules: Labelling) -> str:
    """The text without anything that a rule which matched it found there: a blank in its place."""
    matched = [rule.pattern for rule in rules.rules if rule.id in set(ids)]
    kept = np.ones(len(text), dtype=bool)
    for pattern in matched:
        for found in re.finditer(pattern, text, re.IGNORECASE):
            kept[found.start() : found.end()] = False
    return "".join(
        character if keep else " " for character, keep in zip(text, kept, strict=True)
    )


def _labels(votes: pd.DataFrame, resolved_labels: pd.DataFrame) -> np.ndarray:
    """Return what the rules say of each message: ``ham``, ``spam``, or nothing."""
    label = LabelLookup(resolved_labels).labels(votes)["label"]
    return label.astype(object).where(label.notna(), "").to_numpy(dtype=str)


def _human(label: str) -> str:
    return "spam" if label == "spam" else "ham"


def _predicted(
    messages: pd.DataFrame,
    votes: pd.DataFrame,
    resolved_labels: pd.DataFrame,
    soft: bool,
    texts: list[str],
    masked: list[str],
) -> dict[str, np.ndarray]:
    """What a model says that has not seen the message: of its text, and of the masked one."""
    cleaned = preprocessing.clean(messages, models.settings().text)
    # By text, so that no copy of a message is trained on.
    fold = np.array([zlib.crc32(text.encode()) % FOLDS for text in cleaned["text"]])
    found = {
        "model": np.empty(len(texts), dtype="<U4"),
        "masked": np.empty(len(texts), dtype="<U4"),
    }
    for held_out in range(FOLDS):
        seen, unseen = (
            np.flatnonzero(fold != held_out),
            np.flatnonzero(fold == held_out),
        )
        fitted = _fitted(votes.iloc[seen], resolved_labels, cleaned.iloc[seen], soft)
        for name, of in (("model", texts), ("masked", masked)):
            found[name][unseen] = fitted.predict([of[row] for row in unseen])
        print(f"fold {held_out + 1} of {FOLDS}", file=sys.stderr)
    return found


def _fitted(
    votes: pd.DataFrame,
    resolved_labels: pd.DataFrame,
    cleaned: pd.DataFrame,
    soft: bool,
) -> Pipeline:
    """The best candidate of the night's own grid, fitted."""
    settings = models.settings().training
    stage = preprocessing.TrainingSetStage(resolved_labels, soft_labels=soft)
    documents = stage.run([(votes, cleaned)]).training_set
    scores = [
        training.evaluate_candidate(documents, candidate, settings)
        for candidate in settings.search.candidates
    ]
    best = settings.search.candidates[training.select_best(scores).best]
    return training.fit(documents, best, settings, models.settings().text)


def _measure(human: np.ndarray, found: np.ndarray) -> dict[str, Any]:
    truth, predicted = (np.searchsorted(HUMAN, labels) for labels in (human, found))
    weight = np.ones(len(truth), dtype=np.int64)
    confidence = models.settings().evaluation.confidence
    metrics = classification_report(truth, predicted, weight, HUMAN, confidence)
    return asdict(metrics.per_label["spam"])


def tables(result: dict[str, Any]) -> str:
    """The result in Markdown."""
    rows, header = (
        result["rows"],
        ("labels", "coverage", "spam precision", "spam recall", "spam F1"),
    )
    parts = [
        f"{result['rules']} rules, {result['messages']:,} messages of the UCI SMS Spam Collection. What the rules "
        "themselves say of the messages that they label, and which share of all spam they find:",
        results.table(
            (*header, "of all spam"),
            [
                [
                    row["name"],
                    f"{row['coverage']:.1%}",
                    *_three(row["labels"]),
                    f"{row['recall_of_all']:.3f}",
                ]
                for row in rows
            ],
        ),
        f"What the model says that was trained on these labels, of messages that it has not seen ({FOLDS} folds, the "
        "grid searched anew in each; the label model has seen the rules' votes on all messages):",
        results.table(
            ("labels", *header[2:]),
            [[row["name"], *_three(row["model"])] for row in rows],
        ),
        f"The same, with everything that a rule found in a message masked ({result['masked_messages']:,} messages are "
        "changed by it): what the model learned beyond its rules.",
        results.table(
            ("labels", *header[2:]),
            [[row["name"], *_three(row["masked"])] for row in rows],
        ),
    ]
    return "\n\n".join(parts)


def _three(metrics: dict[str, Any]) -> list[str]:
    measures = (metrics[name] for name in ("precision", "recall", "f1"))
    return [
        f"{each['value']:.3f} [{each['low']:.3f}, {each['high']:.3f}]"
        for each in measures
    ]


if __name__ == "__main__":
    main()
