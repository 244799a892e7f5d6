"""Run manifests of nights that never were, as large as real ones, and what a comparison of their models says."""

import copy
import datetime
import functools
import random
from typing import Any

import numpy as np

from pipeline.config import DEFAULTS, file_layer, resolve, with_identity
from pipeline.config.settings import Gate, Settings
from pipeline.release.checks import Night, decide
from pipeline.release.model_outputs import Compared, Evidence
from pipeline.report import FORMAT
from pipeline.rules.files import read_rules
from pipeline.statistics.classification import measure
from pipeline.statistics.wilson import UNDEFINED

DATE = "2026-11-20"
LABELS = ("notification", "personal", "spam")
WHY = "the reviewers' sheet of this week is known to be wrong"


@functools.cache
def settings() -> Settings:
    """The configuration as it is in the repository."""
    environment = {
        "NIGHTSIEVE_DATABASE_URL": "postgresql://reader:hunter2@db.example/inbox"
    }
    resolved = resolve([file_layer(DEFAULTS)], read_rules, environment)
    return with_identity(resolved.settings, "0123456789abcdef")


def manifest(
    date: str = DATE,
    champion: dict[str, Any] | None = None,
    labels: tuple[str, ...] = LABELS,
    serial: int | None = 1,
    **gate: Any,
) -> dict[str, Any]:
    """A night's manifest; ``champion`` is that of the night whose model was published, ``gate`` changes its bounds."""
    chance = random.Random(date)
    messages, reviews = _metrics(chance, labels, 20_000), _metrics(chance, labels, 400)
    rules = _rules(chance, labels)
    results = {
        "messages": {
            "counts": {
                "kept": rules["messages"],
                "null_bodies": 3,
                "oversized_bodies": 0,
            }
        },
        "rules": rules,
        "search": {"best": 0, "candidates": []},
        "cross-validation": {"folds": 5, "converged": True, "metrics": messages},
        "description": _description(),
        "reviews": {
            "reviews": 400,
            "messages": 400,
            "ties": 0,
            "unknown_labels": {},
            "metrics": reviews,
            "with_thresholds": None,
        },
    }
    decision = _decision(date, results, champion, gate)
    publication = {"serial": serial if decision["publish"] else None, "removed": []}
    return {
        "format": FORMAT,
        "date": date,
        "config": "6c61ff14e305d303",
        "fingerprint": "0123456789abcdef",
        "environment": {"python": "3.11.7", "numpy": "2.4.0"},
        "results": {**results, "decision": decision, "publication": publication},
        "tasks": [
            _receipt(number, task)
            for number, task in enumerate(["IngestMessages", "FitModel", "GateModel"])
        ],
        "settings": copy.deepcopy(settings().model_dump(mode="json")),
    }


def with_thresholds(found: dict[str, Any]) -> dict[str, Any]:
    """The manifest of a night with an operating goal for its last label, and the curve of each label."""
    validation = found["results"]["cross-validation"]
    label = validation["metrics"]["labels"][-1]
    share = {"value": 0.99, "low": 0.98, "high": 0.995}
    validation["curves"] = {
        name: [
            [1 - step / 200, 0.75 + step / 800, step / 50 - 2] for step in range(201)
        ]
        for name in validation["metrics"]["labels"]
    }
    found["results"]["reviews"]["with_thresholds"] = found["results"]["reviews"][
        "metrics"
    ]
    validation["thresholds"] = {
        label: {
            "goal": {"precision": 0.99}, "threshold": 0.25, "reached": True, "documents": 650.0,
            "precision": share, "recall": {"value": 0.8, "low": 0.75, "high": 0.85}, "support": 900,
        }
    }  # fmt: skip
    return found


def comparison(
    champion: dict[str, Any] | None = None, labels: tuple[str, ...] = LABELS
) -> dict[str, Any]:
    """What `compare_models` could say of the night after the champion's."""
    terms = [
        {"term": f"term {number}", "share": 0.1 - 0.02 * number} for number in range(12)
    ]
    moved = (
        [{"label": labels[0], "term": "prize", "before": 0.01, "now": -0.02}]
        if champion
        else []
    )
    churned = [
        {
            "text": "your \u2588\u2588\u2588\u2588 is 0000",
            "messages": 7,
            "before": labels[0],
            "now": labels[-1],
        }
    ]
    serial = champion and champion["results"]["publication"]["serial"]
    return {
        "champion": champion
        and {"serial": serial, "date": champion["date"], "config": champion["config"]},
        "texts": 900,
        "messages": 1_000,
        "changed": 7 if champion else 0,
        "terms": {label: terms for label in labels},
        "moved": moved,
        "churned": churned if champion else [],
    }


def _metrics(
    chance: random.Random, labels: tuple[str, ...], documents: int
) -> dict[str, Any]:
    random_state = np.random.default_rng(chance.randrange(2**31))
    truth = random_state.integers(len(labels), size=documents)
    wrong = random_state.random(documents) < 0.05
    predicted = np.where(
        wrong, random_state.integers(len(labels), size=documents), truth
    )
    return measure(
        truth,
        predicted,
        np.ones(documents, dtype=np.int64),
        labels,
        settings().evaluation,
    )


def _rules(chance: random.Random, labels: tuple[str, ...]) -> dict[str, Any]:
    rows = [
        {
            "id": rule.id, "label": rule.label, "field": rule.field, "why": rule.why,
            "coverage": (coverage := chance.randrange(2_000)), "share": coverage / 25_000,
            "reviewed": 0, "correct": 0, "precision": UNDEFINED,
        }
        for rule in settings().labelling.rules
    ]  # fmt: skip
    counts = {label: 20_000 // len(labels) + chance.randrange(99) for label in labels}
    labelled = sum(counts.values())
    silent = 25_000 - labelled - 10
    whole = {
        "messages": 25_000,
        "labelled": labelled,
        "silent": silent,
        "tied": 10,
        "labels": counts,
    }
    return {**whole, "dead": [], "fallbacks": [], "rules": rows}


def _description() -> dict[str, Any]:
    files = {
        name: {"sha256": "ab" * 32, "bytes": 123_456}
        for name in ("model.json", "pipeline.joblib")
    }
    files["model.json"]["gzipped_bytes"] = 45_678
    return {"terms": 20_000, "files": files, "verification": {"differences": 0}}


def _decision(
    date: str,
    results: dict[str, Any],
    champion: dict[str, Any] | None,
    changes: dict[str, Any],
) -> dict[str, Any]:
    difference = {"value": 0.001, "low": -0.002, "high": 0.004} if champion else None
    churn = (
        {"churn": 0.007, "churn_per_label": {"spam": 0.01}}
        if champion
        else {"churn": None, "churn_per_label": {}}
    )
    loss = {"value": -0.001, "low": -0.003, "high": 0.002, "texts": 120}
    per_label = (
        {
            label: {"precision": loss, "recall": loss}
            for label in results["rules"]["labels"]
        }
        if champion
        else {}
    )
    compared = Compared(
        documents=900,
        messages=1_000,
        difference=difference,
        per_label=per_label,
        **churn,
    )
    found = {**results, "speed": {"microseconds": 123.4}}
    measured = results["reviews"]["metrics"] if champion else None
    evidence = Evidence(compared, compared, earlier=None)
    night = Night(
        datetime.date.fromisoformat(date), found, evidence, None, None, measured
    )
    entry = None
    if champion:
        theirs = champion["results"]
        figures, serial = theirs["decision"]["figures"], theirs["publication"]["serial"]
        entry = {"serial": serial, "date": champion["date"], "figures": figures}
    if "override" in changes:
        changes = {
            **changes,
            "override": {"night": night.date, "reason": changes["override"]},
        }
    bounds = {**settings().release.gate.model_dump(), **changes}
    return decide(Gate.model_validate(bounds), night, entry)


def _receipt(number: int, task: str) -> dict[str, Any]:
    return {
        "task": task, "key": f"stage-{number}/{task.lower()}-0123456789abcdef.json", "sha256": f"{number:064x}",
        "bytes": 1_000 * number, "rows_in": None, "rows_out": 25_000, "seconds": 1.5 + number,
        "peak_memory_mib": 250 + number, "version": 1, "date": None, "sections": [], "parameters": {}, "requires": [],
        "host": "machine",
    }  # fmt: skip
