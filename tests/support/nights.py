"""Nights as a person runs them: the luigi command, with real services."""

import hashlib
import json
import os
import re
import time
from collections.abc import Iterable
from typing import Any, NamedTuple

import boto3

from pipeline.records.export import DEFAULT_FORMAT
from tests.support import ROOT
from tests.support.commands import fork
from tests.support.forks import Fork

NIGHT = "2026-11-20"
#: A few files of the pack, which compile fast.
RULES = ROOT / "tests" / "tasks" / "rules"
RULED = [f"labelling.rules={RULES}"]
_GRID = "ngrams: [[1, 1]], min_df: [2], sublinear_tf: [true], norm: [l2]"
_LINEAR_SVM = f"{{estimator: linear_svm, {_GRID}, C: [0.1]}}"
_MULTINOMIAL_NB = f"{{estimator: multinomial_nb, {_GRID}, alpha: [0.1]}}"
#: Patches of a night that takes a few seconds.
SMALL = [
    *RULED,
    "training.search.folds=2",
    "training.cross_validation.folds=2",
    f"training.search.grids=[{_LINEAR_SVM}, {_MULTINOMIAL_NB}]",
    "source.max_body_bytes=1500",
    # Nights on a few messages may differ without limit.
    "release.gate.churn={overall: 1, label: 1}",
    "release.gate.drift={min_messages_ratio: 0.01, max_coverage_change: 1,"
    " max_share_change: 1, max_f1_change_on_reviews: 1}",
    "release.gate.regression.max_loss={macro_f1: 0.9, precision: 0.9, recall: 0.9}",
]
#: The task families of a night.
STAGES = [
    "IngestMessages",
    "IngestReviews",
    "AggregateReviews",
    "CompileRules",
    "ApplyRules",
    "ResolveVotes",
    "SummariseRules",
    "CleanMessages",
    "BuildTrainingSet",
    "BuildEvaluationSet",
    "EvaluateCandidate",
    "SearchGrid",
    "CrossValidate",
    "FitModel",
    "PrepareExport",
    "ExportCoefficients",
    "ExportVectors",
    "ExportReference",
    "ExportPipeline",
    "VerifyExport",
    "DescribeExport",
    "EvaluateOnReviews",
    "MeasureCorrections",
    "MeasureSpeed",
    "GateModel",
    "PublishModel",
    "WriteManifest",
    "CompareModels",
    "WriteReport",
    "Retrain",
]


def retrain(*options: str, patches: list[str] = SMALL, night: str = NIGHT) -> list[str]:
    """Return the command line of a night."""
    command = ["luigi", "--module", "tasks", "Retrain", "--date", night]
    command += ["--workers", "2", *options]
    if patches:
        command += ["--patch", *patches]
    return command


def finish(command: list[str], environment: dict[str, str]) -> str:
    """Run a night, which must succeed at once; return what it logged."""
    night = fork(*command, environment=environment)
    assert night.returncode == 0, night.stderr
    return night.stderr


def sample(environment: dict[str, str], rows: int = 1_500) -> None:
    """Fill the database with the project's own sample messages."""
    command = ["nightsieve", "demo-data", "--rows", str(rows), "--until", NIGHT]
    loaded = fork(*command, environment=environment)
    assert loaded.returncode == 0, loaded.stderr


def objects(environment: dict[str, str]) -> dict[str, bytes]:
    """Return every object under the storage prefix, by its key there."""
    client, bucket, prefix = _storage(environment)
    paginator = client.get_paginator("list_objects_v2")
    stored = {}
    for page in paginator.paginate(Bucket=bucket, Prefix=f"{prefix}/"):
        for entry in page.get("Contents", []):
            key = entry["Key"]
            body = client.get_object(Bucket=bucket, Key=key)["Body"].read()
            stored[key.removeprefix(f"{prefix}/")] = body
    return stored


def put(environment: dict[str, str], key: str, content: bytes) -> None:
    """Write an object under the storage prefix."""
    client, bucket, prefix = _storage(environment)
    client.put_object(Bucket=bucket, Key=f"{prefix}/{key}", Body=content)


def remove(environment: dict[str, str], key: str) -> None:
    """Remove an object under the storage prefix."""
    client, bucket, prefix = _storage(environment)
    client.delete_object(Bucket=bucket, Key=f"{prefix}/{key}")


class _Storage(NamedTuple):
    client: Any
    bucket: str
    prefix: str


def _storage(environment: dict[str, str]) -> _Storage:
    bucket, _, prefix = (
        environment["NIGHTSIEVE_STORAGE"].removeprefix("s3://").partition("/")
    )
    client = boto3.client(
        "s3",
        endpoint_url=environment["AWS_ENDPOINT_URL_S3"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name=environment["AWS_DEFAULT_REGION"],
    )
    return _Storage(client, bucket, prefix)


def model(stored: dict[str, bytes]) -> bytes:
    """Return the model file that a device loads, among the objects."""
    keys = [key for key in stored if key.startswith("export/model-")]
    (key,) = [key for key in keys if not _is_receipt(key) and _is_default(stored, key)]
    return stored[key]


def _is_default(stored: dict[str, bytes], key: str) -> bool:
    receipt = json.loads(stored[f"{key}.receipt.json"])
    return receipt["parameters"]["format"] == DEFAULT_FORMAT


def _is_receipt(key: str) -> bool:
    return key.endswith(".receipt.json")


def assert_whole(stored: dict[str, bytes]) -> None:
    """Require that every artefact has the sha256 of its receipt or manifest.

    An unfinished report or publication is named by no manifest, and so is the page of
    all nights.
    """
    sha256_of = _named_sha256(stored)
    for key, body in stored.items():
        if _is_receipt(key) or key.startswith(("configs/", "layout.json")):
            continue
        is_unfinished = key.startswith(("reports/", "models/")) and key not in sha256_of
        if "/part-" not in key and not is_unfinished:
            assert hashlib.sha256(body).hexdigest() == sha256_of[key], key


def _named_sha256(stored: dict[str, bytes]) -> dict[str, str]:
    """Return the sha256 of each key that a receipt or a manifest names."""
    sha256_of = {}
    for key, body in stored.items():
        folder, _, name = key.rpartition("/")
        if _is_receipt(key):
            receipt = json.loads(body)
            sha256_of[receipt["key"]] = receipt["sha256"]
        elif key.startswith("ingest/messages-") and key.endswith(".json"):
            for part in json.loads(body)["parts"]:
                sha256_of[part["key"]] = part["sha256"]
        elif (key.startswith("reports/") and name == "report.json") or (
            key.startswith("models/") and name == "entry.json"
        ):
            for file, sha256 in json.loads(body)["files"].items():
                sha256_of[f"{folder}/{file}"] = sha256
    return sha256_of


class Night:
    """A night that runs in the background, in a fork."""

    def __init__(self, command: list[str], environment: dict[str, str]):
        reading_end, stderr = os.pipe()
        with open(os.devnull, "w") as nowhere, os.fdopen(stderr, "w"):
            self.fork = Fork(command, environment, nowhere.fileno(), stderr)
        self.stderr = os.fdopen(reading_end)

    def kill_during(self, families: Iterable[str], delay: float = 0.0) -> str | None:
        """Kill the worker and its children after a task of these families has begun.

        Parameters
        ----------
        delay
            Seconds between the beginning of the task and SIGKILL.

        Returns
        -------
        str or None
            The family of the task; None if no such task ran, and the night has ended.
        """
        begun = re.compile(rf" running   ({'|'.join(families)})\(")
        with self.stderr:
            for line in self.stderr:
                match = begun.search(line)
                if match:
                    time.sleep(delay)
                    self.fork.kill()
                    # This ends when all processes that could write are gone.
                    self.stderr.read()
                    return match[1]
        self.fork.wait()
        return None
