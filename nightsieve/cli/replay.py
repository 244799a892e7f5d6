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

from nightsieve.store.models import Registry
from nightsieve.store.objects import VARIABLE, Store, store
from pipeline.errors import ArtefactError, DataError
from tasks.base import load_settings
from tasks.export import DescribeExport, EvaluateOnReviews
from tasks.labelling import SummariseRules
from tasks.release import GateModel
from tasks.retrain import prepare
from tasks.training import CrossValidate

# What the world gave is taken as it was: the database's rows, and the time that a message took on that machine.
GIVEN = ("IngestMessages", "IngestReviews", "MeasureSpeed")
ROOTS = (CrossValidate, DescribeExport, EvaluateOnReviews, SummariseRules)
PUBLICATION = "PublishModel"  # nothing is published once more


@dataclass(frozen=True)
class Replayed:
    """What became of a task: the ``same`` or ``other`` bytes, or ``missing``: its fingerprint is another one today.

    ``left out`` is the gate when a model that it held the night's against is kept no longer.
    """

    task: str
    key: str
    outcome: str


def replay(manifest: dict[str, Any], workers: int) -> list[Replayed]:
    """Run the night again under a prefix of its own, which is removed in the end, and compare every object.

    The decision is made again too, against the models that were published then.

    Raises
    ------
    ArtefactError : what the world gave is no longer there, or no longer what it was.
    DataError : the night does not come to its end.
    """
    original = store()
    with _elsewhere(original) as other:
        _hand_over(manifest, original, other)
        decision = manifest["results"]["decision"]
        champion, earlier = decision["champion"], decision.get("earlier")
        decided = champion is None or Registry(original).lend(champion, other, earlier)
        night = {
            "date": date.fromisoformat(manifest["date"]),
            "config": manifest["config"],
        }
        roots = (*ROOTS, GateModel) if decided else ROOTS
        prepare(load_settings(manifest["config"]))
        if not luigi.build(
            [root(**night) for root in roots], local_scheduler=True, workers=workers
        ):
            raise DataError(
                f"the night of {manifest['date']} does not come to its end today; see above"
            )
        made = [
            receipt
            for receipt in manifest["tasks"]
            if receipt["task"] not in (*GIVEN, PUBLICATION)
        ]
        return [_compared(receipt, other, decided) for receipt in made]


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
    """Copy the configuration and what the world gave."""
    keys = [f"configs/{manifest['config']}.json"]
    for receipt in manifest["tasks"]:
        if receipt["task"] in GIVEN:
            content = original.read(receipt["key"])
            if hashlib.sha256(content).hexdigest() != receipt["sha256"]:
                raise ArtefactError(
                    f"{original.address(receipt['key'])}: is not the object that the run wrote"
                )
            keys += [f"{receipt['key']}.receipt.json", receipt["key"]]
            if receipt["task"] == "IngestMessages":
                keys += [part["key"] for part in json.loads(content)["parts"]]
    for key in keys:
        other.write(key, original.read(key))


def _compared(receipt: dict[str, Any], other: Store, decided: bool) -> Replayed:
    found = other.read_tagged(receipt["key"])
    if receipt["task"] == GateModel.__name__ and not decided:
        outcome = "left out"
    elif found is None:
        outcome = "missing"
    else:
        outcome = (
            "same"
            if hashlib.sha256(found[0]).hexdigest() == receipt["sha256"]
            else "other"
        )
    return Replayed(receipt["task"], receipt["key"], outcome)
