"""Nights as a person runs them: the luigi command, a real database, a real S3, a real scheduler."""

import hashlib
import json
import os
import time
from collections.abc import Iterable
from typing import Any

import boto3

from tests.support import ROOT
from tests.support.commands import fork
from tests.support.forks import Fork

NIGHT = "2026-11-20"
RULES = (
    ROOT / "tests" / "tasks" / "rules"
)  # a few files of the pack, which compile fast
RULED = [f"labelling.rules={RULES}"]
_GRID = "{{estimator: {}, ngrams: [[1, 1]], min_df: [2], sublinear_tf: [true], norm: [l2], {}: [0.1]}}"
SMALL = [
    *RULED, "training.search.folds=2", "training.cross_validation.folds=2",
    f"training.search.grids=[{_GRID.format('linear_svm', 'C')}, {_GRID.format('multinomial_nb', 'alpha')}]",
    "source.max_body_bytes=1500",
    # Nights on a few messages differ as they like.
    "release.gate.churn={overall: 1, label: 1}",
    "release.gate.drift={min_messages_ratio: 0.01, max_coverage_change: 1,"
    " max_share_change: 1, max_f1_change_on_reviews: 1}",
    "release.gate.regression.max_loss={macro_f1: 0.9, precision: 0.9, recall: 0.9}",
]  # fmt: skip
STAGES = [
    "IngestMessages", "IngestReviews", "AggregateReviews", "CompileRules", "ApplyRules",
    "ResolveVotes", "SummariseRules", "CleanMessages", "BuildTrainingSet", "BuildEvaluationSet",
    "EvaluateCandidate", "SearchGrid", "CrossValidate", "FitModel", "PrepareExport", "ExportCoefficients",
    "ExportVectors", "VerifyExport", "DescribeExport", "EvaluateOnReviews", "MeasureSpeed", "GateModel",
    "PublishModel", "WriteManifest", "CompareModels", "WriteReport", "Retrain",
]  # fmt: skip


def retrain(*options: str, patches: list[str] = SMALL, night: str = NIGHT) -> list[str]:
    """The command line of a night."""
    command = [
        "luigi",
        "--module",
        "tasks",
        "Retrain",
        "--date",
        night,
        "--workers",
        "2",
        *options,
    ]
    return [*command, "--patch", *patches] if patches else command


def sample(environment: dict[str, str], rows: int = 1_500) -> None:
    """Fill the database with the project's own sample messages."""
    loaded = fork(
        "nightsieve",
        "demo-data",
        "--rows",
        str(rows),
        "--until",
        NIGHT,
        environment=environment,
    )
    assert loaded.returncode == 0, loaded.stderr


def objects(environment: dict[str, str]) -> dict[str, bytes]:
    """Everything under the storage prefix, by its key there."""
    client, bucket, prefix = _storage(environment)
    pages = client.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=f"{prefix}/"
    )
    keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
    bodies = (client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys)
    return {
        key.removeprefix(f"{prefix}/"): body
        for key, body in zip(keys, bodies, strict=True)
    }


def put(environment: dict[str, str], key: str, content: bytes) -> None:
    """Write an object under the storage prefix."""
    client, bucket, prefix = _storage(environment)
    client.put_object(Bucket=bucket, Key=f"{prefix}/{key}", Body=content)


def remove(environment: dict[str, str], key: str) -> None:
    """Remove an object under the storage prefix."""
    client, bucket, prefix = _storage(environment)
    client.delete_object(Bucket=bucket, Key=f"{prefix}/{key}")


def _storage(environment: dict[str, str]) -> tuple[Any, str, str]:
    """A client, the bucket and the prefix in it."""
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
    return client, bucket, prefix


def model(stored: dict[str, bytes]) -> bytes:
    """The one exported model among the objects."""
    (key,) = [
        key
        for key in stored
        if key.startswith("export/model-") and not key.endswith(".receipt.json")
    ]
    return stored[key]


def assert_whole(stored: dict[str, bytes]) -> None:
    """Every artefact is what its receipt, or the manifest that names it, says.

    What a report or a publication that is not finished, or the page of all nights, holds is named nowhere.
    """
    named = {}
    for key, body in stored.items():
        if key.endswith(".receipt.json"):
            named[json.loads(body)["key"]] = json.loads(body)["sha256"]
        elif key.startswith("ingest/messages-") and key.endswith(".json"):
            named |= {part["key"]: part["sha256"] for part in json.loads(body)["parts"]}
        elif key.startswith("reports/") and key.endswith("/report.json"):
            folder = key.removesuffix("report.json")
            named |= {
                f"{folder}{name}": sha256
                for name, sha256 in json.loads(body)["files"].items()
            }
        elif key.startswith("models/") and key.endswith("/entry.json"):
            folder = key.removesuffix("entry.json")
            named |= {
                f"{folder}{name}": sha256
                for name, sha256 in json.loads(body)["files"].items()
            }
    artefacts = {
        key: body
        for key, body in stored.items()
        if not key.startswith(("configs/", "layout.json"))
    }
    for key, body in artefacts.items():
        unnamed = (
            "/part-" in key
            or key.startswith(("reports/", "models/"))
            and key not in named
        )
        if not key.endswith(".receipt.json") and not unnamed:
            assert hashlib.sha256(body).hexdigest() == named[key], key


class Night:
    """A night that runs in the background, in a fork."""

    def __init__(self, command: list[str], environment: dict[str, str]):
        said, stderr = os.pipe()
        with open(os.devnull, "w") as nowhere, os.fdopen(stderr, "w"):
            self.fork = Fork(command, environment, nowhere.fileno(), stderr)
        self.stderr = os.fdopen(said)

    def kill_during(self, families: Iterable[str], delay: float = 0.0) -> str | None:
        """SIGKILL the worker and its children that long after a task of these families has begun, and say which one.

        None: none of them ever ran, and the night has ended.
        """
        with self.stderr:
            for line in self.stderr:
                family = next(
                    (family for family in families if f" running   {family}(" in line),
                    None,
                )
                if family:
                    time.sleep(delay)
                    self.fork.kill()
                    self.stderr.read()  # ends when all that could write are gone
                    return family
        self.fork.wait()
        return None
