"""The files of a night's model, found by what the night says of them."""

import hashlib

import pytest

from nightsieve.nights.addresses import night_addresses
from nightsieve.nights.model_files import file_receipt, read_model_files
from pipeline.errors import ArtefactError
from pipeline.records.export import (
    MANIFEST_FILE,
    MODEL_FILE,
    MODEL_FILES,
    PIPELINE_FILE,
    ExportManifest,
    FileDescription,
)
from pipeline.records.receipt import Receipt
from pipeline.records.run import RunManifest
from tests.support.memory_store import MemoryStore
from tests.support.stored_objects import ACCOUNT, DESCRIPTION, manifest

CONTENTS = {
    name: f"content of {name}".encode() for name in MODEL_FILES if name != MANIFEST_FILE
}


def night(store: MemoryStore, serial: int | None = None) -> RunManifest:
    """A night whose files are in the store; other tasks wrote other objects."""
    receipts = []
    files = {}
    for key, content in {**CONTENTS, "votes": b"votes"}.items():
        sha256 = hashlib.sha256(content).hexdigest()
        size = len(content)
        store.write(f"objects/{key}", content)
        receipts.append(
            Receipt(
                **dict(ACCOUNT),
                key=f"objects/{key}",
                sha256=sha256,
                bytes=size,
                rows_out=None,
            )
        )
        if key in CONTENTS:
            files[key] = FileDescription(sha256=sha256, bytes=size)
    results = manifest().results.model_copy(
        update={
            "description": DESCRIPTION.model_copy(update={"files": files}),
            "publication": manifest().results.publication.model_copy(
                update={"serial": serial}
            ),
        }
    )
    update = {"results": results, "tasks": tuple(reversed(receipts))}
    return manifest().model_copy(update=update)


@pytest.mark.parametrize("serial", [None, 7])
def test_the_files_are_those_that_the_night_wrote_and_the_manifest_has_the_serial(
    serial,
):
    store = MemoryStore()
    contents = read_model_files(store, night(store, serial))
    assert tuple(contents) == MODEL_FILES
    description = ExportManifest.from_json(contents.pop(MANIFEST_FILE))
    assert contents == CONTENTS
    assert description.serial == serial


def test_a_file_that_is_not_what_the_night_wrote_is_refused():
    store = MemoryStore()
    damaged = night(store)
    store.objects[f"objects/{PIPELINE_FILE}"] = b"import os"
    with pytest.raises(ArtefactError, match="is not the object that was written"):
        read_model_files(store, damaged)


def test_a_file_that_no_task_wrote_is_an_error():
    store = MemoryStore()
    without = night(store).model_copy(update={"tasks": ()})
    with pytest.raises(ArtefactError, match="no task wrote its model.json"):
        file_receipt(without, MODEL_FILE)


def test_addresses_are_those_of_the_objects():
    store = MemoryStore()
    finished = night(store)
    addresses = night_addresses(store, finished, scheduler="http://127.0.0.1/graph")
    folder = f"{finished.date}/{finished.config}"
    assert addresses.model == "s3://memory/objects/model.json"
    assert addresses.pipeline == "s3://memory/objects/pipeline.joblib"
    assert addresses.manifest == f"s3://memory/runs/{folder}.json"
    assert addresses.report == f"s3://memory/reports/{folder}/index.html"
    assert addresses.scheduler == "http://127.0.0.1/graph"
