"""The files of a night's model are found by its manifest."""

import pytest

from nightsieve.nights.addresses import night_addresses
from nightsieve.nights.model_files import file_receipt, read_model_files
from nightsieve.store.artefacts import Artefact
from pipeline.data.codecs import Raw
from pipeline.errors import ArtefactError
from pipeline.records.export import (
    MANIFEST_FILE,
    MODEL_FILE,
    MODEL_FILES,
    PIPELINE_FILE,
    ExportManifest,
    FileDescription,
)
from pipeline.records.run import RunManifest
from tests.support.memory_store import MemoryStore
from tests.support.stored_objects import ACCOUNT, DESCRIPTION, manifest

CONTENTS = {
    name: f"content of {name}".encode() for name in MODEL_FILES if name != MANIFEST_FILE
}


def night(store: MemoryStore, serial: int | None = None) -> RunManifest:
    """Return a night whose model is in the store; it wrote another object too."""
    receipts = []
    files = {}
    for name, content in {**CONTENTS, "votes": b"votes"}.items():
        artefact = Artefact(store, f"objects/{name}", Raw(""))
        receipt = artefact.write(content, None, ACCOUNT)
        receipts.append(receipt)
        if name in CONTENTS:
            files[name] = FileDescription(sha256=receipt.sha256, bytes=receipt.bytes)
    made_up = manifest(serial=serial)
    description = DESCRIPTION.model_copy(update={"files": files})
    results = made_up.results.model_copy(update={"description": description})
    update = {"results": results, "tasks": tuple(reversed(receipts))}
    return made_up.model_copy(update=update)


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
    with pytest.raises(
        ArtefactError, match=r"model\.json is not the output of any of its tasks; run"
    ):
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
