"""A past night once more, from its manifest: the same bytes, or which task made others."""

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import luigi

from pipeline.errors import ArtefactError, DataError
from tasks.export import DescribeExport, EvaluateOnReviews
from tasks.labelling import SummariseRules
from tasks.s3 import VARIABLE, Store, store
from tasks.training import CrossValidate

# What the database gave is taken as it was; what depends on the models of that time is left out.
GIVEN = ("IngestMessages", "IngestReviews")
LEFT_OUT = ("GateModel", "PublishModel")
ROOTS = (CrossValidate, DescribeExport, EvaluateOnReviews, SummariseRules)


@dataclass(frozen=True)
class Replayed:
    """What became of a task: the ``same`` or ``other`` bytes, or ``missing``: its fingerprint is another one today."""

    task: str
    key: str
    outcome: str


def replay(manifest: dict[str, Any], workers: int) -> list[Replayed]:
    """Run the night again under a prefix of its own, which is removed in the end, and compare every object.

    Raises
    ------
    ArtefactError : what the database gave is no longer there, or no longer what it was.
    DataError : the night does not come to its end.
    """
    original = store()
    with _elsewhere(original) as other:
        _hand_over(manifest, original, other)
        night = {"date": date.fromisoformat(manifest["date"]), "config": manifest["config"]}
        if not luigi.build([root(**night) for root in ROOTS], local_scheduler=True, workers=workers):
            raise DataError(f"the night of {manifest['date']} does not come to its end today; see above")
        return [_compared(receipt, other) for receipt in manifest["tasks"] if receipt["task"] not in GIVEN + LEFT_OUT]


@contextlib.contextmanager
def _elsewhere(original: Store) -> Iterator[Store]:
    """Another prefix of the same bucket, which this process and those forked from it take for theirs."""
    before = os.environ[VARIABLE]
    os.environ[VARIABLE] = original.address(f"replays/{secrets.token_hex(8)}")
    store.cache_clear()
    other = store()
    try:
        yield other
    finally:
        for key in other.keys(""):
            other.delete(key)
        os.environ[VARIABLE] = before
        store.cache_clear()


def _hand_over(manifest: dict[str, Any], original: Store, other: Store) -> None:
    """Copy the configuration and what the database gave."""
    keys = [f"configs/{manifest['config']}.json"]
    for receipt in manifest["tasks"]:
        if receipt["task"] in GIVEN:
            content = original.read(receipt["key"])
            if hashlib.sha256(content).hexdigest() != receipt["sha256"]:
                raise ArtefactError(f"{original.address(receipt['key'])}: is not the object that the run wrote")
            keys += [f"{receipt['key']}.receipt.json", receipt["key"]]
            if receipt["task"] == "IngestMessages":
                keys += [part["key"] for part in json.loads(content)["parts"]]
    for key in keys:
        other.write(key, original.read(key))


def _compared(receipt: dict[str, Any], other: Store) -> Replayed:
    found = other.read_tagged(receipt["key"])
    if found is None:
        outcome = "missing"
    else:
        outcome = "same" if hashlib.sha256(found[0]).hexdigest() == receipt["sha256"] else "other"
    return Replayed(receipt["task"], receipt["key"], outcome)
