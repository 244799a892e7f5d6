"""A repair removes what is damaged and what may differ when it is made again."""

import hashlib

import pytest

from nightsieve.nights.repair import NightRepair, repair_nights
from nightsieve.store import layout
from nightsieve.store.artefacts import Artefact
from nightsieve.store.layout import Run
from nightsieve.store.receipts import open_receipt, seal_receipt
from nightsieve.store.reports import index_of, write_report
from nightsieve.store.runs import manifest_of
from pipeline import config, report
from pipeline.data.codecs import Raw
from pipeline.errors import ConfigError
from pipeline.records.receipt import Receipt
from pipeline.records.run import FORMAT
from tests.support.memory_store import MemoryStore
from tests.support.stored_objects import ACCOUNT, NIGHT, manifest

SETTINGS = manifest().settings
#: Families with what they require, in the order in which they can run.
TASKS: dict[str, tuple[str, ...]] = {
    "IngestMessages": (),
    "IngestReviews": (),
    "CompileRules": (),
    "AggregateReviews": ("IngestReviews",),
    "ApplyRules": ("IngestMessages", "CompileRules"),
    "EvaluateOnReviews": ("AggregateReviews",),
    "GateModel": ("EvaluateOnReviews", "ApplyRules"),
    "PublishModel": ("GateModel",),
}
COMPARISON = layout.artefact("report", "comparison", "f" * 16, "json")
DIGESTS = ["1" * 16, config.digest(config.canonical_json(SETTINGS))]


def key_of(family: str) -> str:
    return layout.artefact("stage", family, "0" * 16, "json")


def dump(
    store: MemoryStore, key: str, family: str, requires: tuple[str, ...]
) -> Receipt:
    """Write the object of a task."""
    changes = {"task": family, "requires": requires, "date": NIGHT.isoformat()}
    account = ACCOUNT.model_copy(update=changes)
    return Artefact(store, key, Raw("json")).write(family.encode(), None, account)


def finish(store: MemoryStore, digest: str) -> Run:
    """Write a finished night; nights of several configurations share its tasks."""
    run = Run(NIGHT, digest)
    receipts = [
        dump(store, key_of(family), family, requires)
        for family, requires in TASKS.items()
    ]
    dump(store, COMPARISON, "CompareModels", ("GateModel",))
    written = manifest().model_copy(
        update={"config": digest, "tasks": tuple(receipts), "format": FORMAT}
    )
    manifest_of(store, run).dump(written, ACCOUNT)
    figures = report.key_figures(written)
    index = write_report(store, "ab" * 8, {layout.PAGE: b"page"}, figures)
    index_of(store, run).dump(index, ACCOUNT)
    content = config.canonical_json(SETTINGS)
    store.write(layout.configuration(digest), content)
    return run


def finishing(run: Run) -> set[str]:
    """Return the keys of the objects that say that a night is finished."""
    return {layout.run(*run), layout.report_index(*run)}


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def run(store) -> Run:
    return finish(store, DIGESTS[1])


def removed(store: MemoryStore, repaired: NightRepair) -> set[str]:
    """Return the keys that were removed; check that their receipts were too."""
    keys = {address.removeprefix("s3://memory/") for address in repaired.removed}
    assert len(keys) == len(repaired.removed)
    for key in keys:
        assert key not in store.objects
        assert layout.receipt(key) not in store.objects
    return keys


def test_nothing_of_a_whole_night_is_removed(store, run):
    before = dict(store.objects)
    assert repair_nights(store, NIGHT) == [NightRepair(run, (), ())]
    assert store.objects == before


@pytest.mark.parametrize(
    ("family", "also"),
    [
        ("CompileRules", set()),
        ("ApplyRules", set()),
        ("PublishModel", set()),
        ("GateModel", {"PublishModel", "CompareModels"}),
        (
            "IngestReviews",
            {"AggregateReviews", "EvaluateOnReviews", "GateModel", "PublishModel"}
            | {"CompareModels"},
        ),
        (
            "IngestMessages",
            {"ApplyRules", "GateModel", "PublishModel", "CompareModels"},
        ),
    ],
)
@pytest.mark.parametrize("damage", ["object", "missing", "receipt", "no receipt"])
def test_a_damaged_object_is_removed_with_what_depends_on_it(
    store, run, family, also, damage
):
    key = key_of(family)
    if "receipt" in damage:
        key = layout.receipt(key)
    store.objects[key] = b"{"
    if damage in ("missing", "no receipt"):
        del store.objects[key]
    (repaired,) = repair_nights(store, NIGHT)
    keys = {COMPARISON if task == "CompareModels" else key_of(task) for task in also}
    assert removed(store, repaired) == {key_of(family)} | keys | finishing(run)
    (named,) = repaired.damage
    assert layout.described(named.address) == store.address(key_of(family))


def test_an_object_that_another_run_rewrote_stays_unless_it_is_ingested(store, run):
    for family in ("ApplyRules", "IngestReviews"):
        content = b"otherwise"
        sha256 = hashlib.sha256(content).hexdigest()
        key = layout.receipt(key_of(family))
        receipt = open_receipt(store.objects[key])
        again = receipt.model_copy(update={"sha256": sha256})
        store.objects[key] = seal_receipt(again)
        store.objects[key_of(family)] = content
    (repaired,) = repair_nights(store, NIGHT)
    keys = removed(store, repaired)
    assert key_of("ApplyRules") not in keys
    assert key_of("IngestReviews") in keys
    assert len(repaired.damage) == 2
    assert finishing(run) < keys


def test_every_run_of_the_date_is_repaired_unless_one_is_named(store, run):
    other = finish(store, DIGESTS[0])
    store.objects[layout.configuration(DIGESTS[0])] = b"{}"
    (repaired,) = repair_nights(store, NIGHT, DIGESTS[1])
    assert not repaired.damage
    assert repaired.run == run
    del store.objects[key_of("ApplyRules")]
    repairs = repair_nights(store, NIGHT)
    assert {repair.run: removed(store, repair) for repair in repairs} == {
        run: {key_of("ApplyRules")} | finishing(run),
        other: {key_of("ApplyRules")} | finishing(other),
    }
    with pytest.raises(ConfigError, match=f"no such finished run of {NIGHT}; see"):
        repair_nights(store, NIGHT)


def test_a_configuration_is_restored_from_the_manifest_if_it_has_it(store, run):
    key = layout.configuration(run.config)
    whole = store.objects.pop(key)
    (repaired,) = repair_nights(store, NIGHT)
    assert store.objects[key] == whole
    assert not repaired.removed
    assert repaired.restored == (store.address(key),)
    other = finish(store, DIGESTS[0])  # its manifest has other settings
    (repaired,) = repair_nights(store, NIGHT, DIGESTS[0])
    assert not repaired.restored
    assert removed(store, repaired) == finishing(other)


@pytest.mark.parametrize("missing", [False, True])
def test_without_the_run_manifest_only_the_finishing_objects_are_removed(
    store, run, missing
):
    store.objects[layout.run(*run)] = b"{"
    if missing:
        del store.objects[layout.run(*run)]
    store.objects[key_of("ApplyRules")] = b"{"
    (repaired,) = repair_nights(store, NIGHT)
    assert repaired.manifest_lost
    assert len(repaired.damage) == 1
    assert removed(store, repaired) == finishing(run)


@pytest.mark.parametrize("name", [layout.PAGE, layout.REPORT_INDEX])
def test_a_damaged_report_is_removed_with_the_finishing_objects(store, run, name):
    store.objects[layout.report_file(*run, name)] = b"{"
    (repaired,) = repair_nights(store, NIGHT)
    assert removed(store, repaired) == finishing(run) | {layout.report_file(*run, name)}


def test_a_comparison_of_another_date_is_left_alone(store, run):
    key = layout.artefact("report", "comparison", "e" * 16, "json")
    account = ACCOUNT.model_copy(update={"date": "2026-11-01"})
    Artefact(store, key, Raw("json")).write(b"{}", None, account)
    store.objects[key] = b"damaged"
    (repaired,) = repair_nights(store, NIGHT)
    assert not repaired.damage
