"""Names that a bucket holds never lead `models fetch` and `runs fetch` elsewhere."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from nightsieve.store import layout
from nightsieve.store.layout import Run
from nightsieve.store.models import Registry
from nightsieve.store.objects import Store
from nightsieve.store.reports import find_report, index_of
from nightsieve.store.runs import list_runs, manifest_of, read_run
from nightsieve.store.seals import seal_record
from nightsieve.store.version import claim_layout
from tests.support.commands import forget, nightsieve
from tests.support.example_night import store_with_night
from tests.support.moto import BUCKET, moto_server
from tests.support.stored_objects import ACCOUNT, NIGHT

HARM = b"harm"
HARM_SHA256 = hashlib.sha256(HARM).hexdigest()
#: Each kind; the first two are those that lead elsewhere on this system.
NAMES = ["../escaped", "{outside}/absolute", "a/../../escaped", "..\\escaped", "C:\\x"]


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """A server that keeps keys with `..` and with two slashes, as Amazon's does."""
    with moto_server() as url:
        yield url


@pytest.fixture
def bucket(moto, environment, monkeypatch, request) -> dict[str, str]:
    """The environment of a store with a night, for the commands and for this test."""
    prefix = environment["NIGHTSIEVE_STORAGE"].rpartition("/")[2]
    own = {
        "AWS_ENDPOINT_URL_S3": moto,
        "NIGHTSIEVE_STORAGE": f"s3://{BUCKET}/{prefix}",
    }
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    forget()
    store = Store.from_environment()
    claim_layout(store)
    for key, content in store_with_night().objects.items():
        store.write(key, content)
    return {**environment, **own}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder to write to, beside which nothing may appear."""
    return tmp_path / "a" / "out"


def files_below(path: Path) -> list[Path]:
    return [found for found in path.rglob("*") if not found.is_dir()]


def assert_refused(folder: Path, environment: dict[str, str], *command: str) -> None:
    """Run a command that must fail with a line, and write nothing."""
    root = folder.parent.parent
    before = files_below(root)
    failed = nightsieve(*command, "--to", str(folder), environment=environment)
    assert failed.returncode == 8, failed.stderr
    assert failed.stderr.count("\n") == 1
    assert failed.stderr.startswith("Error: ")
    assert failed.stdout == ""
    assert files_below(root) == before


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_with_such_a_name_is_refused(bucket, folder, tmp_path, name):
    name = name.format(outside=tmp_path)
    store = Store.from_environment()
    registry = Registry(store)
    entry = registry.require(1)
    store.write(layout.model_file(1, name), HARM)
    changed = entry.model_copy(update={"files": {**entry.files, name: HARM_SHA256}})
    store.write(layout.model_entry(1), seal_record(changed))
    assert_refused(folder, bucket, "models", "fetch")
    assert_refused(folder, bucket, "models", "fetch", "--serial", "1")


@pytest.mark.parametrize("name", NAMES[:2])
def test_a_report_with_such_a_name_is_refused(bucket, folder, tmp_path, name):
    # One folder more: the report has a folder of its own.
    name = name.format(outside=tmp_path).replace("../", "../../", 1)
    store = Store.from_environment()
    (run,) = list_runs(store)
    index = find_report(store, run)
    assert index is not None
    files = {**index.files, name: HARM_SHA256}
    store.write(layout.report_file(*run, name), HARM)
    changed = index.model_copy(update={"files": files})
    index_of(store, run).dump(changed, ACCOUNT)
    assert_refused(folder, bucket, "runs", "fetch", str(NIGHT))


@pytest.mark.parametrize("name", NAMES[:2])
def test_a_run_manifest_with_such_a_name_is_refused(bucket, folder, tmp_path, name):
    store = Store.from_environment()
    (run,) = list_runs(store)
    manifest = read_run(store, run)
    files = dict(manifest.results.description.files)
    files[name.format(outside=tmp_path)] = files["model.json"]
    description = manifest.results.description.model_copy(update={"files": files})
    results = manifest.results.model_copy(update={"description": description})
    changed = manifest.model_copy(update={"results": results})
    manifest_of(store, Run(*run)).dump(changed, ACCOUNT)
    assert_refused(folder, bucket, "runs", "fetch", str(NIGHT))


def test_links_in_the_folder_are_not_followed(bucket, folder, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    folder.mkdir(parents=True)
    for name in ("model.json", "pipeline.joblib.part"):
        (outside / name).write_bytes(b"before")
        (folder / name).symlink_to(outside / name)
    fetched = nightsieve("models", "fetch", "--to", str(folder), environment=bucket)
    assert fetched.returncode == 0, fetched.stderr
    assert not (folder / "model.json").is_symlink()
    assert {path.read_bytes() for path in outside.iterdir()} == {b"before"}
    (folder / "report").symlink_to(outside)
    failed = nightsieve(
        "runs", "fetch", str(NIGHT), "--to", str(folder), environment=bucket
    )
    assert failed.returncode == 7
    assert "report is a symbolic link that leads out of it; remove" in failed.stderr
    assert len(files_below(outside)) == 2
    assert not (folder / "run.json").exists()
